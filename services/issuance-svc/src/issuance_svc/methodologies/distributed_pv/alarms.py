"""Sanity alarms of photovoltaics: what no panel does, or no panel does so suddenly. Pure.

An alarm never changes the quantity: a person has to look at it before the report goes on.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.distributed_pv import energy
from issuance_svc.methodologies.distributed_pv.energy import Energy

INTERVAL_TOLERANCE = "pv_interval_tolerance"
CAPACITY_FACTOR_MAX = "pv_capacity_factor_max"
NIGHT_SHARE_MAX = "pv_night_share_max_pct"
JUMP_RATIO = "pv_jump_ratio"
STALE_MIN = "pv_stale_alarm_min"

_BOUNDS = {
    "tolerance": INTERVAL_TOLERANCE,
    "CF_max": CAPACITY_FACTOR_MAX,
    "night_max": NIGHT_SHARE_MAX,
    "jump_max": JUMP_RATIO,
    "stale_max": STALE_MIN,
}
_SAYS = {
    "interval-above-capacity": (
        "区间电量为装机容量可发电量的 {} 倍",
        "An interval holds {} times what the capacity can give",
    ),
    "capacity-factor-high": ("容量系数 {}", "Capacity factor {}"),
    "night-generation": ("夜间发电占 {}%", "{} % of the energy came at night"),
    "sudden-jump": (
        "月电量与可比月份相差 {} 倍",
        "A month differs {} times from a comparable one",
    ),
    "stale-values": (
        "同一非零值持续 {} 分钟",
        "One value other than zero stood for {} minutes",
    ),
}
_OUTFLOW = ("export", "generation", "net")
_MINUTES_PER_HOUR = 60
_HOURS_PER_DAY = 24
_NAMED_MAX = 10


@dataclass(frozen=True, slots=True)
class _Worst:
    """A place where a bound is exceeded, and by which value."""

    place: str
    value: Decimal


def needs() -> list[c.FactorNeed]:
    """Return the bounds: data with a grade, not constants."""
    return [c.FactorNeed(symbol=symbol, kind=kind) for symbol, kind in _BOUNDS.items()]


def flags(inputs: c.Inputs, counted: Sequence[Energy]) -> list[c.Flag]:
    """Return one flag per kind of alarm, with its worst value and the places where it rang."""
    rung = (
        _flag(inputs, "interval-above-capacity", "tolerance", _above_capacity(inputs)),
        _flag(inputs, "capacity-factor-high", "CF_max", _capacity_factors(inputs, counted)),
        _flag(inputs, "night-generation", "night_max", _at_night(inputs)),
        _flag(inputs, "sudden-jump", "jump_max", _jumps(counted)),
        _flag(inputs, "stale-values", "stale_max", _stale(inputs)),
        _uncounted(inputs),
    )
    return [flag for flag in rung if flag is not None]


def _flag(
    inputs: c.Inputs,
    code: str,
    symbol: str,
    measured: Sequence[_Worst],
) -> c.Flag | None:
    bound = inputs.factor(symbol, _BOUNDS[symbol])
    beyond = [found for found in measured if found.value > bound.value]
    if not beyond:
        return None
    worst = max(beyond, key=lambda found: found.value)
    shown = format(worst.value.quantize(Decimal("0.01")), "f")
    zh, en = (text.format(shown) for text in _SAYS[code])
    places = ", ".join(found.place for found in beyond[:_NAMED_MAX])
    return c.Flag(
        code=code,
        zh=f"{zh}，超过 {bound.value}（{bound.grade}）；共 {len(beyond)} 处：{places}。",
        en=f"{en}, above {bound.value} (grade {bound.grade}); {len(beyond)} place(s): {places}.",
        value=worst.value,
        bound=bound.value,
        grade=bound.grade,
    )


def _uncounted(inputs: c.Inputs) -> c.Flag | None:
    """Ring for a meter that its owner's record takes out: what it drew would vanish (grade D)."""
    found = energy.uncounted(inputs)
    if not found:
        return None
    zh = "；".join(f"{meter.meter_no} {meter.zh}" for meter in found[:_NAMED_MAX])
    en = "; ".join(f"{meter.meter_no} {meter.en}" for meter in found[:_NAMED_MAX])
    return c.Flag(
        code="meter-not-counted",
        zh=f"{len(found)} 块在档表计未全部计入：{zh}。",
        en=f"{len(found)} meter(s) on record do not count in full: {en}.",
        value=Decimal(len(found)),
        bound=Decimal(0),
        grade="D",
    )


