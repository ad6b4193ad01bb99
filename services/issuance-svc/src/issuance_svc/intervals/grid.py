"""The cells of interval data: one row per series and legal day, one cell per interval. Pure.

A series is one channel of one meter. Cells hold scaled integers; what arrives twice is compared
with what stands there, so duplicates show whatever the order of the rows, in memory that grows with
the days of the file and not with its rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from issuance_svc.intervals.exact import PLACES, WIDE_PLACES, Integers
from issuance_svc.intervals.stamps import DAY_S

CELLS_MAX = 16_000_000
WIDE_CELLS_MAX = 1_000_000
MINUTES_PER_DAY = 1_440
_SERIES_STEP = 1 << 20

Values = npt.NDArray[Any]  # int64, or Python integers in a wide grid


class GridFull(Exception):
    """The file spreads its rows over more days and series than a grid may hold."""


@dataclass(frozen=True, slots=True)
class Clash:
    """A row of the batch whose cell holds another value, and the row that brought that value."""

    at: int
    other_number: int
    other_value: int


class Grid:
    """Interval cells of several series; `places` is the power of ten of their unit."""

    def __init__(self, interval_min: int, *, with_numbers: bool = False) -> None:
        self.interval_min = interval_min
        self.slots = MINUTES_PER_DAY // interval_min
        self.places = PLACES
        self.rows = 0
        # Touched pages alone take memory: the size is a bound, not what a small file costs.
        self._days_max = CELLS_MAX // self.slots
        self.cells: Values = np.zeros((self._days_max, self.slots), dtype=np.int64)
        self.filled = np.zeros((self._days_max, self.slots), dtype=np.bool_)
        self._numbers = np.zeros(self._days_max * self.slots if with_numbers else 0, dtype=np.int32)
        self._row_of: dict[int, int] = {}

    @property
    def is_wide(self) -> bool:
        return self.places == WIDE_PLACES

    @property
    def days(self) -> int:
        return len(self._row_of)

    def places_of_days(self) -> list[tuple[int, int, int]]:
        """Return (series, day number, grid row) in order of series and day."""
        return [(*divmod(key, _SERIES_STEP), row) for key, row in sorted(self._row_of.items())]

    def widen(self) -> None:
        """Go over to Python integers with WIDE_PLACES: exact for any file, and slower."""
        used = self.days
        if used * self.slots > WIDE_CELLS_MAX:
            raise GridFull
        self._days_max = WIDE_CELLS_MAX // self.slots
        cells = np.zeros((self._days_max, self.slots), dtype=object)
        cells[:used] = self.cells[:used].astype(object) * 10 ** (WIDE_PLACES - self.places)
        filled = np.zeros((self._days_max, self.slots), dtype=np.bool_)
        filled[:used] = self.filled[:used]
        self.cells, self.filled, self.places = cells, filled, WIDE_PLACES
        self._numbers = self._numbers[: self._days_max * self.slots]

    def add(
        self,
        series: Integers,
        starts_s: Integers,
        values: Values,
        numbers: npt.NDArray[np.int32] | None = None,
    ) -> list[Clash]:
        """Add intervals by their start on the grid (seconds); return those that contradict a cell.

        Raises GridFull.
        """
        days, within_s = np.divmod(starts_s, DAY_S)
        flat = self._rows(series * _SERIES_STEP + days) * self.slots
        flat += within_s // (self.interval_min * 60)
        cells, filled = self.cells.reshape(-1), self.filled.reshape(-1)
        fresh = ~filled[flat]
        # Reversed: where a cell comes twice in one batch, the last write is that of its first row.
        new = flat[fresh][::-1]
        cells[new] = values[fresh][::-1]
        filled[new] = True
        if numbers is not None:
            self._numbers[new] = numbers[fresh][::-1]
        self.rows += len(flat)
        wrong = np.flatnonzero(cells[flat] != values)
        return [
            Clash(
                int(at),
                int(self._numbers[flat[at]]) if numbers is not None else 0,
                int(cells[flat[at]]),
            )
            for at in wrong
        ]

    def duplicates(self) -> int:
        """Return how many rows only repeated a cell."""
        return self.rows - int(np.count_nonzero(self.filled[: self.days]))

    def _rows(self, keys: Integers) -> Integers:
        """Return the grid row of each series-and-day key, making new ones."""
        heads = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        if len(heads) * 4 < len(keys):
            found = self._known_rows(keys[heads].tolist())
            return np.repeat(found, np.diff(np.append(heads, len(keys))))
        unique, inverse = np.unique(keys, return_inverse=True)
        return self._known_rows(unique.tolist())[inverse]

    def _known_rows(self, keys: Sequence[int]) -> Integers:
        row_of = self._row_of
        for key in keys:
            if key not in row_of:
                if len(row_of) >= self._days_max:
                    raise GridFull
                row_of[key] = len(row_of)
        return np.fromiter((row_of[key] for key in keys), dtype=np.int64, count=len(keys))
