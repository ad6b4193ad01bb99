"""Types of request fields that every service's schemas use: text PostgreSQL can keep, plain days."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError, PydanticKnownError, SchemaValidator, core_schema

LINE_CHARS_MAX = 200
PROSE_CHARS_MAX = 4000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,12})?", re.ASCII)

NO_INVISIBLE = r"^[^\p{C}\p{Zl}\p{Zp}]*$"
# The type of errors whose context holds a sentence in each language, `zh` and `en`.
BILINGUAL = "bilingual"


def _refuse_invisible(allowed: str) -> Callable[[str], str]:
    """Return a validator that names the first invisible character and where it stands.

    Text ends up on certificates and coupons: refused are control characters, invisible format
    characters (which can turn the order of what is read around) and code points without a character.
    """
    # pydantic's table of characters is newer than Python's, which lacks rare ones of names.
    pattern = rf"^(?:[^\p{{C}}\p{{Zl}}\p{{Zp}}]|[{allowed}])*$" if allowed else NO_INVISIBLE
    visible = SchemaValidator(core_schema.str_schema(pattern=pattern))

    def check(value: str) -> str:
        if visible.isinstance_python(value):
            return value
        found = next(i for i, char in enumerate(value) if not visible.isinstance_python(char))
        name, position = f"U+{ord(value[found]):04X}", found + 1
        raise PydanticCustomError(
            BILINGUAL,
            "{en}",
            {
                "zh": f"含有不能印出的字符：第 {position} 个字符 {name}",
                "en": f"It contains a character that cannot be printed: {name} at position {position}",
            },
        )

    return check


ONE_LINE = AfterValidator(_refuse_invisible(""))
SEVERAL_LINES = AfterValidator(_refuse_invisible(r"\t\r\n"))
# For what is printed where tab and carriage return have no sign.
PRINTED_LINES = AfterValidator(_refuse_invisible(r"\n"))

# One line: nothing that ends it.
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LINE_CHARS_MAX),
    ONE_LINE,
]

# Several lines: of the invisible characters only tab and line ends.
Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=PROSE_CHARS_MAX),
    SEVERAL_LINES,
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
