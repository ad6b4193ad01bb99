"""What every methodology shares: inputs, the tree of steps, number contexts, the one rounding.

Pure: no database, no clock, no configuration. The same inputs give the same digits for ever (R21).
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import (
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from issuance_svc.methodologies.errors import FactorKindRefused, ReductionNegative
from tht_kit.errors import Text

_ALWAYS_TRAPPED = [InvalidOperation, DivisionByZero, Overflow]

# Sums, differences and products of measured decimals are exact; a lost digit would be a mistake.
EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN, traps=[*_ALWAYS_TRAPPED, Inexact])

# Divisions by 12 or by the days of a year and roots never end: fifty digits, the last uncertain.
MEASURED = Context(prec=50, rounding=ROUND_HALF_EVEN, traps=_ALWAYS_TRAPPED)

# A sum of parts such as 100/12 * 12 may come out as 99.99... with an error in the last of fifty
# digits. What lies this close below a whole tonne is that tonne: no measurement resolves it.
GUARD_T = Decimal("1e-25")

Number = Annotated[
    Decimal,
    Field(allow_inf_nan=False),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "description": "decimal", "examples": ["849.8655"]}),
]

Calibration = Literal["valid", "late", "missing"]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Part):
    """A text in both languages, as it stands in the stored calculation."""

    zh: str
    en: str


class Factor(Part):
    """A parameter as it was when it was used: the id finds its row, the value stays here."""

    type: Literal["factor"] = "factor"
    symbol: str
    factor_id: str
    kind: str
    region: str | None
    subject: str | None
    year: int | None
    value: Number
    unit: str
    grade: str
    source: str


class Given(Part):
    """A number that was measured or declared, and where it came from."""

    type: Literal["given"] = "given"
    symbol: str
    value: Number
    unit: str
    origin: str


class Step(Part):
    """One intermediate value: its formula, what went in, how it was rounded (not at all, but once)."""

    type: Literal["step"] = "step"
    symbol: str
    title: Words
    formula: str
    value: Number
    unit: str
    rounding: str | None
    operands: list["Operand"]


Operand = Annotated[Step | Factor | Given, Field(discriminator="type")]


class FactorNeed(Part):
    """Which parameter a calculation needs; R15 names exactly this when it is missing."""

    symbol: str
    kind: str
    region: str | None = None
    subject: str | None = None
    year: int | None = None


class Period(Part):
    """Legal days, both inclusive."""

    start: date
    end: date

    @property
    def until(self) -> date:
        return self.end + timedelta(days=1)


class ProjectFacts(Part):
    methodology_code: str
    meters: list[str]
    area_ha: Number
    species: str | None
    baseline_grid: str | None
    baseline_factor_year: int | None
    capacity_kw: Number | None = None
    pv_mode: str | None = None
    latitude: Number | None = None
    longitude: Number | None = None


class Fire(Part):
    """A fire in one stratum: how much of it burnt, and when."""

    stratum: str
    area_ha: Number
    occurred_on: date


class Shrubs(Part):
    """Shrubs on a part of a stratum: crown cover, 0 to 1, at both inventories."""

    stratum: str
    area_ha: Number
    cover_before: Number
    cover_after: Number


class Declared(Part):
    """What the owner states beside the data files."""

    baseline_t: Number | None
    fire_occurred: bool
    # Growth without the project as a model has it; `baseline_source` says which.
    baseline_t_per_ha_year: Number | None = None
    baseline_source: str | None = None
    fires: list[Fire] = Field(default_factory=list)
    shrubs: list[Shrubs] = Field(default_factory=list)
    # bounds: all plots near both ends of the period; panels: each plot at two dates of its own.
    inventory_design: Literal["bounds", "panels"] = "bounds"


class Reading(Part):
    """One month of one meter's registers, in kWh."""

    meter_no: str
    month: date
    export_kwh: Number
    import_kwh: Number
    calibration: Calibration
    mpe_pct: Number | None
    error_pct: Number | None


class MeterCorrection(Part):
    """Legal days, both inclusive, on which a meter's readings are corrected by `pct` (R14)."""

    start: date
    end: date
    pct: Number
    reason: Literal["in_time", "error", "late", "never"]


class MeterRecord(Part):
    """What is on record of a meter: which channels it has, when it hung there, how it was calibrated."""

    meter_no: str
    channels: list[str]
    valid_from: date
    valid_until: date | None
    green_certificates: bool
    # Without any check on record the calibration column of monthly readings speaks.
    is_checked: bool
    corrections: list[MeterCorrection]
    # Ratio of the current transformer times that of the voltage transformer.
    multiplier: Number | None = None
    replaced_by: str | None = None
    # Channels of earlier versions, or of the meter that it replaced, which it no longer has.
    channels_dropped: list[str] = Field(default_factory=list)


