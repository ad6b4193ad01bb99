"""Two inventories of permanent plots: which plot was measured when, and whether they fit together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.errors import ActivityContradicts, ActivityIncomplete

# An inventory stands for the bound of the period it is nearest to, and lies at most this far off [D].
INVENTORY_DAYS_MAX = 92
NAMED_MAX = 20


@dataclass(frozen=True, slots=True)
class Plot:
    """One permanent plot: its first and second inventory."""

    plot_no: str
    stratum: str
    before: c.PlotMeasurement
    after: c.PlotMeasurement


def pair_plots(inputs: c.Inputs) -> list[Plot]:
    """Return the plots with exactly one inventory near each bound of the period, sorted."""
    near: dict[str, dict[str, list[c.PlotMeasurement]]] = defaultdict(lambda: defaultdict(list))
    for row in inputs.plots:
        to_start = abs((row.measured_on - inputs.claimed.start).days)
        to_end = abs((inputs.claimed.until - row.measured_on).days)
        if min(to_start, to_end) <= INVENTORY_DAYS_MAX:
            near[row.plot_no]["before" if to_start <= to_end else "after"].append(row)
    names = sorted({row.plot_no for row in inputs.plots})
    unpaired = [
        name for name in names if len(near[name]["before"]) != 1 or len(near[name]["after"]) != 1
    ]
    if unpaired or not names:
        named = ", ".join(unpaired[:NAMED_MAX]) or "-"
        raise ActivityIncomplete(
            reason=c.both(
                f"每块样地须在监测期起止日前后 {INVENTORY_DAYS_MAX} 天内各有一次调查；不符合的样地：{named}。",
                f"Each plot needs one inventory within {INVENTORY_DAYS_MAX} days of each end of the"
                f" period; these have not: {named}.",
            )
        )
    plots = [
        Plot(name, near[name]["before"][0].stratum, near[name]["before"][0], near[name]["after"][0])
        for name in names
    ]
    _must_agree(inputs, plots)
    _must_continue(inputs.plots_before, plots)
    return plots


def closing(inputs: c.Inputs) -> list[c.PlotMeasurement]:
    """Return the last inventory that a report used: where the next one has to begin."""
    return [plot.after for plot in pair_plots(inputs)] if inputs.plots else []


def _must_continue(before: Sequence[c.PlotMeasurement], plots: Sequence[Plot]) -> None:
    """Refuse a period that begins without a plot of the last one, or with less on it.

    Otherwise a fire between two periods would never be counted, or a burnt plot left out.
    """
    opening = {plot.plot_no: plot.before for plot in plots}
    for last in before:
        first = opening.get(last.plot_no)
        if first is None:
            raise _contradiction(
                f"上一报告的固定样地 {last.plot_no} 未在本次调查中",
                f"permanent plot {last.plot_no} of the last report is not in this inventory",
            )
        if (first.volume_m3_per_ha is None) != (last.volume_m3_per_ha is None):
            raise _contradiction(
                "与上一报告的生物量路径不同", "the biomass path differs from the last report's"
            )
        if _value(first) < _value(last):
            raise _contradiction(
                f"样地 {last.plot_no} 期初 {_value(first)}，低于上一报告期末 {_value(last)}：其间的损失须计入",
                f"plot {last.plot_no} begins with {_value(first)}, the last report ended with"
                f" {_value(last)}: the loss in between must be counted",
            )


def _value(row: c.PlotMeasurement) -> Decimal:
    found = row.volume_m3_per_ha if row.volume_m3_per_ha is not None else row.agb_t_per_ha
    assert found is not None, "the upload has one of the two columns"
    return found


def _must_agree(inputs: c.Inputs, plots: Sequence[Plot]) -> None:
    """Refuse inventories that contradict themselves or the registered parcels."""
    areas: dict[str, set[Decimal]] = defaultdict(set)
    sizes: dict[str, set[Decimal]] = defaultdict(set)
    for plot in plots:
        if plot.before.stratum != plot.after.stratum:
            raise _contradiction(
                f"样地 {plot.plot_no} 换了层", f"plot {plot.plot_no} changed its stratum"
            )
        for row in (plot.before, plot.after):
            areas[plot.stratum].add(row.stratum_area_ha)
            sizes[plot.stratum].add(row.plot_area_m2)
    for stratum, found in areas.items():
        if len(found) > 1:
            raise _contradiction(
                f"层 {stratum} 的面积不一致", f"stratum {stratum} has several areas"
            )
    for stratum, found in sizes.items():
        if len(found) > 1:
            raise _contradiction(
                f"层 {stratum} 的样地面积不等，抽样误差公式要求等面积样地",
                f"plots of stratum {stratum} differ in area; the sampling error needs equal plots",
            )
    claimed_ha = sum((next(iter(found)) for found in areas.values()), Decimal(0))
    if claimed_ha > inputs.project.area_ha:
        raise _contradiction(
            f"各层面积合计 {claimed_ha} 公顷，超过登记地块面积 {inputs.project.area_ha} 公顷",
            f"the strata cover {claimed_ha} ha, the registered parcels {inputs.project.area_ha} ha",
        )
    if len({plot.before.volume_m3_per_ha is None for plot in plots}) > 1:
        raise _contradiction("蓄积量与生物量两种路径混用", "volume and biomass are mixed")


def _contradiction(zh: str, en: str) -> ActivityContradicts:
    return ActivityContradicts(reason=c.both(f"{zh}。", f"{en[0].upper()}{en[1:]}."))


def moment(measured_on: date, bound: date) -> date:
    """Return the moment of the measuring day, from its start to its end, nearest to the bound."""
    return min(max(bound, measured_on), measured_on + timedelta(days=1))
