"""SQL of the redemptions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.points.rules import Taken
from points_svc.redemptions.models import Redemption, RedemptionLot


async def insert_redemption(
    session: AsyncSession, redemption: Redemption, taken: Sequence[Taken]
) -> None:
    """Write the redemption and which lots paid for it; the lots must be written already."""
    session.add(redemption)
    await session.flush()
    rows = [
        {
            "citizen_id": redemption.citizen_id,
            "redemption_id": redemption.redemption_id,
            "expires_on": part.lot.expires_on,
            "lot_id": part.lot.lot_id,
            "tenths": part.tenths,
        }
        for part in taken
    ]
    await session.execute(insert(RedemptionLot), rows)


async def redeemed_so_far(session: AsyncSession, citizen_id: UUID, reward_id: UUID) -> int:
    statement = select(func.coalesce(func.sum(Redemption.quantity), 0)).where(
        Redemption.citizen_id == citizen_id, Redemption.reward_id == reward_id
    )
    return int((await session.execute(statement)).scalar_one())


async def find(session: AsyncSession, citizen_id: UUID, redemption_id: UUID) -> Redemption | None:
    return await session.get(Redemption, (citizen_id, redemption_id))


async def list_before(
    session: AsyncSession, citizen_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[Redemption]:
    """Return up to `limit` redemptions of the citizen, newest first."""
    statement = (
        select(Redemption)
        .where(Redemption.citizen_id == citizen_id)
        .order_by(Redemption.redemption_id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(Redemption.redemption_id < before)
    return (await session.scalars(statement)).all()
