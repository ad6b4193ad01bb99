"""Read models of what registry-svc owns: projects and the working-day calendar."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from issuance_svc.base import Base
from tht_kit.db import TextKey

REGISTERED = "REGISTERED"
DEREGISTERED = "DEREGISTERED"


class Project(Base):
    """A project as its newest event told; `version` orders the events."""

    __tablename__ = "projects"
    __table_args__ = (CheckConstraint("project_no BETWEEN 1 AND 9999", "four_digits"),)

    project_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    project_no: Mapped[int] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[str] = mapped_column(Text)
    project_type: Mapped[str] = mapped_column(Text)
    scope_code: Mapped[str] = mapped_column(Text)
    methodology_code: Mapped[str] = mapped_column(Text)
    owner_code: Mapped[str] = mapped_column(Text)
    validator_code: Mapped[str] = mapped_column(Text)
    pdd_author_code: Mapped[str] = mapped_column(Text)
    district_code: Mapped[str] = mapped_column(Text)
    is_local: Mapped[bool]
    construction_start: Mapped[date]
    operation_date: Mapped[date]
    crediting_start: Mapped[date]
    crediting_end: Mapped[date]
    meters: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parcels: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    species: Mapped[str | None] = mapped_column(Text)
    baseline_grid: Mapped[str | None] = mapped_column(Text)
    baseline_factor_year: Mapped[int | None]
    registered_on: Mapped[date]
    # Why the project is suspended or deregistered, for those who may not go on.
    status_reason: Mapped[str | None] = mapped_column(Text)
    capacity_kw: Mapped[Decimal | None] = mapped_column(Numeric)
    pv_mode: Mapped[str | None] = mapped_column(Text)
    latitude: Mapped[Decimal | None] = mapped_column(Numeric)
    longitude: Mapped[Decimal | None] = mapped_column(Numeric)
    non_permanence: Mapped[str] = mapped_column(Text, default="none")
    # False: the methodology lets the owner prepare the verification itself.
    third_party_required: Mapped[bool] = mapped_column(default=True)


class CalendarYearRow(Base):
    """One published year of working days."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holidays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    makeup_workdays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    source: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
