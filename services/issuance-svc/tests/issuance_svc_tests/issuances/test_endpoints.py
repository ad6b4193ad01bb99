import asyncio
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from issuance_svc.issuances.models import BLOCK_CONSTRAINT
from issuance_svc.reports.models import PERIOD_CONSTRAINT
from issuance_svc_tests.factories import (
    FOREST_ID,
    OWNER,
    PV_ID,
    as_officer,
    as_owner,
    caller,
    forest_project,
    meter_csv,
    organisation,
    plot_csv,
    problem,
)
from tht_contracts.events.issuance import CreditsIssued, IssuedBlock, ReportStatusChanged
from tht_contracts.events.registry import ProjectStatusChanged
from tht_kit.db import constraint_name
from tht_kit.ids import new_id

OTHER_BUREAU = "11500000MATHT0089J"


async def test_r16_goes_from_the_file_to_its_serials(desk, deliver, events):
    await deliver(forest_project())
    report = await desk.reported(
        plot_csv(), project_id=FOREST_ID, period_start="2021-01-01", period_end="2025-12-31"
    )
    assert report["calculated_t"] == 2519
    issued = await desk.issued(report)
    assert (issued["status"], issued["batch_no"], issued["quantity_t"]) == ("ISSUED", 1, 2519)
    assert [
        (block["vintage"], block["start"], block["end"], block["quantity_t"])
        for block in issued["blocks"]
    ] == [
        (2021, 1, 503, 503),
        (2022, 504, 1007, 504),
        (2023, 1008, 1511, 504),
        (2024, 1512, 2015, 504),
        (2025, 2016, 2519, 504),
    ]
    assert issued["blocks"][0]["serial"] == "CQ-CQCER-14-0008-2021-01-000000001-000000503"
    told = await events(FOREST_ID)
    assert [type(event).__name__ for event in told].count("CreditsIssued") == 1
    assert told[-1] == CreditsIssued(
        issuance_id=issued["issuance_id"],
        report_id=report["report_id"],
        project_id=FOREST_ID,
        project_no=8,
        project_name="缙云山马尾松造林",
        project_type="afforestation",
        unit_type="CQCER",
        scope_code="14",
        methodology_code="CQCM-902-V001",
        district_code="500112",
        is_local=True,
        owner_code=OWNER,
        operation_date=date(2021, 9, 1),
        registered_on=date(2025, 12, 1),
        batch_no=1,
        period_start=date(2021, 1, 1),
        period_end=date(2025, 12, 31),
        quantity_t=2519,
        blocks=[
            IssuedBlock(
                vintage=block["vintage"],
                start=block["start"],
                end=block["end"],
                serial=block["serial"],
            )
            for block in issued["blocks"]
        ],
        aggregate_ids=[],
    )
    steps = [event.status for event in told if isinstance(event, ReportStatusChanged)]
    assert steps == ["REPORTED", "NOTICE", "VERIFIED", "REGISTERED_ER", "ISSUED"]
    assert [e.version for e in told if isinstance(e, ReportStatusChanged)] == [1, 2, 3, 4, 5]


async def test_anyone_can_look_up_what_was_issued(desk, api):
    issued = await desk.issued(await desk.reported())
    serial = issued["blocks"][0]["serial"]
    assert serial == "CQ-CQCER-01-0007-2025-01-000000001-000000849"
    assert (await api.get(f"/v1/issuances/{issued['issuance_id']}")).json() == issued
    listed = (await api.get("/v1/issuances", params={"project_id": PV_ID})).json()
    assert listed == {"items": [issued], "next_cursor": None}
    for given, start, end in (
        ("849", 849, 849),
        (serial, 1, 849),
        ("CQ-CQCER-01-0007-2025-01-000000010-000000019", 10, 19),  # a part, after a split
    ):
        found = (await api.get(f"/v1/serials/{given}")).json()
        assert (found["start"], found["end"], found["vintage"]) == (start, end, 2025)
        assert found["issuance"]["issuance_id"] == issued["issuance_id"]
        assert found["block"]["serial"] == serial


