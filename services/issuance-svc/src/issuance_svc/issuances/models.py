"""Tables of the issuances: the four-eyes task, the blocks, the one line of numbers."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INT8RANGE, NUMRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime

BLOCK_CONSTRAINT = "ex_issued_blocks__block"
ORIGIN_CONSTRAINT = "ex_external_origins__place"
OWNER, BUFFER = "owner", "buffer"


class IssuanceStatus(StrEnum):
    PENDING = "PENDING"
    ISSUED = "ISSUED"
    REJECTED = "REJECTED"


STATUSES = ", ".join(f"'{status}'" for status in IssuanceStatus)


class Issuance(Base):
    """One officer asks, another decides; once decided it never changes.

    It rests on a report or on a batch of another registry. `quantity_t` is owner and buffer; what
    of the verified quantity only made good an earlier loss is withheld (R20): where all of it did,
    an issuance has no batch and no serials.
    """

    __tablename__ = "issuances"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint(
            "quantity_t >= 0 AND withheld_t >= 0 AND buffer_t BETWEEN 0 AND quantity_t",
            "owner_and_buffer",
        ),
        CheckConstraint("quantity_t + withheld_t >= 1", "something_verified"),
        CheckConstraint("(report_id IS NULL) <> (origin_id IS NULL)", "rests_on_one"),
        CheckConstraint("batch_no BETWEEN 1 AND 99", "two_digits"),
        CheckConstraint("status <> 'ISSUED' OR decided_by <> requested_by", "four_eyes"),
        CheckConstraint(
            "(status = 'ISSUED' AND quantity_t > 0) = (batch_no IS NOT NULL)", "issued_has_batch"
        ),
        UniqueConstraint("origin_id"),
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
    report_id: Mapped[UUID | None] = mapped_column(ForeignKey("reports.report_id"))
    origin_id: Mapped[UUID | None] = mapped_column(ForeignKey("external_origins.origin_id"))
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    project_type: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    buffer_t: Mapped[int] = mapped_column(BigInteger)
    withheld_t: Mapped[int] = mapped_column(BigInteger)
    period_start: Mapped[date]
    period_end: Mapped[date]
    batch_no: Mapped[int | None]
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str | None] = mapped_column(Text)


class IssuedBlock(Base):
    """One vintage of an issuance, of the owner or of the buffer: a range on the global line."""

    __tablename__ = "issued_blocks"
    __table_args__ = (
        CheckConstraint("NOT isempty(block) AND lower(block) >= 1", "real_numbers"),
        CheckConstraint("upper(block) - lower(block) = quantity_t", "quantity_is_length"),
        CheckConstraint(f"account IN ('{OWNER}', '{BUFFER}')", "known_account"),
        ExcludeConstraint(("block", "&&"), name=BLOCK_CONSTRAINT, using="gist"),
    )

    issuance_id: Mapped[UUID] = mapped_column(ForeignKey("issuances.issuance_id"), primary_key=True)
    vintage: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(Text, primary_key=True)
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


class OriginSeries(Base):
    """Within what another registry counts its numbers, numbered: so all stand on one line."""

    __tablename__ = "origin_series"

    series_no: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    series: Mapped[str] = mapped_column(TextKey, unique=True)


# More numbers than any registry prints in one series, so series cannot touch on the line.
NUMBERS_PER_SERIES = 10**18


def place_of(series_no: int, start: int | None, end: int | None) -> Range[Decimal]:
    """Return where foreign numbers (both included) stand on the line of all series.

    A batch without numbers takes the whole of its series.
    """
    base = series_no * NUMBERS_PER_SERIES
    first = base + (0 if start is None else start)
    after = base + (NUMBERS_PER_SERIES if end is None else end + 1)
    return Range(Decimal(first), Decimal(after), bounds="[)")


class ExternalOrigin(Base):
    """A batch of another registry, cancelled there, that becomes credits here: once."""

    __tablename__ = "external_origins"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint("quantity_t >= 1", "positive_quantity"),
        CheckConstraint("period_start <= period_end", "period_in_order"),
        ExcludeConstraint(
            ("place", "&&"),
            name=ORIGIN_CONSTRAINT,
            using="gist",
            where=text("status <> 'REJECTED'"),
        ),
        Index("ix_external_origins__project", "project_id", "origin_id"),
    )

    origin_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    status: Mapped[str] = mapped_column(Text)
    registry_name: Mapped[str] = mapped_column(Text)
    serial: Mapped[str] = mapped_column(Text)
    series_no: Mapped[int] = mapped_column(ForeignKey("origin_series.series_no"))
    place: Mapped[Range[Decimal]] = mapped_column(NUMRANGE)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    period_start: Mapped[date]
    period_end: Mapped[date]
    cancellation_reference: Mapped[str] = mapped_column(Text)
    evidence_sha256: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
