"""What the meters of a photovoltaic project say: complete, once, with its corrections. Pure.

Outflow is what counts for the owner (fed in, or generated for own use), inflow what counts against
(drawn, or auxiliary). A gap never helps: a missing outflow is nothing, a missing inflow is filled.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.distributed_pv import v1
from issuance_svc.methodologies.errors import ActivityContradicts, ActivityIncomplete

OWN_USE, GRID_CONNECTED = "own_use", "grid_connected"
GAP_SHARE_MAX, GAP_FILL, GAP_OUTFLOW = (
    "pv_gap_inflow_max_pct",
    "pv_gap_inflow_pct",
    "pv_gap_outflow_pct",
)
NAMED_MAX = 20
MINUTES_PER_DAY = 1440

# The channels of each way to sell, (outflow, inflow); a net channel is both by its sign.
_CHANNELS = {GRID_CONNECTED: ("export", "import"), OWN_USE: ("generation", "auxiliary")}


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one meter in one month (or between two readings) under one correction."""

    meter_no: str
    month: date
    start: date
    end: date
    pct: Decimal
    reason: str
    outflow_kwh: Decimal
    inflow_kwh: Decimal
    below_zero_kwh: Decimal
    filled_kwh: Decimal
    missing_outflow: int
    missing_inflow: int
    # What the readings were multiplied by before; None where they were primary values.
    multiplier: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A meter on record that does not count, or not all of it, and why nobody else counts it."""

    meter_no: str
    zh: str
    en: str


def mode(inputs: c.Inputs) -> str:
    return inputs.project.pv_mode or GRID_CONNECTED


def needs(inputs: c.Inputs) -> list[c.FactorNeed]:
    """Return the rule of gaps, where there are intervals that could have one."""
    if not any(found.source == "intervals" for found in inputs.meter_months):
        return []
    return [
        c.FactorNeed(symbol="gap_max", kind=GAP_SHARE_MAX),
        c.FactorNeed(symbol="gap_in", kind=GAP_FILL),
        c.FactorNeed(symbol="gap_out", kind=GAP_OUTFLOW),
    ]


def counted(inputs: c.Inputs) -> list[Energy]:
    """Return all energy that counts, by meter and time.

    Raises ActivityIncomplete, ActivityContradicts.
    """
    monthly = {reading.meter_no for reading in inputs.readings}
    measured = {found.meter_no for found in inputs.meter_months}
    both = sorted(monthly & measured)
    if both:
        named = ", ".join(both)
        raise ActivityContradicts(
            reason=c.both(
                f"表计 {named} 既有月度读数又有区间或示数文件。",
                f"Of {named} there are monthly readings and interval or register files.",
            )
        )
    found: list[Energy] = []
    missing: list[str] = []
    for meter_no in _positions(inputs):
        if meter_no in measured:
            found += _measured(inputs, meter_no)
        elif meter_no in monthly and mode(inputs) == GRID_CONNECTED:
            found += _monthly(inputs, meter_no)
        else:
            missing.append(meter_no)
    if missing:
        named = ", ".join(missing[:NAMED_MAX])
        wanted = " + ".join(_CHANNELS[mode(inputs)])
        raise ActivityIncomplete(
            reason=c.both(
                f"以下表计没有期间内的数据（{wanted}）：{named}。",
                f"These meters have no data in the period ({wanted}): {named}.",
            )
        )
    return sorted(found, key=lambda energy: (energy.meter_no, energy.start, energy.pct))


def _positions(inputs: c.Inputs) -> list[str]:
    """Return the meters that must have data: the project's, and those that replaced them in time."""
    records = {record.meter_no: record for record in inputs.meters}
    wanted = []
    for meter_no in sorted({*inputs.project.meters, *records}):
        record = records.get(meter_no)
        if record is not None:
            ended = record.valid_until is not None and record.valid_until < inputs.eligible.start
            begins_later = (
                meter_no not in inputs.project.meters and record.valid_from > inputs.eligible.end
            )
            serves = set(record.channels) & {*_CHANNELS[mode(inputs)], "net"}
            if ended or begins_later or not serves:
                continue
        wanted.append(meter_no)
    if not wanted:
        raise ActivityIncomplete(
            reason=c.both(
                "项目没有在此期间计量的表计。", "No meter of the project counts in this period."
            )
        )
    return wanted


def uncounted(inputs: c.Inputs) -> list[Uncounted]:
    """Return what its owner's record takes out of the count: a meter ended, or without its channels.

    A meter that was replaced counts on in its successor.
    """
    found = []
    for record in sorted(inputs.meters, key=lambda record: record.meter_no):
        why = _why_uncounted(inputs, record)
        if why is not None:
            found.append(Uncounted(record.meter_no, *why))
    return found


