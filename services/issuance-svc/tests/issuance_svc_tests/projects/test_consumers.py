from datetime import date

import pytest
from sqlalchemy import text

from issuance_svc_tests.factories import PV_ID, calendar_year, meter_csv, pv_project
from tht_contracts.events.registry import ProjectStatusChanged


@pytest.fixture
def project(database):
    async def read():
        async with database.read() as session:
            statement = text("SELECT status, version, name FROM projects WHERE project_id = :id")
            return (await session.execute(statement, {"id": PV_ID})).one_or_none()

    return read


def status_changed(status: str, version: int, before: str = "REGISTERED") -> ProjectStatusChanged:
    return ProjectStatusChanged(
        project_id=PV_ID, status_before=before, status=status, reason=None, version=version
    )


async def test_a_registered_project_is_known_once(deliver, project):
    await deliver(pv_project())
    await deliver(pv_project())
    assert await project() == ("REGISTERED", 4, "两江新区屋顶光伏")


async def test_an_older_event_changes_nothing(deliver, project):
    await deliver(pv_project(), status_changed("SUSPENDED", 5))
    await deliver(pv_project(), pv_project(version=5, name="旧名"), status_changed("REGISTERED", 5))
    assert await project() == ("SUSPENDED", 5, "两江新区屋顶光伏")
    await deliver(pv_project(version=6, name="新名"))
    assert await project() == ("REGISTERED", 6, "新名")


async def test_steps_before_registration_are_passed_over(deliver, project):
    await deliver(
        status_changed("NOTICE", 2, "DRAFT"), status_changed("REGISTERED", 4, "VALIDATED")
    )
    assert await project() is None
    await deliver(pv_project())
    await deliver(status_changed("REGISTERED", 4, "VALIDATED"))
    assert (await project()).status == "REGISTERED"


async def test_a_published_year_replaces_an_older_version_only(deliver, database):
    await deliver(calendar_year(2026), calendar_year(2026, version=3, holidays=[date(2026, 1, 1)]))
    await deliver(calendar_year(2026, version=2))
    async with database.read() as session:
        row = (await session.execute(text("SELECT version, holidays FROM calendar_years"))).one()
    assert (row.version, row.holidays) == (3, [date(2026, 1, 1)])


async def test_what_a_registration_says_in_full_is_known(deliver, database):
    told = pv_project(
        capacity_kw="98.500",
        pv_mode="own_use",
        latitude="29.563010",
        longitude="106.551557",
        non_permanence="buffer",
        third_party_required=False,
    )
    await deliver(told)
    columns = "capacity_kw, pv_mode, latitude, longitude, non_permanence, third_party_required"
    async with database.read() as session:
        row = (await session.execute(text(f"SELECT {columns} FROM projects"))).one()
    assert tuple(map(str, row)) == (
        "98.500",
        "own_use",
        "29.563010",
        "106.551557",
        "buffer",
        "False",
    )


async def test_who_may_not_go_on_is_told_why(desk, deliver):
    stopped = status_changed("SUSPENDED", 5).model_copy(update={"reason": "计量异常"})
    await deliver(stopped)
    upload_id = await desk.uploaded(meter_csv())
    refused = await desk.report(upload_ids=[upload_id])
    assert refused.json()["type"] == "/problems/project-inactive"
    assert "SUSPENDED（原因：计量异常）" in refused.json()["detail"]
    await deliver(status_changed("REGISTERED", 6, "SUSPENDED"))
    assert (await desk.report(upload_ids=[upload_id])).status_code == 201
