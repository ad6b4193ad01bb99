"""Types of request fields that every service's schemas use: text PostgreSQL can keep, plain days."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticKnownError

LINE_CHARS_MAX = 200
PROSE_CHARS_MAX = 4000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,12})?", re.ASCII)

# Text ends up on certificates and coupons: refused are control characters, invisible format
# characters (which can turn the order of what is read around) and code points without a character.
NO_INVISIBLE = r"^[^\p{C}\p{Zl}\p{Zp}]*$"
LINES = r"^(?:[^\p{C}\p{Zl}\p{Zp}]|[\t\r\n])*$"

# One line: nothing that ends it.
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=LINE_CHARS_MAX,
        pattern=NO_INVISIBLE,
    ),
]

# Several lines: of the invisible characters only tab and line ends.
Prose = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=PROSE_CHARS_MAX,
        pattern=LINES,
    ),
]


def _plain_day(value: object) -> object:
    # pydantic would also take a moment at midnight or a number of seconds since 1970.
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticKnownError("date_parsing", {"error": "it must be written YYYY-MM-DD"})


# A calendar day, YYYY-MM-DD and nothing else.
Day = Annotated[date, BeforeValidator(_plain_day)]


def _written_decimal(value: object) -> object:
    # A JSON number may have passed through a binary float on its way here.
    if isinstance(value, Decimal) or (isinstance(value, str) and _DECIMAL.fullmatch(value)):
        return value
    raise PydanticKnownError("decimal_type")


# A decimal number, written as a string without exponent.
DecimalText = Annotated[Decimal, BeforeValidator(_written_decimal, json_schema_input_type=str)]