def _why_uncounted(inputs: c.Inputs, record: c.MeterRecord) -> tuple[str, str] | None:
    pair = _CHANNELS[mode(inputs)]
    ended = record.valid_until
    if ended is not None and ended < inputs.eligible.end and record.replaced_by is None:
        return f"{ended} 停用且无替换表", f"ended on {ended} without a successor"
    if ended is not None and ended < inputs.eligible.start:
        return None
    if record.meter_no not in inputs.project.meters and record.valid_from > inputs.eligible.end:
        return None
    if not set(record.channels) & {*pair, "net"}:
        named = ", ".join(record.channels)
        return f"通道 {named} 不计入", f"its channels do not count: {named}"
    dropped = sorted(set(record.channels_dropped) & set(pair))
    if dropped and not ("net" in record.channels and mode(inputs) == GRID_CONNECTED):
        named = ", ".join(dropped)
        return f"档案不再含通道 {named}", f"its record no longer has the channel {named}"
    return None


# ---- monthly registers as formula version 1 reads them ---------------------------------------


def _monthly(inputs: c.Inputs, meter_no: str) -> list[Energy]:
    record = next((found for found in inputs.meters if found.meter_no == meter_no), None)
    own = inputs.model_copy(
        update={
            "eligible": _in_place(inputs, meter_no, record),
            "project": inputs.project.model_copy(update={"meters": [meter_no]}),
            "readings": [r for r in inputs.readings if r.meter_no == meter_no],
        }
    )
    return [_of_month(reading, record) for reading in v1.counted_readings(own)]


def _in_place(inputs: c.Inputs, meter_no: str, record: c.MeterRecord | None) -> c.Period:
    """Return the eligible days of a meter's monthly readings; the month of an exchange is in both."""
    start, end = inputs.eligible.start, inputs.eligible.end
    if record is not None and meter_no not in inputs.project.meters:
        start = max(start, record.valid_from.replace(day=1))
    if record is not None and record.valid_until is not None:
        after = (record.valid_until.replace(day=1) + timedelta(days=31)).replace(day=1)
        end = min(end, after - timedelta(days=1))
    return c.Period(start=start, end=end)


def _of_month(reading: c.Reading, record: c.MeterRecord | None) -> Energy:
    after = (reading.month + timedelta(days=31)).replace(day=1)
    last = after - timedelta(days=1)
    pct, reason = v1.deduction_pct(reading), f"{reading.calibration} (declared)"
    if record is not None and record.is_checked:
        # The registers of a month cannot be parted: its worst day corrects all of it.
        worst = max(
            (x for x in record.corrections if x.start <= last and x.end >= reading.month),
            key=lambda correction: correction.pct,
        )
        pct, reason = worst.pct, worst.reason
    return Energy(
        meter_no=reading.meter_no,
        month=reading.month,
        start=reading.month,
        end=last,
        pct=pct,
        reason=reason,
        outflow_kwh=reading.export_kwh,
        inflow_kwh=reading.import_kwh,
        below_zero_kwh=Decimal(0),
        filled_kwh=Decimal(0),
        missing_outflow=0,
        missing_inflow=0,
    )


# ---- intervals and registers -----------------------------------------------------------------


def _measured(inputs: c.Inputs, meter_no: str) -> list[Energy]:
    out_name, in_name = _CHANNELS[mode(inputs)]
    channels: dict[str, list[c.MeterMonth]] = defaultdict(list)
    for found in inputs.meter_months:
        if found.meter_no == meter_no:
            channels[found.channel].append(found)
    record = next((found for found in inputs.meters if found.meter_no == meter_no), None)
    declared = set(record.channels) if record is not None else set()
    used = ["net"] if "net" in declared and mode(inputs) == GRID_CONNECTED else [out_name]
    if used == [out_name] and (mode(inputs) == GRID_CONNECTED or in_name in declared):
        used.append(in_name)
    absent = [name for name in used if name not in channels]
    if absent:
        named = ", ".join(absent)
        raise ActivityIncomplete(
            reason=c.both(
                f"表计 {meter_no} 缺少通道 {named} 的数据：所缺的电量可能掩盖净用电。",
                f"The meter {meter_no} lacks the channel {named}: what is missing could hide a net"
                " import.",
            )
        )
    energies: list[Energy] = []
    for name in used:
        _must_count_once(meter_no, name, channels[name])
        _must_cover(inputs, meter_no, name, channels[name])
        for month in channels[name]:
            energies += list(_energies(inputs, month, name, is_outflow=name != in_name))
    if len(used) > 1:
        _must_pair(meter_no, channels[out_name], channels[in_name])
    return energies


