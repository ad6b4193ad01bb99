"""Tables of the accounts: one per organisation, named by its 统一社会信用代码."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import TextKey, UtcDateTime
from trading_svc.base import Base

# R32: authority, operator, exchange and verification staff hold accounts but may not trade.
KINDS_BARRED_FROM_TRADING = frozenset({"bureau", "operator", "validator_verifier"})


# The buffer of all projects (R20): nobody acts for it, so it can neither list, sell nor retire.
BUFFER_CODE = "SYSTEM-BUFFER"


class AccountStatus(StrEnum):
    """ANNOUNCED: credits arrived before the organisation's own event; it can hold, not act.

    SYSTEM: an account of the platform itself, made by a migration. No request can act for it.
    """

    ANNOUNCED = "announced"
    OPEN = "open"
    SUSPENDED = "suspended"
    SYSTEM = "system"


STATUSES = ", ".join(f"'{status}'" for status in AccountStatus)


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint(f"status IN ({STATUSES})", "known_status"),)

    organisation_code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    # The version of the organisation that this is a copy of; 0 while only announced.
    version: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def can_trade(self) -> bool:
        return self.status == AccountStatus.OPEN and KINDS_BARRED_FROM_TRADING.isdisjoint(
            self.kinds
        )
