"""Interval files from text to exact days: the fast way and the reading row by row agree."""

import random
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from issuance_svc_tests.metering.files import HEADER, days_of, interval_csv, read
from tht_kit.errors import Text


def said(problems):
    return [(problem.row, problem.column, problem.what.en) for problem in problems.kept]


def both(tmp_path, content, **options):
    """Read the file both ways, which must agree, and return it once."""
    fast, problems, _ = read(tmp_path, content, **options)
    slow, by_row, _ = read(tmp_path, content, fast=False, **options)
    assert said(problems) == said(by_row)
    assert (fast is None) == (slow is None)
    if fast is None:
        return None, problems
    assert days_of(fast) == days_of(slow)
    assert fast.summary == slow.summary
    assert fast.rows == slow.rows
    return fast, problems


def test_a_day_of_energy_is_summed(tmp_path):
    parsed, _ = both(tmp_path, interval_csv())
    assert days_of(parsed) == {
        ("M1", "export", "2025-01-01"): (Decimal(24), 0, 96),
        ("M1", "import", "2025-01-01"): (Decimal(24), 0, 96),
    }
    assert parsed.rows == 192


@pytest.mark.parametrize(
    ("unit", "interval_min", "kwh"),
    [
        ("kWh", 15, "96"),
        ("Wh", 15, "0.096"),
        ("MWh", 15, "96000"),
        ("kW", 60, "24"),
        ("kW", 30, "24"),
        ("kW", 15, "24"),
        ("kW", 5, "24"),
        ("W", 15, "0.024"),
        ("MW", 5, "24000"),
    ],
)
def test_power_is_integrated_and_units_are_scaled(tmp_path, unit, interval_min, kwh):
    count = 96 if unit.endswith("h") else 1440 // interval_min
    content = interval_csv(count=count, interval_min=interval_min, value="1", channels=["export"])
    parsed, _ = both(tmp_path, content, unit=unit, interval_min=interval_min)
    (day,) = days_of(parsed).values()
    assert day[0] == Decimal(kwh)


def test_an_end_stamp_belongs_to_the_interval_before(tmp_path):
    content = interval_csv("2025-01-01T00:15:00", value="1", channels=["export"])
    parsed, _ = both(tmp_path, content, stamp="end")
    assert list(days_of(parsed)) == [("M1", "export", "2025-01-01")]


@pytest.mark.parametrize(
    ("start", "zone", "days"),
    [
        ("2024-12-31T16:00:00", "Z", ["2025-01-01"]),
        ("2024-12-31T09:00:00", "-07:00", ["2025-01-01"]),
        ("2024-02-28T20:00:00", "Z", ["2024-02-29", "2024-03-01"]),
        ("2023-02-28T20:00:00", "Z", ["2023-03-01", "2023-03-02"]),
        ("2025-03-08T20:00:00", "-05:00", ["2025-03-09", "2025-03-10"]),  # no summer time here
    ],
)
def test_days_are_legal_days_of_shanghai(tmp_path, start, zone, days):
    parsed, _ = both(tmp_path, interval_csv(start, zone=zone, channels=["export"]))
    found = days_of(parsed)
    assert [day for _, _, day in found] == days
    assert sum(count for *_, count in found.values()) == 96


def test_times_without_a_zone_need_the_files_offset(tmp_path):
    content = interval_csv(zone="", count=2, channels=["export"])
    parsed, problems = both(tmp_path, content)
    assert (parsed, problems.total) == (None, 2)
    parsed, _ = both(tmp_path, content, utc_offset="+08:00")
    assert list(days_of(parsed)) == [("M1", "export", "2025-01-01")]


