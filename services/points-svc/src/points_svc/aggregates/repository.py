"""SQL of the aggregates."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.aggregates.models import Aggregate
from points_svc.base import one_of


async def insert_aggregate(session: AsyncSession, values: dict[str, Any]) -> Aggregate:
    statement = insert(Aggregate).values(values).returning(Aggregate)
    return (await session.scalars(statement)).one()


async def find(session: AsyncSession, aggregate_id: UUID) -> Aggregate | None:
    return await session.get(Aggregate, aggregate_id)


async def mark_issued(
    session: AsyncSession,
    aggregate_ids: Collection[UUID],
    *,
    issuance_id: str,
    report_id: str,
    blocks: list[dict[str, Any]],
    issued_at: datetime,
) -> None:
    """Write the issuance to the aggregates it claims; the first issuance of an aggregate stands."""
    await session.execute(
        update(Aggregate)
        .where(one_of(Aggregate.aggregate_id, aggregate_ids), Aggregate.issuance_id.is_(None))
        .values(issuance_id=issuance_id, report_id=report_id, blocks=blocks, issued_at=issued_at)
    )
