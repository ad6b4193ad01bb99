"""Projects and working days as issuance needs them."""

from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import repository
from issuance_svc.projects.errors import ProjectInactive, ProjectUnknown
from issuance_svc.projects.models import REGISTERED, Project
from tht_kit.errors import Forbidden, Text
from tht_kit.working_days import Calendar, CalendarYear

_DECIMALS = ("capacity_kw", "latitude", "longitude")
_NO_REASON = Text(zh="未说明", en="none stated")


async def get(session: AsyncSession, project_id: str) -> Project:
    """Return the project; raises ProjectUnknown."""
    project = await repository.find(session, project_id)
    if project is None:
        raise ProjectUnknown(project_id=project_id)
    return project


async def find_with_meter(
    session: AsyncSession, meter_no: str, *, other_than: str
) -> Project | None:
    """Return another project with which registry-svc registered the meter."""
    return await repository.find_with_meter(session, meter_no, other_than=other_than)


async def lock(session: AsyncSession, project_id: str) -> Project:
    """Return the project with its row locked, so that no suspension slips in between.

    Raises ProjectUnknown.
    """
    project = await repository.find_for_update(session, project_id)
    if project is None:
        raise ProjectUnknown(project_id=project_id)
    return project


def must_be_active(project: Project) -> None:
    """Raise ProjectInactive unless the project is REGISTERED."""
    if project.status != REGISTERED:
        reason = project.status_reason or _NO_REASON
        raise ProjectInactive(project_id=project.project_id, status=project.status, reason=reason)


async def calendar(session: AsyncSession) -> Calendar:
    """Return the working-day calendar of all published years."""
    return Calendar(
        {
            row.year: CalendarYear(frozenset(row.holidays), frozenset(row.makeup_workdays))
            for row in await repository.list_years(session)
        }
    )


async def store(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store what a registration event says of a project; registered means REGISTERED."""
    measured = {name: None if values[name] is None else Decimal(values[name]) for name in _DECIMALS}
    known = {"status": REGISTERED, "status_reason": None}
    await repository.upsert_project(session, values | measured | known)


async def change_status(
    session: AsyncSession, project_id: str, *, status: str, reason: str | None, version: int
) -> None:
    """Follow the status of a registered project; one that issuance never heard of is passed over."""
    await repository.set_status(session, project_id, status=status, reason=reason, version=version)


async def store_year(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store a published calendar year."""
    await repository.upsert_year(session, values)


async def get_owned(session: AsyncSession, project_id: str, owner_code: str) -> Project:
    """Return the project of the owner; raises ProjectUnknown, Forbidden."""
    project = await get(session, project_id)
    must_own(project, owner_code)
    return project


def must_own(project: Project, owner_code: str) -> None:
    """Raise Forbidden unless the organisation owns the project."""
    if project.owner_code != owner_code:
        raise Forbidden(
            reason=Text(
                zh=f"项目 {project.project_id} 不属于单位 {owner_code}。",
                en=f"The project {project.project_id} does not belong to {owner_code}.",
            )
        )
