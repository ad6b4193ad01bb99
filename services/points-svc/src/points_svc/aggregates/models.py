"""The table of aggregates: few rows, read beside the trips of every shard (a reference table)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from tht_kit.db import UtcDateTime


class Aggregate(Base):
    """Credited grams gathered for one project; issued when issuance-svc says so."""

    __tablename__ = "aggregates"
    __table_args__ = (
        CheckConstraint("period_start <= period_end", "period"),
        CheckConstraint("trips > 0 AND total_g > 0", "positive"),
        CheckConstraint("(issuance_id IS NULL) = (issued_at IS NULL)", "issued_as_a_whole"),
    )

    aggregate_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(Text)
    operator_code: Mapped[str] = mapped_column(Text)
    scenario_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    period_start: Mapped[date]
    period_end: Mapped[date]
    trips: Mapped[int] = mapped_column(BigInteger)
    total_g: Mapped[int] = mapped_column(BigInteger)
    by_vintage_g: Mapped[dict[str, int]] = mapped_column(JSONB)
    factor_versions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    evidence_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issuance_id: Mapped[str | None] = mapped_column(Text)
    report_id: Mapped[str | None] = mapped_column(Text)
    blocks: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
