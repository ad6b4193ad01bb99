"""Tables of the market: listings (挂牌) with reserved serials, orders that filled."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import UtcDateTime
from trading_svc.base import Base


class ListingStatus(StrEnum):
    OPEN = "open"
    FILLED = "filled"
    WITHDRAWN = "withdrawn"


STATUSES = ", ".join(f"'{status}'" for status in ListingStatus)


class Listing(Base):
    """An offer of units of one project and vintage at one price; its serials stand reserved."""

    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint("price_fen_per_t > 0 AND quantity_t > 0", "positive"),
        CheckConstraint("remaining_t >= 0 AND remaining_t <= quantity_t", "remaining"),
        Index("ix_listings__status", "status", "id"),
        Index(
            "ix_listings__open_instrument",
            "project_id",
            "vintage",
            "id",
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_listings__seller", "seller_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seller_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    project_id: Mapped[UUID]
    vintage: Mapped[int]
    # Copied from the units when they were listed: what a buyer chooses by.
    project_name: Mapped[str] = mapped_column(Text)
    project_type: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[str] = mapped_column(Text)
    district_code: Mapped[str] = mapped_column(Text)
    is_local: Mapped[bool]
    price_fen_per_t: Mapped[int] = mapped_column(BigInteger)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    remaining_t: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    listed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Order(Base):
    """A purchase, paid and delivered in the transaction that made this row."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("amount_fen = quantity_t * price_fen_per_t", "exact_amount"),
        CheckConstraint("price_fen_per_t <= price_fen_per_t_max", "price_limit"),
        CheckConstraint("buyer_code <> seller_code", "two_parties"),
        Index("ix_orders__buyer", "buyer_code", "id"),
        Index("ix_orders__seller", "seller_code", "id"),
        Index("ix_orders__listing_id", "listing_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listings.id"))
    seller_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    buyer_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    project_id: Mapped[UUID]
    vintage: Mapped[int]
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    price_fen_per_t: Mapped[int] = mapped_column(BigInteger)
    price_fen_per_t_max: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    filled_at: Mapped[datetime] = mapped_column(UtcDateTime)
