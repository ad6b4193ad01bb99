"""SQL of the aggregates."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.aggregates.models import Aggregate


async def insert_new(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the aggregates that are not known yet."""
    await session.execute(insert(Aggregate).on_conflict_do_nothing(), list(rows))


async def list_of_project(
    session: AsyncSession, project_id: str, aggregate_ids: Sequence[str]
) -> Sequence[Aggregate]:
    statement = select(Aggregate).where(
        Aggregate.project_id == project_id, Aggregate.aggregate_id.in_(aggregate_ids)
    )
    return (await session.scalars(statement.order_by(Aggregate.aggregate_id))).all()