@pytest.mark.parametrize(
    ("given", "status", "refusal"),
    [
        ("850", 404, "serial-not-found"),
        ("0", 422, "serial-invalid"),
        ("nonsense", 422, "serial-invalid"),
        ("CQ-CQCER-01-0007-2025-01-000000001-000000850", 404, "serial-not-found"),
        ("CQ-CQCER-01-0007-2025-02-000000001-000000849", 422, "serial-invalid"),
        ("CQ-CQCER-01-0007-2024-01-000000001-000000849", 422, "serial-invalid"),
        ("CQ-CQCER-01-0008-2025-01-000000001-000000849", 422, "serial-invalid"),
        ("CQ-CQCER-01-0007-2025-01-000000849-000000001", 422, "serial-invalid"),
    ],
)
async def test_a_serial_that_was_never_issued_is_not_found(desk, api, given, status, refusal):
    await desk.issued(await desk.reported())
    answer = await api.get(f"/v1/serials/{given}")
    assert (answer.status_code, problem(answer)) == (status, refusal)


async def test_the_one_who_asked_may_not_approve(desk, api):
    issuance_id = await desk.asked(await desk.reported())
    own = await desk.approve(issuance_id, by="officer-a")
    assert (own.status_code, problem(own)) == (409, "four-eyes")
    assert (await api.get(f"/v1/issuances/{issuance_id}")).json()["status"] == "PENDING"
    assert (await desk.approve(issuance_id, by="officer-b")).json()["status"] == "ISSUED"


async def test_the_one_who_asked_may_reject_with_a_comment_and_ask_again(desk, api):
    report = await desk.reported()
    issuance_id = await desk.asked(report)
    silent = await desk.reject(issuance_id, by="officer-a", comment="  ")
    assert silent.status_code == 422
    rejected = await desk.reject(issuance_id, by="officer-a")
    assert (rejected.json()["status"], rejected.json()["comment"]) == ("REJECTED", "附件缺页")
    late = await desk.approve(issuance_id)
    assert (late.status_code, problem(late)) == (409, "issuance-decided")
    again = (await desk.ask(report["report_id"])).json()
    issued = (await desk.approve(again["issuance_id"])).json()
    assert (issued["batch_no"], issued["blocks"][0]["start"]) == (1, 1)


@pytest.mark.parametrize(
    "told",
    [
        [],
        [organisation(OTHER_BUREAU, "owner", "validator_verifier", "operator")],
        [organisation(OTHER_BUREAU, "bureau", status="suspended")],
    ],
    ids=["unknown", "other-kind", "suspended"],
)
async def test_only_officers_of_an_active_bureau_ask_and_decide(desk, deliver, told):
    """The scopes alone are not enough."""
    report = await desk.reported()
    await desk.verified(report)
    await deliver(*told)
    refused = await desk.ask(report["report_id"], org=OTHER_BUREAU)
    assert (refused.status_code, problem(refused)) == (409, "organisation-unfit")
    assert OTHER_BUREAU in refused.json()["detail"]
    issuance_id = (await desk.ask(report["report_id"])).json()["issuance_id"]
    for decide in (desk.approve, desk.reject):
        refused = await decide(issuance_id, org=OTHER_BUREAU)
        assert (refused.status_code, problem(refused)) == (409, "organisation-unfit")
    await deliver(organisation(OTHER_BUREAU, "bureau", version=2))
    assert (await desk.approve(issuance_id, org=OTHER_BUREAU)).json()["status"] == "ISSUED"


async def test_a_bureau_does_not_issue_to_itself(desk, deliver):
    report = await desk.reported()
    await desk.verified(report)
    await deliver(organisation(OWNER, "owner", "bureau", version=2))
    refused = await desk.ask(report["report_id"], org=OWNER)
    assert (refused.status_code, problem(refused)) == (409, "officer-not-independent")
    issuance_id = (await desk.ask(report["report_id"])).json()["issuance_id"]
    for decide in (desk.approve, desk.reject):
        refused = await decide(issuance_id, org=OWNER)
        assert (refused.status_code, problem(refused)) == (409, "officer-not-independent")
    assert (await desk.approve(issuance_id)).json()["status"] == "ISSUED"


