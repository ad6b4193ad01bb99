"""Uploads of before there were jobs and blobs survive the upgrade."""

import asyncio

import asyncpg
from sqlalchemy import text

from issuance_svc.wiring import MIGRATIONS
from tht_kit.migrations import upgrade
from tht_kit.testing.postgres import database_fixture

UPLOAD_ID = "0199a1b2-0000-7000-8000-00000000000a"


def before(url: str) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute("INSERT INTO upload_contents VALUES ('abc', 'meter_no')")
        await connection.execute(
            "INSERT INTO uploads VALUES ($1, 'p', 'meter_readings', 'abc', 8, 12, '{\"meters\": 1}',"
            " 'owner', '2026-01-01T00:00:00Z')",
            UPLOAD_ID,
        )
        await connection.execute(
            "INSERT INTO meter_readings VALUES ($1, 'M1', '2025-01-01', 1, 2, 'valid', NULL, NULL)",
            UPLOAD_ID,
        )
        await connection.close()

    upgrade(url, MIGRATIONS, "0002")
    asyncio.run(fill())


old = database_fixture("issuance_before_jobs", before)


async def test_an_upload_of_before_is_stored_and_keeps_its_file(old):
    await asyncio.to_thread(upgrade, old.url, MIGRATIONS)
    async with old.read() as session:
        found = (
            await session.execute(
                text(
                    "SELECT state, format, options_key, rows, rows_read, bytes_read, problems_total,"
                    " worker, finished_at = uploaded_at, body, export_kwh FROM uploads"
                    " JOIN upload_contents USING (sha256) JOIN meter_readings USING (upload_id)"
                )
            )
        ).one()
    assert tuple(found) == ("STORED", "csv", "", 12, 12, 8, 0, None, True, b"meter_no", 1)
