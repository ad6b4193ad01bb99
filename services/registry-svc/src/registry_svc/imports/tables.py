"""A file of parcels, meters or vehicles as rows, whatever it was written in; and its limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tht_kit.errors import FieldProblem, Text

ROWS_MAX = 10_000
FILE_MIB_MAX = 32
POSITIONS_MAX = 1_000_000  # a hundred for each parcel: what bounds the memory of reading them
PROBLEMS_SHOWN_MAX = 200
GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the file: its number as the file's own program shows it, and its cells."""

    number: int
    cells: Mapping[str, Any]
    geometry: Any = None  # GeoJSON, or WKT as text


@dataclass(frozen=True, slots=True)
class Table:
    format: str
    encoding: str | None
    crs: str | None  # as the file states it
    rows: Sequence[Row]


@dataclass(slots=True)
class Problems:
    """What is wrong in the file: all is counted, the first are shown."""

    count: int = 0
    shown: list[FieldProblem] = field(default_factory=list)

    def add(self, row: int, column: str, text: Text) -> None:
        self.count += 1
        if len(self.shown) < PROBLEMS_SHOWN_MAX:
            self.shown.append(FieldProblem(pointer(row, column), text))


def pointer(row: int, column: str) -> str:
    return f"row:{row},column:{column}"
