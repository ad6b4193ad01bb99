"""The verdict of each item that no earlier item has decided: everything but the day's settlement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from points_svc.scenarios.rules import Catalogue, Scenario, Version
from points_svc.trips import rules
from points_svc.trips.decode import MalformedItem, TripItem
from points_svc.trips.models import Stored
from points_svc.trips.rules import DayTrip, Measures, Outcome, RuleHit
from tht_kit.clock import legal_date
from tht_kit.ids import new_id

MALFORMED = "MALFORMED"
SUBJECT_UNKNOWN = "SUBJECT_UNKNOWN"
SCENARIO_UNKNOWN = "SCENARIO_UNKNOWN"
NO_CONSENT = "NO_CONSENT"
OUTSIDE_APPROVAL = "OUTSIDE_APPROVAL"
FACTOR_MISSING = "FACTOR_MISSING"


@dataclass(slots=True)
class Decision:
    """A decided item. `outcome` is filled in by the settlement of its day."""

    item: TripItem | MalformedItem
    verdict: Stored
    citizen_id: UUID | None = None
    day: date | None = None
    version: int | None = None
    rule: RuleHit | None = None
    reason: str | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome(0, 0))
    receipt: UUID = field(default_factory=new_id)

    @property
    def guards_trip(self) -> bool:
        """Say whether no other event may claim the trip (R45: not even after a later consent)."""
        return self.verdict is not Stored.REJECTED or self.reason == NO_CONSENT

    @property
    def keeps_trip(self) -> bool:
        """Say whether the trip itself is stored: never without consent, nor of a stranger."""
        return self.day is not None


@dataclass(frozen=True, slots=True)
class Judge:
    """Everything that a verdict depends on, read once per batch."""

    partner_id: str
    now: datetime
    catalogue: Catalogue
    citizens: Mapping[str, UUID]
    consents: set[tuple[UUID, str]]

    def judge(self, item: TripItem | MalformedItem) -> Decision:
        """Return the verdict of one item."""
        if isinstance(item, MalformedItem):
            return Decision(item, Stored.REJECTED, reason=MALFORMED)
        citizen_id = self.citizens.get(item.subject)
        if citizen_id is None:
            return Decision(item, Stored.REJECTED, reason=SUBJECT_UNKNOWN)
        scenario = self.catalogue.scenarios.get(item.scenario_id)
        if scenario is None:
            return Decision(item, Stored.REJECTED, citizen_id, reason=SCENARIO_UNKNOWN)
        if (citizen_id, item.scenario_id) not in self.consents:
            return Decision(item, Stored.REJECTED, citizen_id, reason=NO_CONSENT)
        return self._judge_trip(item, citizen_id, scenario)

    def _judge_trip(self, item: TripItem, citizen_id: UUID, scenario: Scenario) -> Decision:
        day = legal_date(item.start)
        decision = Decision(item, Stored.REJECTED, citizen_id, day)
        hit = self._refused_times(item, legal_date(self.now))
        if hit is not None:
            return _decided(decision, Stored.REJECTED, hit)
        if not scenario.approves(self.partner_id, day):
            return _decided(decision, Stored.QUARANTINED, _approval(scenario, day))
        version = scenario.version_on(day)
        if version is None:
            hit = RuleHit(FACTOR_MISSING, scenario.scenario_id, measured=day.isoformat())
            return _decided(decision, Stored.QUARANTINED, hit)
        decision.version = version.version
        label = rules.version_label(scenario.scenario_id, version)
        measures = Measures(item.start, item.end, item.distance_m, item.steps)
        hit = rules.refusal(measures, version, label)
        return _decided(decision, Stored.REJECTED if hit else Stored.ACCEPTED, hit)

    def _refused_times(self, item: TripItem, today: date) -> RuleHit | None:
        if item.end is not None and item.end < item.start:
            return RuleHit("TIMES_REVERSED", "trip@1")
        if item.times_disagree:
            return RuleHit("TIMES_DISAGREE", "trip@1", str(item.duration_s), unit="s")
        return rules.outside_window(
            item.last_moment,
            item.start,
            now=self.now,
            late=self.catalogue.programme("late_window_days", today),
            early=self.catalogue.programme("future_tolerance_s", today),
        )


def _decided(decision: Decision, verdict: Stored, hit: RuleHit | None) -> Decision:
    decision.verdict, decision.rule = verdict, hit
    decision.reason = None if hit is None else hit.rule
    return decision


def _approval(scenario: Scenario, day: date) -> RuleHit:
    limit = f"{scenario.valid_from.isoformat()}..{scenario.valid_until.isoformat()}"
    return RuleHit(OUTSIDE_APPROVAL, scenario.scenario_id, day.isoformat(), limit)


def day_trip(decision: Decision, *, partner_id: str, catalogue: Catalogue) -> DayTrip:
    """Return an accepted item as its day's settlement sees it."""
    item = decision.item
    assert isinstance(item, TripItem)
    assert decision.version is not None
    scenario = catalogue.scenarios[item.scenario_id]
    version = scenario.version(decision.version)
    return in_day(
        scenario,
        version,
        receipt=decision.receipt,
        partner_id=partner_id,
        trip_id=item.trip_id,
        start=item.start,
        end=item.last_moment,
        distance_m=item.distance_m,
        steps=item.steps,
    )


def in_day(
    scenario: Scenario,
    version: Version,
    *,
    receipt: UUID,
    partner_id: str,
    trip_id: str,
    start: datetime,
    end: datetime,
    distance_m: int | None,
    steps: int | None,
    fixed: Outcome | None = None,
) -> DayTrip:
    """Return a trip as its day's settlement sees it."""
    return DayTrip(
        receipt=receipt,
        partner_id=partner_id,
        trip_id=trip_id,
        mode=scenario.mode,
        operator_fed=scenario.feed == "operator",
        start=start,
        end=end,
        window=rules.is_window(steps, version),
        metres=version.credited_metres(distance_m=distance_m, steps=steps),
        version=version,
        label=rules.version_label(scenario.scenario_id, version),
        fixed=fixed,
    )
