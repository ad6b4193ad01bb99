"""Taking an owner's listings off the market, because a reversal reaches what they offer (R20)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from trading_svc.market import repository, service


async def lock_listed(
    session: AsyncSession, *, seller_code: str, project_id: UUID
) -> list[tuple[UUID, int]]:
    """Return the seller's open listings of the project and what they still offer, newest first.

    They stay locked: nobody buys from them or withdraws them meanwhile. The caller holds the
    account's lock, so that no new one is made.
    """
    listings = await repository.lock_open_of(
        session, seller_code=seller_code, project_id=project_id
    )
    return [(listing.id, listing.remaining_t) for listing in reversed(listings)]


async def recall(
    session: AsyncSession,
    listed: list[tuple[UUID, int]],
    *,
    seller_code: str,
    quantity_t: int,
    now: datetime,
) -> None:
    """Withdraw whole listings until they give back the quantity, or none is left."""
    missing_t = quantity_t
    for listing_id, remaining_t in listed:
        if missing_t <= 0:
            break
        await service.withdraw(session, listing_id=listing_id, seller_code=seller_code, now=now)
        missing_t -= remaining_t
