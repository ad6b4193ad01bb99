"""Tables of the reversals: what was lost, what is owed for it, what was cancelled, what regrows."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import UtcDateTime


class Kind(StrEnum):
    FIRE = "fire"
    FELLING = "felling"
    DISASTER = "disaster"
    MONITORED_LOSS = "monitored_loss"  # a negative monitoring period; opened by its report
    ERROR = "error"  # too much was issued
    FALSIFICATION = "falsification"  # R10


# Units that should never have been: nothing was kept back for these, so no cover is used.
CORRECTIONS = frozenset({Kind.ERROR, Kind.FALSIFICATION})


class Status(StrEnum):
    REPORTED = "REPORTED"  # waits for the second pair of eyes
    OPEN = "OPEN"  # confirmed, and not yet settled
    SETTLED = "SETTLED"
    REJECTED = "REJECTED"


KINDS = ", ".join(f"'{kind}'" for kind in Kind)
STATUSES = ", ".join(f"'{status}'" for status in Status)


class Reversal(Base):
    """One loss of what was issued for. Corrections are reversals too: issuances never change."""

    __tablename__ = "reversals"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", "known_kind"),
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint(
            "loss > 0 AND covered BETWEEN 0 AND loss AND deficit BETWEEN covered AND loss",
            "real_loss",
        ),
        CheckConstraint("settled_t BETWEEN 0 AND debt_t AND buffer_t >= 0", "settled_within"),
        CheckConstraint(
            "(status = 'OPEN') = (confirmed_at IS NOT NULL AND settled_t < debt_t)", "open_is_owed"
        ),
        CheckConstraint(
            "(kind IN ('error', 'falsification')) = (issuance_id IS NOT NULL)",
            "corrects_an_issuance",
        ),
        CheckConstraint("(kind = 'monitored_loss') = (report_id IS NOT NULL)", "measured"),
        Index("ix_reversals__project", "project_id", "reversal_id"),
        Index(
            "uq_reversals__report",
            "report_id",
            unique=True,
            postgresql_where=text("status <> 'REJECTED'"),
        ),
    )

    reversal_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    # Who owned the project when it was reported: the debt stays with it.
    owner_code: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    occurred_on: Mapped[date]
    area_ha: Mapped[Decimal | None] = mapped_column(Numeric)
    loss: Mapped[Decimal] = mapped_column(Numeric)
    description: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    issuance_id: Mapped[UUID | None]
    report_id: Mapped[UUID | None]
    reporter_code: Mapped[str] = mapped_column(Text)
    reported_by: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    covered: Mapped[Decimal] = mapped_column(Numeric)
    # What has to regrow because of it before more is issued.
    deficit: Mapped[Decimal] = mapped_column(Numeric)
    buffer_t: Mapped[int] = mapped_column(BigInteger)
    debt_t: Mapped[int] = mapped_column(BigInteger)
    settled_t: Mapped[int] = mapped_column(BigInteger)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Settlement(Base):
    """A cancellation that trading-svc told of: counted once, whatever is told again."""

    __tablename__ = "reversal_settlements"

    retirement_id: Mapped[UUID] = mapped_column(primary_key=True)
    reversal_id: Mapped[UUID] = mapped_column(ForeignKey("reversals.reversal_id"), index=True)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    certificate_id: Mapped[str] = mapped_column(Text)
    retired_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Backing(Base):
    """What an issuance did to the project's cover: one row for each, never changed."""

    __tablename__ = "issuance_backings"
    __table_args__ = (
        CheckConstraint("quantity_t >= 0 AND deducted >= 0 AND regrown >= 0", "not_negative"),
        Index("ix_issuance_backings__project", "project_id"),
    )

    issuance_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    deducted: Mapped[Decimal] = mapped_column(Numeric)
    regrown: Mapped[Decimal] = mapped_column(Numeric)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
