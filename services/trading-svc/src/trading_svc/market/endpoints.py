"""HTTP of the market: listings (挂牌) and orders (订单)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from tht_contracts.events.common import OrganisationCode
from tht_kit.auth import Authenticated, require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from trading_svc.market import service
from trading_svc.market.models import ListingStatus
from trading_svc.market.schemas import FilledOrderOut, ListingIn, ListingOut, OrderIn, OrderOut

router = new_router(tags=["交易 / Market"])

Trader = Annotated[Principal, Depends(require("orders:write"))]


@router.post(
    "/v1/listings",
    status_code=201,
    dependencies=[Idempotent],
    summary="挂牌 / List units for sale",
)
async def create_listing(
    body: ListingIn, session: WriteSession, now: Now, principal: Trader, response: Response
) -> ListingOut:
    listing = await service.offer(
        session,
        seller_code=principal.organisation(),
        project_id=body.project_id,
        vintage=body.vintage,
        quantity_t=body.quantity_t,
        price_fen_per_t=body.price_fen_per_t,
        now=now,
    )
    response.headers["Location"] = f"/v1/listings/{listing.id}"
    return ListingOut.of(listing)


@router.get("/v1/listings", summary="挂牌列表 / List listings")
async def list_listings(
    session: ReadSession,
    page: PageQuery,
    status: Annotated[ListingStatus, Query(description="状态 / status")] = ListingStatus.OPEN,
    project_id: Annotated[UUID | None, Query(description="项目 / project")] = None,
    vintage: Annotated[
        int | None, Query(ge=2000, le=9999, description="产生年份 / vintage")
    ] = None,
    seller_code: Annotated[OrganisationCode | None, Query(description="卖方 / seller")] = None,
) -> Page[ListingOut]:
    rows = await service.list_listings(
        session,
        status=status,
        project_id=project_id,
        vintage=vintage,
        seller_code=seller_code,
        after=page.after_id,
        limit=page.rows,
    )
    return page.cut(rows, ListingOut.of, key=lambda row: [row.id])


@router.get("/v1/listings/{listing_id}", summary="查询挂牌 / Get a listing")
async def get_listing(listing_id: UUID, session: ReadSession) -> ListingOut:
    return ListingOut.of(await service.get_listing(session, listing_id))


@router.delete("/v1/listings/{listing_id}", summary="撤回挂牌 / Withdraw a listing")
async def withdraw_listing(
    listing_id: UUID, session: WriteSession, now: Now, principal: Trader
) -> ListingOut:
    listing = await service.withdraw(
        session, listing_id=listing_id, seller_code=principal.organisation(), now=now
    )
    return ListingOut.of(listing)


@router.post(
    "/v1/orders",
    status_code=201,
    dependencies=[Idempotent],
    summary="购买 / Buy: delivery versus payment",
)
async def create_order(
    body: OrderIn, session: WriteSession, now: Now, principal: Trader, response: Response
) -> FilledOrderOut:
    order, delivered = await service.buy(
        session,
        buyer_code=principal.organisation(),
        listing_id=body.listing_id,
        quantity_t=body.quantity_t,
        price_fen_per_t_max=body.price_fen_per_t_max,
        now=now,
    )
    response.headers["Location"] = f"/v1/orders/{order.id}"
    return FilledOrderOut.with_serials(order, [(c.span, c.serial_text) for c in delivered])


@router.get("/v1/orders", summary="本单位的订单 / List your orders")
async def list_orders(
    session: ReadSession, page: PageQuery, principal: Authenticated
) -> Page[OrderOut]:
    rows = await service.list_orders(
        session, principal.organisation(), after=page.after_id, limit=page.rows
    )
    return page.cut(rows, OrderOut.of, key=lambda row: [row.id])


@router.get("/v1/orders/{order_id}", summary="查询订单 / Get an order")
async def get_order(order_id: UUID, session: ReadSession, principal: Authenticated) -> OrderOut:
    party = None if principal.has("oversight:read") else principal.organisation()
    return OrderOut.of(await service.get_order(session, order_id, party=party))
