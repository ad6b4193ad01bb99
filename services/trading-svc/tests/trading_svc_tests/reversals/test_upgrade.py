"""Holdings of before there were freezes survive the upgrade."""

import asyncio

import asyncpg
from sqlalchemy import text

from tht_kit.migrations import upgrade
from tht_kit.testing.postgres import database_fixture
from trading_svc.wiring import MIGRATIONS

OWNER = "91500000MATHT0046X"
LOT = "0199a1b2-0000-7000-8000-00000000000a"
PROJECT = "0199a1b2-0000-7000-8000-00000000000b"
ACCOUNTS = f"INSERT INTO accounts VALUES ('{OWNER}', 'o', '{{owner}}', 'open', 1, now())"
LOTS = f"""
    INSERT INTO lots (id, issuance_id, serials, project_id, vintage, batch_no, project_no,
        project_name, project_type, unit_type, scope_code, methodology_code, district_code,
        is_local, owner_code, operation_date, registered_on, period_start, period_end, issued_at)
    VALUES ('{LOT}', '{LOT}', int8range(1, 101), '{PROJECT}', 2025, 1, 7, 'p', 'afforestation',
        'CQCER', '14', 'CQCM-902-V001', '500112', true, '{OWNER}', '2021-01-01', '2021-01-01',
        '2025-01-01', '2025-12-31', now())
"""
BLOCKS = f"""
    INSERT INTO blocks (id, block, lot_id, account_code, project_id, vintage, state, acquired_seq,
        acquired_at)
    VALUES ('{LOT}', int8range(1, 101), '{LOT}', '{OWNER}', '{PROJECT}', 2025, 'held', 1, now())
"""


def before(url: str) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        for statement in (ACCOUNTS, LOTS, BLOCKS):
            await connection.execute(statement)
        await connection.close()

    upgrade(url, MIGRATIONS, "0001")
    asyncio.run(fill())


old = database_fixture("trading_before_freezes", before)


async def test_what_was_held_before_is_the_owner_s_and_free(old):
    await asyncio.to_thread(upgrade, old.url, MIGRATIONS)
    async with old.read() as session:
        found = text("SELECT account, state, reversal_id FROM lots JOIN blocks ON lot_id = lots.id")
        assert tuple((await session.execute(found)).one()) == ("owner", "held", None)
        system = text("SELECT organisation_code FROM accounts WHERE status = 'system'")
        assert (await session.execute(system)).scalars().all() == ["SYSTEM-BUFFER"]
