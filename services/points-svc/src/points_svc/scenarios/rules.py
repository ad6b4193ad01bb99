"""Scenarios as data: factors, plausibility, caps and points rules, and the arithmetic over them.

Everything is exact decimal; grams and points are rounded once each, down, from the exact value
(R39a). domain.md numbers the rules; a version of a scenario is never edited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from points_svc.scenarios.errors import ProgrammeRuleMissing

Grade = Literal["V1", "V2", "M", "D"]
Mode = Literal["walk", "bike", "bus", "rail", "nev"]
Feed = Literal["operator", "device"]
ScenarioId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]

ZERO = Decimal(0)
TENTHS = 10
G_PER_KG = 1000


class Graded(BaseModel):
    """A piece of rule data with where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grade: Grade
    source: str


class PerKm(Graded):
    """ER = distance x (baseline - mode), DB11/T 3043-2024; steps count as `step_m` metres each."""

    kind: Literal["per_km"]
    baseline_kg_per_km: Decimal
    mode_kg_per_km: Decimal
    step_m: Decimal | None = None
    factor_set: str

    @property
    def g_per_m(self) -> Decimal:
        return max(ZERO, self.baseline_kg_per_km - self.mode_kg_per_km)


class Flat(Graded):
    """A ride saves the same wherever it goes: the published Chongqing bus calibration."""

    kind: Literal["flat"]
    kg_per_ride: Decimal
    factor_set: str

    @property
    def g_per_ride(self) -> Decimal:
        return self.kg_per_ride * G_PER_KG


class Nev(Graded):
    """ER = km x (fuel of the car replaced - electricity x average grid factor), never below zero."""

    kind: Literal["nev"]
    fuel_l_per_100km: Decimal
    fuel_kg_per_l: Decimal
    energy_kwh_per_100km: Decimal
    grid_kg_per_kwh: Decimal
    factor_set: str

    @property
    def g_per_m(self) -> Decimal:
        fuel = self.fuel_l_per_100km * self.fuel_kg_per_l
        electricity = self.energy_kwh_per_100km * self.grid_kg_per_kwh
        return max(ZERO, (fuel - electricity) / 100)


Formula = Annotated[PerKm | Flat | Nev, Field(discriminator="kind")]


class Plausibility(Graded):
    """Bands outside which a trip is not believed; an absent limit is not checked."""

    min_distance_m: int | None = None
    max_distance_m: int | None = None
    min_duration_s: int | None = None
    max_duration_s: int | None = None
    min_speed_kmh: int | None = None
    max_speed_kmh: int | None = None
    min_steps: int | None = None
    max_steps_per_min: int | None = None


class Caps(Graded):
    """What one citizen can be credited for in one mode on one day."""

    trips: int | None = None
    distance_m: int | None = None
    steps: int | None = None


class PointsRatio(Graded):
    """points = floor(10 x kg x points / kg of the calibration) / 10."""

    kind: Literal["ratio"]
    points: Decimal
    kg: Decimal


class PointsFlat(Graded):
    """The same points for every ride."""

    kind: Literal["flat"]
    points: Decimal


class Version(BaseModel):
    """One version of a scenario's rules, in force for trips of its days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    valid_from: date
    valid_until: date | None = None
    formula: Formula
    plausibility: Plausibility
    caps: Caps
    points: Annotated[PointsRatio | PointsFlat, Field(discriminator="kind")]

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def credited_metres(self, *, distance_m: int | None, steps: int | None) -> Decimal:
        """Return the metres that the formula works on: steps if given, else the distance."""
        if steps is not None and isinstance(self.formula, PerKm) and self.formula.step_m:
            return steps * self.formula.step_m
        return Decimal(distance_m or 0)

    @property
    def cap_metres(self) -> Decimal | None:
        """Return the day's cap in metres; a cap in steps is that many steps' length (R41)."""
        if self.caps.steps is not None:
            assert isinstance(self.formula, PerKm)
            assert self.formula.step_m is not None
            return self.caps.steps * self.formula.step_m
        return None if self.caps.distance_m is None else Decimal(self.caps.distance_m)

    def exact_g(self, metres: Decimal) -> Decimal:
        """Return the exact grams saved over so many metres (a flat ride ignores them)."""
        if isinstance(self.formula, Flat):
            return self.formula.g_per_ride
        return metres * self.formula.g_per_m

    def tenths(self, exact_g: Decimal) -> int:
        """Return the tenths of a point for exact grams, rounded down; multiply before dividing."""
        if isinstance(self.points, PointsRatio):
            return int(exact_g * self.points.points * TENTHS // (self.points.kg * G_PER_KG))
        assert isinstance(self.formula, Flat)
        # A ride clipped by the day's cap earns its share of the flat points.
        return int(self.points.points * TENTHS * exact_g // self.formula.g_per_ride)


class Scenario(BaseModel):
    """An approved scenario: one mode, one feed, whose trips are credited within its days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    class Name(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        zh: str
        en: str

    scenario_id: ScenarioId
    mode: Mode
    name: Name
    feed: Feed
    operators: tuple[str, ...] | None = Field(
        default=None, description="partners that may feed it; null: every mobility partner"
    )
    city_code: str
    valid_from: date
    valid_until: date
    pending_days: int = Field(ge=0)
    methodology_code: str
    grade: Grade
    source: str
    versions: tuple[Version, ...]

    def approves(self, partner_id: str, day: date) -> bool:
        """Say whether the partner's trips of the day lie within the approval."""
        in_time = self.valid_from <= day <= self.valid_until
        return in_time and (self.operators is None or partner_id in self.operators)

    def version_on(self, day: date) -> Version | None:
        """Return the newest version in force on the day, or None: there is no fallback."""
        return max(
            (found for found in self.versions if found.covers(day)),
            key=lambda found: found.version,
            default=None,
        )

    def version(self, number: int) -> Version:
        return next(found for found in self.versions if found.version == number)


class ProgrammeRule(Graded):
    """A limit of the whole programme, in force from a day on."""

    rule_id: str
    version: int = Field(ge=1)
    valid_from: date
    value: int
    unit: str


class Seed(BaseModel):
    """A document of scenarios and programme rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    programme_rules: tuple[ProgrammeRule, ...] = ()
    scenarios: tuple[Scenario, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All scenarios and programme rules, as one transaction sees them."""

    scenarios: Mapping[str, Scenario]
    programme_rules: Sequence[ProgrammeRule]

    def programme(self, rule_id: str, day: date) -> ProgrammeRule:
        """Return the rule in force on the day; raises ProgrammeRuleMissing, never a default."""
        found = [r for r in self.programme_rules if r.rule_id == rule_id and r.valid_from <= day]
        if not found:
            raise ProgrammeRuleMissing(rule_id=rule_id, day=day.isoformat())
        return max(found, key=lambda rule: (rule.valid_from, rule.version))
