"""SQL of the methodologies."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies.models import (
    Methodology,
    MethodologyStep,
    Panel,
    PanelRule,
)


async def insert_new(session: AsyncSession, columns: dict[str, Any]) -> Methodology | None:
    """Insert a methodology; None if its code is taken (also by a concurrent transaction)."""
    statement = insert(Methodology).values(columns).on_conflict_do_nothing().returning(Methodology)
    return (await session.scalars(statement)).one_or_none()


def add(session: AsyncSession, row: Panel | MethodologyStep) -> None:
    session.add(row)


async def find(session: AsyncSession, methodology_code: str) -> Methodology | None:
    return await session.get(Methodology, methodology_code)


async def find_for_update(session: AsyncSession, methodology_code: str) -> Methodology | None:
    return await session.get(
        Methodology, methodology_code, with_for_update=True, populate_existing=True
    )


async def newest_version(session: AsyncSession, series: str) -> int:
    """Return the highest version that was ever published; 0 for none."""
    statement = select(func.coalesce(func.max(Methodology.version_no), 0)).where(
        Methodology.series == series, Methodology.published_at.is_not(None)
    )
    return (await session.execute(statement)).scalar_one()


async def lock_series(session: AsyncSession, series: str) -> Sequence[Methodology]:
    """Return all versions of the series, oldest first, locked in that order.

    All of them, not the published ones alone: a row that becomes published while this waits for its
    lock must be seen as such.
    """
    statement = (
        select(Methodology)
        .where(Methodology.series == series)
        .order_by(Methodology.version_no)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def list_after(
    session: AsyncSession,
    *,
    statuses: Sequence[str],
    project_type: str | None,
    series: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Methodology]:
    """Return up to `limit` methodologies of the statuses in order of their codes."""
    statement = (
        select(Methodology)
        .where(Methodology.status.in_(statuses))
        .order_by(Methodology.methodology_code)
        .limit(limit)
    )
    if project_type is not None:
        statement = statement.where(Methodology.project_type == project_type)
    if series is not None:
        statement = statement.where(Methodology.series == series)
    if after is not None:
        statement = statement.where(Methodology.methodology_code > after)
    return (await session.scalars(statement)).all()


async def list_panels(session: AsyncSession, methodology_code: str) -> Sequence[Panel]:
    """Return the meetings about the version, oldest first."""
    statement = (
        select(Panel).where(Panel.methodology_code == methodology_code).order_by(Panel.panel_id)
    )
    return (await session.scalars(statement)).all()


async def list_steps(session: AsyncSession, methodology_code: str) -> Sequence[MethodologyStep]:
    """Return the steps of the version, oldest first."""
    statement = (
        select(MethodologyStep)
        .where(MethodologyStep.methodology_code == methodology_code)
        .order_by(MethodologyStep.step_id)
    )
    return (await session.scalars(statement)).all()


async def find_panel_rule(session: AsyncSession, day: date) -> PanelRule | None:
    statement = (
        select(PanelRule)
        .where(PanelRule.valid_from <= day)
        .order_by(PanelRule.valid_from.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


async def insert_panel_rules(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rules that are not there yet."""
    await session.execute(insert(PanelRule).on_conflict_do_nothing(), list(rows))
