"""Submitting anew: the next revision, what it frees, what changed."""

import asyncio
from decimal import Decimal

import pytest

from issuance_svc_tests.factories import (
    FOREST_ID,
    OPERATOR,
    PV_ID,
    TRAVEL_ID,
    aggregate,
    as_officer,
    as_owner,
    as_verifier,
    forest_project,
    meter_csv,
    plot_csv,
    problem,
    travel_project,
)
from tht_kit.ids import new_id

YEAR = {"period_start": "2025-01-01", "period_end": "2025-12-31"}


async def shown(desk, report_id, tail="", headers=None):
    answer = await desk.api.get(f"/v1/reports/{report_id}{tail}", headers=headers or as_owner())
    assert answer.status_code == 200, answer.text
    return answer.json()


async def at_status(desk, status):
    """A report that has come as far as the status."""
    report = await desk.reported()
    if status == "RECALLED":
        return (await desk.recall(report["report_id"])).json()
    if status == "REPORTED":
        return report
    notice = (await desk.notice(report["report_id"])).json()
    if status == "NOTICE":
        return notice
    desk.pass_notice(notice)
    opinion = "negative" if status == "REJECTED" else "positive"
    verified = await desk.verification(report["report_id"], 849, opinion=opinion)
    if status == "REGISTERED_ER":
        await desk.ask(report["report_id"])
    if status == "ISSUED":
        asked = await desk.ask(report["report_id"])
        await desk.approve(asked.json()["issuance_id"])
    return verified.json()


@pytest.mark.parametrize(
    ("status", "afterwards"),
    [
        ("REPORTED", "SUPERSEDED"),
        ("NOTICE", "SUPERSEDED"),
        ("REJECTED", "REJECTED"),
        ("RECALLED", "RECALLED"),
    ],
)
async def test_a_report_is_submitted_anew_as_its_next_revision(desk, status, afterwards):
    old = await at_status(desk, status)
    upload_id = await desk.uploaded(meter_csv(export="1190000"))
    made = await desk.revise(old["report_id"], upload_ids=[upload_id])
    assert made.status_code == 201
    new = made.json()
    assert made.headers["location"] == f"/v1/reports/{new['report_id']}"
    assert (new["status"], new["revision"], new["revises"]) == ("REPORTED", 2, old["report_id"])
    assert Decimal(new["calculated"]) == Decimal(1178) * Decimal("0.715375")
    before = await shown(desk, old["report_id"])
    assert (before["status"], before["superseded_by"]) == (afterwards, new["report_id"])
    assert (await desk.issued(new))["quantity_t"] == 842


@pytest.mark.parametrize("status", ["VERIFIED", "REGISTERED_ER", "ISSUED"])
async def test_what_is_verified_is_recalled_first(desk, count_rows, status):
    old = await at_status(desk, status)
    upload_id = await desk.uploaded(meter_csv(export="1190000"))
    refused = await desk.revise(old["report_id"], upload_ids=[upload_id])
    assert (refused.status_code, problem(refused)) == (409, "report-step-refused")
    assert await count_rows("reports") == 1


async def test_a_refused_revision_leaves_the_report_as_it_was(desk, events):
    old = await at_status(desk, "NOTICE")
    refused = await desk.revise(
        old["report_id"], upload_ids=[await desk.uploaded(meter_csv(months=3))]
    )
    assert problem(refused) == "activity-data-incomplete"
    assert await shown(desk, old["report_id"]) == old
    assert [event.status for event in await events(PV_ID)] == ["REPORTED", "NOTICE"]


async def test_there_is_one_line_of_revisions(desk):
    first = await desk.reported()
    upload_ids = [await desk.uploaded(meter_csv())]
    second = (await desk.revise(first["report_id"], upload_ids=upload_ids)).json()
    again = await desk.revise(first["report_id"], upload_ids=upload_ids)
    assert (again.status_code, problem(again)) == (409, "report-superseded")
    assert second["report_id"] in again.json()["detail"]
    third = (await desk.revise(second["report_id"], upload_ids=upload_ids)).json()
    assert (third["revision"], third["revises"]) == (3, second["report_id"])
    line = [(row["report_id"], row["status"]) for row in third["revisions"]]
    assert line == [
        (first["report_id"], "SUPERSEDED"),
        (second["report_id"], "SUPERSEDED"),
        (third["report_id"], "REPORTED"),
    ]


