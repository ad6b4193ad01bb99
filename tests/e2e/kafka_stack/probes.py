"""Feeding the platform real events, and reading what became of them, straight from the databases."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
from sqlalchemy import make_url

from embedded.stack import Stack
from tht_contracts.events.issuance import CreditsIssued, IssuedBlock
from tht_contracts.examples import PV_OWNER
from tht_kit.db import Database
from tht_kit.ids import new_id
from tht_kit.outbox import emit_all

SETTLE_TIMEOUT_S = 90.0
TONNES = 10
PROJECTS = 40


class Probe:
    """The issuing side and the holding side of the platform's credits, and whether they agree.

    Credits are the sharpest instrument: a lost event leaves a gap in the holdings, an event that
    counts twice hits the exclusion constraint of the serial line and becomes a dead letter.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    async def issue(self, count: int) -> None:
        """Write `count` issuances of ten tonnes into issuance-svc's outbox, in its own way."""
        database = Database(self.stack.database_url("issuance-svc"), pool_size=1)
        try:
            async with database.write() as session:
                connection = await session.connection()
                raw = await connection.exec_driver_sql(
                    "UPDATE serial_line SET next_serial = next_serial + $1 RETURNING next_serial",
                    (count * TONNES,),
                )
                first = raw.scalar_one() - count * TONNES
                events = [
                    _issued(first + index * TONNES, index % PROJECTS) for index in range(count)
                ]
                await emit_all(session, events, now=datetime.now(UTC))
        finally:
            await database.dispose()

    async def totals(self) -> dict[str, int]:
        """Return what was emitted, what was taken in, what is held, and what went wrong."""
        async with self.connect("issuance-svc") as issuance, self.connect("trading-svc") as trading:
            return {
                "emitted": await issuance.fetchval(
                    "SELECT count(*) FROM outbox WHERE type = 'issuance.credits.issued.v1'"
                ),
                "emitted_t": await issuance.fetchval(
                    "SELECT coalesce(sum((convert_from(body, 'UTF8')::json->>'quantity_t')::int), 0)"
                    " FROM outbox WHERE type = 'issuance.credits.issued.v1'"
                ),
                "unpublished": await issuance.fetchval(
                    "SELECT count(*) FROM outbox WHERE published_at IS NULL"
                ),
                "held_t": await trading.fetchval(
                    "SELECT coalesce(sum(upper(block) - lower(block)), 0) FROM blocks"
                ),
                "dead_letters": await trading.fetchval(
                    "SELECT count(*) FROM outbox WHERE type = 'dead-letter'"
                ),
            }

    async def settled(self) -> dict[str, int]:
        """Wait until everything emitted is held, then return the totals; they must be exact.

        Parts that ended by themselves are started again, as an orchestrator would.
        """
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while True:
            self.stack.revive()
            try:
                found = await self.totals()
            except (OSError, asyncpg.PostgresError):
                found = {}
            if found and found["unpublished"] == 0 and found["held_t"] >= found["emitted_t"]:
                return found
            assert time.monotonic() < deadline, f"not settled after {SETTLE_TIMEOUT_S} s: {found}"
            await asyncio.sleep(0.2)

    async def assert_exact(self) -> None:
        """Nothing lost, nothing twice: also not a moment later, when a repeat would have arrived."""
        await self.settled()
        await asyncio.sleep(0.5)
        found = await self.totals()
        assert found["held_t"] == found["emitted_t"]
        assert found["dead_letters"] == 0

    @asynccontextmanager
    async def connect(self, service: str):
        url = make_url(self.stack.database_url(service))
        connection = await asyncpg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False)
        )
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def blocked(self, service: str, table: str, mode: str):
        """Hold a lock on a table, so that a transaction that needs it stands still in its middle."""
        async with self.connect(service) as connection, connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield

    async def someone_waits(self, service: str) -> None:
        """Wait until a statement of the service waits for a lock."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        async with self.connect(service) as connection:
            while not await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ):
                assert time.monotonic() < deadline, "nothing came to wait for the lock"
                await asyncio.sleep(0.02)


def _issued(first: int, project: int) -> CreditsIssued:
    project_id = f"00000000-0000-7000-8000-{project:012}"
    end = first + TONNES - 1
    values: dict[str, Any] = {
        "issuance_id": str(new_id()),
        "report_id": str(new_id()),
        "project_id": project_id,
        "project_no": 9000 + project,
        "project_name": f"e2e {project}",
        "project_type": "distributed_pv",
        "unit_type": "CQCER",
        "scope_code": "01",
        "methodology_code": "CQCM-901-V001",
        "district_code": "500157",
        "is_local": True,
        "owner_code": PV_OWNER,
        "operation_date": date(2021, 9, 1),
        "registered_on": date(2026, 1, 5),
        "batch_no": 1,
        "period_start": date(2025, 1, 1),
        "period_end": date(2025, 12, 31),
        "quantity_t": TONNES,
        "blocks": [
            IssuedBlock(
                vintage=2025,
                start=first,
                end=end,
                serial=f"CQ-CQCER-01-{9000 + project}-2025-01-{first:09}-{end:09}",
            )
        ],
        "aggregate_ids": [],
    }
    return CreditsIssued(**values)
