"""What can be wrong with the working-day calendar; a missing year is the kit's MissingCalendarYear."""

from tht_kit.errors import DomainError, Text


class CalendarYearNotFound(DomainError):
    type = "calendar-year-not-found"
    status = 404
    title = Text(zh="没有该年的工作日历", en="The year's calendar is not there")
    detail = Text(
        zh="{year} 年的工作日历尚未录入。",
        en="The working-day calendar of {year} has not been entered.",
    )
    fix = Text(
        zh="由主管部门录入：PUT /v1/calendar/{year}。",
        en="Have the bureau enter it: PUT /v1/calendar/{year}.",
    )


class CalendarYearInvalid(DomainError):
    type = "calendar-year-invalid"
    status = 422
    title = Text(zh="工作日历有误", en="The working-day calendar is not valid")
    detail = Text(
        zh="{year} 年的日历中有 {count} 个日期有误。",
        en="{count} date(s) of the calendar of {year} are wrong.",
    )
    fix = Text(
        zh="请按国务院办公厅当年节假日安排逐一核对 errors 中的日期。",
        en="Compare each date named in errors with the State Council's notice for the year.",
    )
