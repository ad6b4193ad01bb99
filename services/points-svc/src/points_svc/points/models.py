"""Tables of the points ledger; all lie with the citizen (Citus: distributed by citizen_id)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from points_svc.points.rules import Kind, Side
from tht_kit.db import UtcDateTime

SIDES = ", ".join(f"'{side}'" for side in Side)
KINDS = ", ".join(f"'{kind}'" for kind in Kind)


class AccountRow(Base):
    """A citizen's balances, updated with every posting; the row is also the citizen's lock."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint(
            "available_tenths >= 0 AND receivable_tenths >= 0 AND earned_tenths >= 0"
            " AND redeemed_tenths >= 0 AND expired_tenths >= 0 AND credited_g >= 0"
            " AND trips_accepted >= 0",
            "never_negative",
        ),
        CheckConstraint(
            "available_tenths - receivable_tenths"
            " = earned_tenths - redeemed_tenths - expired_tenths",
            "balanced",
        ),
    )

    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizens.citizen_id"), primary_key=True)
    available_tenths: Mapped[int] = mapped_column(BigInteger, server_default="0")
    receivable_tenths: Mapped[int] = mapped_column(BigInteger, server_default="0")
    earned_tenths: Mapped[int] = mapped_column(BigInteger, server_default="0")
    redeemed_tenths: Mapped[int] = mapped_column(BigInteger, server_default="0")
    expired_tenths: Mapped[int] = mapped_column(BigInteger, server_default="0")
    credited_g: Mapped[int] = mapped_column(BigInteger, server_default="0")
    trips_accepted: Mapped[int] = mapped_column(BigInteger, server_default="0")
    revision: Mapped[int] = mapped_column(BigInteger, server_default="0")


class LotRow(Base):
    """Points of one earning. The key is the order of spending: earliest expiry first."""

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("remaining_tenths BETWEEN 0 AND earned_tenths", "remaining_within_earned"),
    )

    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_on: Mapped[date] = mapped_column(primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    earned_tenths: Mapped[int] = mapped_column(BigInteger)
    remaining_tenths: Mapped[int] = mapped_column(BigInteger)


class EntryRow(Base):
    """One posting, never changed: debit, credit, and the points and grams that moved together."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("debit <> credit", "two_sides"),
        CheckConstraint("tenths >= 0 AND grams >= 0 AND tenths + grams > 0", "positive"),
        CheckConstraint(f"debit IN ({SIDES}) AND credit IN ({SIDES})", "known_sides"),
        CheckConstraint(f"kind IN ({KINDS})", "known_kind"),
    )

    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    transaction_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    debit: Mapped[str] = mapped_column(Text)
    credit: Mapped[str] = mapped_column(Text)
    tenths: Mapped[int] = mapped_column(BigInteger)
    grams: Mapped[int] = mapped_column(BigInteger)
    source_id: Mapped[UUID]
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
