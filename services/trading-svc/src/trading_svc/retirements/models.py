"""Tables of the retirements: one row for each, final. The serials are the blocks that name it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import UtcDateTime
from trading_svc.base import Base

REASONS = (
    "ETS_COMPLIANCE",
    "EVENT_NEUTRAL",
    "ORG_NEUTRAL",
    "PERSONAL",
    "VOLUNTARY",
    "ECO_DAMAGE_COMPENSATION",
    "REVERSAL_REPLACEMENT",
)


class Retirement(Base):
    __tablename__ = "retirements"
    __table_args__ = (
        CheckConstraint(f"reason IN {REASONS}", "known_reason"),
        CheckConstraint("quantity_t > 0", "positive"),
        CheckConstraint("(reason = 'ETS_COMPLIANCE') = (compliance_year IS NOT NULL)", "year"),
        CheckConstraint("reason <> 'EVENT_NEUTRAL' OR claim_id IS NOT NULL", "claim"),
        CheckConstraint(
            "(reason = 'REVERSAL_REPLACEMENT') = (reversal_id IS NOT NULL)", "reversal"
        ),
        # R37: a retirement supports one statement, and a statement stands on one retirement.
        UniqueConstraint("claim_id"),
        Index("ix_retirements__account_code", "account_code", "id"),
        Index(
            "ix_retirements__reversal",
            "reversal_id",
            postgresql_where=text("reversal_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[str] = mapped_column(Text, unique=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    beneficiary_code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    compliance_year: Mapped[int | None]
    claim_id: Mapped[UUID | None]
    reversal_id: Mapped[UUID | None]
    note: Mapped[str | None] = mapped_column(Text)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    retired_by: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime] = mapped_column(UtcDateTime)
