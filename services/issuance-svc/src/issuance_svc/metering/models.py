"""Tables of meters and of what they measured. Rows are written once and never changed."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class Channel(StrEnum):
    """What a channel measures, seen from the project."""

    EXPORT = "export"
    IMPORT = "import"
    GENERATION = "generation"
    AUXILIARY = "auxiliary"
    NET = "net"


class CheckKind(StrEnum):
    CALIBRATION = "calibration"
    FAULT = "fault"


CHANNELS = tuple(channel.value for channel in Channel)


class MeterClaim(Base):
    """Which project a meter number belongs to, for ever (R7)."""

    __tablename__ = "meter_claims"

    meter_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    project_id: Mapped[str] = mapped_column(TextKey)


class Meter(Base):
    """One version of a meter's record; the newest counts, older ones show what was known when."""

    __tablename__ = "meters"
    __table_args__ = (
        UniqueConstraint("project_id", "meter_no", "version"),
        CheckConstraint("class_pct > 0 AND multiplier > 0", "positive_facts"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", "valid_span"),
        CheckConstraint(f"channels <@ ARRAY{list(CHANNELS)}::text[]", "known_channels"),
    )

    meter_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(TextKey)
    meter_no: Mapped[str] = mapped_column(TextKey)
    version: Mapped[int]
    # Maximum permissible error of the accuracy class, in per cent: 0.5 for class 0.5.
    class_pct: Mapped[Decimal] = mapped_column(Numeric)
    # Ratio of the current transformer times that of the voltage transformer.
    multiplier: Mapped[Decimal] = mapped_column(Numeric)
    # Digits before the point: the register turns over at 10 to this power.
    register_digits: Mapped[int]
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    initial_indexes: Mapped[dict[str, str]] = mapped_column(JSONB)
    final_indexes: Mapped[dict[str, str]] = mapped_column(JSONB)
    replaced_by: Mapped[str | None] = mapped_column(Text)
    replaces: Mapped[str | None] = mapped_column(Text)
    # Its MWh carry green certificates (绿证): they cannot become reductions as well (R7).
    green_certificates: Mapped[bool]
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MeterCheck(Base):
    """A calibration with its result, or a fault, of one meter; `replaces` corrects an earlier row."""

    __tablename__ = "meter_checks"
    __table_args__ = (
        CheckConstraint("kind IN ('calibration', 'fault')", "known_kind"),
        CheckConstraint(
            "(kind = 'calibration') = (error_pct IS NOT NULL)"
            " AND (kind = 'calibration') = (valid_until IS NOT NULL)",
            "result_of_a_calibration",
        ),
        Index(
            "uq_meter_checks__place",
            "project_id",
            "meter_no",
            "kind",
            "performed_on",
            "replaces",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        UniqueConstraint("replaces"),
    )

    check_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(TextKey)
    meter_no: Mapped[str] = mapped_column(TextKey)
    kind: Mapped[str] = mapped_column(Text)
    performed_on: Mapped[date]
    error_pct: Mapped[Decimal | None] = mapped_column(Numeric)
    valid_until: Mapped[date | None]
    certificate_no: Mapped[str | None] = mapped_column(Text)
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("meter_checks.check_id"))
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IntervalDay(Base):
    """One channel of one meter on one legal day, its intervals in an array, NULL where one is missing.

    `cells` hold whole numbers (`wide_cells`, where 64 bits do not hold the file's digits); a cell
    times `factor`, by `per_kwh`, is its energy in kWh. The sums are such products, not yet divided:
    of what is above and below zero, of the largest cell, the lowest one, and of the night.
    """

    __tablename__ = "interval_days"
    __table_args__ = (
        CheckConstraint("(cells IS NULL) <> (wide_cells IS NULL)", "one_kind_of_cells"),
        Index("ix_interval_days__day", "upload_id", "day"),
    )

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    meter_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    channel: Mapped[str] = mapped_column(TextKey, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    interval_min: Mapped[int]
    cells: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    wide_cells: Mapped[list[Decimal | None] | None] = mapped_column(ARRAY(Numeric))
    factor: Mapped[Decimal] = mapped_column(Numeric)
    per_kwh: Mapped[Decimal] = mapped_column(Numeric)
    present: Mapped[int]
    positive: Mapped[Decimal] = mapped_column(Numeric)
    negative: Mapped[Decimal] = mapped_column(Numeric)
    largest: Mapped[Decimal] = mapped_column(Numeric)
    deepest: Mapped[Decimal] = mapped_column(Numeric)
    # Longest run of one unchanging value other than zero, in minutes.
    stale_min: Mapped[int]
    night: Mapped[Decimal | None] = mapped_column(Numeric)
    # That of the meter's record when the file was read; NULL where its values were primary ones.
    multiplier: Mapped[Decimal | None] = mapped_column(Numeric)


class RegisterSpan(Base):
    """The energy between two readings of one register; `ended_on` is the last day it touches."""

    __tablename__ = "register_spans"
    __table_args__ = (CheckConstraint("kwh >= 0 AND ended_on >= started_on", "forward"),)

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    meter_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    channel: Mapped[str] = mapped_column(TextKey, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_on: Mapped[date]
    ended_on: Mapped[date]
    index_before: Mapped[Decimal] = mapped_column(Numeric)
    index_after: Mapped[Decimal] = mapped_column(Numeric)
    multiplier: Mapped[Decimal] = mapped_column(Numeric)
    rolled_over: Mapped[bool]
    kwh: Mapped[Decimal] = mapped_column(Numeric)
