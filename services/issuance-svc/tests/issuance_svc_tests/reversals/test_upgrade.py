"""Issuances of before there were reversals survive the upgrade: what they kept back covers losses."""

import asyncio

import asyncpg
from sqlalchemy import text

from issuance_svc.reversals import service
from issuance_svc.wiring import MIGRATIONS
from tht_kit.migrations import upgrade
from tht_kit.testing.postgres import database_fixture

PROJECT = "0199a1b2-0000-7000-8000-00000000000a"
REPORT = "0199a1b2-0000-7000-8000-00000000000b"
ISSUANCE = "0199a1b2-0000-7000-8000-00000000000c"
PROJECTS = f"""
    INSERT INTO projects (project_id, project_no, status, version, name, unit_type, project_type,
        scope_code, methodology_code, owner_code, validator_code, pdd_author_code, district_code,
        is_local, construction_start, operation_date, crediting_start, crediting_end, meters,
        parcels, registered_on)
    VALUES ('{PROJECT}', 8, 'REGISTERED', 1, 'p', 'CQCER', 'afforestation', '14',
        'CQCM-902-V001', 'o', 'v', 'a', '500112', true, '2016-02-20', '2016-02-20', '2016-02-20',
        '2046-02-19', '{{}}', '[]', '2025-12-01')
"""
REPORTS = f"""
    INSERT INTO reports (report_id, project_id, project_no, methodology_code, formula_version,
        status, version, period_start, period_end, eligible_start, eligible_end, claim, inputs,
        calculation, calculated, calculated_t, deducted, vintages, submitted_by, submitted_at,
        verified_t)
    VALUES ('{REPORT}', '{PROJECT}', 8, 'CQCM-902-V001', '1', 'ISSUED', 5, '2021-01-01',
        '2025-12-31', '2021-01-01', '2025-12-31',
        int8range(8 * 4000000::bigint + (DATE '2021-01-01' - DATE '0001-01-01') + 1,
            8 * 4000000::bigint + (DATE '2025-12-31' - DATE '0001-01-01') + 2),
        '{{}}', '{{}}', 2519.72937, 2519, 279.96993, '[]', 'o', '2026-01-01T00:00:00Z', 2519)
"""
ISSUANCES = f"""
    INSERT INTO issuances (issuance_id, report_id, project_id, project_type, status, quantity_t,
        period_start, period_end, batch_no, requested_by, requested_at, decided_by, decided_at)
    VALUES ('{ISSUANCE}', '{REPORT}', '{PROJECT}', 'afforestation', 'ISSUED', 2519, '2021-01-01',
        '2025-12-31', 1, 'a', '2026-02-01T00:00:00Z', 'b', '2026-02-02T00:00:00Z')
"""
BLOCKS = f"""
    INSERT INTO issued_blocks (issuance_id, vintage, block, quantity_t, serial)
    VALUES ('{ISSUANCE}', 2025, int8range(1, 2520), 2519, 'x')
"""


def before(url: str) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        for statement in (PROJECTS, REPORTS, ISSUANCES, BLOCKS):
            await connection.execute(statement)
        await connection.close()

    upgrade(url, MIGRATIONS, "0002")
    asyncio.run(fill())


old = database_fixture("issuance_before_reversals", before)


async def test_what_was_kept_back_before_covers_later_losses(old):
    await asyncio.to_thread(upgrade, old.url, MIGRATIONS)
    async with old.write() as session:
        standing = await service.standing(session, PROJECT)
        kept = text(
            "SELECT account, buffer_t, withheld_t, origin_id FROM issuances"
            " JOIN issued_blocks USING (issuance_id)"
        )
        row = (await session.execute(kept)).one()
    assert (str(standing.cover), standing.outstanding_t) == ("279.96993", 2519)
    assert tuple(row) == ("owner", 0, 0, None)
