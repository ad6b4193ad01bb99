"""Tables of the uploads: the file once, its problems, and its rows as typed records."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from issuance_svc.uploads.rules import State
from tht_kit.db import TextKey, UtcDateTime


class UploadContent(Base):
    """The bytes of a file of before there was a store of blobs; kept as evidence (R11)."""

    __tablename__ = "upload_contents"

    sha256: Mapped[str] = mapped_column(TextKey, primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Upload(Base):
    """A file given as evidence for one project, and the job that reads it.

    `lease_until` is by the database's clock: a moved sandbox clock must not free a live job.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint(
            "project_id", "kind", "options_key", "sha256", name="uq_uploads__same_file"
        ),
        CheckConstraint(f"state IN ({', '.join(repr(str(s)) for s in State)})", "known_state"),
        CheckConstraint("(state = 'READING') = (worker IS NOT NULL)", "reading_has_worker"),
        CheckConstraint("(worker IS NULL) = (lease_until IS NULL)", "worker_has_lease"),
        Index("ix_uploads__project", "project_id", "upload_id"),
        Index(
            "ix_uploads__waiting",
            "upload_id",
            postgresql_where=text("state IN ('RECEIVED', 'READING')"),
        ),
    )

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(TextKey)
    kind: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    options_key: Mapped[str] = mapped_column(TextKey)
    sha256: Mapped[str] = mapped_column(TextKey)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(BigInteger)
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rows_read: Mapped[int] = mapped_column(BigInteger)
    bytes_read: Mapped[int] = mapped_column(BigInteger)
    problems_total: Mapped[int] = mapped_column(BigInteger)
    refusal: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    attempts: Mapped[int]
    worker: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    uploaded_by: Mapped[str] = mapped_column(Text)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class UploadProblem(Base):
    """One mistake of a refused file."""

    __tablename__ = "upload_problems"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    problem_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sheet: Mapped[str | None] = mapped_column(Text)
    row_no: Mapped[int | None] = mapped_column(BigInteger)
    column_name: Mapped[str | None] = mapped_column(Text)
    what_zh: Mapped[str] = mapped_column(Text)
    what_en: Mapped[str] = mapped_column(Text)
    cure_zh: Mapped[str] = mapped_column(Text)
    cure_en: Mapped[str] = mapped_column(Text)


class MeterReading(Base):
    """One month of one meter's registers, in kWh."""

    __tablename__ = "meter_readings"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    meter_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    export_kwh: Mapped[Decimal] = mapped_column(Numeric)
    import_kwh: Mapped[Decimal] = mapped_column(Numeric)
    calibration: Mapped[str] = mapped_column(Text)
    mpe_pct: Mapped[Decimal | None] = mapped_column(Numeric)
    error_pct: Mapped[Decimal | None] = mapped_column(Numeric)


class PlotMeasurement(Base):
    """One permanent plot on one day; one of the two value columns is filled."""

    __tablename__ = "plot_measurements"
    __table_args__ = (
        CheckConstraint("(volume_m3_per_ha IS NULL) <> (agb_t_per_ha IS NULL)", "one_path"),
    )

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.upload_id"), primary_key=True)
    plot_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    measured_on: Mapped[date] = mapped_column(primary_key=True)
    stratum: Mapped[str] = mapped_column(Text)
    plot_area_m2: Mapped[Decimal] = mapped_column(Numeric)
    stratum_area_ha: Mapped[Decimal] = mapped_column(Numeric)
    volume_m3_per_ha: Mapped[Decimal | None] = mapped_column(Numeric)
    agb_t_per_ha: Mapped[Decimal | None] = mapped_column(Numeric)
