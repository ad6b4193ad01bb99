"""A database of the foundation, with rows in it, comes to today's schema and loses nothing."""

import asyncio

import pytest
from sqlalchemy import text

from registry_svc.wiring import MIGRATIONS
from tht_kit.migrations import check, upgrade
from tht_kit.testing.postgres import database_fixture

PV = "0199a1b2-0000-7000-8000-000000000001"
FOREST = "0199a1b2-0000-7000-8000-000000000002"
ENDED = "0199a1b2-0000-7000-8000-000000000003"

ROWS = (
    """
INSERT INTO organisations VALUES
  ('91500000MATHT0038A', '渝光', '{owner}', 'active', 1, '2026-01-05T00:00Z'),
  ('91500000MATHT00540', '山城审定', '{validator_verifier}', 'active', 1, '2026-01-05T00:00Z'),
  ('91500000MATHT0118X', '绿源', '{owner}', 'suspended', 2, '2026-01-05T00:00Z');
INSERT INTO methodologies VALUES
  ('CQCM-901-V001', '光伏', 'distributed_pv', '01', 1, 10, '2021-09-01', NULL, 'D', 'd', now()),
  ('CQCM-902-V001', '造林', 'afforestation', '14', 20, 40, '2021-09-01', NULL, 'D', 'd', now());
INSERT INTO project_rules VALUES ('CQCER', '2012-11-08', 20, 15, 'D', 'copied');
INSERT INTO projects VALUES
  ('{pv}', 1, '屋顶光伏', 'CQCER', 'distributed_pv', '01', 'CQCM-901-V001', '91500000MATHT0038A',
   '91500000MATHT0118X', '91500000MATHT00540', '500112', true, '2021-03-01', '2021-09-01',
   '2022-01-01', '2031-12-31', NULL, 'CC', 2019, 'REGISTERED', '2026-02-01', '2026-03-01',
   '2026-03-20', '2026-03-10', '2026-03-10', 4, '2026-01-10T00:00Z'),
  ('{forest}', NULL, '造林', 'CQCER', 'afforestation', '14', 'CQCM-902-V001', '91500000MATHT0038A',
   '91500000MATHT0118X', NULL, '500109', true, '2021-03-12', '2021-03-12', '2021-03-12',
   '2051-03-11', '马尾松', NULL, NULL, 'DRAFT', NULL, NULL, NULL, NULL, NULL, 1,
   '2026-01-11T00:00Z'),
  ('{ended}', NULL, '撤回的', 'CQCER', 'distributed_pv', '01', 'CQCM-901-V001',
   '91500000MATHT0038A', '91500000MATHT0118X', NULL, '500112', true, '2021-03-01', '2021-09-01',
   '2022-01-01', '2031-12-31', NULL, 'CC', 2019, 'RECALLED', NULL, NULL, NULL, NULL, NULL, 2,
   '2026-01-12T00:00Z');
INSERT INTO project_status_changes VALUES
  ('{pv}', 2, 'DRAFT', 'NOTICE', NULL, '2026-02-01T00:00Z'),
  ('{pv}', 3, 'NOTICE', 'VALIDATED', NULL, '2026-03-02T00:00Z'),
  ('{pv}', 4, 'VALIDATED', 'REGISTERED', NULL, '2026-03-10T00:00Z'),
  ('{ended}', 2, 'DRAFT', 'RECALLED', '填错', '2026-01-13T00:00Z');
INSERT INTO project_meters VALUES
  ('{pv}', 'CQ-M-2', NULL), ('{pv}', 'CQ-M-1', NULL), ('{ended}', 'CQ-M-3', '2026-01-13T00:00Z');
INSERT INTO project_parcels VALUES
  ('{forest}', 'JY-1', '500109', 642000.00, 'suitable_barren_land', '2010-01-01', false, NULL);
INSERT INTO project_comments VALUES
  ('0199a1b2-0000-7000-8000-00000000000a', '{pv}', '居民', '噪声？', '2026-02-03T00:00Z', '无。',
   '2026-03-02T00:00Z');
""".replace("{pv}", PV)
    .replace("{forest}", FOREST)
    .replace("{ended}", ENDED)
)

foundation = database_fixture("registry-0001", lambda url: upgrade(url, MIGRATIONS, "0001"))


@pytest.fixture
async def upgraded(foundation):
    async with foundation.write() as session:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                await session.execute(text(statement))
    await asyncio.to_thread(upgrade, foundation.url, MIGRATIONS)
    return foundation


async def test_the_rows_of_the_foundation_come_along(upgraded):
    await asyncio.to_thread(check, upgraded.url, MIGRATIONS)
    async with upgraded.read() as session:
        projects = await session.execute(
            text("SELECT name, status, pv_mode, green_certificate_claim FROM projects ORDER BY 1")
        )
        assert sorted(map(tuple, projects)) == sorted(
            [
                ("屋顶光伏", "REGISTERED", "grid_connected", False),
                ("造林", "DRAFT", None, False),
                ("撤回的", "RECALLED", "grid_connected", False),
            ]
        )
        steps = await session.execute(
            text("SELECT step FROM project_status_changes ORDER BY project_id, version")
        )
        assert [row.step for row in steps] == ["notice", "validation", "registration", "recall"]
        held = await session.execute(
            text("SELECT meter_no FROM project_meters WHERE released_at IS NULL ORDER BY 1")
        )
        assert [row.meter_no for row in held] == ["CQ-M-1", "CQ-M-2"]
        comment = await session.execute(text("SELECT text, answer FROM project_comments"))
        assert tuple(comment.one()) == ("噪声？", "无。")
        organisations = await session.execute(
            text("SELECT name, status FROM organisations ORDER BY organisation_code")
        )
        assert [tuple(row) for row in organisations] == [
            ("渝光", "active"),
            ("山城审定", "active"),
            ("绿源", "suspended"),
        ]


async def test_what_was_filed_before_versions_were_kept_is_the_first_version(upgraded):
    async with upgraded.read() as session:
        rows = await session.execute(
            text("SELECT project_id::text, version, declared FROM project_versions")
        )
        kept = {row.project_id: (row.version, row.declared) for row in rows}
    assert set(kept) == {PV, FOREST, ENDED}
    version, declared = kept[PV]
    assert (version, declared["meters"], declared["crediting_end"]) == (
        1,
        ["CQ-M-1", "CQ-M-2"],
        "2031-12-31",
    )
    assert kept[FOREST][1]["parcels"] == [
        {
            "parcel_no": "JY-1",
            "area_m2": "642000.00",
            "land_use": "suitable_barren_land",
            "non_forest_since": "2010-01-01",
            "is_wetland": False,
        }
    ]
