"""Tables of the rewards: the catalogue is reference data, the stock lies with the reward."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class Reward(Base):
    __tablename__ = "rewards"
    __table_args__ = (
        CheckConstraint("kind IN ('coupon')", "known_kind"),
        CheckConstraint("points_tenths > 0 AND face_fen >= 0 AND stock > 0", "positive"),
        CheckConstraint("per_citizen_max > 0", "per_citizen_positive"),
    )

    reward_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    points_tenths: Mapped[int] = mapped_column(BigInteger)
    face_fen: Mapped[int] = mapped_column(BigInteger)
    stock: Mapped[int] = mapped_column(BigInteger)
    per_citizen_max: Mapped[int | None]
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RewardStock(Base):
    """What is left of a reward; the row decides who gets the last one."""

    __tablename__ = "reward_stocks"
    __table_args__ = (CheckConstraint("remaining >= 0", "never_negative"),)

    reward_id: Mapped[UUID] = mapped_column(primary_key=True)
    remaining: Mapped[int] = mapped_column(BigInteger)


class CouponCode(Base):
    """A code that was handed out; no two redemptions ever get the same."""

    __tablename__ = "coupon_codes"

    reward_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    redemption_id: Mapped[UUID]
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