def _above_capacity(inputs: c.Inputs) -> list[_Worst]:
    capacity_kw = inputs.project.capacity_kw
    if not capacity_kw:
        return []
    return [
        _Worst(
            _place(month),
            month.largest_kwh * _MINUTES_PER_HOUR / (capacity_kw * month.interval_min),
        )
        for month in _outflow(inputs)
        if month.largest_kwh is not None and month.interval_min is not None
    ]


def _capacity_factors(inputs: c.Inputs, counted: Sequence[Energy]) -> list[_Worst]:
    """Compare a month of all meters together with what the capacity gives in its days."""
    capacity_kw = inputs.project.capacity_kw
    if not capacity_kw:
        return []
    kwh: dict[date, Decimal] = defaultdict(Decimal)
    days: dict[date, set[date]] = defaultdict(set)
    for found in counted:
        kwh[found.month] += found.outflow_kwh
        for number in range((found.end - found.start).days + 1):
            days[found.month].add(found.start + timedelta(days=number))
    return [
        _Worst(f"{month:%Y-%m}", kwh[month] / (capacity_kw * _HOURS_PER_DAY * len(days[month])))
        for month in sorted(kwh)
    ]


def _at_night(inputs: c.Inputs) -> list[_Worst]:
    found = []
    for month in _outflow(inputs):
        total = sum((part.kwh for part in month.parts), Decimal(0))
        if month.night_kwh and total > 0:
            found.append(_Worst(_place(month), month.night_kwh * 100 / total))
    return found


def _jumps(counted: Sequence[Energy]) -> list[_Worst]:
    """Compare each whole month with the same month a year before, else with its neighbours.

    Months of nothing are outages that the owner declared, and no measure.
    """
    kwh: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    days: dict[tuple[str, date], int] = defaultdict(int)
    for measured in counted:
        place = (measured.meter_no, measured.month)
        kwh[place] += measured.outflow_kwh
        if measured.outflow_kwh:
            days[place] += (measured.end - measured.start).days + 1
    daily = {place: kwh[place] / days[place] for place in kwh if kwh[place] > 0}
    found = []
    for meter_no, month in sorted(daily):
        others = _comparable(daily, meter_no, month)
        if others:
            mean = sum(others, Decimal(0)) / len(others)
            own = daily[meter_no, month]
            ratio = max(own / mean, mean / own)
            found.append(_Worst(f"{meter_no} {month:%Y-%m}", ratio))
    return found


def _comparable(
    daily: dict[tuple[str, date], Decimal], meter_no: str, month: date
) -> list[Decimal]:
    last_year = daily.get((meter_no, month.replace(year=month.year - 1)))
    if last_year is not None:
        return [last_year]
    before = (month - timedelta(days=1)).replace(day=1)
    after = (month + timedelta(days=31)).replace(day=1)
    return [daily[meter_no, near] for near in (before, after) if (meter_no, near) in daily]


def _stale(inputs: c.Inputs) -> list[_Worst]:
    return [_Worst(_place(month), Decimal(month.stale_min)) for month in _outflow(inputs)]


def _outflow(inputs: c.Inputs) -> list[c.MeterMonth]:
    return [
        month
        for month in inputs.meter_months
        if month.channel in _OUTFLOW and month.source == "intervals"
    ]


def _place(month: c.MeterMonth) -> str:
    return f"{month.meter_no} {month.month:%Y-%m}"
