"""The text of a serial range: CQ-CQCER-14-0007-2024-01-000000001-000002519. Pure.

The numbers stand on one global line; start and end are both included. The text is a rendering: the
range alone says which tonnes are meant.
"""

import re
from dataclasses import dataclass

from issuance_svc.issuances.errors import SerialInvalid

PROGRAMME = "CQ"
BATCH_NO_MAX = 99
NUMBER_MAX = 2**63 - 2  # int8range writes its upper bound exclusively

_SERIAL = re.compile(
    r"CQ-(?P<unit_type>[A-Z]{2,8})-(?P<scope>[0-9]{2})-(?P<project>[0-9]{4})-(?P<vintage>[0-9]{4})"
    r"-(?P<batch>[0-9]{2})-(?P<start>[0-9]{9,19})-(?P<end>[0-9]{9,19})",
    re.ASCII,
)
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SerialRange:
    """What a serial's text says."""

    unit_type: str
    scope_code: str
    project_no: int
    vintage: int
    batch_no: int
    start: int
    end: int

    @property
    def quantity_t(self) -> int:
        return self.end - self.start + 1

    def render(self) -> str:
        return (
            f"{PROGRAMME}-{self.unit_type}-{self.scope_code}-{self.project_no:04}-{self.vintage:04}"
            f"-{self.batch_no:02}-{self.start:09}-{self.end:09}"
        )


def parse(text: str) -> SerialRange:
    """Return the range that the text names; raises SerialInvalid for any other text than `render`'s."""
    found = _SERIAL.fullmatch(text)
    if found is None:
        raise SerialInvalid(given=text[:80])
    parsed = SerialRange(
        unit_type=found["unit_type"],
        scope_code=found["scope"],
        project_no=int(found["project"]),
        vintage=int(found["vintage"]),
        batch_no=int(found["batch"]),
        start=int(found["start"]),
        end=int(found["end"]),
    )
    fits = 1 <= parsed.start <= parsed.end <= NUMBER_MAX
    if not fits or parsed.project_no < 1 or parsed.batch_no < 1 or parsed.render() != text:
        raise SerialInvalid(given=text[:80])
    return parsed


def parse_number(text: str) -> int | None:
    """Return the number on the line, or None if the text is no such number."""
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= NUMBER_MAX:
        return None
    return int(text)
