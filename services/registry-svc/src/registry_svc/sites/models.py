"""Tables of the sites (项目用地与设备): what a project holds, so that no other project may."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime

HELD = text("released_at IS NULL")
# Held and drawn: what another parcel may not overlap.
DRAWN = text("released_at IS NULL AND bbox IS NOT NULL")

Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees


class Box(UserDefinedType[Bounds]):
    """PostgreSQL's own `box`: the bounds of an outline, which a core GiST index finds."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BOX"

    def bind_processor(self, dialect: Dialect) -> Callable[[Bounds | None], Any]:
        del dialect

        def corners(bounds: Bounds | None) -> Any:
            return bounds and ((bounds[2], bounds[3]), (bounds[0], bounds[1]))

        return corners

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Bounds | None]:
        del dialect, coltype

        def bounds(box: Any) -> Bounds | None:
            return box and (box.low.x, box.low.y, box.high.x, box.high.y)

        return bounds


# So that migrations can be compared with the models.
ischema_names["box"] = Box


class Meter(Base):
    """A meter (电表) of a project. One project holds it; a deregistered one for ever (R7, R9)."""

    __tablename__ = "project_meters"
    __table_args__ = (
        Index("uq_project_meters__meter_key", "meter_key", unique=True, postgresql_where=HELD),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    meter_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    meter_key: Mapped[str] = mapped_column(TextKey)  # what all spellings of the number share
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
        Index("ix_project_parcels__bbox", "bbox", postgresql_using="gist", postgresql_where=DRAWN),
        CheckConstraint("area_m2 > 0", "area_positive"),
        CheckConstraint("computed_area_m2 > 0", "computed_area_positive"),
        CheckConstraint(
            "num_nulls(outline, bbox, crs, computed_area_m2) IN (0, 4)", "drawn_as_a_whole"
        ),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    parcel_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    district_code: Mapped[str] = mapped_column(Text)
    area_m2: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    land_use: Mapped[str] = mapped_column(Text)
    non_forest_since: Mapped[date]
    is_wetland: Mapped[bool]
    # WKB of a Polygon or MultiPolygon, CGCS2000 longitude and latitude.
    outline: Mapped[bytes | None] = mapped_column(
        LargeBinary, deferred=True, deferred_raiseload=True
    )
    bbox: Mapped[Bounds | None] = mapped_column(Box, deferred=True, deferred_raiseload=True)
    crs: Mapped[str | None] = mapped_column(Text)  # what its owner gave the outline in
    computed_area_m2: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def counted_area_m2(self) -> Decimal:
        """The area that counts: the outline's where there is one (R19), m²."""
        return self.area_m2 if self.computed_area_m2 is None else self.computed_area_m2


class Vehicle(Base):
    """A vehicle (车辆) of a mobility project's fleet, held like a meter."""

    __tablename__ = "project_vehicles"
    __table_args__ = (
        Index("uq_project_vehicles__plate_no", "plate_no", unique=True, postgresql_where=HELD),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    plate_no: Mapped[str] = mapped_column(TextKey, primary_key=True)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