def test_foreign_columns_are_mapped_and_others_are_left_alone(tmp_path):
    content = ",ac_power,temp,temp\n1/2/2022 0:00,1.5,9,x\n1/2/2022 0:15,-0.5,9,\n"
    parsed, problems = both(
        tmp_path,
        content,
        unit="kW",
        meter_no="M1",
        channel="net",
        time_column="",
        value_column="AC_Power",
        time_format="%m/%d/%Y %H:%M",
        utc_offset="+08:00",
    )
    assert said(problems) == []
    assert days_of(parsed) == {("M1", "net", "2022-01-02"): (Decimal("0.375"), Decimal("0.125"), 2)}
    assert parsed.summary["channels"][0]["below_zero_kwh"] == "0.125"


def test_stamps_beside_the_raster_are_counted_where_they_are_and_named(tmp_path):
    content = interval_csv("2025-01-01T00:01:00", count=4, channels=["export"])
    parsed, _ = both(tmp_path, content)
    assert parsed.summary["stamps_off_the_raster_s"] == 60
    parsed, problems = both(tmp_path, content + "M1,export,2025-01-01T01:00:00+08:00,1\n")
    assert parsed is None
    assert said(problems)[0][:2] == (6, "time")


def test_gaps_are_listed_and_empty_values_are_gaps(tmp_path):
    lines = interval_csv(count=12, channels=["export"]).splitlines()
    content = "\n".join([*lines[:5], *lines[8:10], lines[10].rsplit(",", 1)[0] + ",", *lines[11:]])
    parsed, _ = both(tmp_path, content + "\n")
    assert parsed.summary["gaps"] == [
        {
            "meter_no": "M1",
            "channel": "export",
            "from": "2025-01-01T01:00+08:00",
            "to": "2025-01-01T01:45+08:00",
            "intervals": 3,
        },
        {
            "meter_no": "M1",
            "channel": "export",
            "from": "2025-01-01T02:15+08:00",
            "to": "2025-01-01T02:30+08:00",
            "intervals": 1,
        },
    ]
    assert (parsed.summary["missing_intervals"], parsed.summary["empty_values"]) == (4, 1)


def test_equal_repeats_count_once_and_others_are_named_with_both_rows(tmp_path):
    content = interval_csv(count=4, channels=["export"])
    repeated = content + "M1,export,2025-01-01T00:00:00+08:00,0.250\n"
    parsed, _ = both(tmp_path, repeated)
    assert parsed.summary["duplicate_rows"] == 1
    assert next(iter(days_of(parsed).values()))[0] == 1
    parsed, problems = both(tmp_path, repeated + "M1,export,2025-01-01T00:15:00+08:00,0.26\n")
    assert parsed is None
    assert said(problems) == [
        (7, "value", "is the same interval as row 3, but 0.26 is not 0.25"),
    ]


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("M9,export,2025-01-01T01:00:00+08:00,1", "meter_no", "not registered"),
        ("M1,sideways,2025-01-01T01:00:00+08:00,1", "channel", "no channel"),
        ("M1,import,2025-01-01T01:00:00+08:00,-1", "value", "below zero"),
        ("M1,export,2025-02-30T01:00:00+08:00,1", "time", "not a time"),
        ("M1,export,2025-01-01T01:00:00,1", "time", "no zone"),
        ("M1,export,2025-01-01T01:05:00+08:00,1", "time", "raster"),
        ("M1,export,2025-01-01T01:00:00+08:00,1e3", "value", "exponent"),
        ('M1,export,2025-01-01T01:00:00+08:00,"1,200"', "value", "thousands"),
        ("M1,export,2025-01-01T01:00:00+08:00,１", "value", "full-width"),
        ("M1,export,2025-01-01T01:00:00+08:00,12 kWh", "value", "unit"),
        ("M1,export,2025-01-01T01:00:00+08:00", "meter_no", "3 cells"),
        ("合计,,,24", "meter_no", "totals"),
    ],
)
def test_each_wrong_row_is_named_with_its_column_and_cure(tmp_path, line, column, says):
    content = interval_csv(count=4, channels=["export"]) + line + "\n"
    parsed, problems = both(tmp_path, content)
    assert parsed is None
    assert [found[:2] for found in said(problems)] == [(6, column)]
    assert says in said(problems)[0][2]
    assert isinstance(problems.kept[0].cure, Text)


