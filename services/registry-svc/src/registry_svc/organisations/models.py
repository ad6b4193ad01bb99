"""Tables of the organisations (单位)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class Kind(StrEnum):
    """What an organisation may act as; one organisation may have several kinds."""

    OWNER = "owner"  # 项目业主
    CONTROLLED_ENTERPRISE = "controlled_enterprise"  # 重点排放单位
    VALIDATOR_VERIFIER = "validator_verifier"  # 审定与核查机构
    BUREAU = "bureau"  # 生态环境主管部门
    OPERATOR = "operator"  # 平台运营方
    MOBILITY_PARTNER = "mobility_partner"  # 出行数据方
    MERCHANT = "merchant"  # 商户


# Kinds that decide for or about others: two persons give and take them.
APPOINTED = frozenset({Kind.BUREAU, Kind.OPERATOR, Kind.VALIDATOR_VERIFIER})


class OrganisationStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Action(StrEnum):
    """What made a version of an organisation."""

    REGISTERED = "registered"
    CHANGED = "changed"
    COMPETENCE = "competence"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    BANNED = "banned"


class Requirement(StrEnum):
    """What the rules ask of a validation and verification body (办法, article 30)."""

    STAFF_FULL_TIME_MIN = "staff_full_time_min"
    STAFF_EXPERIENCED_MIN = "staff_experienced_min"
    DISHONESTY_FREE_YEARS = "dishonesty_free_years"
    ACCREDITATION = "accreditation"


FALSIFICATION = "falsification"


def _quoted(values: type[StrEnum]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Organisation(Base):
    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint(
            f"kinds <@ ARRAY[{_quoted(Kind)}] AND cardinality(kinds) > 0", "known_kinds"
        ),
        CheckConstraint(f"status IN ({_quoted(OrganisationStatus)})", "known_status"),
        CheckConstraint("banned_until IS NULL OR status = 'suspended'", "banned_is_suspended"),
        Index("ix_organisations__kinds", "kinds", postgresql_using="gin"),
        Index("ix_organisations__name_grams", text("text_grams(name)"), postgresql_using="gin"),
        Index("ix_organisations__former_codes", "former_codes", postgresql_using="gin"),
    )

    organisation_code: Mapped[str] = mapped_column(TextKey, primary_key=True)
    # 主体标识码, positions 9 to 17: who it is, whatever the rest of the code becomes (R32).
    account_subject: Mapped[str] = mapped_column(TextKey)
    former_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    name: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str | None] = mapped_column(Text)
    # The last day of a ban (R10).
    banned_until: Mapped[date | None]
    # Why two persons entered a code whose check character does not fit.
    code_override_reason: Mapped[str | None] = mapped_column(Text)
    competence: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int]
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def acts_as(self, *kinds: Kind) -> bool:
        """Say whether the organisation is active and has one of the kinds."""
        return self.status == OrganisationStatus.ACTIVE and not set(kinds).isdisjoint(self.kinds)

    def is_banned(self, day: date) -> bool:
        return self.banned_until is not None and day <= self.banned_until


class Subject(Base):
    """Who holds a 主体标识码: one legal subject is one organisation, whatever its codes were."""

    __tablename__ = "organisation_subjects"

    account_subject: Mapped[str] = mapped_column(TextKey, primary_key=True)
    organisation_code: Mapped[str] = mapped_column(
        TextKey, ForeignKey("organisations.organisation_code"), index=True
    )


class OrganisationChange(Base):
    """One version of an organisation as it stood, who made it and why."""

    __tablename__ = "organisation_changes"
    __table_args__ = (CheckConstraint(f"action IN ({_quoted(Action)})", "known_action"),)

    organisation_code: Mapped[str] = mapped_column(
        TextKey, ForeignKey("organisations.organisation_code"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    former_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(Text)
    banned_until: Mapped[date | None]
    competence: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(Text)
    # The second person, where two were needed.
    approved_by: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VerifierRule(Base):
    """What is asked of a validation and verification body from a day on; 0 asks nothing."""

    __tablename__ = "verifier_rules"
    __table_args__ = (
        CheckConstraint(f"requirement IN ({_quoted(Requirement)})", "known_requirement"),
        CheckConstraint("value >= 0", "value_not_negative"),
    )

    requirement: Mapped[str] = mapped_column(TextKey, primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[int]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)


class BanRule(Base):
    """How many calendar years an offence bars from the platform, by the day of the decision."""

    __tablename__ = "ban_rules"
    __table_args__ = (CheckConstraint("years > 0", "years_positive"),)

    offence: Mapped[str] = mapped_column(TextKey, primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    years: Mapped[int]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
