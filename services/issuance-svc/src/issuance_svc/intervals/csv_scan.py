"""The fast way through a CSV file of intervals: column by column, in batches of a few megabytes.

It takes what is regular, and raises Irregular at the first thing that is not: the reading row by row
then judges the whole file again and names every row that is wrong. Both fill the same grid.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from issuance_svc.intervals import exact
from issuance_svc.intervals.exact import Integers, Irregular
from issuance_svc.intervals.grid import Grid, GridFull
from issuance_svc.intervals.stamps import Stamps

BLOCK_BYTES = 4 * 1024 * 1024

SeriesOf = Callable[[str, str], int]


@dataclass(frozen=True)
class Layout:
    """Which columns hold what, by position; a fixed text stands where the file has no column."""

    columns: int
    header_row: int
    delimiter: str
    time: int
    value: int
    meter: int | str
    channel: int | str
    unit: int | str


@dataclass(frozen=True)
class Scanned:
    rows: int
    empty: int
    phase_s: int
    unit: str


@dataclass(frozen=True)
class Timing:
    """How stamps become starts of intervals: an end is moved back by the interval's length."""

    stamps: Stamps
    interval_s: int
    stamp_is_end: bool


def scan(
    path: Path,
    layout: Layout,
    timing: Timing,
    series_of: SeriesOf,
    never_negative: Callable[[int], bool],
    grid: Grid,
    advance: Callable[[int], None],
) -> Scanned:
    """Fill the grid from the file. Raises Irregular; what `series_of` and `advance` raise."""
    rows = empty = 0
    phase_s: int | None = None
    unit: str | None = None
    try:
        for batch in _batches(path, layout):
            if batch.num_rows == 0:
                continue
            series = _series(batch, layout, series_of)
            unit = _one_unit(batch, layout, unit)
            values, without = exact.integers(batch.column("value"))
            starts_s = timing.stamps.column(batch.column("time"))
            if timing.stamp_is_end:
                starts_s = starts_s - timing.interval_s
            if phase_s is None:
                phase_s = int(starts_s[0] % timing.interval_s)
            starts_s = starts_s - phase_s
            if bool((starts_s % timing.interval_s).any()):
                raise Irregular
            rows += len(series)
            empty += int(np.count_nonzero(without))
            if bool(without.any()):
                series, starts_s, values = series[~without], starts_s[~without], values[~without]
            below = series[values < 0]
            if len(below) and any(never_negative(found) for found in np.unique(below).tolist()):
                raise Irregular
            if grid.add(series, starts_s, values):
                raise Irregular
            advance(batch.num_rows)
    except (pa.ArrowInvalid, GridFull) as error:
        raise Irregular from error
    return Scanned(rows=rows, empty=empty, phase_s=phase_s or 0, unit=unit or "")


def _batches(path: Path, layout: Layout) -> pa_csv.CSVStreamingReader:
    names = [f"column {position}" for position in range(layout.columns)]
    names[layout.time], names[layout.value] = "time", "value"
    types = {"time": pa.string(), "value": pa.string()}
    texts = {"meter": layout.meter, "channel": layout.channel, "unit": layout.unit}
    for name, place in texts.items():
        if isinstance(place, int):
            names[place] = name
            types[name] = pa.dictionary(pa.int32(), pa.string())
    return pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(
            block_size=BLOCK_BYTES, column_names=names, skip_rows=layout.header_row
        ),
        parse_options=pa_csv.ParseOptions(delimiter=layout.delimiter),
        convert_options=pa_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _series(batch: pa.RecordBatch, layout: Layout, series_of: SeriesOf) -> Integers:
    """Return the series of every row; meter and channel are looked up once per distinct text."""
    meters = _texts(batch, "meter", layout.meter)
    channels = _texts(batch, "channel", layout.channel)
    pairs = meters[1] * len(channels[0]) + channels[1]
    known = np.full(len(meters[0]) * len(channels[0]), -1, dtype=np.int64)
    for pair in np.flatnonzero(np.bincount(pairs)).tolist():
        meter, channel = divmod(pair, len(channels[0]))
        known[pair] = series_of(meters[0][meter], channels[0][channel])
    found: Integers = known[pairs]
    return found


def _one_unit(batch: pa.RecordBatch, layout: Layout, before: str | None) -> str:
    """Return the unit that all rows share; raises Irregular for a second one."""
    texts, _ = _texts(batch, "unit", layout.unit)
    if len(texts) != 1 or before not in (None, texts[0]):
        raise Irregular
    return texts[0]


def _texts(batch: pa.RecordBatch, name: str, place: int | str) -> tuple[list[str], Integers]:
    if isinstance(place, str):
        return [place], np.zeros(batch.num_rows, dtype=np.int64)
    column = batch.column(name)
    if column.null_count:
        raise Irregular
    texts = [text.strip() for text in column.dictionary.to_pylist()]
    return texts, np.asarray(column.indices).astype(np.int64)
