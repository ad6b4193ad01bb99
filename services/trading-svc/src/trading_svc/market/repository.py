"""SQL of the market."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.market.models import Listing, ListingStatus, Order

AnySession = AsyncSession | AsyncReadSession


def add(session: AsyncSession, row: Listing | Order) -> None:
    session.add(row)


async def lock_listing(session: AsyncSession, listing_id: UUID) -> Listing | None:
    """Return the listing, locked: whoever changes its units holds this lock."""
    statement = (
        select(Listing)
        .where(Listing.id == listing_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def lock_open_of(
    session: AsyncSession, *, seller_code: str, project_id: UUID
) -> Sequence[Listing]:
    """Return the seller's open listings of the project, all locked, oldest first."""
    statement = (
        select(Listing)
        .where(
            Listing.seller_code == seller_code,
            Listing.project_id == project_id,
            Listing.status == ListingStatus.OPEN,
        )
        .order_by(Listing.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def find_listing(session: AnySession, listing_id: UUID) -> Listing | None:
    return await session.get(Listing, listing_id)


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
    statement = select(Listing).where(Listing.status == status).order_by(Listing.id).limit(limit)
    if project_id is not None:
        statement = statement.where(Listing.project_id == project_id)
    if vintage is not None:
        statement = statement.where(Listing.vintage == vintage)
    if seller_code is not None:
        statement = statement.where(Listing.seller_code == seller_code)
    if after is not None:
        statement = statement.where(Listing.id > after)
    return (await session.scalars(statement)).all()


async def find_order(session: AnySession, order_id: UUID) -> Order | None:
    return await session.get(Order, order_id)


async def list_orders(
    session: AnySession, code: str, *, after: UUID | None, limit: int
) -> Sequence[Order]:
    """Return the orders in which an organisation is buyer or seller."""
    statement = (
        select(Order)
        .where(or_(Order.buyer_code == code, Order.seller_code == code))
        .order_by(Order.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Order.id > after)
    return (await session.scalars(statement)).all()
