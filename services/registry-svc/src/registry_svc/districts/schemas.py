"""Districts on the wire."""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry_svc.districts.models import District
from tht_kit.fields import Day, Line

DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
DistrictPath = Annotated[
    str, Path(pattern=r"^[0-9]{6}$", description="行政区划代码 / GB/T 2260 code")
]


class DistrictIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line = Field(examples=["两江新区"])
    valid_from: Day = Field(description="生效日 / first day in force")
    valid_until: Day | None = Field(default=None, description="末日（含）/ last day, included")
    successor_codes: list[DistrictCode] = Field(
        default=[], max_length=20, description="继任代码 / what took its place"
    )
    source: Line = Field(examples=["民政部行政区划变更公告"])


class DistrictOut(BaseModel):
    district_code: str
    name: str
    valid_from: date
    valid_until: date | None
    successor_codes: list[str]
    evidence_grade: str
    source: str
    version: int
    changed_at: datetime

    @classmethod
    def of(cls, district: District) -> Self:
        return cls.model_validate(district, from_attributes=True)
