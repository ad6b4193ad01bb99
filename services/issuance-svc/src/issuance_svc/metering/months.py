"""Measured days and spans as the months that a quantification counts, each with its correction (R14)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import groupby
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.intervals import sun
from issuance_svc.intervals.grid import MINUTES_PER_DAY
from issuance_svc.intervals.stamps import day_number
from issuance_svc.metering import holding, repository, rules, service
from issuance_svc.metering.errors import (
    IntervalsContradict,
    MeterCorrected,
    MeterDataTooLarge,
    MeterElsewhere,
)
from issuance_svc.metering.interval_readings import NIGHT_DEPRESSION_DEG
from issuance_svc.metering.models import IntervalDay, Meter, MeterCheck, RegisterSpan
from issuance_svc.methodologies.calculation import (
    MEASURED,
    MeterCorrection,
    MeterEnergy,
    MeterMonth,
    MeterRecord,
    Period,
)
from issuance_svc.projects.models import Project
from tht_kit.errors import Text

DAYS_MAX = 300_000
SPANS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Day:
    """One channel of one meter on one legal day, in exact kWh."""

    day: date
    interval_min: int
    present: int
    positive: Fraction
    negative: Fraction
    largest: Fraction
    deepest: Fraction
    stale_min: int
    night: Fraction | None
    multiplier: Decimal | None
    upload_ids: tuple[UUID, ...]


async def records(session: AsyncSession, project: Project, period: Period) -> list[MeterRecord]:
    """Return what is on record of the project's meters, with their corrections in the period.

    Raises MeterElsewhere: a successor with which the register registered another project counts
    there (R7); this project has to record what really replaced its meter.
    """
    recorded = await repository.list_current(session, project.project_id)
    counted = await holding.own(session, project, recorded)
    own = {meter.meter_no for meter in counted}
    await holding.must_hold(session, project)
    for meter in counted:
        if meter.replaced_by is not None and meter.replaced_by not in own:
            raise MeterElsewhere(meter_no=meter.replaced_by)
    checks = await repository.list_checks(session, project.project_id)
    dropped = await service.channels_dropped(session, project.project_id, recorded)
    return [
        MeterRecord(
            meter_no=meter.meter_no,
            channels=meter.channels,
            valid_from=meter.valid_from,
            valid_until=meter.valid_until,
            green_certificates=meter.green_certificates,
            multiplier=meter.multiplier,
            replaced_by=meter.replaced_by,
            channels_dropped=dropped[meter.meter_no],
            is_checked=any(check.meter_no == meter.meter_no for check in checks),
            corrections=[
                MeterCorrection(start=c.start, end=c.end, pct=c.pct, reason=c.reason)
                for c in service.corrected(meter, checks, period.start, period.end)
            ],
        )
        for meter in counted
    ]


async def months(
    session: AsyncSession, project: Project, upload_ids: Sequence[UUID], period: Period
) -> list[MeterMonth]:
    """Return the intervals and register spans of the uploads inside the period.

    Intervals by day: days outside the period do not count. Register spans count whole or not at all.
    Raises MeterRecordMissing, MeterCorrected, IntervalsContradict, MeterDataTooLarge.
    """
    rows = await repository.list_days(
        session, upload_ids, period.start, period.end, limit=DAYS_MAX + 1
    )
    spans = await repository.list_spans(
        session, upload_ids, period.start, period.end, limit=SPANS_MAX + 1
    )
    if len(rows) > DAYS_MAX or len(spans) > SPANS_MAX:
        raise MeterDataTooLarge(days=DAYS_MAX, spans=SPANS_MAX)
    named = {row.meter_no for row in rows} | {span.meter_no for span in spans}
    meters = await service.get_current(session, project.project_id, sorted(named))
    for row in [*rows, *spans]:
        _must_be_of_the_record(row, meters[row.meter_no])
    checks = await repository.list_checks(session, project.project_id)
    found: list[MeterMonth] = []
    for (meter_no, channel), group in groupby(rows, key=lambda row: (row.meter_no, row.channel)):
        days = await _days(session, project, upload_ids, meter_no, channel, list(group))
        found += _interval_months(meters[meter_no], channel, days, checks, period)
    return found + list(_register_months(meters, spans, checks))


def _must_be_of_the_record(row: Any, meter: Meter) -> None:
    """Refuse what was multiplied by another multiplier than the one that the record shows."""
    if row.multiplier is not None and row.multiplier != meter.multiplier:
        raise MeterCorrected(
            meter_no=meter.meter_no,
            upload_id=row.upload_id,
            applied=format(row.multiplier, "f"),
            recorded=format(meter.multiplier, "f"),
        )


# ---- intervals ------------------------------------------------------------------------------


async def _days(
    session: AsyncSession,
    project: Project,
    upload_ids: Sequence[UUID],
    meter_no: str,
    channel: str,
    rows: Sequence[Any],
) -> dict[date, Day]:
    """Return each day once; where files overlap, the cells decide whether they agree."""
    days: dict[date, Day] = {}
    doubled: list[date] = []
    for row in rows:
        if row.day in days:
            doubled.append(row.day)
        days[row.day] = _day(row)
    if doubled:
        stored = await repository.list_cells(session, upload_ids, meter_no, channel, doubled)
        for day, copies in groupby(stored, key=lambda row: row.day):
            days[day] = _merged(project, list(copies))
    return days


def _day(row: Any) -> Day:
    unit = int(row.per_kwh)

    def kwh(amount: Decimal) -> Fraction:
        return Fraction(int(amount), unit)

    return Day(
        day=row.day,
        interval_min=row.interval_min,
        present=row.present,
        positive=kwh(row.positive),
        negative=kwh(row.negative),
        largest=kwh(row.largest),
        deepest=kwh(row.deepest),
        stale_min=row.stale_min,
        night=None if row.night is None else kwh(row.night),
        multiplier=row.multiplier,
        upload_ids=(row.upload_id,),
    )


def _merged(project: Project, copies: Sequence[IntervalDay]) -> Day:
    """Put the cells of one day from several files together; raises IntervalsContradict."""
    first = copies[0]
    cells: dict[int, Fraction] = {}
    for copy in copies:
        if copy.interval_min != first.interval_min:
            raise _contradicts(
                copy, f"区间长度 {first.interval_min} 与 {copy.interval_min} 分钟并存",
                f"intervals of {first.interval_min} and {copy.interval_min} minutes",
            )  # fmt: skip
        for slot, value in enumerate(copy.cells or copy.wide_cells or []):
            if value is None:
                continue
            kwh = Fraction(int(value) * int(copy.factor), int(copy.per_kwh))
            if cells.setdefault(slot, kwh) != kwh:
                raise _contradicts(
                    copy, f"第 {slot + 1} 个区间有两个值", f"two values of interval {slot + 1}"
                )
    above = {slot: kwh for slot, kwh in cells.items() if kwh > 0}
    below = [-kwh for kwh in cells.values() if kwh < 0]
    return Day(
        day=first.day,
        interval_min=first.interval_min,
        present=len(cells),
        positive=sum(above.values(), Fraction(0)),
        negative=sum(below, Fraction(0)),
        largest=max(above.values(), default=Fraction(0)),
        deepest=max(below, default=Fraction(0)),
        stale_min=max(copy.stale_min for copy in copies),
        night=_at_night(project, first, above),
        multiplier=next((copy.multiplier for copy in copies if copy.multiplier is not None), None),
        upload_ids=tuple(copy.upload_id for copy in copies),
    )


def _at_night(project: Project, day: IntervalDay, above: Mapping[int, Fraction]) -> Fraction | None:
    if project.latitude is None or project.longitude is None:
        return None
    dawn, dusk = sun.daylight_at(
        project.latitude,
        project.longitude,
        depression_deg=NIGHT_DEPRESSION_DEG,
        interval_min=day.interval_min,
    )(day_number(day.day))
    return sum((kwh for slot, kwh in above.items() if not dawn <= slot < dusk), Fraction(0))


def _interval_months(
    meter: Meter,
    channel: str,
    days: Mapping[date, Day],
    checks: Sequence[MeterCheck],
    period: Period,
) -> Iterator[MeterMonth]:
    """Yield the months in which the meter hung there; days without a row are missing whole."""
    start, end = _in_place(meter, period)
    corrections = service.corrected(meter, checks, start, end)
    interval_min = next(iter(days.values())).interval_min
    if any(day.interval_min != interval_min for day in days.values()):
        raise IntervalsContradict(
            reason=Text(
                zh=f"表计 {meter.meter_no} 的 {channel} 有两种区间长度。",
                en=f"The channel {channel} of {meter.meter_no} has two interval lengths.",
            )
        )
    for first, last in _months(start, end):
        inside = [days[day] for day in _each(first, last) if day in days]
        nights = [day.night for day in inside]
        yield MeterMonth(
            meter_no=meter.meter_no,
            channel=cast("Any", channel),
            source="intervals",
            month=first.replace(day=1),
            start=first,
            end=last,
            parts=[
                _energy(meter, days, replace(c, start=max(c.start, first), end=min(c.end, last)))
                for c in corrections
                if c.start <= last and c.end >= first
            ],
            interval_min=interval_min,
            largest_kwh=_number(max((day.largest for day in inside), default=Fraction(0))),
            deepest_kwh=_number(max((day.deepest for day in inside), default=Fraction(0))),
            stale_min=max((day.stale_min for day in inside), default=0),
            night_kwh=None
            if None in nights
            else _number(sum((night for night in nights if night is not None), Fraction(0))),
            upload_ids=_ids(found for day in inside for found in day.upload_ids),
            multiplier=next((day.multiplier for day in inside if day.multiplier is not None), None),
        )


def _in_place(meter: Meter, period: Period) -> tuple[date, date]:
    """Return the days of the period on which the meter hung there; a record may begin late."""
    start = max(period.start, meter.valid_from) if meter.replaces else period.start
    end = period.end if meter.valid_until is None else min(period.end, meter.valid_until)
    return start, end


def _energy(meter: Meter, days: Mapping[date, Day], part: rules.Correction) -> MeterEnergy:
    inside = [days[day] for day in _each(part.start, part.end) if day in days]
    slots = MINUTES_PER_DAY // next(iter(days.values())).interval_min
    # On the day of an exchange each meter measures its part of the day.
    exchanged = {
        day
        for day, really in (
            (meter.valid_from, meter.replaces),
            (meter.valid_until, meter.replaced_by),
        )
        if really
    }
    expected = sum(
        (days[day].present if day in days else 0) if day in exchanged else slots
        for day in _each(part.start, part.end)
    )
    return MeterEnergy(
        start=part.start,
        end=part.end,
        pct=part.pct,
        reason=part.reason,
        kwh=_number(sum((day.positive for day in inside), Fraction(0))),
        below_zero_kwh=_number(sum((day.negative for day in inside), Fraction(0))),
        missing=expected - sum(day.present for day in inside),
    )


def _months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each month between the days, cut to them."""
    first = start
    while first <= end:
        after = (first.replace(day=1) + timedelta(days=31)).replace(day=1)
        yield first, min(end, after - timedelta(days=1))
        first = after


