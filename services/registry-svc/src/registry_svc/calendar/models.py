"""Table of the working-day calendar: a year is one row, published as a whole."""

from datetime import date, datetime

from sqlalchemy import Date, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from registry_svc.base import Base
from tht_kit.db import UtcDateTime
from tht_kit.working_days import CalendarYear


class PublishedYear(Base):
    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holidays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    makeup_workdays: Mapped[list[date]] = mapped_column(ARRAY(Date))
    source: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def days(self) -> CalendarYear:
        return CalendarYear(frozenset(self.holidays), frozenset(self.makeup_workdays))
