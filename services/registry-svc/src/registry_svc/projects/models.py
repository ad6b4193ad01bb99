"""Tables of the projects (项目): their public notice, validation and history."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry_svc.base import Base
from registry_svc.projects.rules import Ground, ProjectStatus, PvMode, Step, check_step
from registry_svc.sites.models import Meter, Parcel, Vehicle
from tht_kit.db import TextKey, UtcDateTime

STATUSES = ", ".join(f"'{status}'" for status in ProjectStatus)
PV_MODES = ", ".join(f"'{mode}'" for mode in PvMode)
GROUNDS = ", ".join(f"'{ground}'" for ground in Ground)
NUMBERED = "'REGISTERED', 'SUSPENDED', 'DEREGISTERED'"
PROJECT_NO_MAX = 9999


class Project(Base):
    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint(f"status IN ({STATUSES})", "known_status"),
        CheckConstraint(f"project_no BETWEEN 1 AND {PROJECT_NO_MAX}", "four_digits"),
        CheckConstraint(
            f"(project_no IS NOT NULL) = (status IN ({NUMBERED}))", "numbered_when_registered"
        ),
        CheckConstraint(
            "validator_code <> owner_code AND validator_code <> pdd_author_code",
            "validator_is_independent",
        ),
        CheckConstraint(f"pv_mode IN ({PV_MODES})", "known_pv_mode"),
        CheckConstraint(f"deregistration_ground IN ({GROUNDS})", "known_ground"),
        Index("ix_projects__status", "status", "project_id"),
        Index(
            "ix_projects__decision_due",
            "decision_due",
            postgresql_where=text("status = 'VALIDATED'"),
        ),
        Index("ix_projects__owner_code", "owner_code", "project_id"),
        Index("ix_projects__name_grams", text("text_grams(name)"), postgresql_using="gin"),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_no: Mapped[int | None] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(Text)
    unit_type: Mapped[str] = mapped_column(Text)
    project_type: Mapped[str] = mapped_column(Text)
    scope_code: Mapped[str] = mapped_column(Text)
    methodology_code: Mapped[str] = mapped_column(ForeignKey("methodologies.methodology_code"))
    owner_code: Mapped[str] = mapped_column(ForeignKey("organisations.organisation_code"))
    pdd_author_code: Mapped[str] = mapped_column(ForeignKey("organisations.organisation_code"))
    validator_code: Mapped[str | None] = mapped_column(
        ForeignKey("organisations.organisation_code")
    )
    district_code: Mapped[str] = mapped_column(Text)
    is_local: Mapped[bool]
    construction_start: Mapped[date]
    operation_date: Mapped[date]
    crediting_start: Mapped[date]
    crediting_end: Mapped[date]
    species: Mapped[str | None] = mapped_column(Text)
    baseline_grid: Mapped[str | None] = mapped_column(Text)
    baseline_factor_year: Mapped[int | None]
    capacity_kw: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    pv_mode: Mapped[str | None] = mapped_column(Text)
    # As many decimals as were declared: no scale.
    latitude: Mapped[Decimal | None] = mapped_column(Numeric)
    longitude: Mapped[Decimal | None] = mapped_column(Numeric)
    # Somebody claims green certificates (绿证) for the project's MWh: it cannot report them (R7).
    green_certificate_claim: Mapped[bool]
    status: Mapped[str] = mapped_column(Text)
    notice_start: Mapped[date | None]
    notice_end: Mapped[date | None]
    decision_due: Mapped[date | None]
    decided_on: Mapped[date | None]
    registered_on: Mapped[date | None]
    deregistered_on: Mapped[date | None]
    deregistration_ground: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    meters: Mapped[list[Meter]] = relationship(lazy="raise", order_by=Meter.meter_no)
    parcels: Mapped[list[Parcel]] = relationship(lazy="raise", order_by=Parcel.parcel_no)
    vehicles: Mapped[list[Vehicle]] = relationship(lazy="raise", order_by=Vehicle.plate_no)
    validation: Mapped["Validation | None"] = relationship(lazy="raise")
    history: Mapped[list["StatusChange"]] = relationship(
        lazy="raise", order_by="StatusChange.version"
    )

    def move(
        self, step: Step, *, by: str, reason: str | None, now: datetime, task_id: UUID | None = None
    ) -> "StatusChange":
        """Take one step of R12 and return what happened; raises ProjectStepRefused."""
        before = ProjectStatus(self.status)
        check_step(before, step)
        self.status = step.after
        self.version += 1
        return StatusChange(
            project_id=self.project_id,
            version=self.version,
            step=step.name,
            status_before=before,
            status=step.after,
            reason=reason,
            organisation_code=by,
            task_id=task_id,
            changed_at=now,
        )

    @property
    def fleet_size(self) -> int:
        return len(self.vehicles)

    @property
    def is_published(self) -> bool:
        """Say whether it is the public's: from its first notice on, however it ended."""
        return self.notice_start is not None

    @property
    def parties(self) -> frozenset[str]:
        """The organisations that it concerns: owner, author of its design, named validator."""
        found = (self.owner_code, self.pdd_author_code, self.validator_code)
        return frozenset(code for code in found if code is not None)

    def is_under_notice(self, day: date) -> bool:
        """Say whether the public may comment on this legal day."""
        if self.status != ProjectStatus.NOTICE:
            return False
        assert self.notice_start is not None, "set with the status"
        assert self.notice_end is not None, "set with the status"
        return self.notice_start <= day <= self.notice_end

    def is_decision_overdue(self, today: date) -> bool:
        """Say whether the bureau's decision is, or was, later than the law allows (R3)."""
        if self.status == ProjectStatus.RECALLED:
            return False
        return self.decision_due is not None and (self.decided_on or today) > self.decision_due


