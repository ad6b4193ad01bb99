"""Batches of other registries become credits here once, whoever asks and however they are written."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from issuance_svc.issuances.models import ORIGIN_CONSTRAINT
from issuance_svc_tests.factories import (
    BUREAU,
    OWNER,
    PV_ID,
    VERIFIER,
    as_officer,
    as_owner,
    caller,
    forest_project,
    meter_csv,
    problem,
    pv_project,
)
from tht_contracts.events.issuance import CreditsIssued
from tht_kit.db import constraint_name
from tht_kit.ids import new_id

SERIAL = "9344-82392553-82392562-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1"


@pytest.fixture
def ask(desk):
    """Return a function that asks for the issuance of an external batch."""

    async def asked(serial: str = SERIAL, quantity_t: int = 10, *, headers=None, **changes):
        body = {
            "project_id": PV_ID,
            "serial": serial,
            "quantity_t": quantity_t,
            "period_start": "2024-01-01",
            "period_end": "2024-12-31",
            "cancellation_reference": "VCS-CXL-2026-001",
            "evidence_sha256": "cd" * 32,
        }
        return await desk.api.post(
            "/v1/issuances/external",
            json=body | changes,
            headers=headers or as_officer("officer-a"),
        )

    return asked


@pytest.fixture
def decide(desk):
    async def decided(task_id: str, decision: str = "approval", *, by="officer-b", **body):
        headers = caller("issuance:approve", org=BUREAU, subject=by)
        return await desk.api.post(
            f"/v1/issuance-tasks/{task_id}/{decision}", json=body, headers=headers
        )

    return decided


async def test_a_cancelled_foreign_batch_is_issued_as_one_of_our_own(ask, decide, api, events):
    told = await ask()
    assert told.status_code == 202, told.text
    origin = told.json()["origin"]
    assert (origin["registry_name"], origin["status"]) == ("Verra (VCS)", "PENDING")
    assert (await decide(told.json()["task_id"])).status_code == 200
    [issued] = (await api.get("/v1/issuances")).json()["items"]
    assert (issued["report_id"], issued["origin_id"]) == (None, origin["origin_id"])
    [block] = issued["blocks"]
    assert block["serial"] == "CQ-CQCER-01-0007-2024-01-000000001-000000010"
    [event] = [e for e in await events(PV_ID) if isinstance(e, CreditsIssued)]
    assert (event.quantity_t, event.report_id) == (10, origin["origin_id"])
    found = (await api.get(f"/v1/issuances/external/{origin['origin_id']}")).json()
    assert found == origin | {"status": "ISSUED"}


@pytest.mark.parametrize(
    ("serial", "quantity_t"),
    [
        (SERIAL, 10),
        ("9344-82392562-82392571-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1", 10),
        ("9344-82392500-82392600-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1", 101),
        ("9344-82392555-82392555-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-0", 1),
        ("9344-082392555-082392555-VCU-262-MER-CN-01-1686-01012024-31122024-1", 1),
        ("09344-82392553-82392562-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1", 10),
        ("9344-82392553-82392562-VCS-VCU-262-VER-CN-01-001686-01012024-31122024-1", 10),
    ],
)
async def test_no_foreign_unit_is_converted_twice(ask, deliver, count_rows, serial, quantity_t):
    other = str(new_id())
    await deliver(pv_project(project_id=other, project_no=70, meters=["M70"]))
    assert (await ask()).status_code == 202
    refused = await ask(serial, quantity_t, project_id=other)
    assert (refused.status_code, problem(refused)) == (409, "external-origin-used")
    assert SERIAL in refused.json()["detail"]
    assert await count_rows("external_origins") == 1


async def test_neighbouring_ranges_and_other_series_are_free(ask, deliver):
    for number, serial in enumerate(
        (
            SERIAL,
            "9344-82392563-82392572-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1",
            "9344-82392543-82392552-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1",
            "9345-82392553-82392562-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1",
            "ACR-CN-192-2024-203-82392553-82392562",
        ),
        80,
    ):
        project_id = str(new_id())
        await deliver(pv_project(project_id=project_id, project_no=number, meters=[f"M{number}"]))
        answer = await ask(serial, project_id=project_id)
        assert answer.status_code == 202, answer.text


async def test_requests_at_once_for_overlapping_ranges_leave_one(ask, deliver, count_rows):
    ids = []
    for number in range(60, 66):
        ids.append(str(new_id()))
        await deliver(pv_project(project_id=ids[-1], project_no=number, meters=[f"M{number}"]))
    answers = await asyncio.gather(
        *(
            ask(
                f"ACR-CN-192-2024-203-{100 + i}-{109 + i}",
                project_id=project_id,
                headers=as_officer(f"officer-{i}"),
            )
            for i, project_id in enumerate(ids)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 5
    assert await count_rows("external_origins") == 1


async def test_a_rejected_batch_can_be_asked_for_anew(ask, decide):
    first = (await ask()).json()
    assert (await decide(first["task_id"], "rejection", comment="注销未完成")).status_code == 200
    again = await ask()
    assert again.status_code == 202, again.text
    assert (await decide(again.json()["task_id"])).status_code == 200
    assert problem(await ask()) == "period-issued-elsewhere"


async def test_a_batch_without_numbers_is_converted_whole(ask, deliver):
    assert (await ask("C01-001-20240101-20241231-001", 7)).status_code == 202
    other = str(new_id())
    await deliver(pv_project(project_id=other, project_no=70, meters=["M70"]))
    again = await ask("C01-001-20240101-20241231-001", 3, project_id=other)
    assert problem(again) == "external-origin-used"


async def test_the_same_days_are_not_issued_by_a_report_too(desk, ask):
    days = {"period_start": "2024-01-01", "period_end": "2024-12-31"}
    report = await desk.reported(meter_csv(year=2024), **days)
    refused = await ask()
    assert (refused.status_code, problem(refused)) == (409, "period-issued-elsewhere")
    await desk.recall(report["report_id"])
    assert (await ask()).status_code == 202
    assert (await desk.issued(await desk.reported()))["batch_no"] == 1  # 2025 is free
    late = await desk.reported(meter_csv(year=2024), **days)
    await desk.verified(late)
    asked = await desk.ask(late["report_id"])
    assert (asked.status_code, problem(asked)) == (409, "period-issued-elsewhere")


@pytest.mark.parametrize(
    ("changes", "status", "refusal"),
    [
        ({"quantity_t": 9}, 422, "external-origin-invalid"),
        ({"serial": "nonsense"}, 422, "external-origin-invalid"),
        ({"serial": "CQ-CQCER-01-0007-2025-01-000000001-000000849"}, 422, None),
        ({"period_start": "2023-12-31"}, 422, "external-origin-invalid"),
        ({"period_start": "2025-01-01", "period_end": "2025-12-31"}, 422, None),
        ({"period_start": "2024-12-31", "period_end": "2024-01-01"}, 422, None),
        ({"evidence_sha256": "x"}, 422, None),
        ({"cancellation_reference": ""}, 422, None),
        ({"quantity_t": 0}, 422, None),
        ({"project_id": "unknown"}, 404, "project-not-registered"),
    ],
)
async def test_what_does_not_fit_is_refused(ask, count_rows, changes, status, refusal):
    answer = await ask(**changes)
    assert answer.status_code == status, answer.text
    if refusal:
        assert problem(answer) == refusal
    assert await count_rows("external_origins") == 0


async def test_periods_that_no_report_could_claim_are_refused(ask):
    serial = "ACR-CN-192-2021-203-1-10"  # before the project's crediting period
    answer = await ask(serial, period_start="2021-01-01", period_end="2021-12-31")
    assert (answer.status_code, problem(answer)) in {
        (422, "period-not-eligible"),
        (409, "period-not-eligible"),
    }
    partly = "ACR-CN-192-2022-203-1-10"
    answer = await ask(partly, period_start="2022-01-01", period_end="2022-12-31")
    assert answer.status_code == 202, answer.text


async def test_a_forest_takes_no_foreign_batch(ask, deliver):
    project_id = str(new_id())
    await deliver(forest_project(project_id=project_id, project_no=71, non_permanence="deduction"))
    refused = await ask(project_id=project_id)
    assert (refused.status_code, problem(refused)) == (409, "external-conversion-refused")


async def test_only_a_bureau_s_officer_asks_and_another_decides(ask, decide):
    assert (await ask(headers=as_owner())).status_code == 403
    foreign = as_officer("officer-x", VERIFIER)
    assert problem(await ask(headers=foreign)) == "organisation-unfit"
    assert problem(await ask(headers=as_officer("officer-x", OWNER))) == "organisation-unfit"
    told = (await ask()).json()
    own = await decide(told["task_id"], by="officer-a")
    assert (own.status_code, problem(own)) == (403, "task-own")
    answers = await asyncio.gather(
        *(decide(told["task_id"], by=f"officer-{name}") for name in "bcd")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_years_share_the_tonnes_by_their_days(ask, decide, api):
    serial = "8040-1-100-VCU-042-MER-CN-01-1360-01072023-30062024-1"
    told = await ask(serial, 100, period_start="2023-07-01", period_end="2024-06-30")
    await decide(told.json()["task_id"])
    [issued] = (await api.get("/v1/issuances")).json()["items"]
    assert [(b["vintage"], b["quantity_t"]) for b in issued["blocks"]] == [(2023, 50), (2024, 50)]


async def test_a_foreign_serial_is_explained_and_not_claimed(ask, decide, api):
    car = (await api.get("/v1/serials/CAR-1-US-293-1-120-CA-2006-102-1 to 29251")).json()
    assert (car["ours"], car["registry"], car["quantity"]) == (
        False,
        "Climate Action Reserve",
        29_251,
    )
    assert (car["vintage_start"], car["converted"]) == ("2006-01-01", [])
    assert car["parts"]["project"] == "293"
    await decide((await ask()).json()["task_id"])
    part = "9344-82392560-82392570-VCS-VCU-262-VER-CN-01-1686-01012024-31122024-1"
    verra = (await api.get(f"/v1/serials/{part}")).json()
    assert [found["serial"] for found in verra["converted"]] == [SERIAL]
    regen = (await api.get("/v1/serials/C01-001-20200101-20210101-001")).json()
    assert (regen["quantity"], regen["start"]) == (None, None)


async def test_the_database_itself_refuses_a_second_claim(ask, database):
    assert (await ask()).status_code == 202
    columns = (
        "project_id, status, registry_name, serial, series_no, place, quantity_t, period_start,"
        " period_end, cancellation_reference, evidence_sha256, requested_by, requested_at"
    )
    again = (
        f"INSERT INTO external_origins (origin_id, {columns})"
        f" SELECT '{new_id()}', {columns} FROM external_origins"
    )
    with pytest.raises(DBAPIError) as caught:
        async with database.write() as session:
            await session.execute(text(again))
    assert constraint_name(caught.value) == ORIGIN_CONSTRAINT
