"""Working days of the People's Republic of China: weekends, holidays, 调休 make-up days.

The days are data: a year that nobody entered is an error that names it, never "Mon to Fri".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar

from tht_kit.errors import DomainError, Text

SATURDAY = 5


class MissingCalendarYear(DomainError):
    type = "calendar-year-missing"
    status = 409
    title = Text(zh="缺少该年的工作日历", en="No working-day calendar for the year")
    detail = Text(
        zh="{year} 年的工作日历尚未录入。",
        en="The working-day calendar of {year} has not been entered.",
    )
    fix = Text(
        zh="由主管部门通过 PUT /v1/calendar/{year} 录入该年的节假日与调休工作日。",
        en="Have the bureau enter that year's holidays and make-up days: PUT /v1/calendar/{year}.",
    )


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year: weekdays that are off, and weekend days that are worked."""

    holidays: frozenset[date]
    makeup_workdays: frozenset[date]


@dataclass(frozen=True, slots=True)
class Calendar:
    years: Mapping[int, CalendarYear]

    def is_working_day(self, day: date) -> bool:
        """Say whether the day is worked; raises MissingCalendarYear."""
        year = self.years.get(day.year)
        if year is None:
            raise MissingCalendarYear(year=day.year)
        if day in year.makeup_workdays:
            return True
        return day.weekday() < SATURDAY and day not in year.holidays

    def is_trading_day(self, day: date) -> bool:
        """Say whether the exchange opens: a worked weekday; make-up Saturdays do not trade (R30)."""
        return day.weekday() < SATURDAY and self.is_working_day(day)

    def notice_end(self, start: date, working_days: int) -> date:
        """Return the last day of a public notice; the first day counts if it is worked (R2).

        2026-07-17 and 20 days give 2026-08-13.
        """
        return self._nth(start, working_days)

    def due(self, received: date, working_days: int) -> date:
        """Return the last day of a time limit; the day of receipt does not count (R3).

        2026-07-17 and 15 days give 2026-08-07.
        """
        return self._nth(received + timedelta(days=1), working_days)

    def _nth(self, first: date, count: int) -> date:
        if count < 1:
            raise ValueError(f"{count} working days")
        day = first
        left = count - self.is_working_day(day)
        while left:
            day += timedelta(days=1)
            left -= self.is_working_day(day)
        return day


def seed_years(years: Iterable[int]) -> dict[int, CalendarYear]:
    """Return the years as the chinesecalendar package knows them, to fill an empty table.

    Raises MissingCalendarYear for a year it does not know.
    """
    seeded: dict[int, CalendarYear] = {}
    for year in years:
        holidays, makeup = set(), set()
        for offset in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
            day = date(year, 1, 1) + timedelta(days=offset)
            try:
                worked = chinese_calendar.is_workday(day)
            except NotImplementedError:
                raise MissingCalendarYear(year=year) from None
            if day.weekday() < SATURDAY and not worked:
                holidays.add(day)
            elif day.weekday() >= SATURDAY and worked:
                makeup.add(day)
        seeded[year] = CalendarYear(frozenset(holidays), frozenset(makeup))
    return seeded
