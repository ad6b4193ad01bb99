"""Factors on the wire."""

from typing import Self

from pydantic import BaseModel, Field

from issuance_svc.factors.models import Factor
from issuance_svc.methodologies.calculation import Number


class FactorOut(BaseModel):
    factor_id: str = Field(examples=["grid_baseline_om:CC:2019:v1"])
    kind: str = Field(examples=["grid_baseline_om"])
    region: str | None
    subject: str | None
    year: int | None
    version: int
    value: Number
    unit: str
    grade: str = Field(
        description="V1 正式文本, V2 二手来源, M 凭记忆, D 项目默认 / evidence grade"
    )
    source: str

    @classmethod
    def of(cls, factor: Factor) -> Self:
        return cls.model_validate(factor, from_attributes=True)