async def test_two_approvals_at_once_issue_once(desk, api, events):
    issuance_id = await desk.asked(await desk.reported())
    answers = await asyncio.gather(
        *(desk.approve(issuance_id, by=f"officer-{name}") for name in "bcdefgh")
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 6
    assert {problem(answer) for answer in answers if answer.status_code == 409} == {
        "issuance-decided"
    }
    told = [event for event in await events(PV_ID) if isinstance(event, CreditsIssued)]
    assert len(told) == 1
    totals = (await api.get("/v1/totals/issuance")).json()
    assert totals == {
        "issued_t": 849,
        "issuances": 1,
        "by_project_type": {"distributed_pv": 849},
    }


async def test_an_approval_and_a_rejection_at_once_decide_once(desk):
    issuance_id = await desk.asked(await desk.reported())
    answers = await asyncio.gather(
        desk.approve(issuance_id, by="officer-b"), desk.reject(issuance_id, by="officer-c")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_two_requests_at_once_open_one_task(desk, count_rows):
    report = await desk.reported()
    await desk.verified(report)
    answers = await asyncio.gather(
        *(desk.ask(report["report_id"], by=f"officer-{name}") for name in "abcd")
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await count_rows("issuances") == 1


async def test_no_step_is_skipped(desk):
    report = await desk.reported()
    early = await desk.ask(report["report_id"])
    assert (early.status_code, problem(early)) == (409, "report-step-refused")
    issued = await desk.issued(report)
    again = await desk.ask(report["report_id"])
    assert problem(again) == "report-step-refused"
    assert "ISSUED" in again.json()["detail"]
    assert problem(await desk.approve(issued["issuance_id"])) == "issuance-decided"


async def test_a_suspended_project_rejects_but_does_not_issue_until_it_is_back(desk, deliver):
    report = await desk.reported()
    issuance_id = await desk.asked(report)

    def status(before: str, after: str, version: int) -> ProjectStatusChanged:
        return ProjectStatusChanged(
            project_id=PV_ID, status_before=before, status=after, reason="核查", version=version
        )

    await deliver(status("REGISTERED", "SUSPENDED", 5))
    refused = await desk.approve(issuance_id)
    assert (refused.status_code, problem(refused)) == (409, "project-inactive")
    rejected = await desk.reject(issuance_id)
    assert (rejected.status_code, rejected.json()["status"]) == (200, "REJECTED")
    assert problem(await desk.ask(report["report_id"])) == "project-inactive"
    await deliver(status("SUSPENDED", "REGISTERED", 6))
    again = (await desk.ask(report["report_id"])).json()
    assert (await desk.approve(again["issuance_id"])).status_code == 200


@pytest.mark.parametrize(
    ("export", "quantity_t"), [("1397.87", 1), ("1397.86", 0), ("13978682956.38", 10_000_000)]
)
async def test_from_one_tonne_to_ten_million(desk, export, quantity_t):
    report = await desk.reported(meter_csv(export=export, imported="0"))
    assert report["calculated_t"] == quantity_t
    if quantity_t:
        (block,) = (await desk.issued(report))["blocks"]
        assert (block["start"], block["end"]) == (1, quantity_t)


async def test_batches_of_a_project_are_numbered(desk):
    for batch_no, year in enumerate((2023, 2024, 2025), 1):
        report = await desk.reported(
            meter_csv(year=year), period_start=f"{year}-01-01", period_end=f"{year}-12-31"
        )
        issued = await desk.issued(report)
        assert issued["batch_no"] == batch_no
        first = 849 * (batch_no - 1) + 1
        assert issued["blocks"][0]["serial"] == (
            f"CQ-CQCER-01-0007-{year}-{batch_no:02}-{first:09}-{first + 848:09}"
        )


async def test_after_ninety_nine_batches_no_number_is_left(desk, database):
    await desk.issued(await desk.reported())
    async with database.write() as session:
        await session.execute(text("UPDATE issuances SET batch_no = 99"))
    report = await desk.reported(
        meter_csv(year=2024), period_start="2024-01-01", period_end="2024-12-31"
    )
    refused = await desk.approve(await desk.asked(report))
    assert (refused.status_code, problem(refused)) == (409, "batch-numbers-exhausted")


async def test_a_failed_approval_gives_its_numbers_back(desk, database):
    issuance_id = await desk.asked(await desk.reported())
    async with database.write() as session:
        await session.execute(
            text("ALTER TABLE issued_blocks ADD CONSTRAINT broken CHECK (quantity_t < 5) NOT VALID")
        )
    with pytest.raises(DBAPIError):
        await desk.approve(issuance_id)
    async with database.write() as session:
        await session.execute(text("ALTER TABLE issued_blocks DROP CONSTRAINT broken"))
    issued = (await desk.approve(issuance_id)).json()
    assert issued["blocks"][0]["start"] == 1


async def violated(database, statement: str) -> str | None:
    with pytest.raises(DBAPIError) as caught:
        async with database.write() as session:
            await session.execute(text(statement))
    return constraint_name(caught.value)


async def test_the_database_itself_refuses_overlaps(desk, database):
    """Whatever the code above it does: a serial stands in one block, a day in one live report."""
    await desk.issued(await desk.reported())
    overlapping = (
        "INSERT INTO issued_blocks (issuance_id, vintage, account, block, quantity_t, serial)"
        " SELECT issuance_id, 1999, 'owner', int8range(849, 851), 2, 'x' FROM issued_blocks"
    )
    assert await violated(database, overlapping) == BLOCK_CONSTRAINT
    columns = (
        "project_id, project_no, methodology_code, formula_version, status, version, period_start,"
        " period_end, eligible_start, eligible_end, claim, inputs, calculation, calculated,"
        " calculated_t, deducted, vintages, submitted_by, submitted_at, buffer_t, loss, flags,"
        " verification_mode, revision"
    )
    other = new_id()
    same_days = (
        f"INSERT INTO reports (report_id, root_report_id, {columns})"
        f" SELECT '{other}', '{other}', {columns} FROM reports"
    )
    assert await violated(database, same_days) == PERIOD_CONSTRAINT
    wrong_length = "UPDATE issued_blocks SET quantity_t = 848"
    assert await violated(database, wrong_length) == "ck_issued_blocks__quantity_is_length"
    moved = "UPDATE reports SET claim = int8range(1, 2)"
    assert await violated(database, moved) == "ck_reports__claim_is_period"
    two_eyes = "UPDATE issuances SET decided_by = requested_by"
    assert await violated(database, two_eyes) == "ck_issuances__four_eyes"


async def test_issuing_needs_its_scopes(desk, api):
    report = await desk.reported()
    for path in (
        f"/v1/reports/{report['report_id']}/issuance-request",
        f"/v1/issuances/{new_id()}/approval",
        f"/v1/issuances/{new_id()}/rejection",
    ):
        answer = await api.post(path, json={"comment": "x"}, headers=as_owner())
        assert (answer.status_code, problem(answer)) == (403, "forbidden")


async def test_an_unknown_issuance_is_not_found(desk, api):
    unknown = new_id()
    assert problem(await api.get(f"/v1/issuances/{unknown}")) == "issuance-not-found"
    assert problem(await desk.approve(str(unknown))) == "issuance-not-found"
    assert problem(await desk.ask(str(unknown))) == "report-not-found"


async def test_the_same_key_again_gets_the_first_answer(desk, api, events):
    issuance_id = await desk.asked(await desk.reported())
    path, headers = f"/v1/issuances/{issuance_id}/approval", as_officer("officer-b")
    first = await api.post(path, json={}, headers=headers)
    again = await api.post(path, json={}, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    missing = {k: v for k, v in caller("issuance:approve").items() if k != "Idempotency-Key"}
    assert problem(await api.post(path, json={}, headers=missing)) == "idempotency-key-missing"


async def test_pages_show_every_issuance_once_the_newest_first(desk, api):
    for year in (2023, 2024, 2025):
        report = await desk.reported(
            meter_csv(year=year), period_start=f"{year}-01-01", period_end=f"{year}-12-31"
        )
        await desk.issued(report)
    seen, cursor = [], ""
    while cursor is not None:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/issuances", params=query)).json()
        seen += [item["blocks"][0]["vintage"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [2025, 2024, 2023]  # the newest first
