"""Tables of the scenarios: reference data, the same on every shard."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from tht_kit.db import TextKey

GRADES = "grade IN ('V1', 'V2', 'M', 'D')"


class ScenarioRow(Base):
    """What an approval says; the rules that compute stand in its versions."""

    __tablename__ = "scenarios"
    __table_args__ = (
        CheckConstraint(GRADES, "known_grade"),
        CheckConstraint("valid_from <= valid_until", "valid_days"),
        CheckConstraint("pending_days >= 0", "pending_not_negative"),
    )

    scenario_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    mode: Mapped[str] = mapped_column(Text)
    name: Mapped[dict[str, str]] = mapped_column(JSONB)
    feed: Mapped[str] = mapped_column(Text)
    operators: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    city_code: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    pending_days: Mapped[int]
    methodology_code: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)


class ScenarioVersionRow(Base):
    """Formula, plausibility, caps and points rule, each with grade and source; never changed."""

    __tablename__ = "scenario_versions"

    scenario_id: Mapped[str] = mapped_column(
        TextKey, ForeignKey("scenarios.scenario_id"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ProgrammeRuleRow(Base):
    __tablename__ = "programme_rules"
    __table_args__ = (CheckConstraint(GRADES, "known_grade"),)

    rule_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    value: Mapped[int]
    unit: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
