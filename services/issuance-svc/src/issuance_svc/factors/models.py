"""Table of the factors and parameters: a row is written once and never changed."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey

GRADES = ("V1", "V2", "V3", "M", "D")


class Factor(Base):
    """One value of one kind, for at most one region, subject and year; `grade` says how sure it is."""

    __tablename__ = "factors"
    __table_args__ = (
        CheckConstraint(f"grade IN {GRADES}", "known_grade"),
        CheckConstraint("version >= 1", "positive_version"),
        Index(
            "uq_factors__place",
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
