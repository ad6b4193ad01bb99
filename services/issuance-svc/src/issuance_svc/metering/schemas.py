"""Meters on the wire."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from issuance_svc.metering.models import Channel, CheckKind, Meter, MeterCheck
from issuance_svc.metering.rules import Correction, Reason
from issuance_svc.metering.service import MeterFacts
from issuance_svc.methodologies.calculation import Number
from tht_kit.fields import BILINGUAL, Day, DecimalText, Line

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


def _near(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise PydanticCustomError(
            BILINGUAL,
            "{en}",
            {
                "zh": f"日期须在 {FIRST_DAY} 至 {LAST_DAY} 之间",
                "en": f"The day must lie between {FIRST_DAY} and {LAST_DAY}",
            },
        )
    return day


NearDay = Annotated[Day, AfterValidator(_near)]
MeterNo = Annotated[Line, Field(max_length=64, examples=["M1"])]
Index = Annotated[DecimalText, Field(ge=0, max_digits=18, decimal_places=6)]
ErrorPct = Annotated[DecimalText, Field(ge=-100, le=100, max_digits=9, decimal_places=6)]


class MeterIn(BaseModel):
    """What is recorded of one meter."""

    model_config = ConfigDict(extra="forbid")

    meter_no: MeterNo
    class_pct: Annotated[DecimalText, Field(gt=0, le=10, max_digits=9, decimal_places=6)] = Field(
        description="准确度等级的最大允许误差，% / maximum permissible error of its class, %",
        examples=["0.5"],
    )
    multiplier: Annotated[
        DecimalText, Field(gt=0, le=10_000_000, max_digits=16, decimal_places=6)
    ] = Field(
        description="综合倍率 CT×PT / current times voltage transformer ratio", examples=["1"]
    )
    register_digits: int = Field(ge=3, le=12, description="示数整数位 / digits before the point")
    channels: list[Channel] = Field(
        min_length=1,
        max_length=len(Channel),
        description="export 上网, import 下网, generation 发电, auxiliary 厂用电,"
        " net 净值（正为上网，负为下网）/ net: above 0 fed in, below 0 drawn",
    )
    valid_from: NearDay
    valid_until: NearDay | None = None
    initial_indexes: dict[Channel, Index] = Field(
        default_factory=dict, description="起数 / index of each channel on the first day"
    )
    green_certificates: bool = Field(
        default=False, description="其电量已申领绿证 / its MWh carry green certificates (R7)"
    )

    def facts(self) -> MeterFacts:
        return MeterFacts(
            meter_no=self.meter_no,
            class_pct=self.class_pct,
            multiplier=self.multiplier,
            register_digits=self.register_digits,
            channels=sorted(set(self.channels)),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            initial_indexes=self.initial_indexes,
            green_certificates=self.green_certificates,
        )


class MeterRecordIn(MeterIn):
    project_id: str = Field(max_length=64)


class ReplacementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project_id: str = Field(max_length=64)
    meter_no: MeterNo
    replaced_on: NearDay
    final_indexes: dict[Channel, Index] = Field(
        description="旧表止数 / the old meter's last index of each channel"
    )
    successor: MeterIn


class CheckIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project_id: str = Field(max_length=64)
    meter_no: MeterNo
    kind: CheckKind = Field(description="calibration 校准, fault 故障")
    performed_on: NearDay
    error_pct: ErrorPct | None = Field(
        default=None, description="校准测得误差，% / the error found, %", examples=["0.2"]
    )
    valid_until: NearDay | None = Field(
        default=None, description="缺省为一年后同日 / by default the same day a year later"
    )
    certificate_no: Line | None = None
    replaces: UUID | None = Field(default=None, description="被更正的记录 / the record it corrects")


class MeterOut(BaseModel):
    meter_id: UUID
    project_id: str
    meter_no: str
    version: int
    class_pct: Number
    multiplier: Number
    register_digits: int
    channels: list[Channel]
    valid_from: date
    valid_until: date | None
    initial_indexes: dict[str, str]
    final_indexes: dict[str, str]
    replaces: str | None
    replaced_by: str | None
    green_certificates: bool
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, meter: Meter) -> Self:
        return cls.model_validate(meter, from_attributes=True)


class CheckOut(BaseModel):
    check_id: UUID
    project_id: str
    meter_no: str
    kind: CheckKind
    performed_on: date
    error_pct: Number | None
    valid_until: date | None
    certificate_no: str | None
    replaces: UUID | None
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, check: MeterCheck) -> Self:
        return cls.model_validate(check, from_attributes=True)


class ReplacementOut(BaseModel):
    ended: MeterOut
    begun: MeterOut


class MetersOut(BaseModel):
    items: list[MeterOut]


class HistoryOut(BaseModel):
    versions: list[MeterOut]
    checks: list[CheckOut]


class CorrectionOut(BaseModel):
    start: date
    end: date
    pct: Number
    reason: Reason = Field(
        description="in_time 按期合格, error 按期超差, late 逾期, never 从未校准 / how it was calibrated"
    )

    @classmethod
    def of(cls, correction: Correction) -> Self:
        return cls.model_validate(correction, from_attributes=True)


class CorrectionsOut(BaseModel):
    items: list[CorrectionOut]
