"""Redemptions: points, stock, limit and codes change hands in one transaction, or nothing does."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.citizens import service as citizens
from points_svc.points import service as points
from points_svc.redemptions import repository
from points_svc.redemptions.errors import RedemptionLimitReached, RedemptionNotFound
from points_svc.redemptions.models import Redemption
from points_svc.rewards import service as rewards
from points_svc.rewards.models import Reward
from tht_contracts.events.points import PointsRedeemed
from tht_kit.clock import legal_date
from tht_kit.ids import new_id
from tht_kit.outbox import emit


async def redeem(
    session: AsyncSession,
    *,
    partner_id: str,
    subject: str,
    reward_id: UUID,
    quantity: int,
    now: datetime,
) -> Redemption:
    """Spend a citizen's points, earliest expiry first, on a reward out of its stock (R46).

    The citizen is locked before the stock, everywhere. Raises CitizenNotFound, CitizenOfAnotherApp,
    RewardNotFound, RedemptionLimitReached, PointsInsufficient, RewardOutOfStock.
    """
    citizen_id = await citizens.get_citizen(session, partner_id, subject)
    reward = await rewards.find(session, reward_id)
    book = (await points.lock(session, [citizen_id]))[citizen_id]
    await _check_limit(session, citizen_id, reward, quantity)
    await points.open_lots(session, [book])
    redemption_id = new_id()
    cost_tenths = reward.points_tenths * quantity
    taken = book.redeem(redemption_id, tenths=cost_tenths, today=legal_date(now), now=now)
    codes = await rewards.hand_out(session, reward, quantity, redemption_id=redemption_id, now=now)
    await points.post(session, [book], transaction_id=redemption_id, now=now)
    redemption = Redemption(
        citizen_id=citizen_id,
        redemption_id=redemption_id,
        reward_id=reward_id,
        quantity=quantity,
        points_tenths=cost_tenths,
        codes=codes,
        partner_id=partner_id,
        redeemed_at=now,
    )
    await repository.insert_redemption(session, redemption, taken)
    await emit(
        session,
        PointsRedeemed(
            redemption_id=str(redemption_id),
            reward_id=str(reward_id),
            quantity=quantity,
            points_tenths=cost_tenths,
        ),
        now=now,
    )
    return redemption


async def _check_limit(
    session: AsyncSession, citizen_id: UUID, reward: Reward, quantity: int
) -> None:
    if reward.per_citizen_max is None:
        return
    redeemed = await repository.redeemed_so_far(session, citizen_id, reward.reward_id)
    if redeemed + quantity > reward.per_citizen_max:
        raise RedemptionLimitReached(
            name=reward.name, limit=reward.per_citizen_max, redeemed=redeemed
        )


async def get(
    session: AsyncSession, *, partner_id: str, subject: str, redemption_id: UUID
) -> Redemption:
    """Return one redemption of a citizen.

    Raises CitizenNotFound, CitizenOfAnotherApp, RedemptionNotFound.
    """
    citizen_id = await citizens.get_citizen(session, partner_id, subject)
    redemption = await repository.find(session, citizen_id, redemption_id)
    if redemption is None:
        raise RedemptionNotFound(redemption_id=redemption_id)
    return redemption


async def list_page(
    session: AsyncSession, *, partner_id: str, subject: str, before: UUID | None, limit: int
) -> Sequence[Redemption]:
    """Return up to `limit` redemptions of a citizen, newest first.

    Raises CitizenNotFound, CitizenOfAnotherApp.
    """
    citizen_id = await citizens.get_citizen(session, partner_id, subject)
    return await repository.list_before(session, citizen_id, before=before, limit=limit)
