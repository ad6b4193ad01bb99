"""Which trips are believed, and what a citizen's day of trips is worth.

A credit is a function of the day's *set* of trips, never of their order of arrival (domain.md 4.2):
trips are ranked operator-fed first, then by end time, partner and id, and settled in that order.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from points_svc.scenarios.rules import ZERO, Flat, PerKm, ProgrammeRule, Version

OVERLAP = "overlap"
CAP_REACHED = "cap_reached"

_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_KMH = Decimal(3600) / 1000
_SHOWN = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that decided: which version, what was measured, where the limit stands."""

    rule: str
    version: str
    measured: str | None = None
    limit: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """What a trip says about itself."""

    start: datetime
    end: datetime | None
    distance_m: int | None
    steps: int | None


def refusal(trip: Measures, version: Version, label: str) -> RuleHit | None:
    """Return the plausibility rule that the trip breaks, or None. `label` names the rule version."""
    bands = version.plausibility
    timed = bands.min_duration_s is not None or bands.min_speed_kmh is not None
    if trip.end is None and timed:
        return RuleHit("END_TIME_MISSING", label)
    elapsed = None if trip.end is None else trip.end - trip.start
    if is_window(trip.steps, version):
        return _refused_steps(trip.steps or 0, version, label) or _refused_time(
            elapsed, version, label, steps=trip.steps
        )
    if trip.distance_m is None and not isinstance(version.formula, Flat):
        return RuleHit("DISTANCE_MISSING", label)
    return (
        _outside(
            "DISTANCE", trip.distance_m, bands.min_distance_m, bands.max_distance_m, "m", label
        )
        or _refused_time(elapsed, version, label)
        or _refused_speed(trip.distance_m, elapsed, version, label)
    )


def is_window(steps: int | None, version: Version) -> bool:
    """Say whether the trip is a window of counted steps and not a measured walk."""
    formula = version.formula
    return steps is not None and isinstance(formula, PerKm) and formula.step_m is not None


def _outside(
    name: str, measured: int | None, low: int | None, high: int | None, unit: str, label: str
) -> RuleHit | None:
    if measured is None:
        return None
    if low is not None and measured < low:
        return RuleHit(f"{name}_LOW", label, str(measured), str(low), unit)
    if high is not None and measured > high:
        return RuleHit(f"{name}_HIGH", label, str(measured), str(high), unit)
    return None


def _refused_steps(steps: int, version: Version, label: str) -> RuleHit | None:
    return _outside("STEPS", steps, version.plausibility.min_steps, None, "step", label)