async def test_two_revisions_at_once_leave_one(desk, count_rows):
    first = await desk.reported()
    upload_ids = [await desk.uploaded(meter_csv())]
    answers = await asyncio.gather(
        *(desk.revise(first["report_id"], upload_ids=upload_ids) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert await count_rows("reports") == 2


async def test_a_revision_and_an_opinion_at_once_leave_one(desk):
    old = await at_status(desk, "NOTICE")
    desk.pass_notice(old)
    await desk.sample(old["report_id"])
    upload_ids = [await desk.uploaded(meter_csv())]
    opinion, revision = await asyncio.gather(
        desk.verification(old["report_id"], 849, sampled=False),
        desk.revise(old["report_id"], upload_ids=upload_ids),
    )
    assert sorted((opinion.status_code, revision.status_code)) in ([200, 409], [201, 409])


async def test_only_the_owner_submits_anew(desk):
    old = await desk.reported()
    upload_ids = [await desk.uploaded(meter_csv())]
    for headers in (as_owner(OPERATOR), as_verifier()):
        refused = await desk.revise(old["report_id"], upload_ids=upload_ids, headers=headers)
        assert refused.status_code == 403
    gone = await desk.revise(str(new_id()), upload_ids=upload_ids)
    assert problem(gone) == "report-not-found"


async def test_a_superseded_report_is_told_as_recalled_and_names_its_successor(desk, events):
    """Readers of the first version of the event know no status SUPERSEDED."""
    old = await desk.reported()
    new = (
        await desk.revise(old["report_id"], upload_ids=[await desk.uploaded(meter_csv())])
    ).json()
    told = await events(PV_ID)
    assert [(event.report_id, event.status, event.superseded_by) for event in told] == [
        (old["report_id"], "REPORTED", None),
        (old["report_id"], "RECALLED", new["report_id"]),
        (new["report_id"], "REPORTED", None),
    ]


async def test_r47_a_revision_takes_over_the_aggregates(desk, deliver):
    closed = aggregate(by_vintage_g={"2025": 3_100_000})
    await deliver(travel_project(), closed)
    owner = as_owner(OPERATOR)
    body = {"aggregate_ids": [closed.aggregate_id]}
    old = (await desk.report(project_id=TRAVEL_ID, headers=owner, **body)).json()
    new = await desk.revise(old["report_id"], headers=as_owner(OPERATOR), **body)
    assert (new.status_code, new.json()["aggregate_ids"]) == (201, [closed.aggregate_id])


# --- diff ----------------------------------------------------------------------------------------


async def test_the_diff_names_each_place_that_changed(desk):
    header, *rows = meter_csv().splitlines()
    old = await desk.reported()
    rows[3] = "M1,2025-04,1000,0,late,0.5,"
    upload_id = await desk.uploaded("\n".join([header, *rows]))
    new = (
        await desk.revise(old["report_id"], upload_ids=[upload_id], notes="补四月", **YEAR)
    ).json()
    found = await shown(desk, new["report_id"], "/diff")
    assert (found["against"], found["revision"], found["against_revision"]) == (
        old["report_id"],
        2,
        1,
    )
    changes = {
        (row["area"], row["place"]): (row["before"], row["after"]) for row in found["changes"]
    }
    reading = "/readings/M1 2025-04-01"
    assert changes[("inputs", f"{reading}/export_kwh")] == ("0", "1000")
    assert changes[("inputs", f"{reading}/calibration")] == ("valid", "late")
    assert changes[("quantities", "/notes")] == (None, "补四月")
    assert changes[("uploads", f"/{upload_id}")] == (None, "used")
    assert changes[("uploads", f"/{old['uploads'][0]['upload_id']}")] == ("used", None)
    assert Decimal(changes[("quantities", "/calculated")][0]) == Decimal("849.8655")
    assert not [place for area, place in changes if area == "factors"]
    # The other way round says the same with sides changed.
    back = await shown(desk, old["report_id"], f"/diff?against={new['report_id']}")
    assert {
        (row["area"], row["place"]): (row["after"], row["before"]) for row in back["changes"]
    } == changes


async def test_a_row_put_in_between_is_one_change(desk, deliver):
    await deliver(forest_project())
    span = {"period_start": "2021-01-01", "period_end": "2025-12-31"}
    old = await desk.reported(plot_csv(plots=3), project_id=FOREST_ID, **span)
    fewer = "\n".join(line for line in plot_csv(plots=3).splitlines() if not line.startswith("P2"))
    upload_id = await desk.uploaded(fewer, project_id=FOREST_ID, kind="plot_inventory")
    new = (await desk.revise(old["report_id"], upload_ids=[upload_id], **span)).json()
    found = await shown(desk, new["report_id"], "/diff")
    places = [row["place"] for row in found["changes"] if row["area"] == "inputs"]
    assert len(places) == 2
    assert all(place.startswith("/plots/P2 ") for place in places)


async def test_only_revisions_of_one_report_are_compared(desk):
    first = await desk.reported()
    other = await desk.reported(
        meter_csv(year=2024), period_start="2024-01-01", period_end="2024-12-31"
    )
    for against, refusal in (
        ("", "first-revision"),
        (f"?against={other['report_id']}", "revisions-unrelated"),
        (f"?against={new_id()}", "report-not-found"),
    ):
        path = f"/v1/reports/{first['report_id']}/diff{against}"
        assert problem(await desk.api.get(path, headers=as_owner())) == refusal
    path = f"/v1/reports/{first['report_id']}/diff"
    assert (await desk.api.get(path, headers=as_owner(OPERATOR))).status_code == 403
    assert (await desk.api.get(path, headers=as_officer("a"))).status_code == 409
