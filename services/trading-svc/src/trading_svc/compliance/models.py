"""Tables of 履约: the rules by year, each enterprise's year, and what it surrendered."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from tht_kit.db import TextKey, UtcDateTime
from trading_svc.base import Base
from trading_svc.compliance.rules import CapBase, Rule, Scheme


class OffsetRule(Base):
    """Reference data with its grade and source, loaded from seeds/offset_rules.yaml.

    A row is written once and never changed: a correction is a new version, the newest one holds.
    """

    __tablename__ = "offset_rules"
    __table_args__ = (
        CheckConstraint("version >= 1", "positive_version"),
        CheckConstraint("cap_pct BETWEEN 0 AND 100", "cap_pct"),
        CheckConstraint("min_local_pct BETWEEN 0 AND 100", "min_local_pct"),
    )

    scheme: Mapped[str] = mapped_column(Text, primary_key=True)
    compliance_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit_type: Mapped[str] = mapped_column(Text)
    cap_pct: Mapped[int]
    cap_base: Mapped[str] = mapped_column(Text)
    min_local_pct: Mapped[int | None]
    operation_after: Mapped[date | None]
    sink_exempt_from_operation_date: Mapped[bool]
    vintage_from: Mapped[date | None]
    registered_after: Mapped[date | None]
    excluded_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    capped_boundary_excluded: Mapped[bool]
    evidence_grade: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)

    @property
    def rule(self) -> Rule:
        return Rule(
            scheme=Scheme(self.scheme),
            compliance_year=self.compliance_year,
            unit_type=self.unit_type,
            cap_pct=self.cap_pct,
            cap_base=CapBase(self.cap_base),
            min_local_pct=self.min_local_pct,
            operation_after=self.operation_after,
            sink_exempt_from_operation_date=self.sink_exempt_from_operation_date,
            vintage_from=self.vintage_from,
            registered_after=self.registered_after,
            excluded_types=tuple(self.excluded_types),
            capped_boundary_excluded=self.capped_boundary_excluded,
        )


class EnterpriseYear(Base):
    """An enterprise on a year's list. The row is the lock under which its units are counted."""

    __tablename__ = "enterprise_years"
    __table_args__ = (
        CheckConstraint("obligation_t >= 0", "obligation"),
        CheckConstraint("local_used_t >= 0 AND local_used_t <= used_t", "used"),
    )

    account_code: Mapped[str] = mapped_column(
        TextKey, ForeignKey("accounts.organisation_code"), primary_key=True
    )
    compliance_year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    obligation_t: Mapped[int] = mapped_column(BigInteger)
    verified_emissions_t: Mapped[int | None] = mapped_column(BigInteger)
    in_national_ets: Mapped[bool]
    due_on: Mapped[date]
    used_t: Mapped[int] = mapped_column(BigInteger)
    local_used_t: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def scheme(self) -> Scheme:
        return Scheme.NATIONAL if self.in_national_ets else Scheme.LOCAL


class Surrender(Base):
    """Units accepted against one enterprise's obligation of one year."""

    __tablename__ = "surrenders"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_code", "compliance_year"],
            ["enterprise_years.account_code", "enterprise_years.compliance_year"],
        ),
        CheckConstraint("quantity_t > 0 AND local_t >= 0 AND local_t <= quantity_t", "quantity"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_code: Mapped[str] = mapped_column(TextKey)
    compliance_year: Mapped[int]
    quantity_t: Mapped[int] = mapped_column(BigInteger)
    local_t: Mapped[int] = mapped_column(BigInteger)
    retirement_id: Mapped[UUID] = mapped_column(ForeignKey("retirements.id"), unique=True)
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime)
