"""Claim rules on the wire."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from issuance_svc.methodologies.calculation import Number
from tht_kit.fields import Day, DecimalText, Prose

UnitType = Literal["CQCER", "CCER"]
Grade = Literal["V1", "V2", "V3", "M", "D"]
Percent = Annotated[DecimalText, Field(gt=0, le=100, max_digits=5, decimal_places=2)]


class ClaimRuleIn(BaseModel):
    """The whole rule; numbers for which there is no text carry a grade of their own."""

    model_config = ConfigDict(extra="forbid")

    vintage_after: Day = Field(description="此日之后产生的方可申领 / generated after (R6)")
    lookback_years: int = Field(ge=1, le=50, strict=True)
    notice_working_days: int = Field(ge=1, le=250, strict=True)
    decision_working_days: int = Field(ge=1, le=250, strict=True)
    retention_years: int = Field(
        ge=10, le=100, strict=True, description="R11：至少十年 / ten years at least"
    )
    grade: Grade
    source: Prose
    materiality_pct: Percent = Field(description="重要性水平，% / materiality")
    verification_working_days: int = Field(ge=1, le=250, strict=True)
    verification_grade: Grade


class ClaimRuleOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    unit_type: str
    vintage_after: date
    lookback_years: int
    notice_working_days: int
    decision_working_days: int
    retention_years: int
    grade: str
    source: str
    materiality_pct: Number
    verification_working_days: int
    verification_grade: str
