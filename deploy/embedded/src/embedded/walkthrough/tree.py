"""A calculation in short: the first operands of each step, the others counted."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Any

SHOWN_MAX = 4
LIKE_SHOWN = 1
PLACES_MAX = 9
CUT_TO = Decimal("0.000001")


def short(number: str) -> str:
    """Return the number; a long one cut after its sixth place, `...` where it goes on."""
    value = Decimal(number).normalize()
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "values are finite"
    if -exponent <= PLACES_MAX:
        return f"{value:f}"
    return f"{value.quantize(CUT_TO, rounding=ROUND_DOWN):f}..."


def lines(step: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield a line for the step and for each operand; of more than four alike only the first."""
    unit = "" if step["unit"] == "1" else f" {step['unit']}"
    yield f"{'  ' * depth}{step['symbol']} = {short(step['value'])}{unit}   {_says(step)}"
    operands = step.get("operands", [])
    if len(operands) <= SHOWN_MAX:
        for operand in operands:
            yield from lines(operand, depth + 1)
        return
    seen = 0
    for operand in operands:
        if operand["type"] != "step":
            yield from lines(operand, depth + 1)
        elif seen < LIKE_SHOWN:
            seen += 1
            yield from lines(operand, depth + 1)
    left = sum(operand["type"] == "step" for operand in operands) - seen
    if left:
        yield f"{'  ' * (depth + 1)}and {left} more like it"


def value(step: dict[str, Any], symbol: str) -> Decimal:
    """Return the value of the first step or factor of that symbol. Raises LookupError."""
    waiting = [step]
    while waiting:
        found = waiting.pop(0)
        if found["symbol"] == symbol:
            return Decimal(found["value"])
        waiting += found.get("operands", [])
    raise LookupError(symbol)


def _says(step: dict[str, Any]) -> str:
    if step["type"] == "factor":
        return f"{step['factor_id']}, grade {step['grade']}"
    if step["type"] == "given":
        return str(step["origin"])
    # A formula that is a number tells nothing: its title says why it is so.
    formula = str(step["formula"])
    return str(step["title"]["en"]) if formula.isdecimal() else formula
