"""中和: an event's emissions in exact decimals, the units they need, and the deadline (R34 to R36)."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Context, Decimal, Inexact

# Twelve digits before and nine after the point, twice: no product or sum of a claim is rounded.
_EXACT = Context(prec=80, traps=[Inexact])
KG_PER_T_DIGITS = 3
REQUIRED_T_MAX = 10**12  # what one retirement may hold
RETIRE_WITHIN_YEARS = 1  # 公告2019年第19号; seed `event.retire_within_years_after_end`, grade V2


@dataclass(frozen=True, slots=True)
class EmissionLine:
    """Activity times factor, both as the user gave them."""

    activity: Decimal
    factor_kg_per_unit: Decimal

    @property
    def kg(self) -> Decimal:
        return _EXACT.multiply(self.activity, self.factor_kg_per_unit)


def total_kg(lines: Sequence[EmissionLine]) -> Decimal:
    total = Decimal(0)
    for line in lines:
        total = _EXACT.add(total, line.kg)
    return total


def tonnes_text(kg: Decimal) -> str:
    """Return kilograms as tonnes in plain digits, nothing rounded: 352400 is "352.4"."""
    text = f"{_EXACT.scaleb(kg, -KG_PER_T_DIGITS):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def required_t(kg: Decimal) -> int:
    """R34: whole units needed to cover the emissions, rounded up: 352.4 t needs 353."""
    return int(_EXACT.scaleb(kg, -KG_PER_T_DIGITS).to_integral_value(rounding=ROUND_CEILING))


def due_on(ends_on: date) -> date:
    """R36: the same day one calendar year later; 29 February becomes the 28th."""
    year = ends_on.year + RETIRE_WITHIN_YEARS
    return date(year, ends_on.month, min(ends_on.day, monthrange(year, ends_on.month)[1]))
