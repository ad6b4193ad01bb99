"""The market: a listing reserves exact serials, a purchase is delivery versus payment.

Price bands (R29), sessions and the five-trading-day rule (R30, R31) need the trading calendar and
the reference price, which come with the full market; the price is an integer of fen already.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.trading import OrderFilled
from tht_kit.db import AsyncReadSession
from tht_kit.ids import new_id
from tht_kit.outbox import emit
from trading_svc.accounts import service as accounts
from trading_svc.cash import service as cash
from trading_svc.holdings import service as holdings
from trading_svc.market import repository
from trading_svc.market.errors import (
    ListingClosed,
    ListingNotFound,
    ListingShort,
    OrderNotFound,
    OwnListing,
    PriceAboveLimit,
    UnitsFrozen,
)
from trading_svc.market.models import Listing, ListingStatus, Order

AnySession = AsyncSession | AsyncReadSession


async def offer(
    session: AsyncSession,
    *,
    seller_code: str,
    project_id: UUID,
    vintage: int,
    quantity_t: int,
    price_fen_per_t: int,
    now: datetime,
) -> Listing:
    """List units of one project and vintage; the exact serials are reserved at once.

    Raises AccountNotFound, AccountNotOpen, TradingNotAllowed (R32), CreditsInsufficient (R28),
    TooManyBlocks.
    """
    await accounts.lock_trader(session, seller_code)
    choices = await holdings.choose(
        session, seller_code, quantity_t=quantity_t, project_id=project_id, vintage=vintage
    )
    lot = choices[0].lot
    listing = Listing(
        id=new_id(),
        seller_code=seller_code,
        project_id=project_id,
        vintage=vintage,
        project_name=lot.project_name,
        project_type=lot.project_type,
        unit_type=lot.unit_type,
        district_code=lot.district_code,
        is_local=lot.is_local,
        price_fen_per_t=price_fen_per_t,
        quantity_t=quantity_t,
        remaining_t=quantity_t,
        status=ListingStatus.OPEN,
        listed_at=now,
        closed_at=None,
    )
    repository.add(session, listing)
    await holdings.reserve(
        session, choices, account_code=seller_code, listing_id=listing.id, now=now
    )
    return listing


async def withdraw(
    session: AsyncSession, *, listing_id: UUID, seller_code: str, now: datetime
) -> Listing:
    """Withdraw what a listing still offers; its serials are free again at once.

    Raises ListingNotFound (also for another's), ListingClosed.
    """
    listing = await repository.lock_listing(session, listing_id)
    if listing is None or listing.seller_code != seller_code:
        raise ListingNotFound(listing_id=listing_id)
    _check_open(listing)
    await holdings.release(session, account_code=seller_code, listing_id=listing_id, now=now)
    listing.status = ListingStatus.WITHDRAWN
    listing.remaining_t = 0
    listing.closed_at = now
    return listing


def _check_open(listing: Listing) -> None:
    if listing.status != ListingStatus.OPEN:
        raise ListingClosed(listing_id=listing.id, listing_status=listing.status)


async def buy(
    session: AsyncSession,
    *,
    buyer_code: str,
    listing_id: UUID,
    quantity_t: int,
    price_fen_per_t_max: int,
    now: datetime,
) -> tuple[Order, list[holdings.Run]]:
    """Buy from a listing: money and units change hands in this transaction, or neither does.

    Raises AccountNotFound, AccountNotOpen, TradingNotAllowed (R32), ListingNotFound,
    ListingClosed, OwnListing, PriceAboveLimit, ListingShort, UnitsFrozen, CashInsufficient (R31),
    AmountTooLarge.
    """
    listing = await repository.lock_listing(session, listing_id)
    if listing is None:
        raise ListingNotFound(pointer="/listing_id", listing_id=listing_id)
    await accounts.check_traders(session, [buyer_code, listing.seller_code])
    _check_order(listing, buyer_code, quantity_t, price_fen_per_t_max)
    reserved = await holdings.reserved_for(session, listing_id)
    if any(block.frozen for block in reserved):
        raise UnitsFrozen(listing_id=listing_id)
    order = Order(
        id=new_id(),
        listing_id=listing_id,
        seller_code=listing.seller_code,
        buyer_code=buyer_code,
        project_id=listing.project_id,
        vintage=listing.vintage,
        quantity_t=quantity_t,
        price_fen_per_t=listing.price_fen_per_t,
        price_fen_per_t_max=price_fen_per_t_max,
        amount_fen=quantity_t * listing.price_fen_per_t,
        filled_at=now,
    )
    await cash.pay(
        session,
        payer_code=buyer_code,
        payee_code=listing.seller_code,
        amount_fen=order.amount_fen,
        order_id=order.id,
        now=now,
    )
    moved = await holdings.deliver(
        session,
        reserved,
        order_id=order.id,
        seller_code=listing.seller_code,
        buyer_code=buyer_code,
        quantity_t=quantity_t,
        now=now,
    )
    delivered = holdings.runs(moved)
    _reduce(listing, quantity_t, now)
    repository.add(session, order)
    await emit(session, _filled(order, delivered), now=now)
    return order, delivered


def _check_order(
    listing: Listing, buyer_code: str, quantity_t: int, price_fen_per_t_max: int
) -> None:
    if listing.seller_code == buyer_code:
        raise OwnListing(pointer="/listing_id", listing_id=listing.id)
    _check_open(listing)
    if listing.price_fen_per_t > price_fen_per_t_max:
        raise PriceAboveLimit(
            pointer="/price_fen_per_t_max",
            price_fen_per_t=listing.price_fen_per_t,
            price_fen_per_t_max=price_fen_per_t_max,
        )
    if listing.remaining_t < quantity_t:
        raise ListingShort(
            pointer="/quantity_t",
            listing_id=listing.id,
            remaining_t=listing.remaining_t,
            quantity_t=quantity_t,
        )


def _reduce(listing: Listing, quantity_t: int, now: datetime) -> None:
    listing.remaining_t -= quantity_t
    if listing.remaining_t == 0:
        listing.status = ListingStatus.FILLED
        listing.closed_at = now


def _filled(order: Order, delivered: Sequence[holdings.Run]) -> OrderFilled:
    return OrderFilled(
        order_id=str(order.id),
        listing_id=str(order.listing_id),
        seller_code=order.seller_code,
        buyer_code=order.buyer_code,
        quantity_t=order.quantity_t,
        price_fen_per_t=order.price_fen_per_t,
        amount_fen=order.amount_fen,
        blocks=[run.part for run in delivered],
    )


async def get_listing(session: AnySession, listing_id: UUID) -> Listing:
    """Return the listing; raises ListingNotFound."""
    listing = await repository.find_listing(session, listing_id)
    if listing is None:
        raise ListingNotFound(listing_id=listing_id)
    return listing


async def list_listings(
    session: AnySession,
    *,
    status: ListingStatus,
    project_id: UUID | None,
    vintage: int | None,
    seller_code: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Listing]:
    return await repository.list_listings(
        session,
        status=status,
        project_id=project_id,
        vintage=vintage,
        seller_code=seller_code,
        after=after,
        limit=limit,
    )


async def get_order(session: AnySession, order_id: UUID, *, party: str | None) -> Order:
    """Return the order if `party` has a part in it; None sees all. Raises OrderNotFound."""
    order = await repository.find_order(session, order_id)
    if order is None or (party is not None and party not in (order.buyer_code, order.seller_code)):
        raise OrderNotFound(order_id=order_id)
    return order


async def list_orders(
    session: AnySession, code: str, *, after: UUID | None, limit: int
) -> Sequence[Order]:
    return await repository.list_orders(session, code, after=after, limit=limit)