def _refused_time(
    elapsed: timedelta | None, version: Version, label: str, *, steps: int | None = None
) -> RuleHit | None:
    if elapsed is None:
        return None
    bands = version.plausibility
    hit = _outside(
        "DURATION",
        # A started second counts for the upper limit, a whole one for the lower.
        elapsed // _SECOND,
        bands.min_duration_s,
        None,
        "s",
        label,
    ) or _outside("DURATION", -(-elapsed // _SECOND), None, bands.max_duration_s, "s", label)
    cadence = bands.max_steps_per_min
    if hit is None and steps is not None and cadence is not None and elapsed:
        minute = timedelta(minutes=1)
        if steps * minute > cadence * elapsed:
            per_minute = Decimal(steps) * (minute // _MICROSECOND) / (elapsed // _MICROSECOND)
            shown = str(per_minute.quantize(_SHOWN))
            return RuleHit("CADENCE_HIGH", label, shown, str(cadence), "step/min")
    return hit


def _refused_speed(
    distance_m: int | None, elapsed: timedelta | None, version: Version, label: str
) -> RuleHit | None:
    """Compare the mean speed with the band. A ride without an end (a bus tap) has no speed."""
    if distance_m is None or not elapsed:
        return None
    bands = version.plausibility
    speed = distance_m * _KMH * (_SECOND // _MICROSECOND) / (elapsed // _MICROSECOND)
    shown = str(speed.quantize(_SHOWN))
    if bands.min_speed_kmh is not None and speed < bands.min_speed_kmh:
        return RuleHit("SPEED_LOW", label, shown, str(bands.min_speed_kmh), "km/h")
    if bands.max_speed_kmh is not None and speed > bands.max_speed_kmh:
        return RuleHit("SPEED_HIGH", label, shown, str(bands.max_speed_kmh), "km/h")
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trip is credited; `reason` if that is less than it measured."""

    grams: int
    tenths: int
    reason: str | None = None
    rule: RuleHit | None = None


@dataclass(frozen=True, slots=True)
class DayTrip:
    """An accepted trip as the day's settlement sees it.

    `fixed` is the outcome of a trip that an aggregate has claimed: it stands, whatever comes later.
    """

    receipt: UUID
    partner_id: str
    trip_id: str
    mode: str
    operator_fed: bool
    start: datetime
    end: datetime
    window: bool
    metres: Decimal
    version: Version
    label: str
    fixed: Outcome | None = None

    @property
    def rank(self) -> tuple[bool, bool, datetime, str, str]:
        return (
            self.fixed is None,
            not self.operator_fed,
            self.end,
            self.partner_id,
            self.trip_id,
        )


@dataclass(slots=True)
class _Used:
    trips: int = 0
    metres: Decimal = ZERO


def settle_day(
    trips: Iterable[DayTrip], from_yesterday: Sequence[DayTrip], day_cap: ProgrammeRule
) -> dict[UUID, Outcome]:
    """Return the outcome of each trip of one citizen-day.

    `from_yesterday` are the trips of the day before that reach into this day; they keep their own
    day's outcome and only block what overlaps them.
    """
    used: dict[str, _Used] = defaultdict(_Used)
    kept: list[DayTrip] = []
    outcomes: dict[UUID, Outcome] = {}
    day_g = 0
    for trip in sorted(trips, key=lambda trip: trip.rank):
        outcome = trip.fixed or _overlap(trip, [*from_yesterday, *kept])
        metres = trip.metres
        if outcome is None:
            metres, hit = _capped(trip, used[trip.mode])
            outcome = _worth(trip, metres, day_cap, day_g, hit)
        outcomes[trip.receipt] = outcome
        if outcome.grams:
            day_g += outcome.grams
            used[trip.mode].trips += 1
            used[trip.mode].metres += metres
            kept.append(trip)
    return outcomes


def _overlap(trip: DayTrip, others: Iterable[DayTrip]) -> Outcome | None:
    """Return no credit if another trip took the same time: nobody rides twice at once, in two
    modes (R44) or in one. Windows of steps never clash.
    """
    if trip.window:
        return None
    for other in others:
        crossing = trip.start < other.end and other.start < trip.end
        if crossing and not other.window:
            hit = RuleHit("OVERLAP", trip.label, measured=other.mode)
            return Outcome(0, 0, OVERLAP, hit)
    return None


def _capped(trip: DayTrip, used: _Used) -> tuple[Decimal, RuleHit | None]:
    """Return the metres that the mode's daily caps leave, and the cap that took the others."""
    caps, limit = trip.version.caps, trip.version.cap_metres
    if caps.trips is not None and used.trips >= caps.trips:
        hit = RuleHit("CAP_TRIPS", trip.label, str(used.trips + 1), str(caps.trips), "trip/day")
        return ZERO, hit
    if limit is not None and used.metres + trip.metres > limit:
        measured = used.metres + trip.metres
        hit = RuleHit("CAP_DISTANCE", trip.label, f"{measured:f}", f"{limit:f}", "m/day")
        return max(ZERO, limit - used.metres), hit
    return trip.metres, None


def _worth(
    trip: DayTrip, metres: Decimal, day_cap: ProgrammeRule, day_g: int, hit: RuleHit | None
) -> Outcome:
    """Return grams and points, each rounded down once from the exact decimal (R39a)."""
    none_left = hit is not None and metres == ZERO
    exact_g = ZERO if none_left else trip.version.exact_g(metres)
    left_g = max(0, day_cap.value - day_g)
    if exact_g > left_g:
        measured = day_g + exact_g
        version = f"programme@{day_cap.version}"
        hit = RuleHit("CAP_DAY", version, f"{measured:f}", str(day_cap.value), "g/day")
        exact_g = Decimal(left_g)
    reason = None if hit is None else CAP_REACHED
    return Outcome(int(exact_g), trip.version.tenths(exact_g), reason, hit)


def reaches_into(trip: DayTrip, midnight: datetime) -> bool:
    return trip.end > midnight


def version_label(scenario_id: str, version: Version) -> str:
    """Return the name of a rule version as verdicts show it: bike@1."""
    return f"{scenario_id}@{version.version}"


def outside_window(
    last_moment: datetime,
    start: datetime,
    *,
    now: datetime,
    late: ProgrammeRule,
    early: ProgrammeRule,
) -> RuleHit | None:
    """Return the rule that a trip too old, or from the future, breaks."""
    age = now - last_moment
    if age > timedelta(days=late.value):
        days = (Decimal(age // _SECOND) / 86400).quantize(_SHOWN)
        return RuleHit("LATE", f"programme@{late.version}", str(days), str(late.value), "day")
    ahead = max(last_moment, start) - now
    if ahead > timedelta(seconds=early.value):
        seconds = str(ahead // _SECOND)
        return RuleHit("FUTURE", f"programme@{early.version}", seconds, str(early.value), "s")
    return None


def day_after(day: date) -> date:
    return day + timedelta(days=1)
