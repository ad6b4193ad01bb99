"""Names and validity of factors. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Literal, Protocol, Self, TypeVar

from issuance_svc.methodologies.calculation import EXACT

Purpose = Literal["credit", "footprint", "behaviour"]
PARTS = ("region", "subject", "year")
LEAP_FACTOR = 3
# Grades that rest on a text, and how much it takes to name one.
SOURCED = ("V1", "V2")
SOURCE_CHARS_MIN = 10


@dataclass(frozen=True, slots=True)
class Place:
    """What a factor stands for; its versions share it."""

    kind: str
    region: str | None = None
    subject: str | None = None
    year: int | None = None

    @property
    def name(self) -> str:
        parts = (self.kind, self.region, self.subject, self.year)
        return ":".join(str(part) for part in parts if part is not None)

    def factor_id(self, version: int) -> str:
        return f"{self.name}:v{version}"


@dataclass(frozen=True, slots=True)
class Values:
    """What one version of a factor says."""

    value: Decimal
    unit: str
    grade: str
    source: str
    valid_from: date | None = None
    valid_until: date | None = None

    @classmethod
    def of(cls, row: "Versioned") -> Self:
        return cls(row.value, row.unit, row.grade, row.source, row.valid_from, row.valid_until)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which values a factor of a kind lies; the ends belong to it, but not `above`."""

    least: Decimal | None = None
    above: Decimal | None = None
    most: Decimal | None = None

    @property
    def name(self) -> str:
        named = (("≥", self.least), (">", self.above), ("≤", self.most))
        return ", ".join(f"{sign} {end:f}" for sign, end in named if end is not None)

    def hold(self, value: Decimal) -> bool:
        """Say whether the value lies within."""
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )


def leaps(before: Decimal, value: Decimal) -> bool:
    """Say whether a new value is so far from the one before that two persons should look twice.

    Larger or smaller by more than the factor LEAP_FACTOR, exactly that is not [D].
    """
    small, large = sorted((abs(before), abs(value)))
    with localcontext(EXACT):
        return before * value < 0 or large > small * LEAP_FACTOR


def is_sourced(grade: str, source: str) -> bool:
    """Say whether a source is long enough to name a text, where the grade says there is one [D]."""
    return grade not in SOURCED or len(source.strip()) >= SOURCE_CHARS_MIN


class Versioned(Protocol):
    """The version of a factor, as far as choosing one needs it."""

    version: int
    value: Decimal
    unit: str
    grade: str
    source: str
    valid_from: date | None
    valid_until: date | None


def valid_on(row: Versioned, day: date) -> bool:
    """Say whether the version may be used for activity of the day."""
    starts = row.valid_from is None or row.valid_from <= day
    return starts and (row.valid_until is None or day <= row.valid_until)


V = TypeVar("V", bound=Versioned)


def newest_valid(rows: Sequence[V], day: date) -> V | None:
    """Return the newest version that is valid on the day, or None."""
    usable = [row for row in rows if valid_on(row, day)]
    return max(usable, key=lambda row: row.version, default=None)