# The one member of a version's `declared` that came from an imported file.
FROM_FILE = "import"


class ProjectVersion(Base):
    """What the owner declared, as it was filed and each time it was amended."""

    __tablename__ = "project_versions"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    declared: Mapped[dict[str, Any]] = mapped_column(JSONB)
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StatusChange(Base):
    __tablename__ = "project_status_changes"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(Text)
    status_before: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    # Who took the step, for the bureau's steps with the task that two officers decided it in.
    organisation_code: Mapped[str | None] = mapped_column(TextKey)
    task_id: Mapped[UUID | None]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Comment(Base):
    """A comment of the public (公示意见) and the validator's answer."""

    __tablename__ = "project_comments"
    __table_args__ = (
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", "answered_as_a_whole"),
        Index("ix_project_comments__project_id", "project_id", "comment_id"),
        Index("uq_project_comments__idempotency_key", "project_id", "idempotency_key", unique=True),
    )

    comment_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"))
    author_name: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    idempotency_key: Mapped[str | None] = mapped_column(TextKey)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Validation(Base):
    """The validation report (审定报告): a conclusion and the five sections of article 13."""

    __tablename__ = "project_validations"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.project_id"), primary_key=True)
    validator_code: Mapped[str] = mapped_column(ForeignKey("organisations.organisation_code"))
    conclusion: Mapped[str] = mapped_column(Text)
    sections: Mapped[dict[str, str]] = mapped_column(JSONB)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProjectRule(Base):
    """Registration rules of one unit type; graded data, never constants (R1, R2, R3)."""

    __tablename__ = "project_rules"

    unit_type: Mapped[str] = mapped_column(TextKey, primary_key=True)
    construction_after: Mapped[date]
    notice_working_days: Mapped[int]
    decision_working_days: Mapped[int]
    comments_max: Mapped[int]
    retention_years: Mapped[int]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)


class ParcelRule(Base):
    """What a parcel must be, by the day the project's construction started (R19)."""

    __tablename__ = "parcel_rules"

    start_from: Mapped[date] = mapped_column(primary_key=True)
    area_m2_min: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    non_forest_years: Mapped[int]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)


class ProjectNumber(Base):
    """The last project number given. One row: its lock is what makes the numbers free of gaps."""

    __tablename__ = "project_numbers"
    __table_args__ = (
        CheckConstraint("only_row = 1", "one_row"),
        CheckConstraint(f"last_no BETWEEN 1 AND {PROJECT_NO_MAX}", "four_digits"),
    )

    only_row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_no: Mapped[int]
