"""Tables of a verification: public comments, findings, what was checked, the opinion."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from issuance_svc.verifications.rules import CheckResult, FindingKind, FindingStatus, Subject
from tht_kit.db import TextKey, UtcDateTime


def _listed(values: type[StrEnum]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class ReportComment(Base):
    """A comment of the public on a report under notice (公示意见), and its answer."""

    __tablename__ = "report_comments"
    __table_args__ = (
        CheckConstraint(
            "(answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL)",
            "answered_as_a_whole",
        ),
        Index("ix_report_comments__report_id", "report_id", "comment_id"),
    )

    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"))
    author_name: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Finding(Base):
    """What the verifier wants corrected (CAR), explained (CL) or done until the next time (FAR)."""

    __tablename__ = "findings"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_listed(FindingKind)})", "known_kind"),
        CheckConstraint(f"status IN ({_listed(FindingStatus)})", "known_status"),
        # Numbers run through all revisions of a report: CAR 2 is one finding for ever.
        UniqueConstraint("root_report_id", "kind", "number"),
        Index("ix_findings__project_id", "project_id", "finding_id"),
    )

    finding_id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"))
    root_report_id: Mapped[UUID]
    project_id: Mapped[str] = mapped_column(TextKey)
    kind: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    status: Mapped[str] = mapped_column(Text)
    # A JSON Pointer into the report's calculation or sampling plan, and what stood there when the
    # finding was raised.
    reference: Mapped[str | None] = mapped_column(Text)
    referenced: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number}"


class FindingEntry(Base):
    """One turn of the exchange about a finding; nothing said is ever changed."""

    __tablename__ = "finding_entries"

    finding_id: Mapped[UUID] = mapped_column(ForeignKey("findings.finding_id"), primary_key=True)
    entry_no: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    upload_ids: Mapped[list[str]] = mapped_column(JSONB)
    document_ids: Mapped[list[str]] = mapped_column(JSONB)
    organisation_code: Mapped[str] = mapped_column(Text)
    said_by: Mapped[str] = mapped_column(Text)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Check(Base):
    """One item of the sampling plan (抽样方案): which meter, plot, month or record is looked at."""

    __tablename__ = "verification_checks"
    __table_args__ = (
        CheckConstraint(f"subject IN ({_listed(Subject)})", "known_subject"),
        UniqueConstraint("report_id", "subject", "label"),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"), primary_key=True)
    check_no: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    planned_by: Mapped[str] = mapped_column(Text)
    planned_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CheckRecord(Base):
    """What was found when an item was looked at; records are only added (`rules.counted`)."""

    __tablename__ = "verification_check_records"
    __table_args__ = (
        CheckConstraint(f"result IN ({_listed(CheckResult)})", "known_result"),
        CheckConstraint("(result = 'misstated') = (misstatement_t <> 0)", "misstated_by_something"),
        ForeignKeyConstraint(
            ["report_id", "check_no"],
            ["verification_checks.report_id", "verification_checks.check_no"],
        ),
    )

    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    check_no: Mapped[int] = mapped_column(primary_key=True)
    record_no: Mapped[int] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(Text)
    misstatement_t: Mapped[Decimal] = mapped_column(Numeric)
    note: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerificationOpinion(Base):
    """The opinion, with every field that a verification opinion must have."""

    __tablename__ = "verification_opinions"
    __table_args__ = (
        CheckConstraint("conclusion IN ('positive', 'negative')", "known_conclusion"),
        CheckConstraint("assurance_level IN ('reasonable', 'limited')", "known_assurance"),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.report_id"), primary_key=True)
    body_code: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    criteria: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    assurance_level: Mapped[str] = mapped_column(Text)
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    period_start: Mapped[date]
    period_end: Mapped[date]
    conclusion: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    misstated_t: Mapped[Decimal] = mapped_column(Numeric)
    given_by: Mapped[str] = mapped_column(Text)
    given_on: Mapped[date]
    # The bureau's officer who accepted a self-prepared verification.
    reviewed_by: Mapped[str | None] = mapped_column(Text)
