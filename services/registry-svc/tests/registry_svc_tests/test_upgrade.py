"""Rows of the foundation survive the migrations that extend organisations and methodologies."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from registry_svc.methodologies import service as methodologies
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.wiring import MIGRATIONS
from tht_kit.migrations import upgrade
from tht_kit.testing.postgres import database_fixture

# One legal subject was entered under two codes: nothing forbade that then.
ORGANISATIONS = """
INSERT INTO organisations
    (organisation_code, name, kinds, status, version, registered_at)
VALUES
    ('91500000MATHT0038A', '渝光能源', '{owner}', 'active', 3, '2026-01-02T03:00Z'),
    ('91500103MATHT00383', '渝光能源（旧）', '{owner}', 'active', 1, '2026-01-01T03:00Z'),
    ('91500000MATHT00540', '山城审定', '{validator_verifier}', 'suspended', 2, '2026-01-02T03:00Z')
"""
METHODOLOGIES = """
INSERT INTO methodologies
    (methodology_code, name, project_type, scope_code, crediting_years_min, crediting_years_max,
     valid_from, evidence_grade, source, published_at)
VALUES
    ('CQCM-901-V001', '光伏', 'distributed_pv', '01', 1, 10, '2021-09-01', 'D', 's', '2026-01-02Z'),
    ('CCER-14-001-V01', '造林', 'afforestation', '14', 20, 40, '2023-10-24', 'M', 's', '2026-01-03Z')
"""


def as_it_was(url: str) -> None:
    upgrade(url, MIGRATIONS, "0002")


foundation = database_fixture("registry_0002", as_it_was)


@pytest.fixture
async def upgraded(foundation):
    async with foundation.write() as session:
        await session.execute(text(ORGANISATIONS))
        await session.execute(text(METHODOLOGIES))
    await asyncio.to_thread(upgrade, foundation.url, MIGRATIONS, "0004")
    return foundation


async def test_organisations_keep_what_they_were_and_gain_a_history(upgraded):
    async with upgraded.read() as session:
        owner = await organisations.get_acting_as(session, "91500000MATHT0038A", Kind.OWNER)
        assert (owner.account_subject, owner.former_codes, owner.version) == ("MATHT0038", [], 3)
        assert (owner.competence, owner.banned_until) == (None, None)
        [change] = await organisations.list_history_page(
            session, owner.organisation_code, after=0, limit=9
        )
        assert (change.version, change.action, change.changed_by) == (3, "registered", "migration")
        stopped = await organisations.get(session, "91500000MATHT00540")
        assert (stopped.status, stopped.kinds) == ("suspended", ["validator_verifier"])


async def test_of_two_codes_of_one_subject_the_first_registered_holds_it(upgraded):
    async with upgraded.read() as session:
        for code in ("91500000MATHT0038A", "91500103MATHT00383"):
            assert (await organisations.get(session, code)).organisation_code == code
            holder = await organisations.find_by_subject(session, code)
            assert holder == "91500103MATHT00383"
    async with upgraded.write() as session:
        changed = await organisations.change(
            session,
            "91500000MATHT0038A",
            name="渝光能源集团",
            kinds=[Kind.OWNER],
            hand=organisations.Hand(by="clerk"),
            now=datetime(2026, 7, 17, 2, tzinfo=UTC),
        )
        assert (changed.name, changed.version) == ("渝光能源集团", 4)


METERS = """
INSERT INTO project_meters (project_id, meter_no, released_at) VALUES
    ('00000000-0000-7000-8000-000000000001', 'SPB-1', NULL),
    ('00000000-0000-7000-8000-000000000002', '0SPB-1', NULL),
    ('00000000-0000-7000-8000-000000000003', 'SPB1', NULL),
    ('00000000-0000-7000-8000-000000000004', 'SP-B1', '2026-01-02T03:00Z'),
    ('00000000-0000-7000-8000-000000000004', '000123', NULL)
"""


async def test_meters_get_a_key_and_what_two_projects_hold_stays_with_both(foundation):
    await asyncio.to_thread(upgrade, foundation.url, MIGRATIONS, "0007")
    async with foundation.write() as session:
        # Whose they are does not matter here.
        await session.execute(
            text("ALTER TABLE project_meters DROP CONSTRAINT fk_project_meters__project_id")
        )
        await session.execute(text(METERS))
    await asyncio.to_thread(upgrade, foundation.url, MIGRATIONS, "0008")
    async with foundation.read() as session:
        rows = await session.execute(text("SELECT meter_no, meter_key FROM project_meters"))
        keys = {row.meter_no: row.meter_key for row in rows}
    assert keys == {
        "SPB1": "SPB1",  # spelt as its key: it holds it
        "SPB-1": "SPB-1",
        "0SPB-1": "0SPB-1",
        "SP-B1": "SPB1",  # given back, in nobody's way
        "000123": "123",
    }


async def test_methodologies_stay_published_and_say_what_they_said(upgraded):
    async with upgraded.read() as session:
        for code, series, version_no, cover in (
            ("CQCM-901-V001", "CQCM-901", 1, "none"),
            ("CCER-14-001-V01", "CCER-14-001", 1, "deduction"),
        ):
            found = await methodologies.get_in_force(
                session, code, date(2026, 7, 17), pointer="/methodology_code"
            )
            assert (found.series, found.version_no) == (series, version_no)
            assert (found.non_permanence, found.third_party_required) == (cover, True)
            # What was published gets no rules added to it.
            assert methodologies.check_applicability(found, {}) == []
            [step] = await methodologies.list_steps(session, code)
            assert (step.status, step.what) == ("PUBLISHED", "seeded")
            assert step.step_id.version == 7
