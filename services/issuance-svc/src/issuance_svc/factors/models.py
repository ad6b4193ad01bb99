"""Tables of the factors and parameters: a row is written once and never changed."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime

GRADES = ("V1", "V2", "V3", "M", "D")
# Seen in a public repository without a source: for tests, never for a result.
TEST_ONLY = "V3"
PLACE_INDEX = "uq_factors__place"


class FactorKind(Base):
    """What a kind of factor is, its unit, and the purposes it may serve (R13)."""

    __tablename__ = "factor_kinds"

    kind: Mapped[str] = mapped_column(TextKey, primary_key=True)
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    # None: each factor of the kind states its own.
    unit: Mapped[str | None] = mapped_column(Text)
    dimension: Mapped[str] = mapped_column(Text)
    used_for: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # The kind to ask for where this one may not be used.
    instead: Mapped[str | None] = mapped_column(Text)


class Factor(Base):
    """One value of one kind, for at most one region, subject and year; `grade` says how sure it is."""

    __tablename__ = "factors"
    __table_args__ = (
        CheckConstraint(f"grade IN {GRADES}", "known_grade"),
        CheckConstraint("version >= 1", "positive_version"),
        CheckConstraint("valid_from <= valid_until", "valid_forwards"),
        CheckConstraint("proposed_by <> approved_by", "two_persons"),
        Index(
            PLACE_INDEX,
            "kind",
            "region",
            "subject",
            "year",
            "version",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    factor_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    kind: Mapped[str] = mapped_column(TextKey)
    region: Mapped[str | None] = mapped_column(TextKey)
    subject: Mapped[str | None] = mapped_column(TextKey)
    year: Mapped[int | None]
    version: Mapped[int]
    value: Mapped[Decimal] = mapped_column(Numeric)
    unit: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    # Legal days of the activity that the version may be used for; open where none is stated.
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    # The two persons behind a version; a packaged one has none.
    task_id: Mapped[UUID | None]
    proposed_by: Mapped[str | None] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
