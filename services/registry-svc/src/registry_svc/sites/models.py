"""Tables of the sites (项目用地与设备): what a project holds, so that no other project may."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime

HELD = text("released_at IS NULL")


class Meter(Base):
    """A meter (电表) of a project. One project holds it; a deregistered one for ever (R7, R9)."""

    __tablename__ = "project_meters"
    __table_args__ = (
        Index("uq_project_meters__meter_no", "meter_no", unique=True, postgresql_where=HELD),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    meter_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Parcel(Base):
    """A parcel (地块) of a project, held like a meter; its number is unique in its district."""

    __tablename__ = "project_parcels"
    __table_args__ = (
        Index(
            "uq_project_parcels__district_code_parcel_no",
            "district_code",
            "parcel_no",
            unique=True,
            postgresql_where=HELD,
        ),
        CheckConstraint("area_m2 > 0", "area_positive"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    parcel_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    district_code: Mapped[str] = mapped_column(Text)
    area_m2: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    land_use: Mapped[str] = mapped_column(Text)
    non_forest_since: Mapped[date]
    is_wetland: Mapped[bool]
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