class MeterEnergy(Part):
    """A stretch of days with one correction: kWh above and below zero, and intervals that are missing."""

    start: date
    end: date
    pct: Number
    reason: Literal["in_time", "error", "late", "never"]
    kwh: Number
    below_zero_kwh: Number
    missing: int


class MeterMonth(Part):
    """One channel of one meter: a month of intervals by correction, or what lies between two readings."""

    meter_no: str
    channel: Literal["export", "import", "generation", "auxiliary", "net"]
    source: Literal["intervals", "registers"]
    month: date
    start: date
    end: date
    parts: list[MeterEnergy]
    interval_min: int | None
    largest_kwh: Number | None
    deepest_kwh: Number | None
    stale_min: int
    night_kwh: Number | None
    upload_ids: list[str]
    # What its readings were multiplied by; None where they were primary values already.
    multiplier: Number | None = None


class PlotMeasurement(Part):
    """One plot on one day; either the volume or the biomass path."""

    plot_no: str
    stratum: str
    measured_on: date
    plot_area_m2: Number
    stratum_area_ha: Number
    volume_m3_per_ha: Number | None
    agb_t_per_ha: Number | None


class Stand(Part):
    """The living trees of a plot's tree list on one day that are counted in the same way.

    By allometry: one species, `d73_per_ha` is the sum of D^(7/3) in cm, each tree times the trees it
    stands for on a hectare; no factor is in it. Measured: the sum of the stated biomass, any species.
    A plot that was visited and found bare is a measured stand of 0 trees.
    """

    plot_no: str
    stratum: str
    measured_on: date
    plot_area_m2: Number
    stratum_area_ha: Number
    basis: Literal["allometry", "measured"]
    species: str | None
    trees: int
    trees_per_ha: Number
    d73_per_ha: Number | None
    agb_t_per_ha: Number | None


class ChargedLoss(Part):
    """A loss that a confirmed reversal bears already, and that no earlier report added back (R20)."""

    reversal_id: str
    kind: str
    occurred_on: date
    loss_t: Number


class CitizenAggregate(Part):
    aggregate_id: str
    period_start: date
    period_end: date
    by_vintage_g: dict[str, int]


class Inputs(Part):
    """All that a result depends on. Stored with the report: computing it again needs nothing else."""

    claimed: Period
    eligible: Period
    project: ProjectFacts
    declared: Declared
    readings: list[Reading]
    plots: list[PlotMeasurement]
    # The last inventory of the project's report before this one: a loss in between must not vanish.
    plots_before: list[PlotMeasurement]
    aggregates: list[CitizenAggregate]
    factors: dict[str, Factor]
    stands: list[Stand] = Field(default_factory=list)
    # Of tree lists the trees themselves: a factor that changed in between is no loss.
    stands_before: list[Stand] = Field(default_factory=list)
    charged_losses: list[ChargedLoss] = Field(default_factory=list)
    meters: list[MeterRecord] = Field(default_factory=list)
    meter_months: list[MeterMonth] = Field(default_factory=list)

    def factor(self, symbol: str, kind: str) -> Factor:
        """Return the factor of the kind; raises FactorKindRefused (R13)."""
        found = self.factors[symbol]
        if found.kind != kind:
            raise FactorKindRefused(
                symbol=symbol, wanted=kind, given=found.kind, factor_id=found.factor_id
            )
        return found


class VintageShare(Part):
    vintage: int
    quantity_t: int = Field(ge=0)


class Flag(Part):
    """A value beyond a sanity bound: the calculation stands, but a person has to look at it first."""

    code: str
    zh: str
    en: str
    value: Number
    bound: Number
    grade: str


class Refusal(Part):
    """Why a finished calculation may not be claimed: the type of the problem, and its reason."""

    type: str
    zh: str
    en: str


class Outcome(Part):
    """A finished quantification: exact value, whole tonnes, their years, and the tree behind them.

    Of `calculated_t` the project's owner gets all but `buffer_t`. A period with a `loss`, or with
    `refusals`, issues nothing; a report is not accepted with a refusal.
    """

    calculated: Number
    calculated_t: int = Field(ge=0)
    deducted: Number = Field(description="kept back for non-permanence, never issued (R20)")
    vintages: list[VintageShare]
    tree: Step
    buffer_t: int = Field(
        default=0, ge=0, description="issued into the buffer: owner + buffer = calculated_t (R20)"
    )
    loss: Number = Field(
        default=Decimal(0), ge=0, description="gross loss of stock, without K_RISK (R20), tCO2e"
    )
    flags: list[Flag] = Field(default_factory=list)
    refusals: list[Refusal] = Field(default_factory=list)


