"""Read intervals as rows of the table of days, and as what their owner is told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from issuance_svc.intervals import days
from issuance_svc.intervals.days import Day, Gap
from issuance_svc.intervals.grid import Grid
from issuance_svc.intervals.stamps import day_of, moment_of
from issuance_svc.metering.models import Channel
from issuance_svc.metering.options import per_kwh
from issuance_svc.methodologies.calculation import MEASURED
from issuance_svc.uploads.kinds import Summary

LISTED_MAX = 100

Place = tuple[str, Channel]


@dataclass
class Found:
    """What a reading brought together, before and after its days are counted."""

    grid: Grid
    unit: str
    places: list[Place]
    days: list[Day] = field(default_factory=list)
    empty: int = 0
    phase_s: int = 0
    qualities: Counter[str] = field(default_factory=Counter)


class Stored:
    """The grid's days as rows of the table."""

    def __init__(self, found: Found, multipliers: dict[str, Decimal]) -> None:
        self.found = found
        unit = per_kwh(found.unit, found.grid.interval_min, found.grid.places)
        self._scale = {
            meter_no: _scale(unit, multipliers.get(meter_no, Decimal(1)))
            for meter_no, _ in found.places
        }
        self._multipliers = multipliers

    def records(self, upload_id: UUID) -> Iterator[tuple[Any, ...]]:
        """Yield the rows in the order of repository.DAY_COLUMNS."""
        grid = self.found.grid
        for day in self.found.days:
            meter_no, channel = self.found.places[day.series]
            factor, unit = self._scale[meter_no]
            cells = grid.cells[day.row].tolist()
            if day.present < grid.slots:
                filled = grid.filled[day.row].tolist()
                cells = [cell if there else None for cell, there in zip(cells, filled, strict=True)]
            yield (
                upload_id,
                meter_no,
                channel.value,
                day_of(day.day),
                grid.interval_min,
                None if grid.is_wide else cells,
                [None if cell is None else Decimal(cell) for cell in cells]
                if grid.is_wide
                else None,
                Decimal(factor),
                unit,
                day.present,
                Decimal(day.positive * factor),
                Decimal(day.negative * factor),
                Decimal(day.largest * factor),
                Decimal(day.deepest * factor),
                day.stale * grid.interval_min,
                None if day.night is None else Decimal(day.night * factor),
                self._multipliers.get(meter_no),
            )

    def kwh(self, meter_no: str, amount: int) -> Decimal:
        """Return a sum of cells of the meter in kWh."""
        factor, unit = self._scale[meter_no]
        with localcontext(MEASURED):
            return Decimal(amount * factor) / unit


def _scale(unit: int, multiplier: Decimal) -> tuple[int, Decimal]:
    """Return the whole factor of a cell and how many of the products make a kWh."""
    numerator, denominator = multiplier.as_integer_ratio()
    return numerator, Decimal(unit * denominator)


def summary(found: Found, stored: Stored) -> Summary:
    grid = found.grid
    missing: Counter[int] = Counter()
    shown_gaps: list[Gap] = []
    for gap in days.gaps(grid):
        missing[gap.series] += gap.count
        if len(shown_gaps) < LISTED_MAX:
            shown_gaps.append(gap)
    by_series: dict[int, list[Day]] = {}
    for day in found.days:
        by_series.setdefault(day.series, []).append(day)
    places = sorted(range(len(found.places)), key=lambda series: found.places[series])
    lines = [
        _line(found, stored, by_series[series], missing[series])
        for series in places[:LISTED_MAX]
        if series in by_series
    ]
    every = [day.day for day in found.days]
    said: Summary = {
        "meters": len({meter_no for meter_no, _ in found.places}),
        "interval_min": grid.interval_min,
        "unit": found.unit,
        "first_day": day_of(min(every)).isoformat() if every else None,
        "last_day": day_of(max(every)).isoformat() if every else None,
        "channels": lines,
        "empty_values": found.empty,
        "duplicate_rows": grid.duplicates(),
        "missing_intervals": missing.total(),
        "gaps": [_gap(found, gap) for gap in shown_gaps],
    }
    if found.phase_s:
        said["stamps_off_the_raster_s"] = found.phase_s
    if found.qualities:
        said["qualities_other_than_actual"] = dict(found.qualities)
    return said


def _line(found: Found, stored: Stored, own: Sequence[Day], missing: int) -> dict[str, Any]:
    meter_no, channel = found.places[own[0].series]
    line: dict[str, Any] = {
        "meter_no": meter_no,
        "channel": channel.value,
        "first_day": day_of(own[0].day).isoformat(),
        "last_day": day_of(own[-1].day).isoformat(),
        "intervals": sum(day.present for day in own),
        "missing": missing,
        "kwh": _plain(stored.kwh(meter_no, sum(day.positive for day in own))),
        "unchanging_min": max(day.stale for day in own) * found.grid.interval_min,
    }
    negative = sum(day.negative for day in own)
    if negative:
        line["below_zero_kwh"] = _plain(stored.kwh(meter_no, negative))
    night = sum(day.night or 0 for day in own)
    if night and channel in (Channel.EXPORT, Channel.GENERATION, Channel.NET):
        line["night_kwh"] = _plain(stored.kwh(meter_no, night))
    return line


def _gap(found: Found, gap: Gap) -> dict[str, Any]:
    meter_no, channel = found.places[gap.series]
    step_s = found.grid.interval_min * 60
    return {
        "meter_no": meter_no,
        "channel": channel.value,
        "from": moment_of(gap.start * step_s + found.phase_s),
        "to": moment_of(gap.until * step_s + found.phase_s),
        "intervals": gap.count,
    }


def _plain(kwh: Decimal) -> str:
    """Return kWh to the milliwatt-hour, for reading: what is stored keeps every digit."""
    with localcontext(MEASURED):
        text = format(kwh.quantize(Decimal("0.000001")), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
