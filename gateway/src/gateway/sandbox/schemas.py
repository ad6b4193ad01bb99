"""The sandbox clock on the wire."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

DAYS_MAX = 3660


class Advance(BaseModel):
    """Exactly one of the three."""

    model_config = ConfigDict(extra="forbid")

    days: int | None = Field(default=None, ge=1, le=DAYS_MAX)
    hours: int | None = Field(default=None, ge=1, le=DAYS_MAX * 24)
    working_days: int | None = Field(
        default=None,
        ge=1,
        le=250,
        description="到今天之后的第 N 个工作日 / to the N-th working day after today",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of days, hours, working_days")
        return self

    @property
    def delta(self) -> timedelta:
        return timedelta(days=self.days or 0, hours=self.hours or 0)


class ClockIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"advance": {"working_days": 20}}, {"now": "2025-03-03T01:00:00Z"}]
        },
    )

    now: AwareDatetime | None = Field(default=None, description="设为此刻 / set to this moment")
    advance: Advance | None = Field(default=None, description="向前推移 / move forward by")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.now is None) == (self.advance is None):
            raise ValueError("give exactly one of now, advance")
        return self


class ClockOut(BaseModel):
    now: datetime = Field(description="平台时间 / the platform's time")
    real_now: datetime
    offset_s: int
    lagging: list[str] = Field(description="尚未跟上的服务 / services that have not followed yet")
