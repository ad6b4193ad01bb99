"""Rewards: what points can be spent on, and the stock behind them."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.rewards import repository
from points_svc.rewards.errors import RewardNotFound, RewardOutOfStock
from points_svc.rewards.models import Reward
from tht_kit.ids import new_id

# No 0, O, 1, I, L: a code is read aloud on a bus. 31^14 codes, so a guess does not hit.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_CHARS = 14


async def create(
    session: AsyncSession,
    *,
    name: str,
    kind: str,
    points_tenths: int,
    face_fen: int,
    stock: int,
    per_citizen_max: int | None,
    created_by: str,
    now: datetime,
) -> tuple[Reward, int]:
    """Put a reward with its whole stock into the catalogue; returns it with what is left."""
    reward = Reward(
        reward_id=new_id(),
        name=name,
        kind=kind,
        points_tenths=points_tenths,
        face_fen=face_fen,
        stock=stock,
        per_citizen_max=per_citizen_max,
        created_by=created_by,
        created_at=now,
    )
    await repository.insert_reward(session, reward)
    return reward, stock


async def find(session: AsyncSession, reward_id: UUID) -> Reward:
    """Return the reward; raises RewardNotFound."""
    reward = await repository.find(session, reward_id)
    if reward is None:
        raise RewardNotFound(reward_id=reward_id)
    return reward


async def get(session: AsyncSession, reward_id: UUID) -> tuple[Reward, int]:
    """Return the reward and what is left of it; raises RewardNotFound."""
    reward = await find(session, reward_id)
    return reward, (await repository.remaining(session, [reward_id]))[reward_id]


async def list_page(
    session: AsyncSession, *, after: UUID | None, limit: int
) -> Sequence[tuple[Reward, int]]:
    return await repository.list_after(session, after=after, limit=limit)


async def hand_out(
    session: AsyncSession, reward: Reward, quantity: int, *, redemption_id: UUID, now: datetime
) -> list[str]:
    """Take the quantity from the stock and return a new code for each.

    Raises RewardOutOfStock.
    """
    if not await repository.take(session, reward.reward_id, quantity):
        raise RewardOutOfStock(name=reward.name, quantity=quantity)
    codes = [
        "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARS)) for _ in range(quantity)
    ]
    await repository.insert_codes(
        session, reward.reward_id, codes, redemption_id=redemption_id, now=now
    )
    return codes
