"""The engine of interval data: exact, the same in any order, the same column by column or row by row."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuance_svc.intervals import days, exact, stamps, sun
from issuance_svc.intervals.exact import Irregular
from issuance_svc.intervals.grid import CELLS_MAX, Grid, GridFull

DECIMALS = st.decimals(
    min_value=-99_999, max_value=99_999, places=None, allow_nan=False, allow_infinity=False
).map(lambda value: format(round(value, 9), "f"))


# ---- decimals -------------------------------------------------------------------------------


@given(st.lists(DECIMALS, min_size=1, max_size=50))
def test_a_column_of_decimals_keeps_every_digit(texts):
    found, empty = exact.integers(pa.array(texts))
    assert [Decimal(int(each)).scaleb(-exact.PLACES) for each in found] == list(map(Decimal, texts))
    assert not empty.any()


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=24, min_value=-(10**11), max_value=10**11
    )
)
def test_one_cell_keeps_every_digit(value):
    text = format(value, "f")
    assert exact.parse(text) == value
    assert Decimal(f"{exact.scaled(value, exact.WIDE_PLACES)}e-{exact.WIDE_PLACES}") == value


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "+1",
        "1.",
        ".5",
        "-.5",
        " 1",
        "1 ",
        "nan",
        "１",
        "--1",
        "-",
        "1.2.3",
        "0.1234567891",
        "1234567890123",
    ],
)
def test_what_is_no_plain_decimal_is_not_read_in_columns(text):
    with pytest.raises(Irregular):
        exact.integers(pa.array(["1", text]))


@pytest.mark.parametrize("unit", [1, -1])
def test_the_bound_of_a_cell_holds_on_both_sides(unit):
    beyond = [2**62, 2**63 - 1, 2**63] if unit > 0 else [2**62, 2**63 - 1, 2**63, 2**63 + 1]
    for number in beyond:
        text = format(Decimal(unit * number).scaleb(-exact.PLACES), "f")
        assert not exact.fits(unit * number)
        with pytest.raises(Irregular):
            exact.integers(pa.array(["1", text]))
    within = format(Decimal(unit * (2**62 - 1)).scaleb(-exact.PLACES), "f")
    assert exact.integers(pa.array([within]))[0].tolist() == [unit * (2**62 - 1)]


def test_empty_cells_are_told_apart_from_zero():
    found, empty = exact.integers(pa.array(["1.5", None, "0"]))
    assert empty.tolist() == [False, True, False]
    assert (found[0], found[2]) == (1_500_000_000, 0)


def test_a_slice_of_a_column_is_read_from_its_own_start():
    column = pa.array(["x", "1.25", "-3"]).slice(1)
    assert exact.integers(column)[0].tolist() == [1_250_000_000, -3_000_000_000]


# ---- times ----------------------------------------------------------------------------------

MOMENTS = st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2099, 12, 30))


@given(st.lists(MOMENTS, min_size=1, max_size=30), st.sampled_from(["", "Z", "+08:00", "-07:00"]))
def test_a_column_of_times_says_what_each_time_says(moments, zone):
    texts = [moment.strftime("%Y-%m-%dT%H:%M:%S") + zone for moment in moments]
    offset_s = stamps.offset_s(zone or "+05:30")
    read = stamps.Stamps(utc_offset_s=stamps.offset_s("+05:30"))
    expected = [
        (moment.replace(microsecond=0) - datetime(1970, 1, 1)) // timedelta(seconds=1)
        - offset_s
        + stamps.LEGAL_OFFSET_S
        for moment in moments
    ]
    assert read.column(pa.array(texts)).tolist() == expected
    assert [read.seconds(text) for text in texts] == expected


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("2024-02-29T23:45:00+08:00", "2024-02-29T23:45+08:00"),
        ("2024-12-31T16:00:00Z", "2025-01-01T00:00+08:00"),  # the year ends at 16:00 UTC
        ("2024-12-31T15:59:00Z", "2024-12-31T23:59+08:00"),
        ("2025-03-09 02:30-07:00", "2025-03-09T17:30+08:00"),  # an hour that New York skips
        ("2025-01-01", "2025-01-01T00:00+08:00"),
    ],
)
def test_legal_time_is_that_of_shanghai_all_year(text, legal):
    assert stamps.moment_of(stamps.Stamps(utc_offset_s=8 * 3600).seconds(text)) == legal


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-01-01T24:00:00Z",
        "1999-12-31T00:00:00Z",
        "1/2/2025",
        "",
    ],
)
def test_what_is_no_time_is_refused_either_way(text):
    with pytest.raises(stamps.StampUnreadable):
        stamps.Stamps().seconds(text)
    with pytest.raises(Irregular):
        stamps.Stamps().column(pa.array(["2025-01-01T00:00:00Z", text]))


def test_a_time_without_zone_needs_the_files_offset():
    with pytest.raises(stamps.ZoneMissing):
        stamps.Stamps().seconds("2025-01-01T00:00")


def test_a_pattern_of_the_owner_reads_foreign_times():
    read = stamps.Stamps(utc_offset_s=8 * 3600, pattern="%m/%d/%Y %H:%M")
    assert stamps.moment_of(read.seconds("1/2/2022 0:15")) == "2022-01-02T00:15+08:00"


# ---- the grid -------------------------------------------------------------------------------

ROW = st.tuples(
    st.integers(0, 2),
    st.integers(0, 4 * 96 - 1),
    st.integers(-(10**12), 10**12),
)
MIDNIGHT_S = stamps.day_number(date(2024, 12, 30)) * stamps.DAY_S


def filled(rows, *, batch=7, interval_min=15):
    grid = Grid(interval_min, with_numbers=True)
    clashes = []
    for first in range(0, len(rows), batch):
        part = rows[first : first + batch]
        clashes += grid.add(
            np.array([series for series, _, _ in part], dtype=np.int64),
            np.array([MIDNIGHT_S + at * interval_min * 60 for _, at, _ in part], dtype=np.int64),
            np.array([value for _, _, value in part], dtype=np.int64),
            np.arange(first + 2, first + 2 + len(part), dtype=np.int32),
        )
    return grid, clashes


def counted(grid):
    return {
        (day.series, day.day): (day.present, day.positive, day.negative, day.largest, day.stale)
        for day in days.days(grid)
    }


@settings(deadline=None)  # hundreds of rows, on a machine that does other things as well
@given(
    st.lists(ROW, min_size=1, max_size=200), st.integers(1, 50), st.randoms(use_true_random=False)
)
def test_any_order_and_any_batches_give_the_same_days(rows, batch, shuffle):
    unique = list({(series, at): (series, at, value) for series, at, value in rows}.values())
    first, clashes = filled(unique, batch=batch)
    assert not clashes
    shuffle.shuffle(unique)
    again, _ = filled(unique, batch=200)
    assert counted(first) == counted(again)
    assert list(days.gaps(first)) == list(days.gaps(again))


@given(st.lists(ROW, min_size=1, max_size=200))
def test_nothing_is_lost_and_nothing_is_made(rows):
    unique = list({(series, at): (series, at, value) for series, at, value in rows}.values())
    grid, _ = filled(unique)
    found = list(days.days(grid))
    assert sum(day.present for day in found) == len(unique)
    assert sum(day.positive - day.negative for day in found) == sum(value for *_, value in unique)
    missing = sum(gap.count for gap in days.gaps(grid))
    by_series = defaultdict(list)
    for series, at, _ in unique:
        by_series[series].append(at)
    assert missing == sum(max(at) - min(at) + 1 - len(at) for at in by_series.values())


@given(st.lists(ROW, min_size=1, max_size=100), st.integers(1, 30))
def test_equal_repeats_are_counted_and_others_are_named_with_both_rows(rows, batch):
    grid, clashes = filled(rows, batch=batch)
    first: dict[tuple[int, int], tuple[int, int]] = {}
    wrong = []
    for number, (series, at, value) in enumerate(rows, start=2):
        known = first.setdefault((series, at), (number, value))
        if known[1] != value:
            wrong.append(known[0])
    assert sorted(clash.other_number for clash in clashes) == sorted(wrong)
    assert grid.duplicates() == len(rows) - len(first)


def test_a_wide_grid_keeps_what_64_bits_do_not():
    grid, _ = filled([(0, 0, 5), (0, 1, -7)])
    grid.widen()
    digits = 5_623_600_000_000_000_000_000_000_017
    assert not grid.add(
        np.array([0, 0]),
        np.array([MIDNIGHT_S + 1800, MIDNIGHT_S]),
        np.array([digits, 5 * 10**15], dtype=object),
        np.array([9, 10], dtype=np.int32),
    )
    (day,) = days.days(grid)
    assert (day.positive, day.negative) == (digits + 5 * 10**15, 7 * 10**15)
    assert grid.duplicates() == 1


def test_sums_beyond_64_bits_stay_exact():
    grid, _ = filled([(0, at, 2**61) for at in range(96)])
    (day,) = days.days(grid)
    assert day.positive == 96 * 2**61


def test_a_file_spread_over_too_many_days_is_not_held():
    grid = Grid(5)
    rows = CELLS_MAX // grid.slots + 1
    with pytest.raises(GridFull):
        grid.add(
            np.arange(rows, dtype=np.int64),
            np.full(rows, MIDNIGHT_S, dtype=np.int64),
            np.ones(rows, dtype=np.int64),
        )


def test_stale_values_show_as_their_longest_run():
    values = [0] * 20 + [5, 7, 7, 7, 7, 0, 0, 0, 9, 9]
    grid, _ = filled([(0, at, value) for at, value in enumerate(values)])
    (day,) = days.days(grid)
    assert day.stale == 4


def test_29_february_and_the_last_night_of_the_year_are_days_of_their_own():
    grid = Grid(60)
    read = stamps.Stamps()
    texts = [
        "2024-02-28T15:00:00Z",
        "2024-02-28T16:00:00Z",
        "2024-12-31T15:00:00Z",
        "2024-12-31T16:00:00Z",
    ]
    grid.add(np.zeros(4, dtype=np.int64), read.column(pa.array(texts)), np.arange(1, 5))
    assert [(stamps.day_of(day.day), day.positive) for day in days.days(grid)] == [
        (date(2024, 2, 28), 1),
        (date(2024, 2, 29), 2),
        (date(2024, 12, 31), 3),
        (date(2025, 1, 1), 4),
    ]


# ---- the sun --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "dawn", "dusk"), [(date(2025, 6, 21), 5, 21), (date(2025, 12, 21), 7, 19)]
)
def test_the_night_of_chongqing(day, dawn, dusk):
    daylight = sun.daylight_at(
        Decimal("29.563000"), Decimal("106.551000"), depression_deg=6, interval_min=60
    )
    assert daylight(stamps.day_number(day)) == (dawn, dusk)


def test_where_the_sun_does_not_set_nothing_counts_as_night():
    daylight = sun.daylight_at(Decimal(78), Decimal(105), depression_deg=6, interval_min=60)
    assert daylight(stamps.day_number(date(2025, 6, 21))) == (0, 24)


def test_night_energy_is_what_lies_outside_daylight():
    rows = [(0, at, 1) for at in range(96)]
    random.Random(1).shuffle(rows)
    grid, _ = filled(rows)
    (day,) = days.days(grid, lambda _: (24, 80))
    assert day.night == 24 + 16
