"""Tables of the neutrality claims: what an event emitted, as declared, and what covers it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import UtcDateTime
from trading_svc.base import Base


class ClaimStatus(StrEnum):
    OPEN = "OPEN"
    NEUTRAL = "NEUTRAL"  # covered in time
    LATE = "LATE"  # covered, but after the deadline (R36)


STATUSES = ", ".join(f"'{status}'" for status in ClaimStatus)


class Claim(Base):
    __tablename__ = "claims"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint("(status = 'OPEN') = (retirement_id IS NULL)", "covered"),
        CheckConstraint("ends_on >= starts_on", "dates"),
        CheckConstraint("required_t > 0", "required"),
        Index("ix_claims__account_code", "account_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_code: Mapped[str] = mapped_column(ForeignKey("accounts.organisation_code"))
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    organiser_code: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    participants: Mapped[int] = mapped_column(BigInteger)
    boundary: Mapped[str] = mapped_column(Text)
    emissions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    emissions_t: Mapped[str] = mapped_column(Text)  # exact decimal
    required_t: Mapped[int] = mapped_column(BigInteger)
    measures: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    confirmation: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    retirement_id: Mapped[UUID | None] = mapped_column(ForeignKey("retirements.id"), unique=True)
    certificate_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
