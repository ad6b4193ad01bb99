"""What a filled grid says: the sums and signs of every day, and the gaps between. Pure and exact."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from issuance_svc.intervals.exact import Integers
from issuance_svc.intervals.grid import Grid, Values

_CHUNK_DAYS = 4_096
_SAFE = 2**62

# First slot of daylight and first slot of night of a legal day.
Daylight = Callable[[int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Day:
    """One series on one legal day; amounts in the grid's scaled units, `day` since 1970-01-01.

    `positive` and `negative` are sums of the values above and below zero, without their signs,
    `largest` and `deepest` the greatest one of each, `night` the part of `positive` between dusk and
    dawn, `stale` the longest run of one unchanging value other than 0.
    """

    series: int
    day: int
    row: int
    present: int
    positive: int
    negative: int
    largest: int
    deepest: int
    stale: int
    night: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Intervals of one series that are missing; slots counted from 1970-01-01, `until` excluded."""

    series: int
    start: int
    until: int

    @property
    def count(self) -> int:
        return self.until - self.start


def days(grid: Grid, daylight: Daylight | None = None) -> Iterator[Day]:
    """Yield every day of the grid in order of series and day."""
    places = grid.places_of_days()
    for first in range(0, len(places), _CHUNK_DAYS):
        part = places[first : first + _CHUNK_DAYS]
        rows = np.array([row for _, _, row in part])
        cells, filled = grid.cells[rows], grid.filled[rows]
        values = np.where(filled, cells, 0)
        above = np.where(values > 0, values, 0)
        columns = (
            filled.sum(axis=1).tolist(),
            _sums(above),
            _sums(above - values),
            above.max(axis=1).tolist(),
            (above - values).max(axis=1).tolist(),
            _longest_runs(values).tolist(),
            [None] * len(part) if daylight is None else _sums(_at_night(above, part, daylight)),
        )
        for place, *found in zip(part, *columns, strict=True):
            yield Day(*place, *found)


def gaps(grid: Grid) -> Iterator[Gap]:
    """Yield what is missing between the first and the last interval of each series, in order."""
    for series, group in groupby(grid.places_of_days(), key=lambda place: place[0]):
        places = list(group)
        rows = np.array([row for _, _, row in places])
        numbers = np.array([day for _, day, _ in places])
        found = (numbers[:, None] * grid.slots + np.arange(grid.slots))[grid.filled[rows]]
        for at in np.flatnonzero(np.diff(found) > 1).tolist():
            yield Gap(series, int(found[at]) + 1, int(found[at + 1]))


def _sums(values: Values) -> list[int]:
    """Return the exact sum of every row."""
    largest = int(np.abs(values).max(initial=0))
    if values.dtype == np.int64 and largest * values.shape[1] >= _SAFE:
        values = values.astype(object)
    return [int(found) for found in values.sum(axis=1)]


def _longest_runs(values: Values) -> Integers:
    """Return per row how many neighbouring cells hold one and the same value other than zero."""
    count = values.shape[1]
    same = np.asarray((values[:, 1:] == values[:, :-1]) & (values[:, 1:] != 0), dtype=np.bool_)
    at = np.arange(1, count)
    broken = np.maximum.accumulate(np.where(same, 0, at), axis=1)
    runs: npt.NDArray[Any] = np.where(same, at - broken + 1, 0).max(axis=1, initial=0)
    return runs


def _at_night(above: Values, part: list[tuple[int, int, int]], daylight: Daylight) -> Values:
    bounds = {day: daylight(day) for day in {day for _, day, _ in part}}
    dawn = np.array([bounds[day][0] for _, day, _ in part])[:, None]
    dusk = np.array([bounds[day][1] for _, day, _ in part])[:, None]
    slots = np.arange(above.shape[1])
    return np.where((slots < dawn) | (slots >= dusk), above, 0)
