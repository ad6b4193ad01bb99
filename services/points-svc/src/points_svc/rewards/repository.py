"""SQL of the rewards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.rewards.models import CouponCode, Reward, RewardStock


async def insert_reward(session: AsyncSession, reward: Reward) -> None:
    session.add(reward)
    await session.flush()
    await session.execute(
        insert(RewardStock).values(reward_id=reward.reward_id, remaining=reward.stock)
    )


async def find(session: AsyncSession, reward_id: UUID) -> Reward | None:
    return await session.get(Reward, reward_id)


async def list_after(
    session: AsyncSession, *, after: UUID | None, limit: int
) -> Sequence[tuple[Reward, int]]:
    """Return up to `limit` rewards with what is left of each, in order of their ids."""
    statement = select(Reward).order_by(Reward.reward_id).limit(limit)
    if after is not None:
        statement = statement.where(Reward.reward_id > after)
    rewards = (await session.scalars(statement)).all()
    left = await remaining(session, [reward.reward_id for reward in rewards])
    return [(reward, left[reward.reward_id]) for reward in rewards]


async def remaining(session: AsyncSession, reward_ids: Sequence[UUID]) -> dict[UUID, int]:
    statement = select(RewardStock).where(RewardStock.reward_id.in_(reward_ids))
    return {row.reward_id: row.remaining for row in await session.scalars(statement)}


async def take(session: AsyncSession, reward_id: UUID, quantity: int) -> bool:
    """Take so many out of the stock; False, and nothing taken, if fewer are left."""
    statement = (
        update(RewardStock)
        .where(RewardStock.reward_id == reward_id, RewardStock.remaining >= quantity)
        .values(remaining=RewardStock.remaining - quantity)
        .returning(RewardStock.remaining)
    )
    return (await session.execute(statement)).first() is not None


async def insert_codes(
    session: AsyncSession,
    reward_id: UUID,
    codes: Sequence[str],
    *,
    redemption_id: UUID,
    now: datetime,
) -> None:
    rows = [
        {"reward_id": reward_id, "code": code, "redemption_id": redemption_id, "issued_at": now}
        for code in codes
    ]
    await session.execute(insert(CouponCode), rows)