def words(zh: str, en: str) -> Words:
    return Words(zh=zh, en=en)


def both(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


def step(
    symbol: str,
    title: Words,
    formula: str,
    value: Decimal,
    unit: str,
    operands: Sequence[Step | Factor | Given] = (),
    *,
    rounding: str | None = None,
) -> Step:
    return Step(
        symbol=symbol,
        title=title,
        formula=formula,
        value=value,
        unit=unit,
        rounding=rounding,
        operands=list(operands),
    )


def whole_tonnes(value: Decimal) -> int:
    """Return the whole tonnes in the value: the only rounding of a quantification, downwards (R5)."""
    with localcontext(MEASURED):
        return int((value + GUARD_T).to_integral_value(rounding=ROUND_FLOOR))


def split_vintages(by_year: Sequence[tuple[int, Decimal]]) -> list[VintageShare]:
    """Split whole tonnes over the years by cumulative floor, so that the parts add up (R5).

    2,519.73 t in five even years give 503, 504, 504, 504, 504. A year with a loss takes from the
    years before it, and what they cannot cover from the years after: no part is below zero.
    """
    with localcontext(MEASURED):
        running = Decimal(0)
        cumulative: list[Decimal] = []
        for _, value in by_year:
            running += value
            cumulative.append(running)
        kept: list[Decimal] = []
        lowest_later: Decimal | None = None
        for value in reversed(cumulative):
            lowest_later = value if lowest_later is None else min(value, lowest_later)
            kept.append(max(lowest_later, Decimal(0)))
        floors = [whole_tonnes(value) for value in reversed(kept)]
    return [
        VintageShare(vintage=year, quantity_t=floor - before)
        for (year, _), floor, before in zip(by_year, floors, [0, *floors], strict=False)
    ]


def year_share(start: date, until: date) -> Decimal:
    """Return the length of [start, until) in years: each day counts 1/365 or 1/366 of its year.

    So every full calendar year weighs exactly one, leap or not.
    """
    with localcontext(MEASURED):
        return sum((share for _, share in year_shares(start, until)), Decimal(0))


def year_shares(start: date, until: date) -> list[tuple[int, Decimal]]:
    """Return the share of each calendar year in [start, until)."""
    shares: list[tuple[int, Decimal]] = []
    with localcontext(MEASURED):
        for year in range(start.year, until.year + 1):
            first, after = date(year, 1, 1), date(year + 1, 1, 1)
            days = (min(until, after) - max(start, first)).days
            if days > 0:
                shares.append((year, Decimal(days) / Decimal((after - first).days)))
    return shares


def nothing(
    years: Sequence[int],
    why: Words,
    operands: Sequence[Step | Factor | Given],
    *,
    loss: Decimal = Decimal(0),
    refusals: Sequence[Refusal] = (),
) -> Outcome:
    """Return an outcome of 0 tonnes with all that led to it."""
    tree = step("Q", why, "0", Decimal(0), "tCO2e", operands, rounding="none")
    return Outcome(
        calculated=Decimal(0),
        calculated_t=0,
        deducted=Decimal(0),
        vintages=[VintageShare(vintage=year, quantity_t=0) for year in years],
        tree=tree,
        loss=loss,
        refusals=list(refusals),
    )


def finish(
    net: Step, by_year: Sequence[tuple[int, Decimal]], *, deducted: Decimal = Decimal(0)
) -> Outcome:
    """Round the net reduction down once and put its years beside it; raises ReductionNegative."""
    if net.value < 0:
        raise ReductionNegative(net_t=format(net.value.quantize(Decimal("0.000001")), "f"))
    calculated_t = whole_tonnes(net.value)
    vintages = split_vintages(by_year)
    total = sum(share.quantity_t for share in vintages)
    assert total == calculated_t, f"vintages {total} != {calculated_t}"
    shares: list[Step | Factor | Given] = [
        Given(
            symbol=f"ER[{year}]", value=value, unit="tCO2e", origin=f"issued as {share.quantity_t}"
        )
        for (year, value), share in zip(by_year, vintages, strict=True)
    ]
    tree = step(
        "Q",
        words(
            "可签发量：向下取整一次，按年份累计取整拆分",
            "Quantity: rounded down once, split over the years by cumulative floor",
        ),
        "floor(ER)",
        Decimal(calculated_t),
        "tCO2e",
        [net, *shares],
        rounding="floor to whole tonnes",
    )
    return Outcome(
        calculated=net.value,
        calculated_t=calculated_t,
        deducted=deducted,
        vintages=vintages,
        tree=tree,
    )
