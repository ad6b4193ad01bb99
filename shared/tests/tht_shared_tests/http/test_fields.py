from datetime import date
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from tht_kit.fields import Day, DecimalText, Line, Prose


@pytest.mark.parametrize(
    ("kind", "given", "taken"),
    [
        (Line, "  渝光 𠮷 ", "渝光 𠮷"),
        (Line, "a" * 200, "a" * 200),
        (Line, "\U00031350\U0002ebf0", "\U00031350\U0002ebf0"),  # ideographs of Unicode 15
        (Prose, "一\n二\t三", "一\n二\t三"),
        (Day, "2024-02-29", date(2024, 2, 29)),
        (DecimalText, "642000.00", Decimal("642000.00")),
        (DecimalText, "-0.5", Decimal("-0.5")),
    ],
)
def test_what_is_taken(kind, given, taken):
    assert TypeAdapter(kind).validate_python(given) == taken


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Line, ""),
        (Line, "   "),
        (Line, "a" * 201),
        (Line, "a\nb"),
        (Line, "a\x00b"),
        (Line, "\u202e优惠券"),  # turns the reading order
        (Line, "券\u200b"),
        (Line, "a\u2028b"),
        (Line, "a\u0085b"),
        (Line, 7),
        (Prose, "a\x00b"),
        (Prose, "a\x1bb"),
        (Prose, "一\u2066二"),
        (Day, "2023-02-29"),
        (Day, "2024-2-9"),
        (Day, "2024-02-29T00:00:00Z"),
        (Day, "٢٠٢٤-02-29"),
        (Day, 1709164800),
        (DecimalText, 0.1),
        (DecimalText, 1),
        (DecimalText, "1e3"),
        (DecimalText, "NaN"),
        (DecimalText, "Infinity"),
        (DecimalText, "1."),
        (DecimalText, "1,000"),
        (DecimalText, " 1"),
        (DecimalText, "9" * 21),
    ],
)
def test_what_is_refused(kind, given):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(given)
