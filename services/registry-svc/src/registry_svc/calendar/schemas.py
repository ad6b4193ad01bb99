"""The working-day calendar on the wire."""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from registry_svc.calendar.models import PublishedYear
from tht_kit.fields import Day, Line

Year = Annotated[int, Path(ge=2000, le=2100, description="年份 / year")]


class CalendarYearIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    holidays: list[Day] = Field(
        max_length=366, description="节假日 / days off, weekdays and, if you like, weekend days"
    )
    makeup_workdays: list[Day] = Field(
        max_length=104, description="调休上班日 / weekend days that are worked"
    )
    source: Line = Field(examples=["国办发明电〔2025〕7号"])


class CalendarYearOut(BaseModel):
    year: int
    holidays: list[date]
    makeup_workdays: list[date]
    source: str
    version: int
    published_at: datetime

    @classmethod
    def of(cls, row: PublishedYear) -> Self:
        return cls.model_validate(row, from_attributes=True)


class NoticeEndOut(BaseModel):
    start: date
    working_days: int
    end: date
