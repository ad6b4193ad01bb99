"""Tables of the debts that reversals left (R20): what is owed, and whose units are flagged."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import UtcDateTime
from trading_svc.base import Base


class Debt(Base):
    """A confirmed reversal, as issuance-svc told of it; `debt_t` may be 0: then it only flags."""

    __tablename__ = "debts"
    __table_args__ = (CheckConstraint("settled_t BETWEEN 0 AND debt_t", "never_more_than_owed"),)

    reversal_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    owner_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    unit_type: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    occurred_on: Mapped[date]
    loss_t: Mapped[str] = mapped_column(Text)
    debt_t: Mapped[int] = mapped_column(BigInteger)
    settled_t: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def owed_t(self) -> int:
        return self.debt_t - self.settled_t


class Flag(Base):
    """The units of an issuance that a reversal concerns: they stay valid, whoever holds them."""

    __tablename__ = "debt_flags"

    issuance_id: Mapped[UUID] = mapped_column(primary_key=True)
    reversal_id: Mapped[UUID] = mapped_column(ForeignKey("debts.reversal_id"), primary_key=True)
