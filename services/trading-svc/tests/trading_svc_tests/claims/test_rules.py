from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_svc.claims.rules import EmissionLine, due_on, required_t, tonnes_text, total_kg


@pytest.mark.parametrize(
    ("kg", "tonnes", "units"),
    [
        ("352400", "352.4", 353),
        ("352000", "352", 352),
        ("352000.000000001", "352.000000000001", 353),
        ("1", "0.001", 1),
        ("1000", "1", 1),
        ("1000000", "1000", 1000),
    ],
)
def test_r34_units_cover_the_emissions_rounded_up(kg, tonnes, units):
    assert tonnes_text(Decimal(kg)) == tonnes
    assert required_t(Decimal(kg)) == units


def test_emissions_are_exact_sums_of_exact_products():
    lines = [
        EmissionLine(Decimal("0.1"), Decimal("0.2")),
        EmissionLine(Decimal(120000), Decimal("0.5581")),
        EmissionLine(Decimal("999999999999.999999999"), Decimal("999999999999.999999999")),
    ]
    assert total_kg(lines[:2]) == Decimal("66972.02")
    assert str(lines[2].kg) == "999999999999999999998000.000000000000000001"


decimals = st.decimals(0, 10**9, places=6, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(decimals, decimals), min_size=1, max_size=5))
def test_required_units_are_the_least_that_cover(pairs):
    kg = total_kg([EmissionLine(a, f) for a, f in pairs])
    assert Fraction(kg) == sum(Fraction(a) * Fraction(f) for a, f in pairs)
    units = required_t(kg)
    assert units * 1000 >= Fraction(kg) > (units - 1) * 1000
    assert Fraction(tonnes_text(kg)) * 1000 == Fraction(kg)
    assert "E" not in tonnes_text(kg)


@pytest.mark.parametrize(
    ("ends_on", "expected"),
    [
        (date(2026, 5, 1), date(2027, 5, 1)),
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2023, 2, 28), date(2024, 2, 28)),
        (date(2026, 12, 31), date(2027, 12, 31)),
    ],
)
def test_r36_one_calendar_year_after_the_end(ends_on, expected):
    assert due_on(ends_on) == expected
