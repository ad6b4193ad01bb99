"""Table of the reviews: what an alarm asks a person to look at, and what that person decided."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class ReviewStatus(StrEnum):
    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    # What it was about no longer claims anything: nobody accepted it.
    LAPSED = "LAPSED"


STATUSES = ", ".join(f"'{status}'" for status in ReviewStatus)


class Review(Base):
    """One alarm about one subject, such as a report; never decided without a person."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint(
            "(status IN ('ACCEPTED', 'REJECTED'))"
            " = (decided_by IS NOT NULL AND decided_at IS NOT NULL AND comment IS NOT NULL)",
            "decided_by_a_person",
        ),
        CheckConstraint("decided_by IS NULL OR decided_by <> submitted_by", "not_by_the_submitter"),
        Index("ix_reviews__subject", "subject_type", "subject_id"),
        Index("ix_reviews__status", "status", "review_id"),
        Index("ix_reviews__project_id", "project_id", "review_id"),
    )

    review_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_type: Mapped[str] = mapped_column(TextKey)
    subject_id: Mapped[str] = mapped_column(TextKey)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.project_id"))
    code: Mapped[str] = mapped_column(TextKey)
    text_zh: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    submitted_by: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    officer_code: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str | None] = mapped_column(Text)
