"""Tables of the methodologies (方法学): one row per version, its expert panels and its steps."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class ProjectType(StrEnum):
    DISTRIBUTED_PV = "distributed_pv"  # 分布式光伏
    AFFORESTATION = "afforestation"  # 造林碳汇
    CITIZEN_TRAVEL = "citizen_travel"  # 市民绿色出行


class MethodologyStatus(StrEnum):
    DRAFT = "DRAFT"
    REVIEWED = "REVIEWED"
    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"


class NonPermanence(StrEnum):
    """How the risk that a removal is lost again is covered (R20)."""

    NONE = "none"
    DEDUCTION = "deduction"  # never issued
    BUFFER = "buffer"  # issued into an account that can only cancel


def _quoted(values: type[StrEnum]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Methodology(Base):
    __tablename__ = "methodologies"
    __table_args__ = (
        CheckConstraint(f"project_type IN ({_quoted(ProjectType)})", "known_project_type"),
        CheckConstraint(f"status IN ({_quoted(MethodologyStatus)})", "known_status"),
        CheckConstraint(f"non_permanence IN ({_quoted(NonPermanence)})", "known_non_permanence"),
        CheckConstraint(
            "crediting_years_min BETWEEN 1 AND crediting_years_max", "crediting_years_in_order"
        ),
        CheckConstraint(
            "(published_at IS NULL) = (status IN ('DRAFT', 'REVIEWED'))", "published_as_a_whole"
        ),
        CheckConstraint("(withdrawn_on IS NULL) = (status <> 'WITHDRAWN')", "withdrawn_as_a_whole"),
        UniqueConstraint("series", "version_no"),
    )

    methodology_code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    series: Mapped[str] = mapped_column(TextKey)
    version_no: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    project_type: Mapped[str] = mapped_column(Text)
    scope_code: Mapped[str] = mapped_column(Text)
    crediting_years_min: Mapped[int]
    crediting_years_max: Mapped[int]
    third_party_required: Mapped[bool]
    non_permanence: Mapped[str] = mapped_column(Text)
    # [{field, op, value, zh, en}], evaluated by `rules.check`.
    applicability: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    # The last day on which a superseded or withdrawn version may still register projects.
    transition_until: Mapped[date | None]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_on: Mapped[date | None]
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)

    def is_in_force(self, day: date) -> bool:
        """Say whether a project may be filed under this version on the day."""
        return self.status == MethodologyStatus.PUBLISHED and self._covers(day)

    def is_registrable(self, day: date) -> bool:
        """Say whether a filed project may still be registered under this version on the day."""
        if self.status == MethodologyStatus.WITHDRAWN:
            return self.transition_until is not None and self._covers(day)
        return self.is_in_force(day)

    def _covers(self, day: date) -> bool:
        ends = [end for end in (self.valid_until, self.transition_until) if end is not None]
        return self.valid_from <= day and all(day <= end for end in ends)


class Panel(Base):
    """One meeting of the expert panel (专家评审) and the vote it recorded."""

    __tablename__ = "methodology_panels"
    __table_args__ = (Index("ix_methodology_panels__code", "methodology_code", "panel_id"),)

    panel_id: Mapped[UUID] = mapped_column(primary_key=True)
    methodology_code: Mapped[str] = mapped_column(
        TextKey, ForeignKey("methodologies.methodology_code")
    )
    held_on: Mapped[date]
    members: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    minutes: Mapped[str] = mapped_column(Text)
    approve_votes: Mapped[int]
    reject_votes: Mapped[int]
    abstain_votes: Mapped[int]
    is_passed: Mapped[bool]
    is_unanimous: Mapped[bool]
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MethodologyStep(Base):
    """One step of a version's life: who took it, who approved it, why."""

    __tablename__ = "methodology_steps"
    __table_args__ = (CheckConstraint(f"status IN ({_quoted(MethodologyStatus)})", "known_status"),)

    step_id: Mapped[UUID] = mapped_column(primary_key=True)
    methodology_code: Mapped[str] = mapped_column(
        TextKey, ForeignKey("methodologies.methodology_code"), index=True
    )
    status: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PanelRule(Base):
    """How many experts a panel needs and what share of their votes carries, from a day on."""

    __tablename__ = "panel_rules"
    __table_args__ = (
        CheckConstraint("members_min > 0", "members_positive"),
        CheckConstraint("0 < majority_of AND majority_of <= majority_in", "majority_is_a_share"),
    )

    valid_from: Mapped[date] = mapped_column(primary_key=True)
    members_min: Mapped[int]
    # At least majority_of in majority_in of the members who may vote must approve: 2 in 3.
    majority_of: Mapped[int]
    majority_in: Mapped[int]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
