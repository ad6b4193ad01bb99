"""Tables of the redemptions; they lie with the citizen."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from tht_kit.db import UtcDateTime


class Redemption(Base):
    __tablename__ = "redemptions"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND points_tenths > 0", "positive"),
        ForeignKeyConstraint(["citizen_id"], ["accounts.citizen_id"]),
    )

    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(primary_key=True)
    reward_id: Mapped[UUID]
    quantity: Mapped[int] = mapped_column(BigInteger)
    points_tenths: Mapped[int] = mapped_column(BigInteger)
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    partner_id: Mapped[str] = mapped_column(Text)
    redeemed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RedemptionLot(Base):
    """Which lots paid for a redemption: the way back for a refund."""

    __tablename__ = "redemption_lots"
    __table_args__ = (
        CheckConstraint("tenths > 0", "positive"),
        ForeignKeyConstraint(
            ["citizen_id", "redemption_id"],
            ["redemptions.citizen_id", "redemptions.redemption_id"],
        ),
        ForeignKeyConstraint(
            ["citizen_id", "expires_on", "lot_id"],
            ["lots.citizen_id", "lots.expires_on", "lots.lot_id"],
        ),
    )

    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_on: Mapped[date] = mapped_column(primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenths: Mapped[int] = mapped_column(BigInteger)
