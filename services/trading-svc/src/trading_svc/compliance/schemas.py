"""履约 on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from trading_svc.compliance.models import OffsetRule
from trading_svc.compliance.service import Standing, Surrendered
from trading_svc.fields import Day
from trading_svc.retirements.schemas import QuantityT, RetiredOut, Serials, Vintage

OBLIGATION_T_MAX = 10**12


class ObligationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    obligation_t: int = Field(
        ge=0, le=OBLIGATION_T_MAX, strict=True, description="应清缴配额 / surrender obligation"
    )
    due_on: Day = Field(description="清缴截止日 / deadline")
    verified_emissions_t: int | None = Field(
        default=None, ge=0, le=OBLIGATION_T_MAX, strict=True, description="审定排放量"
    )
    in_national_ets: bool = Field(default=False, description="纳入全国碳市场 / R24")


class ObligationOut(BaseModel):
    organisation_code: str
    compliance_year: int
    obligation_t: int
    verified_emissions_t: int | None
    in_national_ets: bool
    due_on: date
    version: int


class OffsetRuleOut(BaseModel):
    """The rule with its evidence grade and source."""

    scheme: Literal["LOCAL", "NATIONAL"]
    compliance_year: int
    version: int = Field(description="更正时递增 / a correction is a new version")
    unit_type: str
    cap_pct: int
    cap_base: Literal["SURRENDER_OBLIGATION", "VERIFIED_EMISSIONS"]
    min_local_pct: int | None
    operation_after: date | None
    sink_exempt_from_operation_date: bool
    vintage_from: date | None
    registered_after: date | None
    excluded_types: list[str]
    capped_boundary_excluded: bool
    evidence_grade: str
    source: str

    @classmethod
    def of(cls, rule: OffsetRule) -> Self:
        return cls.model_validate(rule, from_attributes=True)


class StandingOut(BaseModel):
    organisation_code: str
    compliance_year: int
    obligation_t: int
    due_on: date
    rule: OffsetRuleOut
    max_offset_t: int = Field(description="R22: floor(base x cap)")
    used_t: int
    remaining_t: int = Field(description="还可使用 / how many more may be used")
    outside_remaining_t: int = Field(
        description="其中此刻可用的市外减排量（R23） / of these from outside the city, as it stands"
    )
    local_used_t: int
    allowances_due_t: int = Field(description="仍须以配额清缴 / allowances still due")
    status: Literal["OPEN", "PAST_DUE"] = Field(
        description="清缴期状态；合规结论另需配额登记系统数据"
        " / of the period; compliance itself also needs the allowance registry's figures"
    )

    @classmethod
    def of(cls, standing: Standing, *, today: date) -> Self:
        year = standing.year
        return cls(
            organisation_code=year.account_code,
            compliance_year=year.compliance_year,
            obligation_t=year.obligation_t,
            due_on=year.due_on,
            rule=OffsetRuleOut.of(standing.rule),
            max_offset_t=standing.max_offset_t,
            used_t=year.used_t,
            remaining_t=standing.remaining_t,
            outside_remaining_t=standing.outside_remaining_t,
            local_used_t=year.local_used_t,
            allowances_due_t=standing.allowances_due_t,
            status="OPEN" if today <= year.due_on else "PAST_DUE",
        )


class SurrenderIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    year: int = Field(ge=2000, le=2100, strict=True, description="履约年度 / compliance year")
    quantity_t: QuantityT
    project_id: UUID | None = None
    vintage: Vintage | None = None
    serials: Serials


class SurrenderOut(BaseModel):
    """An accepted surrender, the retirement behind it and what is left of the year."""

    surrender_id: UUID
    organisation_code: str
    compliance_year: int
    quantity_t: int
    local_t: int
    retirement_id: UUID
    accepted_at: datetime
    retirement: RetiredOut
    certificate_id: str
    used_t: int
    remaining_t: int

    @classmethod
    def of(cls, found: Surrendered) -> Self:
        surrender = found.surrender
        return cls(
            surrender_id=surrender.id,
            organisation_code=surrender.account_code,
            compliance_year=surrender.compliance_year,
            quantity_t=surrender.quantity_t,
            local_t=surrender.local_t,
            retirement_id=surrender.retirement_id,
            accepted_at=surrender.accepted_at,
            retirement=RetiredOut.of_retired(found.retired),
            certificate_id=found.retired.certificate.certificate_id,
            used_t=found.standing.year.used_t,
            remaining_t=found.standing.remaining_t,
        )
