"""Listings and orders on the wire."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from trading_svc.holdings.rules import Span
from trading_svc.market.models import Listing, ListingStatus, Order

QUANTITY_T_MAX = 10**12
PRICE_FEN_MAX = 10**9


class ListingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project_id: UUID
    vintage: int = Field(ge=2000, le=9999, strict=True)
    quantity_t: int = Field(ge=1, le=QUANTITY_T_MAX, strict=True, description="整吨 / whole tonnes")
    price_fen_per_t: int = Field(
        ge=1,
        le=PRICE_FEN_MAX,
        strict=True,
        description="单价，分/吨；最小变动 1 分 / fen per tonne",
    )


class ListingOut(BaseModel):
    listing_id: UUID
    seller_code: str
    project_id: UUID
    vintage: int
    project_name: str
    project_type: str
    unit_type: str
    district_code: str
    is_local: bool
    price_fen_per_t: int
    quantity_t: int
    remaining_t: int
    status: ListingStatus
    listed_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, listing: Listing) -> Self:
        return cls(
            listing_id=listing.id,
            seller_code=listing.seller_code,
            project_id=listing.project_id,
            vintage=listing.vintage,
            project_name=listing.project_name,
            project_type=listing.project_type,
            unit_type=listing.unit_type,
            district_code=listing.district_code,
            is_local=listing.is_local,
            price_fen_per_t=listing.price_fen_per_t,
            quantity_t=listing.quantity_t,
            remaining_t=listing.remaining_t,
            status=ListingStatus(listing.status),
            listed_at=listing.listed_at,
            closed_at=listing.closed_at,
        )


class OrderIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    listing_id: UUID
    quantity_t: int = Field(ge=1, le=QUANTITY_T_MAX, strict=True)
    price_fen_per_t_max: int = Field(
        ge=1, le=PRICE_FEN_MAX, strict=True, description="买方限价 / the most the buyer pays"
    )


class DeliveredSpan(BaseModel):
    start: int
    end: int
    quantity_t: int
    serial: str


class OrderOut(BaseModel):
    order_id: UUID
    status: Literal["FILLED"]
    listing_id: UUID
    seller_code: str
    buyer_code: str
    project_id: UUID
    vintage: int
    quantity_t: int
    price_fen_per_t: int
    amount_fen: int
    filled_at: datetime

    @classmethod
    def of(cls, order: Order) -> Self:
        return cls(**_order_fields(order))


class FilledOrderOut(OrderOut):
    """The answer to a purchase names the serials that were delivered."""

    delivered: list[DeliveredSpan]

    @classmethod
    def with_serials(cls, order: Order, spans: list[tuple[Span, str]]) -> Self:
        delivered = [
            DeliveredSpan(start=s.first, end=s.last, quantity_t=s.quantity_t, serial=text)
            for s, text in spans
        ]
        return cls(**_order_fields(order), delivered=delivered)


def _order_fields(order: Order) -> dict[str, object]:
    return {
        "order_id": order.id,
        "status": "FILLED",
        "listing_id": order.listing_id,
        "seller_code": order.seller_code,
        "buyer_code": order.buyer_code,
        "project_id": order.project_id,
        "vintage": order.vintage,
        "quantity_t": order.quantity_t,
        "price_fen_per_t": order.price_fen_per_t,
        "amount_fen": order.amount_fen,
        "filled_at": order.filled_at,
    }
