"""SQL of the scenarios."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.base import Base
from points_svc.scenarios.models import ProgrammeRuleRow, ScenarioRow, ScenarioVersionRow


async def insert_missing(
    session: AsyncSession, model: type[Base], rows: Sequence[dict[str, Any]]
) -> None:
    """Insert the rows whose keys are not there yet; the others stay as they are."""
    if rows:
        await session.execute(insert(model).values(list(rows)).on_conflict_do_nothing())


async def all_scenarios(session: AsyncSession) -> Sequence[ScenarioRow]:
    statement = select(ScenarioRow).order_by(ScenarioRow.scenario_id)
    return (await session.scalars(statement)).all()


async def all_versions(session: AsyncSession) -> Sequence[ScenarioVersionRow]:
    order = (ScenarioVersionRow.scenario_id, ScenarioVersionRow.version)
    return (await session.scalars(select(ScenarioVersionRow).order_by(*order))).all()


async def all_programme_rules(session: AsyncSession) -> Sequence[ProgrammeRuleRow]:
    return (await session.scalars(select(ProgrammeRuleRow))).all()
