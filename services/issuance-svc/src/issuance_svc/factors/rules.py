"""Names and validity of factors. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol, Self, TypeVar

Purpose = Literal["credit", "footprint", "behaviour"]
PARTS = ("region", "subject", "year")


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
