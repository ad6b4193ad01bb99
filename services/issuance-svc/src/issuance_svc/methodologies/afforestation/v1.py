"""CQCM-902-V001, afforestation: the change of tree carbon between two inventories of permanent plots.

Formulas (1) to (9) of AR-CM-001-V01 / AR-TOOL14 (structure M), CF and RSR generic V2, K_RISK M.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, localcontext

from issuance_svc.methodologies import allometry, inventory, sampling
from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.afforestation.glossary import GLOSSARY
from issuance_svc.methodologies.errors import (
    ActivityIncomplete,
    ActivityNotApplicable,
    FireNotQuantified,
    ReductionNegative,
    ReviewRequired,
)
from issuance_svc.methodologies.inventory import Plot
from issuance_svc.methodologies.methodology import Methodology

CODE = "CQCM-902-V001"
FORMULA_VERSION = "1"

T90 = "students_t_90"
DISCOUNT = "sampling_discount_pct"
SPECIES_KINDS = {"WD": "species_wd", "BEF": "species_bef", "RSR": "species_rsr", "CF": "species_cf"}
GENERIC_KINDS = {"RSR": "biomass_rsr", "CF": "biomass_cf"}


def needs(inputs: c.Inputs) -> list[c.FactorNeed]:
    """Return the parameters of the biomass path in use, the sampling rule, K_RISK and the alarm.

    Raises what pairing the plots raises.
    """
    _refuse_what_does_not_apply(inputs)
    plots = inventory.pair_plots(inputs)
    counts: dict[str, int] = defaultdict(int)
    for plot in plots:
        counts[plot.stratum] += 1
    df = sampling.tabulated(sampling.degrees_of_freedom(counts))
    wanted = [c.FactorNeed(symbol="t90", kind=T90, subject=str(df))]
    wanted += [
        c.FactorNeed(symbol=f"discount {subject}", kind=DISCOUNT, subject=subject)
        for _, subject in sampling.BANDS
    ]
    wanted.append(c.FactorNeed(symbol="K_RISK", kind="k_risk"))
    wanted.append(c.FactorNeed(symbol="alarm", kind="uptake_alarm"))
    by_volume = _by_volume(plots)
    subject = _species(inputs) if by_volume else None
    kinds = SPECIES_KINDS if by_volume else GENERIC_KINDS
    return wanted + [
        c.FactorNeed(symbol=symbol, kind=kind, subject=subject) for symbol, kind in kinds.items()
    ]


def calculate(inputs: c.Inputs) -> c.Outcome:
    """Return ER = (dC_PROJ * (1 - d) - GHG_E - dC_BSL - LK) * (1 - K_RISK).

    Raises ActivityNotApplicable, ActivityIncomplete, ActivityContradicts, FireNotQuantified,
    SamplingRefused, ReviewRequired, ReductionNegative, FactorKindRefused.
    """
    _refuse_what_does_not_apply(inputs)
    plots = inventory.pair_plots(inputs)
    with localcontext(c.MEASURED):
        _alarm(inputs, plots)
        change, found = _project_change(inputs, plots)
        discounted = _discounted(inputs, change, found)
        gross = _less_baseline(inputs, discounted)
        k_risk = inputs.factor("K_RISK", "k_risk")
        deducted = c.step(
            "K",
            c.words("非持久性扣减（不签发）", "Kept back for non-permanence, never issued"),
            "gross * K_RISK",
            gross.value * k_risk.value,
            "tCO2e",
            [gross, k_risk],
        )
        net = c.step(
            "ER",
            c.words("净减排量", "Net removal"),
            "gross - K",
            gross.value - deducted.value,
            "tCO2e",
            [gross, deducted],
        )
        shares = c.year_shares(inputs.eligible.start, inputs.eligible.until)
        whole = sum((share for _, share in shares), Decimal(0))
        by_year = [(year, net.value * share / whole) for year, share in shares[:-1]]
        # The last year takes the rest: the years add up to the digit.
        rest = net.value - sum((value for _, value in by_year), Decimal(0))
        by_year.append((shares[-1][0], rest))
    return c.finish(net, by_year, deducted=deducted.value)


def _refuse_what_does_not_apply(inputs: c.Inputs) -> None:
    if inputs.declared.fire_occurred:
        raise FireNotQuantified(formula_version=FORMULA_VERSION)
    unused = [
        name
        for name, given in (
            ("meter_readings", inputs.readings),
            ("aggregate_ids", inputs.aggregates),
        )
        if given
    ]
    if unused:
        raise ActivityNotApplicable(methodology_code=CODE, what=", ".join(unused))


def _by_volume(plots: Sequence[Plot]) -> bool:
    return plots[0].before.volume_m3_per_ha is not None


def _species(inputs: c.Inputs) -> str:
    if inputs.project.species is None:
        raise ActivityIncomplete(
            reason=c.both(
                "项目没有登记树种，不能按蓄积量—BEF 路径计算。",
                "The project states no species: the volume-BEF path cannot be used.",
            )
        )
    return inputs.project.species


def _project_change(inputs: c.Inputs, plots: Sequence[Plot]) -> tuple[c.Step, sampling.Estimate]:
    """Formulas (1), (2), (4): plot by plot, then the area-weighted mean times the area."""
    per_stratum: dict[str, list[c.Step]] = defaultdict(list)
    areas: dict[str, Decimal] = {}
    for plot in plots:
        per_stratum[plot.stratum].append(_plot_change(inputs, plot))
        areas[plot.stratum] = plot.before.stratum_area_ha
    strata = [
        sampling.Stratum(name, areas[name], [found.value for found in per_stratum[name]])
        for name in sorted(per_stratum)
    ]
    found = sampling.estimate(strata)
    steps = [
        c.step(
            f"dC[{stratum.name}]",
            c.words(f"层 {stratum.name} 的碳储量变化", f"Change of stratum {stratum.name}"),
            "A_h * mean over plots of dc",
            stratum.area_ha * found.means[stratum.name],
            "tCO2e",
            [
                c.Given(symbol="A_h", value=stratum.area_ha, unit="ha", origin="plot inventory"),
                *per_stratum[stratum.name],
            ],
        )
        for stratum in strata
    ]
    change = c.step(
        "dC_PROJ",
        c.words("项目碳储量变化（各层面积加权）", "Project change, strata weighted by area"),
        "sum over strata of dC_h",
        sum((found_step.value for found_step in steps), Decimal(0)),
        "tCO2e",
        steps,
    )
    return change, found


def _plot_change(inputs: c.Inputs, plot: Plot) -> c.Step:
    before, after = _stock(inputs, plot.before), _stock(inputs, plot.after)
    share = _measured_share(inputs, plot)
    return c.step(
        f"dc[{plot.plot_no}]",
        c.words(
            "样地变化，按可申领期间线性分摊", "Change of the plot, linear over the eligible period"
        ),
        "(c_2 - c_1) * share",
        (after.value - before.value) * share.value,
        "tCO2/ha",
        [before, after, share],
    )


def _stock(inputs: c.Inputs, row: c.PlotMeasurement) -> c.Step:
    """Formulas (1) and (2) per hectare: biomass with roots, its carbon, as CO2."""
    day = row.measured_on.isoformat()
    origin = f"plot {row.plot_no} on {day}"
    if row.volume_m3_per_ha is not None:
        wd, bef = inputs.factor("WD", "species_wd"), inputs.factor("BEF", "species_bef")
        rsr, cf = inputs.factor("RSR", "species_rsr"), inputs.factor("CF", "species_cf")
        volume = c.Given(symbol="V", value=row.volume_m3_per_ha, unit="m3/ha", origin=origin)
        biomass: c.Step | c.Given = c.step(
            "B",
            c.words("地上生物量（蓄积量—BEF）", "Aboveground biomass, volume and BEF"),
            "V * WD * BEF",
            volume.value * wd.value * bef.value,
            "t d.m./ha",
            [volume, wd, bef],
        )
    else:
        rsr, cf = inputs.factor("RSR", "biomass_rsr"), inputs.factor("CF", "biomass_cf")
        assert row.agb_t_per_ha is not None, "the upload has one of the two columns"
        biomass = c.Given(symbol="B", value=row.agb_t_per_ha, unit="t d.m./ha", origin=origin)
    return c.step(
        f"c[{row.plot_no},{day}]",
        c.words("每公顷碳储量", "Stock per hectare"),
        "B * (1 + RSR) * CF * 44 / 12",
        allometry.co2(biomass.value, rsr.value, cf.value),
        "tCO2/ha",
        [biomass, rsr, cf],
    )


def _measured_share(inputs: c.Inputs, plot: Plot) -> c.Step:
    """Formula (4): the part of the measured change that falls into the eligible period.

    A plot measured on day d stands for the moment of that day nearest to the period's bound. Days
    outside the two inventories earn nothing: growth is never extrapolated.
    """
    first = inventory.moment(plot.before.measured_on, inputs.claimed.start)
    last = inventory.moment(plot.after.measured_on, inputs.claimed.until)
    inside = c.year_share(max(first, inputs.eligible.start), min(last, inputs.eligible.until))
    measured = _measured_years(inputs, plot)
    return c.step(
        "share",
        c.words(
            "可申领年数与两次调查间年数之比", "Eligible years over the years between inventories"
        ),
        "eligible years / measured years",
        inside / measured,
        "1",
        [
            c.Given(
                symbol="eligible years", value=inside, unit="a", origin="days / days of the year"
            ),
            c.Given(symbol="measured years", value=measured, unit="a", origin=f"{first} to {last}"),
        ],
    )


def _alarm(inputs: c.Inputs, plots: Sequence[Plot]) -> None:
    """R20: a stratum that takes up more than 40 t/ha a year, as measured, is for a person to judge."""
    bound = inputs.factor("alarm", "uptake_alarm")
    per_stratum: dict[str, list[Decimal]] = defaultdict(list)
    for plot in plots:
        change = _stock(inputs, plot.after).value - _stock(inputs, plot.before).value
        per_stratum[plot.stratum].append(change / _measured_years(inputs, plot))
    for stratum, rates in sorted(per_stratum.items()):
        uptake = sum(rates, Decimal(0)) / len(rates)
        if uptake > bound.value:
            shown = uptake.quantize(Decimal("0.01"))
            raise ReviewRequired(
                reason=c.both(
                    f"层 {stratum} 年均吸收 {shown} tCO2/公顷，超过 {bound.value}（{bound.grade}）。",
                    f"Stratum {stratum} takes up {shown} tCO2/ha a year, above {bound.value}"
                    f" (grade {bound.grade}).",
                )
            )


def _measured_years(inputs: c.Inputs, plot: Plot) -> Decimal:
    first = inventory.moment(plot.before.measured_on, inputs.claimed.start)
    return c.year_share(first, inventory.moment(plot.after.measured_on, inputs.claimed.until))


def _discounted(inputs: c.Inputs, change: c.Step, found: sampling.Estimate) -> c.Step:
    """Take the sampling discount off the change; raises ReductionNegative, SamplingRefused."""
    if change.value < 0:
        raise _loss(change.value)
    t_value = inputs.factor("t90", T90)
    error_pct = sampling.relative_error_pct(found, t_value.value) if change.value else Decimal(0)
    error = c.step(
        "r",
        c.words("90% 可靠性下的相对误差", "Relative error at 90 % confidence"),
        "t90 * SE / mean * 100",
        error_pct,
        "%",
        [
            t_value,
            c.Given(
                symbol="SE",
                value=found.standard_error,
                unit="tCO2/ha",
                origin="sqrt(sum W_h^2 * s_h^2 / n_h)",
            ),
            c.Given(
                symbol="mean", value=found.mean_per_ha, unit="tCO2/ha", origin="sum W_h * mean_h"
            ),
        ],
    )
    subject = sampling.discount_subject(error_pct)
    discount = inputs.factor(f"discount {subject}", DISCOUNT)
    return c.step(
        "dC_d",
        c.words("扣除抽样误差折扣后的变化", "Change after the sampling discount"),
        "dC_PROJ * (100 - d) / 100",
        change.value * (100 - discount.value) / 100,
        "tCO2e",
        [change, error, discount],
    )


def _loss(value: Decimal) -> ReductionNegative:
    """A loss is told gross: K_RISK is never taken off it (R20)."""
    return ReductionNegative(net_t=format(value.quantize(Decimal("0.000001")), "f"))


def _less_baseline(inputs: c.Inputs, discounted: c.Step) -> c.Step:
    """Formulas (5) to (8) before K_RISK: no fire was declared, and AR-CM-001 has no leakage."""
    declared = inputs.declared.baseline_t
    baseline = c.Given(
        symbol="dC_BSL",
        value=declared if declared is not None else Decimal(0),
        unit="tCO2e",
        origin="declared for the whole period"
        if declared is not None
        else "stable or declining (5)",
    )
    fire = c.Given(symbol="GHG_E", value=Decimal(0), unit="tCO2e", origin="declared: no fire (7)")
    leakage = c.Given(symbol="LK", value=Decimal(0), unit="tCO2e", origin="none (6)")
    value = discounted.value - fire.value - baseline.value - leakage.value
    if value < 0:
        raise _loss(value)
    return c.step(
        "gross",
        c.words("扣减基线后的变化", "Change less baseline, fire and leakage"),
        "dC_d - GHG_E - dC_BSL - LK",
        value,
        "tCO2e",
        [discounted, fire, baseline, leakage],
    )


VERSIONS = (
    Methodology(
        CODE, FORMULA_VERSION, needs, calculate, closing=inventory.closing, glossary=GLOSSARY
    ),
)
