"""Tables of the monitoring reports."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INT8RANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from issuance_svc.reports.rules import DEAD, Status
from tht_kit.db import TextKey, UtcDateTime

PERIOD_CONSTRAINT = "ex_reports__period"
SITE_CONSTRAINT = "ex_report_sites__claim"
REVISION_CONSTRAINT = "uq_reports__root_report_id_revision"
AGGREGATE_INDEX = "uq_report_aggregates__in_use"

STATUSES = ", ".join(f"'{status}'" for status in Status)
DEAD_STATUSES = ", ".join(f"'{status}'" for status in DEAD)

# One integer line for the days of all projects: no extension is needed to exclude overlaps by
# project. More days than any calendar year up to 9999 has, so projects cannot touch.
DAYS_PER_PROJECT = 4_000_000


def claim_of(number: int, start: date, end: date) -> Range[int]:
    """Return the place of a project's (or a site's) days, both included, on the line of all."""
    base = number * DAYS_PER_PROJECT
    return Range(base + start.toordinal(), base + end.toordinal() + 1, bounds="[)")


class Report(Base):
    """A period's reductions of one project, with all that the number depends on (R21)."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint("calculated_t >= 0 AND deducted >= 0", "not_negative"),
        CheckConstraint(
            "verified_t IS NULL OR verified_t = calculated_t", "verified_as_calculated"
        ),
        CheckConstraint(
            f"claim = int8range(project_no * {DAYS_PER_PROJECT}::bigint"
            " + (eligible_start - DATE '0001-01-01') + 1,"
            f" project_no * {DAYS_PER_PROJECT}::bigint"
            " + (eligible_end - DATE '0001-01-01') + 2)",
            "claim_is_period",
        ),
        ExcludeConstraint(
            ("claim", "&&"),
            name=PERIOD_CONSTRAINT,
            using="gist",
            where=text(f"status NOT IN ({DEAD_STATUSES})"),
        ),
        CheckConstraint("(revision = 1) = (revises IS NULL)", "first_revises_nothing"),
        CheckConstraint("verification_mode IN ('third_party', 'self_prepared')", "known_mode"),
        CheckConstraint("buffer_t BETWEEN 0 AND calculated_t", "buffer_is_part"),
        UniqueConstraint("root_report_id", "revision", name=REVISION_CONSTRAINT),
        Index("ix_reports__status", "status", "report_id"),
    )

    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"), index=True)
    project_no: Mapped[int]
    methodology_code: Mapped[str] = mapped_column(Text)
    formula_version: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    period_start: Mapped[date]
    period_end: Mapped[date]
    eligible_start: Mapped[date]
    eligible_end: Mapped[date]
    claim: Mapped[Range[int]] = mapped_column(INT8RANGE)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    calculation: Mapped[dict[str, Any]] = mapped_column(JSONB)
    calculated: Mapped[Decimal] = mapped_column(Numeric)
    calculated_t: Mapped[int] = mapped_column(BigInteger)
    deducted: Mapped[Decimal] = mapped_column(Numeric)
    vintages: Mapped[list[dict[str, int]]] = mapped_column(JSONB)
    notes: Mapped[str | None] = mapped_column(Text)
    submitted_by: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    verifier_code: Mapped[str | None] = mapped_column(Text)
    notice_start: Mapped[date | None]
    notice_end: Mapped[date | None]
    opinion: Mapped[str | None] = mapped_column(Text)
    verified_t: Mapped[int | None] = mapped_column(BigInteger)
    statement: Mapped[str | None] = mapped_column(Text)
    verified_on: Mapped[date | None]
    # owner + buffer = calculated_t (R20).
    buffer_t: Mapped[int] = mapped_column(BigInteger, default=0)
    # Gross loss of stock (R20): such a period issues nothing.
    loss: Mapped[Decimal] = mapped_column(Numeric, default=Decimal(0))
    # The sanity alarms of the calculation; each one opened a review.
    flags: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    verification_mode: Mapped[str] = mapped_column(Text, default="third_party")
    root_report_id: Mapped[UUID]
    revision: Mapped[int] = mapped_column(default=1)
    revises: Mapped[UUID | None]
    superseded_by: Mapped[UUID | None]


class ReportVerifier(Base):
    """Who was named to verify a report, in order; a replacement states its reason."""

    __tablename__ = "report_verifiers"
    __table_args__ = (CheckConstraint("(position = 1) = (reason IS NULL)", "replaced_with_reason"),)

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    verifier_code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    named_by: Mapped[str] = mapped_column(Text)
    named_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Site(Base):
    """A meter or a parcel, numbered, so that its days have a place on one line of integers."""

    __tablename__ = "claimed_sites"

    site_no: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    site_key: Mapped[str] = mapped_column(TextKey, unique=True)


class ReportSite(Base):
    """The days of a meter or parcel that a report claims: no other project's report may (R7)."""

    __tablename__ = "report_sites"
    __table_args__ = (
        ExcludeConstraint(
            ("claim", "&&"), name=SITE_CONSTRAINT, using="gist", where=text("NOT released")
        ),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"), primary_key=True)
    site_no: Mapped[int] = mapped_column(ForeignKey("claimed_sites.site_no"), primary_key=True)
    claim: Mapped[Range[int]] = mapped_column(INT8RANGE)
    released: Mapped[bool] = mapped_column(default=False)


class ReportUpload(Base):
    """Which files a report was computed from."""

    __tablename__ = "report_uploads"

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"), primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)


class ReportAggregate(Base):
    """Which aggregates a report claims; one that is not released serves no other report."""

    __tablename__ = "report_aggregates"
    __table_args__ = (
        Index(AGGREGATE_INDEX, "aggregate_id", unique=True, postgresql_where=text("NOT released")),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"), primary_key=True)
    aggregate_id: Mapped[str] = mapped_column(
        ForeignKey("aggregates.aggregate_id"), primary_key=True
    )
    released: Mapped[bool] = mapped_column(default=False)


class ReportChange(Base):
    """One step of a report: who did it, when."""

    __tablename__ = "report_changes"

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeletedFile(Base):
    """A file of evidence whose bytes were deleted after their retention; what it was stays known."""

    __tablename__ = "deleted_files"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(TextKey)
    reason: Mapped[str] = mapped_column(Text)
    deleted_by: Mapped[str] = mapped_column(Text)
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime)
