"""Interval files of before keep the multiplier with which they were read."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import text

from issuance_svc.wiring import MIGRATIONS
from tht_kit.migrations import upgrade
from tht_kit.testing.postgres import database_fixture

before = database_fixture(
    "issuance_before_multipliers", lambda url: upgrade(url, MIGRATIONS, "0008")
)

SECONDARY, PRIMARY = (f"01890000-0000-7000-8000-00000000000{number}" for number in (1, 2))
METER = """
INSERT INTO meters (meter_id, project_id, meter_no, version, class_pct, multiplier, register_digits,
 channels, valid_from, initial_indexes, final_indexes, green_certificates, recorded_by, recorded_at)
VALUES (gen_random_uuid(), 'p', 'M1', :version, 0.5, :multiplier, 6, '{export}', '2021-09-01', '{}',
 '{}', false, 'owner', :at)
"""
UPLOAD = """
INSERT INTO uploads (upload_id, project_id, kind, format, options, options_key, sha256, size_bytes,
 state, rows, summary, rows_read, bytes_read, problems_total, attempts, uploaded_by, uploaded_at)
VALUES (CAST(:id AS uuid), 'p', 'interval_readings', 'csv', CAST(:options AS jsonb), :id, 'abc', 1,
 'STORED', 1, '{}', 1, 1, 0, 1, 'owner', '2026-01-02T00:00:00Z')
"""
DAY = """
INSERT INTO interval_days (upload_id, meter_no, channel, day, interval_min, cells, factor, per_kwh,
 present, positive, negative, largest, deepest, stale_min)
VALUES (CAST(:id AS uuid), 'M1', 'export', '2025-01-01', 60, '{1}', 1, 1, 1, 1, 0, 1, 0, 0)
"""


async def test_files_of_before_were_multiplied_by_the_record_of_their_time(before):
    async with before.write() as session:
        for version, multiplier in ((1, 100), (2, 120), (3, 1)):
            # The second record was there when the files came, the third was not.
            at = datetime(2026, 1, version, tzinfo=UTC)
            record = {"version": version, "multiplier": multiplier, "at": at}
            await session.execute(text(METER), record)
        for upload_id, options in ((SECONDARY, '{"values": "secondary"}'), (PRIMARY, "{}")):
            await session.execute(text(UPLOAD), {"id": upload_id, "options": options})
            await session.execute(text(DAY), {"id": upload_id})
    await asyncio.to_thread(upgrade, before.url, MIGRATIONS)
    async with before.read() as session:
        rows = await session.execute(
            text("SELECT upload_id, multiplier FROM interval_days ORDER BY upload_id")
        )
        found = {str(upload_id): multiplier for upload_id, multiplier in rows}
    assert found == {SECONDARY: 120, PRIMARY: None}
