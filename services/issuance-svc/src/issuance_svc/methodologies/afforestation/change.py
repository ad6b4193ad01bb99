"""Formula version 2: the change of the trees, stratum by stratum, and its sampling error."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies import inventory, sampling
from issuance_svc.methodologies.afforestation import stock
from issuance_svc.methodologies.afforestation.plots import (
    Plot,
    Visit,
    areas,
    closed_before,
    contradiction,
)

T90 = "students_t_90"
DISCOUNT = "sampling_discount_pct"
ALARM = "uptake_alarm"


@dataclass(frozen=True, slots=True)
class Change:
    """The change of the trees: what falls into the eligible period, and all that was measured."""

    eligible: c.Step
    measured: c.Step
    error: c.Step
    error_pct: Decimal


def needs(plots: Sequence[Plot]) -> list[c.FactorNeed]:
    """Return t by degrees of freedom, the discounts and the alarm; raises SamplingRefused."""
    counts: dict[str, int] = defaultdict(int)
    for plot in plots:
        counts[plot.stratum] += 1
    df = sampling.tabulated(sampling.degrees_of_freedom(counts))
    discounts = [
        c.FactorNeed(symbol=f"discount {subject}", kind=DISCOUNT, subject=subject)
        for _, subject in sampling.BANDS
    ]
    return [
        c.FactorNeed(symbol="t90", kind=T90, subject=str(df)),
        *discounts,
        c.FactorNeed(symbol="alarm", kind=ALARM),
    ]


def of_trees(inputs: c.Inputs, plots: Sequence[Plot]) -> Change:
    """Return the change of all strata: formulas (1), (2), (4), plots weighted by their area."""
    eligible, found = _total(inputs, plots, whole=False)
    measured, _ = _total(inputs, plots, whole=True)
    error_pct = Decimal(0)
    t_value = inputs.factor("t90", T90)
    if found.mean_per_ha:
        error_pct = abs(sampling.relative_error_pct(found, t_value.value))
    spread, mean = found.standard_error, found.mean_per_ha
    error = c.step(
        "r",
        c.words("90% 可靠性下的相对误差", "Relative error at 90 % confidence"),
        "t90 * SE / |mean| * 100",
        error_pct,
        "%",
        [
            t_value,
            c.Given(
                symbol="SE",
                value=spread,
                unit="tCO2/ha",
                origin="sqrt(sum W_h^2 n/(n-1) sum (a_i (dc_i - mean_h))^2 / (sum a_i)^2)",
            ),
            c.Given(symbol="mean", value=mean, unit="tCO2/ha", origin="sum W_h * mean_h"),
        ],
    )
    return Change(eligible, measured, error, error_pct)


def _total(
    inputs: c.Inputs, plots: Sequence[Plot], *, whole: bool
) -> tuple[c.Step, sampling.Estimate]:
    """Add the strata up: for the eligible share of the growth, or for all that was measured."""
    sizes = areas(plots)
    per_stratum: dict[str, list[tuple[Plot, c.Step]]] = defaultdict(list)
    for plot in plots:
        per_stratum[plot.stratum].append((plot, _plot(inputs, plot, whole=whole)))
    strata = [
        sampling.UnequalStratum(
            name,
            sizes[name],
            [(plot.before.plot_area_m2, found.value) for plot, found in per_stratum[name]],
        )
        for name in sorted(per_stratum)
    ]
    estimate = sampling.ratio_estimate(strata)
    steps = [
        c.step(
            f"dC[{stratum.name}]",
            c.words(f"层 {stratum.name} 的碳储量变化", f"Change of stratum {stratum.name}"),
            "A_h * sum(a_i * dc_i) / sum(a_i), a_i the plot's area",
            stratum.area_ha * estimate.means[stratum.name],
            "tCO2e",
            [
                c.Given(symbol="A_h", value=stratum.area_ha, unit="ha", origin="inventory"),
                *(found for _, found in per_stratum[stratum.name]),
            ],
        )
        for stratum in strata
    ]
    title = (
        c.words("两次调查之间的全部变化", "The whole change between the inventories")
        if whole
        else c.words("项目碳储量变化（各层面积加权）", "Project change, strata weighted by area")
    )
    total = sum((found.value for found in steps), Decimal(0))
    symbol = "dC_MEAS" if whole else "dC_PROJ"
    return c.step(symbol, title, "sum over strata of dC_h", total, "tCO2e", steps), estimate


def _plot(inputs: c.Inputs, plot: Plot, *, whole: bool) -> c.Step:
    before, after = stock.carbon(inputs, plot.before), stock.carbon(inputs, plot.after)
    if whole:
        return c.step(
            f"dc[{plot.plot_no}]",
            c.words("样地变化", "Change of the plot"),
            "c_2 - c_1",
            after.value - before.value,
            "tCO2/ha",
            [before, after],
        )
    part = share(inputs, plot)
    return c.step(
        f"dc[{plot.plot_no}]",
        c.words(
            "样地变化，按可申领期间线性分摊", "Change of the plot, linear over the eligible period"
        ),
        "(c_2 - c_1) * share",
        (after.value - before.value) * part.value,
        "tCO2/ha",
        [before, after, part],
    )


def share(inputs: c.Inputs, plot: Plot) -> c.Step:
    """Formula (4): the part of the measured change inside the eligible period, never extrapolated."""
    first = inventory.moment(plot.before.measured_on, inputs.claimed.start)
    last = inventory.moment(plot.after.measured_on, inputs.claimed.until)
    start, until = max(first, inputs.eligible.start), min(last, inputs.eligible.until)
    inside = c.year_share(start, until) if start < until else Decimal(0)
    measured = c.year_share(first, last)
    years = "days / days of the year"
    return c.step(
        "share",
        c.words(
            "可申领年数与两次调查间年数之比", "Eligible years over the years between inventories"
        ),
        "eligible years / measured years",
        inside / measured,
        "1",
        [
            c.Given(symbol="eligible years", value=inside, unit="a", origin=years),
            c.Given(symbol="measured years", value=measured, unit="a", origin=f"{first} to {last}"),
        ],
    )


def flags(inputs: c.Inputs, plots: Sequence[Plot]) -> list[c.Flag]:
    """Return what a person has to look at: R20's uptake bound, and panels off the period's ends."""
    bound = inputs.factor("alarm", ALARM)
    rates: dict[str, list[Decimal]] = defaultdict(list)
    for plot in plots:
        first = inventory.moment(plot.before.measured_on, inputs.claimed.start)
        years = c.year_share(first, inventory.moment(plot.after.measured_on, inputs.claimed.until))
        grown = stock.carbon(inputs, plot.after).value - stock.carbon(inputs, plot.before).value
        rates[plot.stratum].append(grown / years)
    found = []
    for stratum, measured in sorted(rates.items()):
        uptake = sum(measured, Decimal(0)) / len(measured)
        if uptake > bound.value:
            shown = uptake.quantize(Decimal("0.01"))
            found.append(
                c.Flag(
                    code="uptake-over-bound",
                    zh=f"层 {stratum} 年均吸收 {shown} tCO2/公顷，超过 {bound.value}（{bound.grade}）。",
                    en=f"Stratum {stratum} takes up {shown} tCO2/ha a year, above {bound.value}"
                    f" (grade {bound.grade}).",
                    value=uptake,
                    bound=bound.value,
                    grade=bound.grade,
                )
            )
    if inputs.declared.inventory_design == "panels":
        found.append(
            c.Flag(
                code="inventory-panels",
                zh=f"{len(plots)} 块样地按各自的两次调查日期计算，未覆盖整个监测期。",
                en=f"{len(plots)} plots count between two dates of their own, not over the whole period.",
                value=Decimal(len(plots)),
                bound=Decimal(0),
                grade="D",
            )
        )
    return found


def must_continue(inputs: c.Inputs, plots: Sequence[Plot]) -> None:
    """Refuse a period that begins without a plot of the last report, or with less on it.

    Otherwise a fire between two periods would never be counted, or a burnt plot left out. Raises
    ActivityContradicts.
    """
    opening = {plot.plot_no: plot.before for plot in plots}
    for last in closed_before(inputs):
        first = opening.get(last.plot_no)
        if first is None:
            raise contradiction(
                f"上一报告的固定样地 {last.plot_no} 未在本次调查中",
                f"permanent plot {last.plot_no} of the last report is not in this inventory",
            )
        if (last.path == "volume") != (first.path == "volume"):
            raise contradiction(
                f"样地 {last.plot_no} 与上一报告的生物量路径不同",
                f"the biomass path of plot {last.plot_no} differs from the last report's",
            )
        begins, ended = _value(inputs, first), _value(inputs, last)
        if begins < ended:
            raise contradiction(
                f"样地 {last.plot_no} 期初 {begins}，低于上一报告期末 {ended}：其间的损失须计入",
                f"plot {last.plot_no} begins with {begins}, the last report ended with"
                f" {ended}: the loss in between must be counted",
            )


def closing(plots: Sequence[Plot]) -> list[c.PlotMeasurement | c.Stand]:
    """Return the last visits: plot values, or the stands of a tree list."""
    found: list[c.PlotMeasurement | c.Stand] = []
    for plot in plots:
        last = plot.after
        if last.path == "trees":
            found += last.stands
            continue
        found.append(
            c.PlotMeasurement(
                plot_no=plot.plot_no,
                stratum=plot.stratum,
                measured_on=last.measured_on,
                plot_area_m2=last.plot_area_m2,
                stratum_area_ha=last.stratum_area_ha,
                volume_m3_per_ha=last.value if last.path == "volume" else None,
                agb_t_per_ha=None if last.path == "volume" else last.value,
            )
        )
    return found


def _value(inputs: c.Inputs, visit: Visit) -> Decimal:
    """Return the visit's volume or value, or what its trees come to with today's factors."""
    return visit.value if visit.value is not None else stock.biomass(inputs, visit)
