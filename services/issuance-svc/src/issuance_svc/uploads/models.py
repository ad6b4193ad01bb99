"""Tables of the uploads: the file as it came, once, and its rows as typed records."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Numeric, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class UploadContent(Base):
    """The bytes of a file, stored once whoever sends them; kept as evidence (R11)."""

    __tablename__ = "upload_contents"

    sha256: Mapped[str] = mapped_column(TextKey, primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Upload(Base):
    """A file given as evidence for one project."""

    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint("project_id", "sha256"),
        CheckConstraint("kind IN ('meter_readings', 'plot_inventory')", "known_kind"),
    )

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(TextKey)
    kind: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(ForeignKey("upload_contents.sha256"))
    size_bytes: Mapped[int]
    rows: Mapped[int]
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    uploaded_by: Mapped[str] = mapped_column(Text)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)


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
