"""SQL of the read models."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects.models import DEREGISTERED, CalendarYearRow, Project


async def upsert_project(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store the project; an event older than what is stored changes nothing.

    What an event tells beyond the columns is none of this service's business.
    """
    known = {name: value for name, value in values.items() if hasattr(Project, name)}
    await _upsert_newer(session, Project, "project_id", known)


async def upsert_year(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store the calendar year; an older version changes nothing."""
    await _upsert_newer(session, CalendarYearRow, "year", values)


async def _upsert_newer(
    session: AsyncSession,
    model: type[Project] | type[CalendarYearRow],
    key: str,
    values: dict[str, Any],
) -> None:
    statement = insert(model).values(values)
    table: Any = model.__table__
    assert isinstance(table, Table)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={name: statement.excluded[name] for name in values if name != key},
            where=table.c.version < statement.excluded.version,
        )
    )


async def set_status(
    session: AsyncSession, project_id: str, *, status: str, reason: str | None, version: int
) -> None:
    """Change the status of a known project; an older event changes nothing."""
    await session.execute(
        update(Project)
        .where(Project.project_id == project_id, Project.version < version)
        .values(status=status, status_reason=reason, version=version)
    )


async def find(session: AsyncSession, project_id: str) -> Project | None:
    return await session.get(Project, project_id)


async def find_with_meter(
    session: AsyncSession, meter_no: str, *, other_than: str
) -> Project | None:
    """Return another project that is registered with the meter; a deregistered one let go of it."""
    statement = select(Project).where(
        Project.meters.contains([meter_no]),
        Project.project_id != other_than,
        Project.status != DEREGISTERED,
    )
    return (await session.scalars(statement.limit(1))).first()


async def find_for_update(session: AsyncSession, project_id: str) -> Project | None:
    """Return the project with its row locked until the transaction ends."""
    statement = select(Project).where(Project.project_id == project_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def list_years(session: AsyncSession) -> Sequence[CalendarYearRow]:
    return (await session.scalars(select(CalendarYearRow))).all()
