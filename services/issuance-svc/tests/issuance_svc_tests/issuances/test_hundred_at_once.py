"""A hundred issuances at the same moment, each in a session of its own that is seen to wait."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import make_url, text

from issuance_svc_tests.factories import Desk, forest_project, meter_csv, plot_csv, pv_project
from tht_contracts.events.registry import Parcel
from tht_kit.db import Database
from tht_kit.ids import new_id

TOGETHER = 100
FIVE_YEARS = ("2021-01-01", "2025-12-31")


@pytest.fixture
async def database(database: Database) -> AsyncIterator[Database]:
    """The test's database with a connection for each of the hundred, and patience for a slow CPU."""
    wide = Database(
        database.url, pool_size=TOGETHER + 5, lock_timeout_s=120, application_name="test hundred"
    )
    yield wide
    await wide.dispose()


async def roofs(desk: Desk, deliver: Any) -> list[dict[str, Any]]:
    """Five roofs with ten months each: their batches wait for one another, too."""
    reports = []
    for number in range(1, 6):
        project_id = str(new_id())
        await deliver(
            pv_project(project_id=project_id, project_no=100 + number, meters=[f"N{number}"])
        )
        for month in range(1, 11):
            kwh = 10_000 * number + 1_500 * month
            csv = meter_csv(meter_no=f"N{number}").splitlines()[0]
            csv += f"\nN{number},2025-{month:02},{kwh},0,valid,0.5,\n"
            first = date(2025, month, 1)
            reports.append(
                await desk.reported(
                    csv,
                    project_id=project_id,
                    period_start=first.isoformat(),
                    period_end=(date(2025, month + 1, 1) - timedelta(days=1)).isoformat(),
                )
            )
    return reports


async def hills(desk: Desk, deliver: Any) -> list[dict[str, Any]]:
    """Fifty hills with five vintages each, every second one with a part for the buffer."""
    reports = []
    for number in range(50):
        project_id = str(new_id())
        covered = {"methodology_code": "CQCM-904-V001", "non_permanence": "buffer"}
        await deliver(
            forest_project(
                project_id=project_id,
                project_no=200 + number,
                parcels=[Parcel(parcel_no=f"H-{number}", area_m2="1000000")],
                **(covered if number % 2 else {}),
            )
        )
        upload_id = await desk.uploaded(
            plot_csv(area_ha=str(1 + number), days=FIVE_YEARS),
            project_id=project_id,
            kind="plot_inventory",
        )
        reports.append(
            await desk.reported(
                project_id=project_id,
                upload_ids=[upload_id],
                period_start=FIVE_YEARS[0],
                period_end=FIVE_YEARS[1],
            )
        )
    return reports


async def pending(desk: Desk, reports: list[dict[str, Any]]) -> list[str]:
    for report in reports:
        assert (await desk.notice(report["report_id"])).status_code == 200
    desk.clock.advance(days=60)
    ids = []
    for report in reports:
        await desk.verification(report["report_id"], report["calculated_t"])
        ids.append((await desk.ask(report["report_id"])).json()["issuance_id"])
    return ids


async def connect(database: Database) -> None:
    """Open every connection first, so that none of them is waited for later."""
    everybody = asyncio.Barrier(TOGETHER)

    async def one() -> None:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
            await everybody.wait()

    await asyncio.gather(*(one() for _ in range(TOGETHER)))


async def hold_the_line(database: Database, admin: Any) -> int:
    """Keep the serial line locked until a hundred sessions wait; return how many did."""
    name = make_url(database.url).database
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
    async with asyncio.timeout(100), database.write() as session:
        await session.execute(text("SELECT next_serial FROM serial_line FOR UPDATE"))
        while (waiting := int(await admin.fetchval(count, name))) < TOGETHER:
            await asyncio.sleep(0)
    return waiting


@pytest.mark.slow
async def test_a_hundred_issuances_at_once_leave_no_gap_and_no_overlap(
    desk, deliver, database, postgres_admin
):
    reports = [*await roofs(desk, deliver), *await hills(desk, deliver)]
    ids = await pending(desk, reports)
    await connect(database)
    waited, *answers = await asyncio.gather(
        hold_the_line(database, postgres_admin), *(desk.approve(each) for each in ids)
    )
    assert waited == len(ids) == TOGETHER
    assert {answer.status_code for answer in answers} == {200}

    issued = [answer.json() for answer in answers]
    batches = [[(b["start"], b["end"]) for b in each["blocks"]] for each in issued]
    assert sum(len(blocks) > 5 for blocks in batches) == 25  # five vintages, and the buffer's
    line = sorted(block for blocks in batches for block in blocks)
    for stretch in (*batches, line):
        assert all(end + 1 == following for (_, end), (following, _) in pairwise(stretch))
    assert (line[0][0], line[-1][1]) == (1, sum(report["calculated_t"] for report in reports))
    for report, each in zip(reports, issued, strict=True):
        assert each["quantity_t"] == report["calculated_t"]
        kept_t = sum(b["quantity_t"] for b in each["blocks"] if b["account"] == "buffer")
        assert (kept_t, each["buffer_t"]) == (report["buffer_t"], report["buffer_t"])

    numbers = defaultdict(list)
    for each in issued:
        numbers[each["project_id"]].append(each["batch_no"])
    assert sorted(len(batch_nos) for batch_nos in numbers.values()) == [1] * 50 + [10] * 5
    assert all(sorted(nos) == list(range(1, len(nos) + 1)) for nos in numbers.values())
    totals = (await desk.api.get("/v1/totals/issuance")).json()
    assert totals["issued_t"] == sum(report["calculated_t"] for report in reports)
    assert totals["issuances"] == TOGETHER
