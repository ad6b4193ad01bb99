"""Reports of before the revisions, findings and sites survive the upgrade and keep their claims."""

import asyncio

from sqlalchemy import text

from issuance_svc.wiring import MIGRATIONS
from issuance_svc_tests.factories import OWNER, PDD_AUTHOR, PV_ID, VALIDATOR, VERIFIER
from tht_kit.migrations import upgrade
from tht_kit.testing.postgres import database_fixture

before = database_fixture("issuance_before", lambda url: upgrade(url, MIGRATIONS, "0005"))

LIVE = "01890000-0000-7000-8000-000000000001"
DEAD = "01890000-0000-7000-8000-000000000002"

PROJECT = """
INSERT INTO projects (project_id, project_no, status, version, name, unit_type, project_type,
 scope_code, methodology_code, owner_code, validator_code, pdd_author_code, district_code, is_local,
 construction_start, operation_date, crediting_start, crediting_end, meters, parcels, registered_on)
VALUES (:id, 7, 'REGISTERED', 4, '光伏', 'CQCER', 'distributed_pv', '01', 'CQCM-901-V001', :owner,
 :validator, :author, '500112', true, '2021-03-01', '2021-09-01', '2022-01-01', '2031-12-31',
 '{M1}', '[{"parcel_no": "JY-01", "area_m2": "1"}]', '2025-12-01')
"""
REPORT = """
INSERT INTO reports (report_id, project_id, project_no, methodology_code, formula_version, status,
 version, period_start, period_end, eligible_start, eligible_end, claim, inputs, calculation,
 calculated, calculated_t, deducted, vintages, submitted_by, submitted_at, verifier_code,
 notice_start, notice_end, opinion, verified_t, statement)
SELECT CAST(:id AS uuid), :project, 7, 'CQCM-901-V001', '1', :status, 3, '2025-01-01', '2025-12-31',
 '2025-01-01', '2025-12-31', int8range(7 * 4000000::bigint + (DATE '2025-01-01' - DATE '0001-01-01')
 + 1, 7 * 4000000::bigint + (DATE '2025-12-31' - DATE '0001-01-01') + 2), '{}', '{}', 849.8655, 849,
 0, '[]', 'owner-1', now(), :verifier, '2026-01-01', '2026-01-29', 'positive', 849, '属实'
"""
CHANGE = """
INSERT INTO report_changes VALUES (CAST(:id AS uuid), :version, :status, 'somebody',
 TIMESTAMPTZ '2026-02-01 17:00+00')
"""
RULE = """
INSERT INTO claim_rules (unit_type, vintage_after, lookback_years, notice_working_days, grade, source)
VALUES ('CQCER', '2020-09-22', 5, 20, 'D', 'an administrator''s own')
"""


async def test_what_was_claimed_before_is_claimed_after(before):
    async with before.write() as session:
        parties = {"owner": OWNER, "validator": VALIDATOR, "author": PDD_AUTHOR}
        await session.execute(text(PROJECT), {"id": PV_ID} | parties)
        for report_id, status in ((LIVE, "VERIFIED"), (DEAD, "RECALLED")):
            values = {"id": report_id, "project": PV_ID, "status": status, "verifier": VERIFIER}
            await session.execute(text(REPORT), values)
        for version, status in enumerate(("REPORTED", "NOTICE", "VERIFIED"), start=1):
            change = {"id": LIVE, "version": version, "status": status}
            await session.execute(text(CHANGE), change)
        await session.execute(text(RULE))
    await asyncio.to_thread(upgrade, before.url, MIGRATIONS)
    async with before.read() as session:

        async def rows(statement):
            return [tuple(row) for row in await session.execute(text(statement))]

        assert await rows(
            "SELECT root_report_id = report_id, revision, verification_mode, buffer_t, flags,"
            " verified_on::text FROM reports ORDER BY report_id"
        ) == [
            (True, 1, "third_party", 0, [], "2026-02-02"),  # 01:00 in Chongqing
            (True, 1, "third_party", 0, [], None),
        ]
        assert await rows("SELECT verifier_code, position, reason FROM report_verifiers") == [
            (VERIFIER, 1, None)
        ]
        sites = "SELECT site_key FROM claimed_sites ORDER BY 1"
        assert await rows(sites) == [("meter:M1",), ("parcel:500112:JY-01",)]
        assert (
            await rows(
                "SELECT s.report_id = '"
                + LIVE
                + "', s.released, s.claim - r.claim = 'empty'::int8range"
                " OR upper(s.claim) - lower(s.claim) = upper(r.claim) - lower(r.claim)"
                " FROM report_sites AS s JOIN reports AS r USING (report_id) ORDER BY 1 DESC"
            )
            == [(True, False, True)] * 2 + [(False, True, True)] * 2
        )
        assert await rows(
            "SELECT materiality_pct::text, decision_working_days, retention_years,"
            " verification_working_days, verification_grade, source FROM claim_rules"
        ) == [("5", 15, 10, 15, "D", "an administrator's own")]
        assert await rows("SELECT third_party_required FROM projects") == [(True,)]
