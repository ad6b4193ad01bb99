"""Tables of the issuances: the four-eyes task, the blocks, the one line of numbers."""

from datetime import date, datetime
from enum import StrEnum
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
from sqlalchemy.dialects.postgresql import INT8RANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime

BLOCK_CONSTRAINT = "ex_issued_blocks__block"


class IssuanceStatus(StrEnum):
    PENDING = "PENDING"
    ISSUED = "ISSUED"
    REJECTED = "REJECTED"


STATUSES = ", ".join(f"'{status}'" for status in IssuanceStatus)


class Issuance(Base):
    """One officer asks, another decides; once decided it never changes."""

    __tablename__ = "issuances"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint("quantity_t >= 1", "positive_quantity"),
        CheckConstraint("batch_no BETWEEN 1 AND 99", "two_digits"),
        CheckConstraint("status <> 'ISSUED' OR decided_by <> requested_by", "four_eyes"),
        CheckConstraint("(status = 'ISSUED') = (batch_no IS NOT NULL)", "issued_has_batch"),
        UniqueConstraint("project_id", "batch_no"),
        Index(
            "uq_issuances__live",
            "report_id",
            unique=True,
            postgresql_where=text("status <> 'REJECTED'"),
        ),
        Index("ix_issuances__project", "project_id", "issuance_id"),
    )

    issuance_id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"))
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    project_type: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    period_start: Mapped[date]
    period_end: Mapped[date]
    batch_no: Mapped[int | None]
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str | None] = mapped_column(Text)


class IssuedBlock(Base):
    """One vintage of an issuance: a range on the global line that no other block may touch."""

    __tablename__ = "issued_blocks"
    __table_args__ = (
        CheckConstraint("NOT isempty(block) AND lower(block) >= 1", "real_numbers"),
        CheckConstraint("upper(block) - lower(block) = quantity_t", "quantity_is_length"),
        ExcludeConstraint(("block", "&&"), name=BLOCK_CONSTRAINT, using="gist"),
    )

    issuance_id: Mapped[UUID] = mapped_column(ForeignKey("issuances.issuance_id"), primary_key=True)
    vintage: Mapped[int] = mapped_column(primary_key=True)
    block: Mapped[Range[int]] = mapped_column(INT8RANGE)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    serial: Mapped[str] = mapped_column(TextKey, unique=True)

    @property
    def start(self) -> int:
        assert self.block.lower is not None, "real_numbers"
        return self.block.lower

    @property
    def end(self) -> int:
        return self.start + self.quantity_t - 1


class SerialLine(Base):
    """The one counter that all serials are drawn from; its row is made by the first migration."""

    __tablename__ = "serial_line"
    __table_args__ = (
        CheckConstraint("line_id = 1", "one_line"),
        CheckConstraint("next_serial >= 1", "from_one"),
    )

    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next_serial: Mapped[int] = mapped_column(BigInteger)
