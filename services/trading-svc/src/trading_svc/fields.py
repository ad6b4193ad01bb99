"""Fields of requests, common to the slices."""

import re
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from tht_kit import fields
from tht_kit.fields import ONE_LINE, PRINTED_LINES, Line, Prose

# The kit's prose without tab and carriage return, which the certificate's font does not have.
Paragraph = Annotated[Prose, StringConstraints(max_length=1000), PRINTED_LINES]
# Longer than the kit's line, so it is not made from it.
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), ONE_LINE
]
Unit = Annotated[Line, StringConstraints(max_length=20)]
# Deadlines are counted from these days, so they must not stand at the end of the calendar.
Day = Annotated[
    fields.Day,
    Field(ge=date(2000, 1, 1), le=date(2100, 12, 31), description="2000-01-01 .. 2100-12-31"),
]
# What people may put where a code belongs: it is looked up only if it can be one.
ORGANISATION_CODE = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}")
CERTIFICATE_ID = re.compile(r"CQ-R-[0-9]{4}-[0-9]{6,15}")
