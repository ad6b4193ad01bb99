"""Periods at their edges (R6, R7, R8): days, leap years, year ends, sites across projects."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from issuance_svc_tests.factories import (
    FOREST_ID,
    OPERATOR,
    PV_ID,
    TRAVEL_ID,
    aggregate,
    as_owner,
    forest_project,
    meter_csv,
    plot_csv,
    problem,
    pv_project,
    travel_project,
)
from tht_contracts.events.registry import Parcel
from tht_kit.ids import new_id

FIVE_YEARS = {"period_start": "2021-01-01", "period_end": "2025-12-31"}


@pytest.mark.parametrize(
    ("start", "end", "refusal"),
    [
        ("2025-12-31", "2025-12-30", "period-invalid"),  # negative
        ("2025-12-31", "2025-01-01", "period-invalid"),
        ("2026-01-01", "2026-01-01", "period-invalid"),  # today
        ("2026-01-01", "2026-12-31", "period-invalid"),  # in the future
        ("2030-01-01", "2030-12-31", "period-invalid"),
        ("2021-01-01", "2021-12-31", "period-not-eligible"),  # before the crediting period
        ("0001-01-01", "0001-12-31", "period-not-eligible"),
        ("2025-02-29", "2025-03-31", "invalid-request"),
        ("2025-02-28T00:00:00", "2025-03-31", "invalid-request"),
        (1735689600, "2025-03-31", "invalid-request"),
    ],
)
async def test_a_period_that_cannot_be_is_refused_and_nothing_is_kept(
    desk, count_rows, start, end, refusal
):
    upload_id = await desk.uploaded(meter_csv())
    answer = await desk.report(upload_ids=[upload_id], period_start=start, period_end=end)
    assert problem(answer) == refusal
    assert await count_rows("reports") == 0


@pytest.fixture
async def rides(desk, deliver):
    """Return a function that reports the citizens' rides between two days, both included."""
    await deliver(travel_project())

    async def reported(start: str, end: str):
        closed = aggregate(
            period_start=date.fromisoformat(start), period_end=date.fromisoformat(end)
        )
        await deliver(closed)
        return await desk.report(
            project_id=TRAVEL_ID,
            period_start=start,
            period_end=end,
            aggregate_ids=[closed.aggregate_id],
            headers=as_owner(OPERATOR),
        )

    return reported


async def test_a_single_day_is_a_period(rides):
    """Start and end are both included: the same day twice is one day, not nothing."""
    made = await rides("2025-02-28", "2025-02-28")
    assert made.status_code == 201
    assert (made.json()["eligible_start"], made.json()["eligible_end"]) == (
        "2025-02-28",
        "2025-02-28",
    )
    assert problem(await rides("2025-02-28", "2025-02-28")) == "period-overlaps"


async def test_neighbouring_days_do_not_overlap(rides):
    for start, end in (("2024-02-01", "2024-02-28"), ("2024-03-01", "2024-03-31")):
        assert (await rides(start, end)).status_code == 201
    for start, end in (
        ("2024-02-28", "2024-02-29"),
        ("2024-02-29", "2024-03-01"),
        ("2024-01-01", "2024-12-31"),
    ):
        assert problem(await rides(start, end)) == "period-overlaps"
    assert (await rides("2024-02-29", "2024-02-29")).status_code == 201  # the leap day between


async def test_a_month_that_is_not_whole_counts_for_nothing(desk):
    """Registers are read monthly: a period without a whole month has nothing to claim."""
    upload_id = await desk.uploaded(meter_csv())
    refused = await desk.report(
        upload_ids=[upload_id], period_start="2025-02-28", period_end="2025-02-28"
    )
    assert (refused.status_code, problem(refused)) == (409, "activity-data-incomplete")


async def test_r6_a_leap_day_has_its_five_years(desk, deliver):
    """Applied on 29 February 2028: five years before is 1 March 2023."""
    await deliver(forest_project())
    desk.clock.set(datetime(2028, 2, 29, 2, tzinfo=UTC))
    report = await desk.reported(plot_csv(), project_id=FOREST_ID, **FIVE_YEARS)
    assert (report["eligible_start"], report["eligible_end"]) == ("2023-03-01", "2025-12-31")


async def test_a_leap_year_is_a_whole_year(desk, deliver):
    await deliver(forest_project())
    desk.clock.set(datetime(2025, 1, 1, 2, tzinfo=UTC))
    report = await desk.reported(
        plot_csv("20", "25", days=("2024-01-01", "2024-12-31")),
        project_id=FOREST_ID,
        period_start="2024-01-01",
        period_end="2024-12-31",
    )
    assert [share["vintage"] for share in report["vintages"]] == [2024]
    assert report["vintages"][0]["quantity_t"] == report["calculated_t"] == 503


