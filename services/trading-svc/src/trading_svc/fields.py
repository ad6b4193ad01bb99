"""Text fields of requests, common to the slices.

Control characters, invisible format characters (which can turn the order of what is read around)
and code points without a character are refused: such text ends up on certificates.
"""

import re
from typing import Annotated

from pydantic import StringConstraints

NO_INVISIBLE = r"^[^\p{C}\p{Zl}\p{Zp}]*$"
LINES = r"^(?:[^\p{C}\p{Zl}\p{Zp}]|\n)*$"

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=NO_INVISIBLE),
]
Paragraph = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=LINES)
]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=NO_INVISIBLE),
]
Unit = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20, pattern=NO_INVISIBLE),
]
# What people may put where a code belongs: it is looked up only if it can be one.
ORGANISATION_CODE = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}")
CERTIFICATE_ID = re.compile(r"CQ-R-[0-9]{4}-[0-9]{6,15}")