def _each(start: date, end: date) -> Iterator[date]:
    for number in range((end - start).days + 1):
        yield start + timedelta(days=number)


def _number(kwh: Fraction) -> Decimal:
    """Return the exact decimal where there is one; a third of a kWh to fifty digits."""
    with localcontext(MEASURED):
        return Decimal(kwh.numerator) / Decimal(kwh.denominator)


def _ids(found: Iterable[UUID]) -> list[str]:
    return sorted({str(upload_id) for upload_id in found})


def _contradicts(day: IntervalDay, zh: str, en: str) -> IntervalsContradict:
    place = f"{day.meter_no} {day.channel} {day.day}"
    return IntervalsContradict(reason=Text(zh=f"{place}：{zh}。", en=f"{place}: {en}."))


# ---- registers ------------------------------------------------------------------------------


def _register_months(
    meters: Mapping[str, Meter], spans: Sequence[RegisterSpan], checks: Sequence[MeterCheck]
) -> Iterator[MeterMonth]:
    """Yield each span once; its energy cannot be parted, so its worst correction holds for all of it."""
    last: RegisterSpan | None = None
    for span in spans:
        same_register = last is not None and (last.meter_no, last.channel) == (
            span.meter_no,
            span.channel,
        )
        if last is not None and same_register and span.started_at < last.ended_at:
            if _same(span, last):
                continue
            place = f"{span.meter_no} {span.channel} {span.started_on}"
            raise IntervalsContradict(
                reason=Text(
                    zh=f"{place}：两个抄表区间重叠。", en=f"{place}: two pairs of readings overlap."
                )
            )
        last = span
        meter = meters[span.meter_no]
        found = service.corrected(meter, checks, span.started_on, span.ended_on)
        worst = max(found, key=lambda correction: correction.pct)
        yield MeterMonth(
            meter_no=span.meter_no,
            channel=cast("Any", span.channel),
            source="registers",
            month=span.started_on.replace(day=1),
            start=span.started_on,
            end=span.ended_on,
            parts=[
                MeterEnergy(
                    start=span.started_on,
                    end=span.ended_on,
                    pct=worst.pct,
                    reason=worst.reason,
                    kwh=span.kwh,
                    below_zero_kwh=Decimal(0),
                    missing=0,
                )
            ],
            interval_min=None,
            largest_kwh=None,
            deepest_kwh=None,
            stale_min=0,
            night_kwh=None,
            upload_ids=[str(span.upload_id)],
            multiplier=span.multiplier,
        )


def _same(one: RegisterSpan, other: RegisterSpan) -> bool:
    return (one.started_at, one.ended_at, one.kwh) == (other.started_at, other.ended_at, other.kwh)
