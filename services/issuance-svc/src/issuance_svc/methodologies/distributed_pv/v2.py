"""CQCM-901-V001, distributed photovoltaics, formula version 2: intervals, registers, own use, alarms.

Grid-connected: EG = export - import (CCER-01-002 section 6, V1). Own use: EG = generation, consumed or
fed in, less auxiliaries (project default, D). Corrections of meters by dates (section 7.3.4, V1),
weights of CDM TOOL07 (M). What a version 1 report counted, version 2 counts alike.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, localcontext

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.distributed_pv import alarms, energy, v1
from issuance_svc.methodologies.distributed_pv.energy import Energy
from issuance_svc.methodologies.distributed_pv.glossary import GLOSSARY
from issuance_svc.methodologies.errors import ActivityNotApplicable, GreenCertificateClaimed
from issuance_svc.methodologies.methodology import Methodology

CODE = v1.CODE
FORMULA_VERSION = "2"


def needs(inputs: c.Inputs) -> list[c.FactorNeed]:
    """Return the baseline factors (R15), the rule of gaps and the bounds of the alarms."""
    return [*v1.needs(inputs), *energy.needs(inputs), *alarms.needs()]


def calculate(inputs: c.Inputs) -> c.Outcome:
    """Return ER = EG * EF_CM, rounded once; what is implausible becomes a flag, not a refusal.

    Raises ActivityNotApplicable, ActivityIncomplete, ActivityContradicts, GreenCertificateClaimed,
    FactorKindRefused, ReductionNegative.
    """
    _refuse_what_does_not_apply(inputs)
    with localcontext(c.MEASURED):
        counted = energy.counted(inputs)
        _refuse_green_certificates(inputs, counted)
        margin = v1.combined_margin(inputs)
        years: dict[int, list[Energy]] = defaultdict(list)
        for found in counted:
            # Energy between two readings belongs to the year in which it began.
            years[found.start.year].append(found)
        by_year = [_year_step(inputs, year, years[year], margin) for year in sorted(years)]
        net = c.step(
            "ER",
            c.words("减排量（PE = 0，LK = 0）", "Emission reduction (PE = 0, LK = 0)"),
            "sum over years of ER[y]",
            sum((found.value for found in by_year), Decimal(0)),
            "tCO2e",
            by_year,
        )
        rung = alarms.flags(inputs, counted)
    outcome = c.finish(
        net, [(year, found.value) for year, found in zip(sorted(years), by_year, strict=True)]
    )
    return outcome.model_copy(update={"flags": rung})


def _refuse_what_does_not_apply(inputs: c.Inputs) -> None:
    unused = [
        name
        for name, given in (
            ("plot_inventory", inputs.plots),
            ("tree_inventory", inputs.stands),
            ("aggregate_ids", inputs.aggregates),
            ("baseline_t", bool(inputs.declared.baseline_t)),
            ("fire_occurred", inputs.declared.fire_occurred),
        )
        if given
    ]
    if unused:
        raise ActivityNotApplicable(methodology_code=CODE, what=", ".join(unused))


def _refuse_green_certificates(inputs: c.Inputs, counted: Sequence[Energy]) -> None:
    """R7: a MWh that carries a green certificate cannot be a reduction as well."""
    claimed = {record.meter_no for record in inputs.meters if record.green_certificates}
    used = sorted(claimed & {found.meter_no for found in counted})
    if used:
        raise GreenCertificateClaimed(meters=", ".join(used))


def _year_step(inputs: c.Inputs, year: int, counted: Sequence[Energy], margin: c.Step) -> c.Step:
    meters: dict[str, list[Energy]] = defaultdict(list)
    for found in counted:
        meters[found.meter_no].append(found)
    per_meter = [_meter_step(inputs, year, meter, meters[meter]) for meter in sorted(meters)]
    own_use = energy.mode(inputs) == energy.OWN_USE
    generated = c.step(
        f"EG_PJ[{year}]",
        c.words("自发自用净发电量", "Net generation for own use")
        if own_use
        else c.words("净上网电量", "Net electricity fed in"),
        "sum over meters of EG / 1000",
        sum((found.value for found in per_meter), Decimal(0)) / 1000,
        "MWh",
        per_meter,
    )
    return c.step(
        f"ER[{year}]",
        c.words(f"{year} 年减排量", f"Emission reduction of {year}"),
        "EG_PJ * EF_CM",
        generated.value * margin.value,
        "tCO2e",
        [generated, margin],
    )


def _meter_step(inputs: c.Inputs, year: int, meter_no: str, counted: Sequence[Energy]) -> c.Step:
    """Net kWh of one meter in one year, grouped by their correction and its reason."""
    groups: dict[tuple[Decimal, str], list[Energy]] = defaultdict(list)
    for found in counted:
        groups[found.pct, found.reason].append(found)
    parts = [_group_step(inputs, *group, groups[group]) for group in sorted(groups)]
    multipliers = sorted({found.multiplier for found in counted if found.multiplier is not None})
    applied = [
        c.Given(symbol="k", value=each, unit="1", origin="meter record: CT x PT, in the kWh below")
        for each in multipliers
    ]
    return c.step(
        f"EG[{meter_no},{year}]",
        c.words(f"表计 {meter_no} 净电量", f"Net electricity of meter {meter_no}"),
        "sum of its stretches",
        sum((part.value for part in parts), Decimal(0)),
        "kWh",
        [*applied, *parts],
    )


def _group_step(inputs: c.Inputs, pct: Decimal, reason: str, counted: Sequence[Energy]) -> c.Step:
    def total(name: str) -> Decimal:
        return sum((getattr(found, name) for found in counted), Decimal(0))

    share = pct / 100
    outflow = total("outflow_kwh")
    inflow = total("inflow_kwh") + total("below_zero_kwh") + total("filled_kwh")
    days = f"{min(found.start for found in counted)} .. {max(found.end for found in counted)}"
    given = [
        c.Given(symbol="out", value=outflow, unit="kWh", origin=f"meters, {days}"),
        c.Given(symbol="in", value=total("inflow_kwh"), unit="kWh", origin=f"meters, {days}"),
        c.Given(
            symbol="below",
            value=total("below_zero_kwh"),
            unit="kWh",
            origin="values below zero: own consumption, counted against the owner",
        ),
        c.Given(symbol="p", value=pct, unit="%", origin=f"calibration: {reason} (R14)"),
    ]
    operands: list[c.Step | c.Factor | c.Given] = [*given]
    missing = sum(found.missing_outflow + found.missing_inflow for found in counted)
    if missing:
        operands.append(_gap_step(inputs, total("filled_kwh"), counted))
    return c.step(
        "EG",
        c.words(
            f"发出减用入，按 {pct}% 保守修正",
            f"Out less in, corrected by {pct} % against the owner",
        ),
        "out * (1 - p/100) - (in + below + gaps) * (1 + p/100)",
        outflow * (1 - share) - inflow * (1 + share),
        "kWh",
        operands,
    )


def _gap_step(inputs: c.Inputs, filled: Decimal, counted: Sequence[Energy]) -> c.Step:
    missing_out = sum(found.missing_outflow for found in counted)
    missing_in = sum(found.missing_inflow for found in counted)
    return c.step(
        "gaps",
        c.words(
            f"缺失区间：发出 {missing_out} 个按 0 计，用入 {missing_in} 个按当月最大值补",
            f"Missing intervals: {missing_out} of what went out count as nothing, {missing_in} of what"
            " came in as the month's largest",
        ),
        "missing_in * largest_in * gap_in/100 - missing_out * largest_out * gap_out/100",
        filled,
        "kWh",
        [inputs.factors["gap_in"], inputs.factors["gap_out"], inputs.factors["gap_max"]],
    )


VERSIONS = (Methodology(CODE, FORMULA_VERSION, needs, calculate, glossary=GLOSSARY),)
