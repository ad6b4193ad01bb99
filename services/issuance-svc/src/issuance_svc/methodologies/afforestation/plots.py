"""Formula version 2: which plot was visited when, by which path, and whether the visits fit together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.errors import ActivityContradicts, ActivityIncomplete
from issuance_svc.methodologies.inventory import INVENTORY_DAYS_MAX, NAMED_MAX

Path = Literal["volume", "biomass", "trees"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One plot on one day: a volume, a biomass or the stands of its tree list."""

    plot_no: str
    stratum: str
    measured_on: date
    plot_area_m2: Decimal
    stratum_area_ha: Decimal
    path: Path
    value: Decimal | None = None
    stands: list[c.Stand] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plot:
    """One permanent plot: the two visits between which its change is counted."""

    plot_no: str
    stratum: str
    before: Visit
    after: Visit


def pair(inputs: c.Inputs) -> list[Plot]:
    """Return the plots with their two visits, sorted by number.

    Raises ActivityIncomplete, ActivityContradicts; each names the plots it is about.
    """
    by_plot: dict[str, list[Visit]] = defaultdict(list)
    for visit in _visits(inputs.plots, inputs.stands):
        by_plot[visit.plot_no].append(visit)
    choose = _at_the_bounds if inputs.declared.inventory_design == "bounds" else _first_and_last
    chosen = {name: choose(inputs.claimed, found) for name, found in sorted(by_plot.items())}
    unpaired = [name for name, visits in chosen.items() if visits is None]
    if unpaired or not chosen:
        raise _unpaired(inputs, unpaired)
    plots = [
        Plot(name, visits[0].stratum, *visits)
        for name, visits in chosen.items()
        if visits is not None
    ]
    _must_agree(inputs, plots)
    return plots


def closed_before(inputs: c.Inputs) -> list[Visit]:
    """Return the visits with which the last report ended, sorted."""
    return _visits(inputs.plots_before, inputs.stands_before)


def _visits(plots: Sequence[c.PlotMeasurement], stands: Sequence[c.Stand]) -> list[Visit]:
    found: dict[tuple[str, date], Visit] = {}
    for row in plots:
        if (row.plot_no, row.measured_on) in found:
            raise contradiction(
                f"样地 {row.plot_no} 在 {row.measured_on} 有两条记录",
                f"plot {row.plot_no} stands twice on {row.measured_on}",
            )
        found[row.plot_no, row.measured_on] = _of_row(row)
    groups: dict[tuple[str, date], list[c.Stand]] = defaultdict(list)
    for stand in stands:
        groups[stand.plot_no, stand.measured_on].append(stand)
    twice = sorted({plot_no for plot_no, _ in found.keys() & groups.keys()})
    if twice:
        raise contradiction(
            f"样地既有汇总值又有单木清单：{_some(twice)}",
            f"plots with both a summary and a tree list: {_some(twice)}",
        )
    found |= {visit: _of_stands(group) for visit, group in groups.items()}
    return [found[key] for key in sorted(found)]


def _of_stands(group: list[c.Stand]) -> Visit:
    group.sort(key=lambda stand: (stand.basis, stand.species or ""))
    first = group[0]
    return Visit(
        plot_no=first.plot_no,
        stratum=first.stratum,
        measured_on=first.measured_on,
        plot_area_m2=first.plot_area_m2,
        stratum_area_ha=first.stratum_area_ha,
        path="trees",
        stands=group,
    )


def _of_row(row: c.PlotMeasurement) -> Visit:
    by_volume = row.volume_m3_per_ha is not None
    return Visit(
        plot_no=row.plot_no,
        stratum=row.stratum,
        measured_on=row.measured_on,
        plot_area_m2=row.plot_area_m2,
        stratum_area_ha=row.stratum_area_ha,
        path="volume" if by_volume else "biomass",
        value=row.volume_m3_per_ha if by_volume else row.agb_t_per_ha,
    )


