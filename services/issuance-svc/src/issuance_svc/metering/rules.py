"""When a meter counted as calibrated, and what its readings lose where it did not (R14). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal

# CCER-01-002 section 7.3.4 (V1): a calibration a year, and within 30 days after a fault.
CALIBRATION_YEARS = 1
RECALIBRATION_DAYS = 30

Reason = Literal["in_time", "error", "late", "never"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the laboratory found on one day; the meter counts as calibrated until `valid_until`."""

    performed_on: date
    error_pct: Decimal
    valid_until: date


@dataclass(frozen=True, slots=True)
class Correction:
    """Days, both inclusive, on which readings are corrected by `pct` against the owner."""

    start: date
    end: date
    pct: Decimal
    reason: Reason


def due_after(performed_on: date) -> date:
    """Return the last day on which a calibration counts: the same day a year later."""
    try:
        return performed_on.replace(year=performed_on.year + CALIBRATION_YEARS)
    except ValueError:
        return date(performed_on.year + CALIBRATION_YEARS, 2, 28)


def corrections(
    class_pct: Decimal,
    calibrations: Sequence[Calibration],
    faults: Sequence[date],
    start: date,
    end: date,
) -> list[Correction]:
    """Return the corrections of every day from start to end, neighbouring equal ones as one.

    In time and inside the class: none. In time but found beyond the class: the error found, back to
    the calibration before and on to the next one. Late, or after a fault longer than 30 days ago: the
    class's permissible error, or the error found if larger. Never calibrated before: likewise.
    """
    known = sorted(calibrations, key=lambda found: found.performed_on)
    turns = {start, end + timedelta(days=1)}
    for found in known:
        turns |= {found.performed_on, found.valid_until + timedelta(days=1)}
    turns |= {fault + timedelta(days=RECALIBRATION_DAYS + 1) for fault in faults}
    inside = sorted(turn for turn in turns if start <= turn <= end + timedelta(days=1))
    spans: list[Correction] = []
    for first, until in pairwise(inside):
        pct, reason = _on(first, class_pct, known, faults)
        before = spans[-1] if spans else None
        if before is not None and (before.pct, before.reason) == (pct, reason):
            first = spans.pop().start  # noqa: PLW2901 - the span before goes on
        spans.append(Correction(first, until - timedelta(days=1), pct, reason))
    return spans


def _on(
    day: date, class_pct: Decimal, known: Sequence[Calibration], faults: Sequence[date]
) -> tuple[Decimal, Reason]:
    before = [found for found in known if found.performed_on <= day]
    after = [found for found in known if found.performed_on > day]
    pct, reason = _by_the_last(day, class_pct, before[-1] if before else None, faults)
    # What the next calibration finds beyond the class was so before it, too.
    as_found = abs(after[0].error_pct) if after else Decimal(0)
    if as_found > max(class_pct, pct):
        return as_found, "error" if reason == "in_time" else reason
    return pct, reason


def _by_the_last(
    day: date, class_pct: Decimal, last: Calibration | None, faults: Sequence[date]
) -> tuple[Decimal, Reason]:
    if last is None:
        return class_pct, "never"
    found = abs(last.error_pct)
    due = last.valid_until
    for fault in faults:
        if last.performed_on < fault <= day:
            due = min(due, fault + timedelta(days=RECALIBRATION_DAYS))
    if day > due:
        return max(class_pct, found), "late"
    return (found, "error") if found > class_pct else (Decimal(0), "in_time")