def test_a_file_has_one_unit(tmp_path):
    head = f"{HEADER},unit\n"
    rows = [f"M1,export,2025-01-01T0{at}:00:00Z,1,{{}}" for at in range(2)]
    parsed, _ = both(
        tmp_path, head + "\n".join(row.format("kW") for row in rows), unit=None, interval_min=60
    )
    assert parsed.summary["unit"] == "kW"
    mixed = head + "\n".join(row.format(u) for row, u in zip(rows, ("kW", "kWh"), strict=True))
    parsed, problems = both(tmp_path, mixed, unit=None, interval_min=60)
    assert said(problems) == [(3, "unit", "the unit kWh is not that of row one, kW")]


def test_values_behind_transformers_are_multiplied_exactly(tmp_path):
    content = interval_csv(count=4, value="0.001", channels=["export"])
    parsed, _, _ = read(
        tmp_path, content, multipliers={"M1": Decimal("1500.5")}, values="secondary"
    )
    assert next(iter(days_of(parsed).values()))[0] == Decimal("6.002")


def test_more_digits_than_64_bits_hold_stay_exact(tmp_path):
    content = interval_csv(
        count=4, channels=["export"], value=lambda _, at: f"{5000 + at}.0925799999999999"
    )
    parsed, _ = both(tmp_path, content)
    assert next(iter(days_of(parsed).values()))[0] == Decimal("20006.3703199999999996")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["export", "generation", "net"]),
            st.integers(0, 400),
            st.decimals(-1000, 1000, places=4),
        ),
        min_size=1,
        max_size=60,
        unique_by=lambda row: row[:2],
    ),
    st.randoms(use_true_random=False),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_file_is_the_exact_sum_of_its_rows_in_any_order(tmp_path, rows, shuffle):
    lines = [
        f"M1,{channel},2024-12-{30 + at // 288:02}T{at % 288 // 12:02}:{at % 12 * 5:02}:00+08:00,{value}"
        for channel, at, value in rows
    ]
    content = "\n".join([HEADER, *lines]) + "\n"
    parsed, problems = both(tmp_path, content, interval_min=5, unit="kWh")
    assert said(problems) == []
    shuffle.shuffle(lines)
    again, _ = both(tmp_path, "\n".join([HEADER, *lines]) + "\n", interval_min=5, unit="kWh")
    assert days_of(parsed) == days_of(again)
    expected = sum((value for *_, value in rows), Decimal(0))
    assert sum(above - below for above, below, _ in days_of(parsed).values()) == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: "\n\n" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text + ",,,\n",
        lambda text: text.replace("M1", '"M1"'),
        lambda text: text.replace(",", " , "),
        lambda text: text.replace("time", '"time"').replace("value\n", '"va\nlue"\n'),
        lambda text: text.replace("\n", ",note\n", 1).replace("0.25\n", '0.25,"a\nb"\n'),
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
    ],
)
def test_however_the_lines_are_written_no_row_is_lost(tmp_path, change):
    content = change(interval_csv(count=5, channels=["export"]))
    options = {"value_column": "va\nlue"} if '"va\nlue"' in content else {}
    parsed, problems = both(tmp_path, content, **options)
    assert said(problems) == []
    assert days_of(parsed) == {("M1", "export", "2025-01-01"): (Decimal("1.25"), 0, 5)}


def test_a_fast_reading_that_fails_does_not_count_its_rows_twice(tmp_path):
    lines = interval_csv(count=2000, channels=["export"]).splitlines()
    random.Random(3).shuffle(body := lines[1:])
    content = "\n".join([lines[0], *body, "M1,export,nonsense,1"]) + "\n"
    _, problems, progress = read(tmp_path, content)
    assert (problems.total, progress.rows_read) == (1, 2001)