def _energies(
    inputs: c.Inputs, month: c.MeterMonth, name: str, *, is_outflow: bool
) -> Iterator[Energy]:
    is_net = name == "net"
    fill = _filling(inputs, month, name, inflow=not is_outflow or is_net)
    for part in month.parts:
        filled = fill * part.missing
        yield Energy(
            meter_no=month.meter_no,
            month=month.month,
            start=part.start,
            end=part.end,
            pct=part.pct,
            reason=part.reason,
            outflow_kwh=part.kwh if is_outflow else Decimal(0),
            inflow_kwh=Decimal(0) if is_outflow else part.kwh,
            below_zero_kwh=part.below_zero_kwh,
            filled_kwh=filled,
            missing_outflow=part.missing if is_outflow and not is_net else 0,
            missing_inflow=part.missing if is_net or not is_outflow else 0,
            multiplier=month.multiplier,
        )


def _filling(inputs: c.Inputs, month: c.MeterMonth, name: str, *, inflow: bool) -> Decimal:
    """Return what each missing interval counts as inflow; refuses a month with too many.

    An outflow counts as its own share of the rule says: nothing.
    """
    missing = sum(part.missing for part in month.parts)
    if missing == 0 or month.interval_min is None:
        return Decimal(0)
    if not inflow:
        share = inputs.factor("gap_out", GAP_OUTFLOW).value
        return -(month.largest_kwh or Decimal(0)) * share / 100
    expected = ((month.end - month.start).days + 1) * MINUTES_PER_DAY // month.interval_min
    bound = inputs.factor("gap_max", GAP_SHARE_MAX)
    if Decimal(missing) * 100 > bound.value * expected:
        raise ActivityIncomplete(
            reason=c.both(
                f"表计 {month.meter_no} 通道 {name} 在 {month.start} 至 {month.end} 缺 {missing} 个区间"
                f"（共 {expected} 个），超过 {bound.value}%（{bound.grade}）。",
                f"{month.meter_no} {name} lacks {missing} of {expected} intervals from {month.start} to"
                f" {month.end}, more than {bound.value} % (grade {bound.grade}).",
            )
        )
    deepest = month.deepest_kwh if name == "net" else month.largest_kwh
    return (deepest or Decimal(0)) * inputs.factor("gap_in", GAP_FILL).value / 100


def _must_count_once(meter_no: str, channel: str, months: Sequence[c.MeterMonth]) -> None:
    """Refuse a day of one channel in two entries, whatever they come from.

    Two register spans meet on the day of the reading between them; that they do not overlap in time
    is checked where they are read.
    """
    ordered = sorted(months, key=lambda found: (found.start, found.end))
    for at, found in enumerate(ordered[1:], start=1):
        # Ordered and without an overlap so far, the one before is the one that ends last.
        before = ordered[at - 1]
        meet = before.source == found.source == "registers" and found.start == before.end
        if found.start > before.end or meet:
            continue
        day = found.start
        sources = " + ".join(sorted({before.source, found.source}))
        raise ActivityContradicts(
            reason=c.both(
                f"表计 {meter_no} 通道 {channel} 的 {day} 有两份数据（{sources}），不得重复计量。",
                f"{meter_no} {channel} has two sets of data of {day} ({sources}): a day counts once.",
            )
        )


def _must_cover(
    inputs: c.Inputs, meter_no: str, channel: str, months: Sequence[c.MeterMonth]
) -> None:
    """Refuse register spans that leave out a day of a whole month; intervals count their gaps."""
    if all(found.source == "intervals" for found in months):
        return
    record = next((found for found in inputs.meters if found.meter_no == meter_no), None)
    covered = _days(months)
    first = max(
        (record.valid_from if record and meter_no not in inputs.project.meters else date.min),
        inputs.eligible.start,
    )
    last = min(record.valid_until or date.max if record else date.max, inputs.eligible.end)
    wanted = {
        day
        for month in v1.whole_months(inputs.eligible)
        for day in _each(month, (month + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        if first <= day <= last
    }
    gaps = sorted(wanted - covered)
    if gaps:
        raise ActivityIncomplete(
            reason=c.both(
                f"表计 {meter_no} 通道 {channel} 有 {len(gaps)} 天没有抄表区间，首日 {gaps[0]}。",
                f"{meter_no} {channel}: no pair of readings covers {len(gaps)} day(s), the first is"
                f" {gaps[0]}.",
            )
        )


def _must_pair(
    meter_no: str, outflow: Sequence[c.MeterMonth], inflow: Sequence[c.MeterMonth]
) -> None:
    """Refuse days of outflow on which the inflow was not measured as well."""
    alone = sorted(_days(outflow) - _days(inflow))
    if alone:
        raise ActivityIncomplete(
            reason=c.both(
                f"表计 {meter_no} 有 {len(alone)} 天只有上网没有下网数据，首日 {alone[0]}。",
                f"{meter_no} has outflow without inflow on {len(alone)} day(s), the first is {alone[0]}.",
            )
        )


def _days(months: Sequence[c.MeterMonth]) -> set[date]:
    return {day for found in months for day in _each(found.start, found.end)}


def _each(start: date, end: date) -> Iterator[date]:
    for number in range((end - start).days + 1):
        yield start + timedelta(days=number)
