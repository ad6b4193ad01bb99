"""Neutrality claims on the wire: decimals are strings."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tht_contracts.events.common import OrganisationCode
from tht_kit.fields import Line
from trading_svc.claims import rules
from trading_svc.claims.models import Claim
from trading_svc.claims.service import Declaration, Measure, Source
from trading_svc.fields import Day, Paragraph, Unit
from trading_svc.retirements.schemas import QuantityT, RetiredOut, Vintage

DecimalText = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?$"),
    Field(description="十进制数字符串 / decimal as a string", examples=["352.4"]),
]
SOURCES_MAX = 100
MEASURES_MAX = 50


class EmissionIn(BaseModel):
    """The factor comes from the user, with its year and source (domain 0.1)."""

    model_config = ConfigDict(extra="forbid")

    source: Line = Field(examples=["场馆外购电力"])
    activity: DecimalText
    activity_unit: Unit = Field(examples=["kWh"])
    factor_kg_per_unit: DecimalText
    factor_year: int = Field(ge=1990, le=2100, strict=True)
    factor_source: Line = Field(examples=["生态环境部 2023 年电力二氧化碳排放因子（重庆）"])


class MeasureIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line = Field(examples=["公共交通免费接驳"])
    effect: Paragraph = Field(examples=["减少自驾约 4,000 车次"])


class ClaimIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["EVENT", "TERRITORY"] = Field(
        description="EVENT；行政区域（TERRITORY）一律拒绝 / a territory is always refused (R38)"
    )
    name: Line
    organiser_code: OrganisationCode | None = Field(
        default=None, description="主办方；不填为本单位 / own organisation without it"
    )
    place: Line
    starts_on: Day
    ends_on: Day
    participants: int = Field(ge=0, le=10**9, strict=True)
    boundary: Paragraph = Field(description="核算边界 / accounting boundary")
    emissions: list[EmissionIn] = Field(min_length=1, max_length=SOURCES_MAX)
    measures: list[MeasureIn] = Field(
        default_factory=list,
        max_length=MEASURES_MAX,
        description="减排措施；抵销前必填 / needed before units are retired (R35)",
    )
    confirmation: Literal["SELF_DECLARED"] = "SELF_DECLARED"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on is before starts_on")
        return self

    def declaration(self, own_code: str) -> Declaration:
        return Declaration(
            kind=self.kind,
            name=self.name,
            organiser_code=self.organiser_code or own_code,
            place=self.place,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            participants=self.participants,
            boundary=self.boundary,
            emissions=[Source(**line.model_dump()) for line in self.emissions],
            measures=[Measure(**measure.model_dump()) for measure in self.measures],
            confirmation=self.confirmation,
        )


class MeasuresIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    measures: list[MeasureIn] = Field(min_length=1, max_length=MEASURES_MAX)


class EmissionOut(BaseModel):
    source: str
    activity: str
    activity_unit: str
    factor_kg_per_unit: str
    factor_year: int
    factor_source: str
    emissions_t: str


class MeasureOut(BaseModel):
    name: str
    effect: str


class ClaimOut(BaseModel):
    claim_id: UUID
    account_code: str
    kind: str
    name: str
    organiser_code: str
    place: str
    starts_on: date
    ends_on: date
    participants: int
    boundary: str
    emissions: list[EmissionOut]
    emissions_t: str = Field(description="排放总量，十进制 / total, exact decimal")
    required_t: int = Field(description="至少须注销 / units needed, rounded up (R34)")
    due_on: date = Field(description="应完成日期 / deadline (R36)")
    measures: list[MeasureOut]
    confirmation: Literal["SELF_DECLARED"]
    status: Literal["OPEN", "NEUTRAL", "LATE"]
    retirement_id: UUID | None
    certificate_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, claim: Claim) -> Self:
        return cls(
            claim_id=claim.id,
            account_code=claim.account_code,
            kind=claim.kind,
            name=claim.name,
            organiser_code=claim.organiser_code,
            place=claim.place,
            starts_on=claim.starts_on,
            ends_on=claim.ends_on,
            participants=claim.participants,
            boundary=claim.boundary,
            emissions=[EmissionOut.model_validate(line) for line in claim.emissions],
            emissions_t=claim.emissions_t,
            required_t=claim.required_t,
            due_on=rules.due_on(claim.ends_on),
            measures=[MeasureOut.model_validate(measure) for measure in claim.measures],
            confirmation="SELF_DECLARED",
            status=claim.status,
            retirement_id=claim.retirement_id,
            certificate_id=claim.certificate_id,
            created_at=claim.created_at,
        )


class CoverIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quantity_t: QuantityT
    project_id: UUID | None = None
    vintage: Vintage | None = None


class CoveredOut(BaseModel):
    claim: ClaimOut
    retirement: RetiredOut
    certificate_id: str
