from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance_svc.methodologies import calculation as c


def quantities(*by_year: tuple[int, str]) -> list[int]:
    return [share.quantity_t for share in c.split_vintages([(y, Decimal(v)) for y, v in by_year])]


def test_r5_five_even_years_split_by_cumulative_floor():
    even = Decimal("2519.73") / 5
    assert quantities(*((year, str(even)) for year in range(2021, 2026))) == [
        503,
        504,
        504,
        504,
        504,
    ]


@pytest.mark.parametrize(
    ("by_year", "expected"),
    [
        ([(2024, "0.6"), (2025, "0.6")], [0, 1]),
        ([(2024, "0.9"), (2025, "0.05")], [0, 0]),
        ([(2024, "10"), (2025, "-3.5"), (2026, "2")], [6, 0, 2]),  # a loss takes from before
        ([(2024, "-3"), (2025, "5")], [0, 2]),  # and from after
        ([(2024, "1"), (2025, "-5"), (2026, "2")], [0, 0, 0]),
        ([(2024, "10000000")], [10_000_000]),
        ([(2025, "1")], [1]),
    ],
)
def test_r5_edges(by_year, expected):
    assert quantities(*by_year) == expected


tonnes = st.decimals(min_value=-2000, max_value=2_000_000, places=6)


@given(st.lists(tonnes, min_size=1, max_size=40))
def test_vintages_add_up_to_the_floor_and_none_is_negative(values):
    shares = c.split_vintages([(2000 + index, value) for index, value in enumerate(values)])
    assert all(share.quantity_t >= 0 for share in shares)
    total = sum(values)
    assert sum(share.quantity_t for share in shares) == max(0, c.whole_tonnes(total))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("849.8655", 849),
        ("849.9999999999999999999999", 849),
        ("850", 850),
        ("849.99999999999999999999999999999999999999999999999", 850),  # 100/12*12, fifty digits
        ("0", 0),
        ("0.999999", 0),
        ("-0.5", -1),
    ],
)
def test_tonnes_are_rounded_down_once(value, expected):
    assert c.whole_tonnes(Decimal(value)) == expected


def test_a_third_three_times_is_a_tonne():
    third = c.MEASURED.divide(Decimal(1), Decimal(3))
    assert quantities((2023, str(third)), (2024, str(third)), (2025, str(third))) == [0, 0, 1]


def test_every_full_year_weighs_one_leap_or_not():
    assert c.year_share(date(2021, 1, 1), date(2026, 1, 1)) == 5
    assert c.year_shares(date(2023, 12, 31), date(2024, 1, 2)) == [
        (2023, c.MEASURED.divide(Decimal(1), Decimal(365))),
        (2024, c.MEASURED.divide(Decimal(1), Decimal(366))),
    ]


def test_numbers_travel_as_text_without_exponents():
    given_number = c.Given(symbol="x", value=Decimal("1E-7"), unit="t", origin="test")
    assert given_number.model_dump(mode="json")["value"] == "0.0000001"
    assert c.Given.model_validate_json(given_number.model_dump_json()) == given_number
