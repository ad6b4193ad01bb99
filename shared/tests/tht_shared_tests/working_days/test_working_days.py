from datetime import date, timedelta

import pytest

from tht_kit.working_days import Calendar, CalendarYear, MissingCalendarYear, seed_years

CALENDAR = Calendar(seed_years(range(2024, 2027)))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 7, 17), 20, date(2026, 8, 13)),  # R2, the real notice of a Hubei project
        (date(2026, 7, 17), 1, date(2026, 7, 17)),
        (date(2026, 7, 18), 1, date(2026, 7, 20)),  # a Saturday does not count
        (date(2026, 2, 14), 1, date(2026, 2, 14)),  # a Saturday that is worked does
        (date(2026, 2, 13), 5, date(2026, 2, 26)),  # over 春节: 13, 14, 24, 25, 26
        (date(2026, 9, 21), 20, date(2026, 10, 23)),  # over 中秋 and 国庆, with 10-10 worked
        (date(2025, 12, 31), 2, date(2026, 1, 4)),  # over the year's end, to a worked Sunday
    ],
)
def test_a_notice_counts_its_first_day(start, days, end):
    assert CALENDAR.notice_end(start, days) == end


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        (date(2026, 7, 17), 15, date(2026, 8, 7)),  # R3
        (date(2026, 7, 17), 1, date(2026, 7, 20)),
        (date(2026, 7, 18), 1, date(2026, 7, 20)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 10, 9), 1, date(2026, 10, 10)),
    ],
)
def test_a_time_limit_does_not_count_the_day_of_receipt(received, days, due):
    assert CALENDAR.due(received, days) == due


MAKE_UP_2026 = [
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
]


def test_the_make_up_days_of_2026_are_worked_but_not_traded():
    assert sorted(CALENDAR.years[2026].makeup_workdays) == MAKE_UP_2026
    for day in MAKE_UP_2026:
        assert CALENDAR.is_working_day(day)
        assert not CALENDAR.is_trading_day(day)


def test_2026_has_248_working_days():
    days = (date(2026, 1, 1) + timedelta(days=offset) for offset in range(365))
    assert sum(map(CALENDAR.is_working_day, days)) == 248


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 1, 1), False),
        (date(2026, 2, 17), False),  # 春节
        (date(2026, 2, 24), True),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 11), False),
        (date(2024, 2, 29), True),
    ],
)
def test_holidays_are_not_worked(day, worked):
    assert CALENDAR.is_working_day(day) is worked


@pytest.mark.parametrize(
    "count",
    [
        lambda: CALENDAR.is_working_day(date(2027, 1, 4)),
        lambda: CALENDAR.notice_end(date(2026, 12, 21), 20),
        lambda: CALENDAR.due(date(2026, 12, 31), 1),
        lambda: CALENDAR.notice_end(date(2023, 12, 29), 1),
    ],
)
def test_a_year_that_nobody_entered_is_an_error_that_names_it(count):
    with pytest.raises(MissingCalendarYear) as missing:
        count()
    assert str(missing.value.params["year"]) in str(missing.value)
    assert missing.value.params["year"] in (2023, 2027)


def test_a_year_the_package_does_not_know_cannot_be_seeded():
    with pytest.raises(MissingCalendarYear):
        seed_years([2031])


def test_no_working_days_is_not_a_count():
    with pytest.raises(ValueError, match="0 working days"):
        CALENDAR.notice_end(date(2026, 7, 17), 0)


def test_a_holiday_list_may_name_weekend_days():
    calendar = Calendar({2026: CalendarYear(frozenset({date(2026, 10, 3)}), frozenset())})
    assert not calendar.is_working_day(date(2026, 10, 3))
