"""Lists, public notices, deadlines, retention and the dry run."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from issuance_svc.reports.deadlines import overdue_since
from issuance_svc.reports.retention import must_be_deletable, retention_until, years_after
from issuance_svc_tests.factories import (
    FOREST_ID,
    OPERATOR,
    OWNER,
    PV_ID,
    TRAVEL_ID,
    VALIDATOR,
    VERIFIER,
    aggregate,
    as_officer,
    as_owner,
    as_verifier,
    forest_project,
    meter_csv,
    plot_csv,
    problem,
    pv_project,
    travel_project,
)
from tht_kit.clock import legal_midnight
from tht_kit.errors import DomainError
from tht_kit.ids import new_id
from tht_kit.working_days import Calendar, seed_years

FIVE_YEARS = {"project_id": FOREST_ID, "period_start": "2021-01-01", "period_end": "2025-12-31"}


async def listed(desk, headers=None, **filters):
    answer = await desk.api.get("/v1/reports", params=filters, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return [row["report_id"] for row in answer.json()["items"]]


async def year(desk, number):
    return await desk.reported(
        meter_csv(year=number), period_start=f"{number}-01-01", period_end=f"{number}-12-31"
    )


async def test_everybody_sees_what_was_under_notice_and_a_party_its_own(desk):
    hidden, public = await year(desk, 2024), await year(desk, 2025)
    await desk.notice(public["report_id"])
    assert await listed(desk) == [public["report_id"]]
    assert await listed(desk, as_owner()) == [public["report_id"], hidden["report_id"]]
    assert await listed(desk, as_owner(OPERATOR)) == [public["report_id"]]
    assert await listed(desk, as_verifier()) == [public["report_id"]]
    assert await listed(desk, as_officer("a")) == [public["report_id"], hidden["report_id"]]
    bad = await desk.api.get("/v1/reports", headers={"Authorization": "Bearer x"})
    assert bad.status_code == 401


async def test_the_filters_and_the_pages(desk, deliver):
    await deliver(forest_project())
    forest = await desk.reported(plot_csv(), **FIVE_YEARS)
    first, second = await year(desk, 2024), await year(desk, 2025)
    await desk.notice(second["report_id"])
    mine = as_owner()
    assert await listed(desk, mine, project_id=FOREST_ID) == [forest["report_id"]]
    assert await listed(desk, mine, status="NOTICE") == [second["report_id"]]
    assert await listed(desk, mine, verifier_code=VERIFIER) == [second["report_id"]]
    assert await listed(desk, mine, verifier_code=VALIDATOR) == []
    assert await listed(desk, mine, methodology_code="CQCM-902-V001") == [forest["report_id"]]
    assert len(await listed(desk, mine, owner_code=OWNER)) == 3
    assert await listed(desk, under_notice="true") == [second["report_id"]]
    params = {"limit": 2}
    page = (await desk.api.get("/v1/reports", params=params, headers=mine)).json()
    assert [row["report_id"] for row in page["items"]] == [second["report_id"], first["report_id"]]
    params["cursor"] = page["next_cursor"]
    rest = (await desk.api.get("/v1/reports", params=params, headers=mine)).json()
    assert [row["report_id"] for row in rest["items"]] == [forest["report_id"]]
    assert rest["next_cursor"] is None


async def test_the_public_notice_shows_public_fields_only(desk):
    report = await desk.reported()
    path = f"/v1/reports/{report['report_id']}/notice"
    early = await desk.api.get(path)
    assert (early.status_code, problem(early)) == (404, "report-not-found")
    await desk.notice(report["report_id"])
    shown = (await desk.api.get(path)).json()
    assert (shown["project_name"], shown["calculated_t"], shown["verifier_code"]) == (
        "两江新区屋顶光伏",
        849,
        VERIFIER,
    )
    assert not {"uploads", "notes", "flags", "reviews", "statement", "history"} & set(shown)
    (row,) = (await desk.api.get("/v1/reports")).json()["items"]
    assert row == shown


# --- deadlines -----------------------------------------------------------------------------------


async def test_art_22_what_waits_too_long_is_flagged_and_nothing_happens_by_itself(desk):
    desk.clock.set(datetime(2026, 7, 17, 2, tzinfo=UTC))
    report = await desk.reported()
    notice = (await desk.notice(report["report_id"])).json()
    # R2: the notice ends on 2026-08-13; 15 working days later is 2026-09-03.
    assert (notice["verification_due"], notice["is_overdue"]) == ("2026-09-03", False)
    path = f"/v1/reports/{report['report_id']}"

    async def at(day):
        desk.clock.set(legal_midnight(day))
        seen = (await desk.api.get(path, headers=as_owner())).json()
        found = await listed(desk, as_officer("a"), overdue="true")
        assert (report["report_id"] in found) == seen["is_overdue"]
        return seen["status"], seen["is_overdue"]

    assert await at(date(2026, 9, 3)) == ("NOTICE", False)
    assert await at(date(2026, 9, 4)) == ("NOTICE", True)
    verified = (await desk.verification(report["report_id"], 849)).json()
    assert (verified["verified_on"], verified["verification_due"]) == ("2026-09-04", None)
    due = date.fromisoformat(verified["registration_due"])
    # From Friday 4 September: the make-up Sunday 20 September counts, so the 15th day is the 24th.
    assert due == date(2026, 9, 24)
    assert await at(due) == ("VERIFIED", False)
    assert await at(due + timedelta(days=1)) == ("VERIFIED", True)
    issuance = (await desk.ask(report["report_id"])).json()
    assert await at(due + timedelta(days=400)) == ("REGISTERED_ER", True)
    await desk.approve(issuance["issuance_id"])
    assert await at(due + timedelta(days=401)) == ("ISSUED", False)


async def test_a_deadline_in_a_year_without_calendar_is_unknown_not_guessed(desk):
    desk.clock.set(datetime(2026, 12, 1, 2, tzinfo=UTC))
    report = await desk.reported()
    notice = (await desk.notice(report["report_id"])).json()
    assert notice["notice_end"] == "2026-12-28"
    assert (notice["verification_due"], notice["is_overdue"]) == (None, False)


async def test_reports_stay_readable_when_their_rule_is_gone(desk, database):
    report = await desk.reported()
    await desk.notice(report["report_id"])
    async with database.write() as session:
        await session.execute(text("DELETE FROM claim_rules"))
    path = f"/v1/reports/{report['report_id']}"
    for where in (path, f"{path}/notice"):
        shown = (await desk.api.get(where, headers=as_owner())).json()
        assert (shown["verification_due"], shown["is_overdue"]) == (None, False)
    assert await listed(desk) == [report["report_id"]]
    assert await listed(desk, as_officer("a"), overdue="true") == []


def test_the_list_and_the_single_report_agree_on_what_is_overdue():
    calendar = Calendar(seed_years([2025, 2026]))
    for offset in range(200):
        today = date(2026, 1, 1) + timedelta(days=offset)
        last = overdue_since(calendar, today, 15)
        assert last is not None
        assert calendar.due(last, 15) < today <= calendar.due(last + timedelta(days=1), 15)


def test_a_limit_that_runs_into_an_unpublished_year_has_not_passed():
    only = Calendar(seed_years([2026]))
    assert overdue_since(only, date(2026, 1, 5), 15) is None
    assert overdue_since(Calendar({}), date(2026, 1, 5), 15) is None
    last = overdue_since(only, date(2027, 10, 29), 15)
    assert last is not None
    assert only.due(last, 15) == date(2026, 12, 31)
    gap = Calendar(seed_years([2024, 2026]))
    assert overdue_since(gap, date(2026, 1, 20), 15) == overdue_since(gap, date(2025, 1, 1), 15)


# --- retention -----------------------------------------------------------------------------------


async def test_r11_evidence_is_locked_until_ten_years_after_the_last_issuance(desk, api, container):
    report = await desk.reported()
    path = f"/v1/reports/{report['report_id']}/retention"
    before = await api.get(path, headers=as_owner())
    assert before.json() == {"project_id": PV_ID, "locked_until": None}

    async def refusal(moment):
        async with container.database.read() as session:
            try:
                await must_be_deletable(session, PV_ID, now=moment)
            except DomainError as error:
                return error.type
        return None

    now = desk.clock.now()
    assert await refusal(now) == "evidence-locked"  # a live report rests on it
    await desk.recall(report["report_id"])
    assert await refusal(now) is None
    issued = await desk.issued(await desk.reported())
    assert issued["status"] == "ISSUED"
    async with container.database.read() as session:
        until = await retention_until(session, PV_ID)
    assert until == years_after(date(2026, 1, 30), 10) == date(2036, 1, 30)
    assert (await api.get(path, headers=as_owner())).json()["locked_until"] == "2036-01-30"
    assert await refusal(legal_midnight(date(2036, 1, 30))) == "evidence-locked"
    assert await refusal(legal_midnight(date(2036, 1, 31))) is None


async def test_r11_a_file_is_deleted_only_after_its_retention(desk, container, count_rows):
    async def deleted(upload_id, headers=None):
        return await desk.api.post(
            f"/v1/uploads/{upload_id}/file-deletion",
            json={"reason": "保存期满"},
            headers=headers or as_owner(),
        )

    report = await desk.reported()
    (upload,) = report["uploads"]
    assert problem(await deleted(upload["upload_id"])) == "evidence-locked"
    await desk.issued(report)
    assert (await deleted(upload["upload_id"], as_owner(OPERATOR))).status_code == 403
    desk.clock.set(legal_midnight(date(2036, 1, 30)))
    assert problem(await deleted(upload["upload_id"])) == "evidence-locked"
    assert await container.blobs.exists(upload["sha256"])
    desk.clock.set(legal_midnight(date(2036, 1, 31)))
    done = await deleted(upload["upload_id"])
    assert (done.status_code, done.json()["sha256"]) == (200, upload["sha256"])
    assert not await container.blobs.exists(upload["sha256"])
    again = await deleted(upload["upload_id"])
    assert (again.json(), await count_rows("deleted_files")) == (done.json(), 1)
    # What the file told stays explained to the last digit.
    path = f"/v1/reports/{report['report_id']}/calculation"
    assert (await desk.api.get(path, headers=as_owner())).status_code == 200


async def test_r11_what_a_report_still_rests_on_is_locked_beyond_the_ten_years(desk, container):
    report = await year(desk, 2024)
    await desk.issued(report)
    later = await year(desk, 2025)
    desk.clock.set(legal_midnight(date(2036, 6, 1)))
    for upload in (*report["uploads"], *later["uploads"]):
        refused = await desk.api.post(
            f"/v1/uploads/{upload['upload_id']}/file-deletion",
            json={"reason": "保存期满"},
            headers=as_owner(),
        )
        assert (refused.status_code, problem(refused)) == (409, "evidence-locked"), refused.text
        assert await container.blobs.exists(upload["sha256"])
    await desk.recall(later["report_id"])
    done = await desk.api.post(
        f"/v1/uploads/{report['uploads'][0]['upload_id']}/file-deletion",
        json={"reason": "保存期满"},
        headers=as_owner(),
    )
    assert done.status_code == 200, done.text


async def test_r11_a_deletion_that_is_not_committed_leaves_the_bytes(desk, container, count_rows):
    content = meter_csv()
    upload_id = await desk.uploaded(content)
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    async with container.database.write() as session:
        await session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'the commit fails'; END $$"
            )
        )
        await session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON deleted_files DEFERRABLE"
                " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    try:
        with pytest.raises(DBAPIError):
            await desk.api.post(
                f"/v1/uploads/{upload_id}/file-deletion",
                json={"reason": "误传"},
                headers=as_owner(),
            )
    finally:
        async with container.database.write() as session:
            await session.execute(text("DROP FUNCTION refuse() CASCADE"))
    assert await count_rows("deleted_files") == 0
    assert await container.blobs.exists(sha256)


async def test_r11_bytes_that_another_project_still_needs_stay(desk, deliver, container):
    twin = str(new_id())
    await deliver(pv_project(project_id=twin, project_no=11))
    upload_id = await desk.uploaded(meter_csv())
    other = await desk.uploaded(meter_csv(), project_id=twin)
    report = await desk.reported(project_id=twin, upload_ids=[other])
    path = f"/v1/uploads/{upload_id}/file-deletion"
    refused = await desk.api.post(path, json={"reason": "误传"}, headers=as_owner())
    assert (refused.status_code, problem(refused)) == (409, "evidence-locked")
    assert twin in refused.json()["detail"]
    await desk.recall(report["report_id"])
    done = await desk.api.post(path, json={"reason": "误传"}, headers=as_owner())
    assert done.status_code == 200
    assert not await container.blobs.exists(done.json()["sha256"])
    late = await desk.report(upload_ids=[upload_id])
    assert (late.status_code, problem(late)) == (409, "evidence-deleted")
    assert late.json()["errors"][0]["pointer"] == "/upload_ids/0"


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [
        (date(2026, 3, 1), 10, date(2036, 3, 1)),
        (date(2028, 2, 29), 10, date(2038, 3, 1)),
        (date(2028, 2, 29), 4, date(2032, 2, 29)),
    ],
)
def test_years_later(day, years, expected):
    assert years_after(day, years) == expected


# --- dry run -------------------------------------------------------------------------------------


async def dry_run(desk, headers=None, **body):
    given = {"project_id": PV_ID, "period_start": "2025-01-01", "period_end": "2025-12-31"} | body
    return await desk.api.post("/v1/calculations", json=given, headers=headers or as_owner())


async def test_a_dry_run_gives_the_outcome_of_submitting_and_stores_nothing(
    desk, count_rows, events
):
    upload_id = await desk.uploaded(meter_csv())
    tried = (await dry_run(desk, upload_ids=[upload_id])).json()
    assert tried["refusals"] == []
    report = await desk.reported(upload_ids=[upload_id])
    for name in ("calculated", "calculated_t", "deducted", "vintages", "flags", "formula_version"):
        assert tried[name] == report[name]
    path = f"/v1/reports/{report['report_id']}/calculation"
    shown = (await desk.api.get(path, headers=as_owner())).json()
    assert (tried["tree"], tried["inputs"]) == (shown["tree"], shown["inputs"])
    again = (await dry_run(desk, upload_ids=[upload_id])).json()
    assert [refusal["type"] for refusal in again["refusals"]] == ["period-overlaps"]
    assert report["report_id"] in again["refusals"][0]["en"]
    assert await count_rows("reports") == 1
    assert len(await events(PV_ID)) == 1


async def test_a_dry_run_names_each_claim_that_is_taken(desk, deliver):
    closed = aggregate()
    await deliver(travel_project(), closed)
    body = {"project_id": TRAVEL_ID, "aggregate_ids": [closed.aggregate_id]}
    assert (await desk.report(**body, headers=as_owner(OPERATOR))).status_code == 201
    tried = (await dry_run(desk, as_owner(OPERATOR), **body)).json()
    assert [refusal["type"] for refusal in tried["refusals"]] == [
        "period-overlaps",
        "aggregate-used",
    ]
    twin = str(new_id())
    await deliver(pv_project(project_id=twin, project_no=11))
    await desk.reported()
    upload_id = await desk.uploaded(meter_csv(), project_id=twin)
    tried = (await dry_run(desk, project_id=twin, upload_ids=[upload_id])).json()
    assert [refusal["type"] for refusal in tried["refusals"]] == ["site-claimed"]


async def test_a_dry_run_shows_alarms_without_opening_a_review(desk, deliver, count_rows):
    await deliver(forest_project())
    upload_id = await desk.uploaded(
        plot_csv("20", "320"), project_id=FOREST_ID, kind="plot_inventory"
    )
    tried = await dry_run(desk, **FIVE_YEARS, upload_ids=[upload_id])
    assert [flag["code"] for flag in tried.json()["flags"]] == ["uptake-over-bound"]
    assert await count_rows("reviews") == 0
