"""What a year of the working-day calendar (工作日历: 节假日与调休) must look like."""

from collections.abc import Iterator, Sequence
from datetime import date

from registry_svc.calendar.errors import CalendarYearInvalid
from tht_kit.errors import FieldProblem, Text
from tht_kit.working_days import SATURDAY


def check_year(year: int, holidays: Sequence[date], makeup_workdays: Sequence[date]) -> None:
    """Raise CalendarYearInvalid naming every date that cannot be meant.

    Holidays may name weekend days, as the State Council's notices do; a make-up day is always one.
    """
    problems = [
        *_wrong_dates("holidays", year, holidays),
        *_wrong_dates("makeup_workdays", year, makeup_workdays),
        *_makeup_that_is_none(holidays, makeup_workdays),
    ]
    if problems:
        raise CalendarYearInvalid(year=year, count=len(problems), errors=problems)


def _wrong_dates(field: str, year: int, days: Sequence[date]) -> Iterator[FieldProblem]:
    for index, day in enumerate(days):
        pointer = f"/{field}/{index}"
        if day.year != year:
            yield FieldProblem(
                pointer, Text(zh=f"{day} 不在 {year} 年。", en=f"{day} is not in {year}.")
            )
        if day in days[:index]:
            yield FieldProblem(pointer, Text(zh=f"{day} 重复。", en=f"{day} stands twice."))


def _makeup_that_is_none(
    holidays: Sequence[date], makeup_workdays: Sequence[date]
) -> Iterator[FieldProblem]:
    for index, day in enumerate(makeup_workdays):
        pointer = f"/makeup_workdays/{index}"
        if day.weekday() < SATURDAY:
            yield FieldProblem(
                pointer,
                Text(
                    zh=f"{day} 不是周末，调休上班日只能在周末。",
                    en=f"{day} is not a weekend day; only a weekend day can be made up.",
                ),
            )
        if day in holidays:
            yield FieldProblem(
                pointer,
                Text(zh=f"{day} 同时列为节假日。", en=f"{day} is a holiday in the same calendar."),
            )
