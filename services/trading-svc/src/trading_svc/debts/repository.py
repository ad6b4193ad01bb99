"""SQL of the debts."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.debts.models import Debt, Flag

AnySession = AsyncSession | AsyncReadSession


async def insert_new(session: AsyncSession, debt: Debt) -> bool:
    """Insert the debt and say whether it was new."""
    values = {column.name: getattr(debt, column.name) for column in Debt.__table__.columns}
    statement = insert(Debt).values(values).on_conflict_do_nothing().returning(Debt.reversal_id)
    return (await session.execute(statement)).first() is not None


async def flag(session: AsyncSession, reversal_id: UUID, issuance_ids: Collection[UUID]) -> None:
    rows = [{"issuance_id": found, "reversal_id": reversal_id} for found in sorted(issuance_ids)]
    if rows:
        await session.execute(insert(Flag).on_conflict_do_nothing(), rows)


async def find(session: AnySession, reversal_id: UUID) -> Debt | None:
    return await session.get(Debt, reversal_id)


async def lock(session: AsyncSession, reversal_id: UUID) -> Debt | None:
    """Return the debt with its row locked until the transaction ends."""
    statement = select(Debt).where(Debt.reversal_id == reversal_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def flags_of(
    session: AnySession, issuance_ids: Collection[UUID]
) -> Sequence[tuple[UUID, Debt]]:
    """Return the reversals that concern each issuance, oldest first."""
    statement = (
        select(Flag.issuance_id, Debt)
        .join(Debt, Debt.reversal_id == Flag.reversal_id)
        .where(Flag.issuance_id.in_(issuance_ids))
        .order_by(Flag.issuance_id, Flag.reversal_id)
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]