async def test_r8_the_last_day_of_the_crediting_period_counts(desk, deliver):
    closed = aggregate(period_start=date(2025, 1, 1), period_end=date(2025, 6, 30))
    await deliver(
        travel_project(crediting_start=date(2025, 1, 1), crediting_end=date(2025, 6, 30)), closed
    )
    owner = as_owner(closed.operator_code)
    report = await desk.report(
        project_id=TRAVEL_ID, aggregate_ids=[closed.aggregate_id], headers=owner
    )
    assert (report.json()["eligible_end"], report.json()["calculated_t"]) == ("2025-06-30", 3)


@pytest.mark.parametrize(
    ("moment", "refused"),
    [
        (datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), False),  # 31 December in Chongqing
        (datetime(2025, 12, 30, 15, 59, 59, tzinfo=UTC), True),  # the 30th: December goes on
        (datetime(2025, 7, 1, tzinfo=UTC), True),
    ],
)
async def test_months_to_come_are_not_taken(desk, count_rows, moment, refused):
    desk.clock.set(moment)
    answer = await desk.upload(meter_csv())
    if refused:
        assert (answer.status_code, problem(answer)) == (422, "data-from-the-future")
        assert "2025-12-31" in answer.json()["detail"]
        assert await count_rows("meter_readings") == 0
    else:
        assert answer.status_code == 201


async def test_inventories_to_come_are_not_taken(desk, deliver):
    await deliver(forest_project())
    desk.clock.set(datetime(2025, 12, 30, 2, tzinfo=UTC))
    kind = {"project_id": FOREST_ID, "kind": "plot_inventory"}
    refused = await desk.upload(plot_csv(), **kind)
    assert (refused.status_code, problem(refused)) == (422, "data-from-the-future")
    desk.clock.set(datetime(2025, 12, 31, 2, tzinfo=UTC))
    assert (await desk.upload(plot_csv(), **kind)).status_code == 201


# --- R7: the same meter or parcel, whichever project -----------------------------------------------


async def test_r7_a_meter_of_one_project_does_not_serve_another(desk, deliver):
    await deliver(pv_project(project_id=str(new_id()), project_no=11, meters=["N1"]))
    refused = await desk.upload(meter_csv(meter_no="N1"))
    assert refused.status_code == 422
    assert "N1" in refused.text


async def test_r7_the_days_of_a_meter_are_claimed_once_even_if_two_projects_hold_it(
    desk, deliver, count_rows
):
    """The register lets one project hold a meter; should it ever err, nothing is issued twice."""
    twin = str(new_id())
    await deliver(pv_project(project_id=twin, project_no=11))
    first = await desk.reported()
    upload_id = await desk.uploaded(meter_csv(), project_id=twin)
    refused = await desk.report(project_id=twin, upload_ids=[upload_id])
    assert (refused.status_code, problem(refused)) == (409, "site-claimed")
    for named in (first["report_id"], PV_ID, "meter:M1"):
        assert named in refused.json()["detail"]
    assert await count_rows("reports") == 1
    other_year = await desk.reported(
        meter_csv(year=2024),
        project_id=twin,
        period_start="2024-01-01",
        period_end="2024-12-31",
    )
    assert other_year["status"] == "REPORTED"
    await desk.recall(first["report_id"])
    assert (await desk.report(project_id=twin, upload_ids=[upload_id])).status_code == 201


async def test_r7_a_parcel_is_claimed_once_within_its_district(desk, deliver):
    twin, elsewhere = str(new_id()), str(new_id())
    await deliver(
        forest_project(),
        forest_project(project_id=twin, project_no=11),
        forest_project(project_id=elsewhere, project_no=12, district_code="500113"),
    )
    assert forest_project().parcels == [Parcel(parcel_no="JY-01", area_m2="1000000")]
    await desk.reported(plot_csv(), project_id=FOREST_ID, **FIVE_YEARS)
    upload_id = await desk.uploaded(plot_csv(), project_id=twin, kind="plot_inventory")
    refused = await desk.report(project_id=twin, upload_ids=[upload_id], **FIVE_YEARS)
    assert problem(refused) == "site-claimed"
    assert "parcel:500112:JY-01" in refused.json()["detail"]
    upload_id = await desk.uploaded(plot_csv(), project_id=elsewhere, kind="plot_inventory")
    made = await desk.report(project_id=elsewhere, upload_ids=[upload_id], **FIVE_YEARS)
    assert made.status_code == 201


async def test_r7_twins_at_once_leave_one(desk, deliver, count_rows):
    """Two projects lock two different rows: the database itself decides between them."""
    twin = str(new_id())
    await deliver(pv_project(project_id=twin, project_no=11))
    uploads = {
        project_id: await desk.uploaded(meter_csv(), project_id=project_id)
        for project_id in (PV_ID, twin)
    }
    answers = await asyncio.gather(
        *(
            desk.report(project_id=project_id, upload_ids=[uploads[project_id]])
            for project_id in (PV_ID, twin) * 4
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {problem(answer) for answer in answers if answer.status_code == 409} <= {
        "site-claimed",
        "period-overlaps",
    }
    assert await count_rows("reports") == 1