def _at_the_bounds(claimed: c.Period, visits: Sequence[Visit]) -> tuple[Visit, Visit] | None:
    """The one visit near each end of the period; two near the same end are one too many."""
    near: dict[bool, list[Visit]] = defaultdict(list)
    for visit in visits:
        to_start = abs((visit.measured_on - claimed.start).days)
        to_end = abs((claimed.until - visit.measured_on).days)
        if min(to_start, to_end) <= INVENTORY_DAYS_MAX:
            near[to_start <= to_end].append(visit)
    if len(near[True]) != 1 or len(near[False]) != 1:
        return None
    return near[True][0], near[False][0]


def _first_and_last(claimed: c.Period, visits: Sequence[Visit]) -> tuple[Visit, Visit] | None:
    """Rotating panels: the plot's own first and last visit inside the period."""
    inside = [visit for visit in visits if claimed.start <= visit.measured_on <= claimed.end]
    if len(inside) < 2:  # noqa: PLR2004 - a change has two ends
        return None
    return inside[0], inside[-1]


def _unpaired(inputs: c.Inputs, names: Sequence[str]) -> ActivityIncomplete:
    named = _some(names) or "-"
    if inputs.declared.inventory_design == "bounds":
        zh = f"监测期起止日前后 {INVENTORY_DAYS_MAX} 天内须各有且仅有一次调查"
        en = f"needs exactly one visit within {INVENTORY_DAYS_MAX} days of each end of the period"
    else:
        zh, en = "监测期内须有两次调查", "needs two visits inside the period"
    return ActivityIncomplete(
        reason=c.both(
            f"每块样地{zh}；不符合的样地（{len(names)} 块）：{named}。",
            f"Each plot {en}; {len(names)} have not: {named}.",
        )
    )


def _must_agree(inputs: c.Inputs, plots: Sequence[Plot]) -> None:
    """Refuse visits that contradict each other or the registered parcels, naming the plots."""
    for name, zh, en in (
        ("stratum", "换了层", "changed their stratum"),
        (
            "plot_area_m2",
            "两次调查的样地面积不同，变化量不可比",
            "differ in area between the visits, so no change can be told",
        ),
        ("path", "两次调查的路径不同", "changed their biomass path"),
    ):
        odd = [
            plot.plot_no
            for plot in plots
            if getattr(plot.before, name) != getattr(plot.after, name)
        ]
        if odd:
            raise contradiction(f"样地{zh}：{_some(odd)}", f"plots that {en}: {_some(odd)}")
    if len({plot.before.path for plot in plots}) > 1:
        odd = [plot.plot_no for plot in plots if plot.before.path != plots[0].before.path]
        raise contradiction(
            f"生物量路径混用：{plots[0].plot_no} 与 {_some(odd)}",
            f"biomass paths are mixed: {plots[0].plot_no} against {_some(odd)}",
        )
    claimed_ha = sum(areas(plots).values(), Decimal(0))
    if claimed_ha > inputs.project.area_ha:
        raise contradiction(
            f"各层面积合计 {claimed_ha} 公顷，超过登记地块面积 {inputs.project.area_ha} 公顷",
            f"the strata cover {claimed_ha} ha, the registered parcels {inputs.project.area_ha} ha",
        )


def areas(plots: Sequence[Plot]) -> Mapping[str, Decimal]:
    """Return each stratum's area in hectares; raises ActivityContradicts where rows disagree."""
    found: dict[str, Decimal] = {}
    for plot in plots:
        for visit in (plot.before, plot.after):
            known = found.setdefault(plot.stratum, visit.stratum_area_ha)
            if known != visit.stratum_area_ha:
                raise contradiction(
                    f"层 {plot.stratum} 的面积不一致（样地 {plot.plot_no}：{visit.stratum_area_ha}，此前 {known}）",
                    f"stratum {plot.stratum} has several areas (plot {plot.plot_no}:"
                    f" {visit.stratum_area_ha}, before it {known})",
                )
    return found


def contradiction(zh: str, en: str) -> ActivityContradicts:
    return ActivityContradicts(reason=c.both(f"{zh}。", f"{en[0].upper()}{en[1:]}."))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED_MAX])
