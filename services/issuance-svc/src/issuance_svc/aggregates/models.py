"""Read model of points-svc's aggregates: citizens' grams as activity data."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey


class Aggregate(Base):
    """A closed aggregate: a fact that never changes."""

    __tablename__ = "aggregates"
    __table_args__ = (CheckConstraint("total_g > 0", "positive_grams"),)

    aggregate_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    source_event_id: Mapped[UUID] = mapped_column(unique=True)
    project_id: Mapped[str] = mapped_column(TextKey, index=True)
    operator_code: Mapped[str] = mapped_column(Text)
    period_start: Mapped[date]
    period_end: Mapped[date]
    trips: Mapped[int] = mapped_column(BigInteger)
    total_g: Mapped[int] = mapped_column(BigInteger)
    by_vintage_g: Mapped[dict[str, int]] = mapped_column(JSONB)
    factor_versions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    evidence_sha256: Mapped[str] = mapped_column(Text)
