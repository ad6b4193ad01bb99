"""CQCM-901-V001, distributed photovoltaics: metered net generation times the combined margin.

Structure of CCER-01-002 section 6 (V1), meters by its section 7.3.4 (V1), weights of CDM TOOL07 (M).
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal, localcontext

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.distributed_pv.glossary import GLOSSARY
from issuance_svc.methodologies.errors import (
    ActivityContradicts,
    ActivityIncomplete,
    ActivityNotApplicable,
)
from issuance_svc.methodologies.methodology import Methodology

CODE = "CQCM-901-V001"
FORMULA_VERSION = "1"

OM, BM = "grid_baseline_om", "grid_baseline_bm"
WEIGHT_OM, WEIGHT_BM = "pv_weight_om", "pv_weight_bm"
NAMED_GAPS_MAX = 20


def needs(inputs: c.Inputs) -> list[c.FactorNeed]:
    """Return the factors: the project's baseline grid and factor year, never another year's (R15)."""
    grid, year = inputs.project.baseline_grid, inputs.project.baseline_factor_year
    if grid is None or year is None:
        raise ActivityIncomplete(
            reason=c.both(
                "项目没有登记基准线电网与因子年份。",
                "The project states no baseline grid and factor year.",
            )
        )
    return [
        c.FactorNeed(symbol="EF_OM", kind=OM, region=grid, year=year),
        c.FactorNeed(symbol="EF_BM", kind=BM, region=grid, year=year),
        c.FactorNeed(symbol="w_OM", kind=WEIGHT_OM),
        c.FactorNeed(symbol="w_BM", kind=WEIGHT_BM),
    ]


def calculate(inputs: c.Inputs) -> c.Outcome:
    """Return ER = (EG_export - EG_import) * EF_CM, exact in decimals until the one rounding.

    Raises ActivityNotApplicable, ActivityIncomplete, ActivityContradicts, FactorKindRefused,
    ReductionNegative.
    """
    _refuse_what_does_not_apply(inputs)
    counted = counted_readings(inputs)
    with localcontext(c.EXACT):
        margin = combined_margin(inputs)
        years: dict[int, list[c.Reading]] = defaultdict(list)
        for reading in counted:
            years[reading.month.year].append(reading)
        by_year = [_year_step(year, years[year], margin) for year in sorted(years)]
        total = sum((found.value for found in by_year), Decimal(0))
        net = c.step(
            "ER",
            c.words("减排量（PE = 0，LK = 0）", "Emission reduction (PE = 0, LK = 0)"),
            "sum over years of ER[y]",
            total,
            "tCO2e",
            by_year,
        )
    return c.finish(
        net, [(year, found.value) for year, found in zip(sorted(years), by_year, strict=True)]
    )


def deduction_pct(reading: c.Reading) -> Decimal:
    """Return the per cent by which the registers are corrected, always against the owner (R14).

    In time and inside its class: 0. In time but beyond: the actual error. Late or never: the class's
    maximum permissible error, or the error found if that is larger.
    """
    found = abs(reading.error_pct) if reading.error_pct is not None else Decimal(0)
    permitted = reading.mpe_pct if reading.mpe_pct is not None else Decimal(0)
    if reading.calibration == "valid":
        return found if found > permitted else Decimal(0)
    return max(found, permitted)


def _refuse_what_does_not_apply(inputs: c.Inputs) -> None:
    unused = [
        name
        for name, given in (
            ("plot_inventory", inputs.plots),
            ("aggregate_ids", inputs.aggregates),
            ("baseline_t", bool(inputs.declared.baseline_t)),
            ("fire_occurred", inputs.declared.fire_occurred),
        )
        if given
    ]
    if unused:
        raise ActivityNotApplicable(methodology_code=CODE, what=", ".join(unused))


def counted_readings(inputs: c.Inputs) -> list[c.Reading]:
    """Return the readings of whole months inside the eligible period, sorted; every meter, every month.

    A missing month could hide a net import, so a gap is refused, never taken as zero.
    """
    months = whole_months(inputs.eligible)
    if not months:
        raise ActivityIncomplete(
            reason=c.both(
                f"可申领期间 {inputs.eligible.start} 至 {inputs.eligible.end} 内没有完整的自然月。",
                f"There is no whole month between {inputs.eligible.start} and {inputs.eligible.end}.",
            )
        )
    by_place: dict[tuple[str, date], c.Reading] = {}
    for reading in inputs.readings:
        if by_place.setdefault((reading.meter_no, reading.month), reading) is not reading:
            place = f"{reading.meter_no} {reading.month:%Y-%m}"
            raise ActivityContradicts(
                reason=c.both(f"{place} 有两条读数。", f"There are two readings of {place}.")
            )
    wanted = [(meter, month) for meter in sorted(inputs.project.meters) for month in months]
    gaps = [place for place in wanted if place not in by_place]
    if gaps:
        named = ", ".join(f"{meter} {month:%Y-%m}" for meter, month in gaps[:NAMED_GAPS_MAX])
        raise ActivityIncomplete(
            reason=c.both(
                f"缺少 {len(gaps)} 个表计月份：{named}。",
                f"{len(gaps)} meter month(s) are missing: {named}.",
            )
        )
    return [by_place[place] for place in wanted]


def whole_months(period: c.Period) -> list[date]:
    """Return the first days of the months that lie entirely inside the period."""
    month = period.start.replace(day=1)
    if month < period.start:
        month = _next_month(month)
    months = []
    while _next_month(month) - timedelta(days=1) <= period.end:
        months.append(month)
        month = _next_month(month)
    return months


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def combined_margin(inputs: c.Inputs) -> c.Step:
    """Return the weighted baseline factor; raises FactorKindRefused for an average factor (R13)."""
    om, bm = inputs.factor("EF_OM", OM), inputs.factor("EF_BM", BM)
    weight_om, weight_bm = inputs.factor("w_OM", WEIGHT_OM), inputs.factor("w_BM", WEIGHT_BM)
    return c.step(
        "EF_CM",
        c.words("组合边际基准线排放因子", "Combined margin of the baseline grid"),
        "w_OM * EF_OM + w_BM * EF_BM",
        weight_om.value * om.value + weight_bm.value * bm.value,
        "tCO2/MWh",
        [weight_om, om, weight_bm, bm],
    )


def _year_step(year: int, readings: list[c.Reading], margin: c.Step) -> c.Step:
    meters: dict[str, list[c.Reading]] = defaultdict(list)
    for reading in readings:
        meters[reading.meter_no].append(reading)
    per_meter = [_meter_step(year, meter, meters[meter]) for meter in sorted(meters)]
    generated = c.step(
        f"EG_PJ[{year}]",
        c.words("净上网电量", "Net electricity fed in"),
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


def _meter_step(year: int, meter_no: str, readings: list[c.Reading]) -> c.Step:
    """Net kWh of one meter in one year, its months grouped by their correction."""
    groups: dict[Decimal, list[c.Reading]] = defaultdict(list)
    for reading in readings:
        groups[deduction_pct(reading)].append(reading)
    parts = [_group_step(pct, groups[pct]) for pct in sorted(groups)]
    return c.step(
        f"EG[{meter_no},{year}]",
        c.words(f"表计 {meter_no} 净电量", f"Net electricity of meter {meter_no}"),
        "sum of its months",
        sum((part.value for part in parts), Decimal(0)),
        "kWh",
        parts,
    )


def _group_step(pct: Decimal, readings: list[c.Reading]) -> c.Step:
    exported = sum((reading.export_kwh for reading in readings), Decimal(0))
    imported = sum((reading.import_kwh for reading in readings), Decimal(0))
    months = ", ".join(f"{reading.month:%Y-%m}" for reading in readings)
    share = pct / 100
    return c.step(
        "EG",
        c.words(
            f"上网减下网，按 {pct}% 保守修正",
            f"Export less import, corrected by {pct} % against the owner",
        ),
        "export * (1 - p/100) - import * (1 + p/100)",
        exported * (1 - share) - imported * (1 + share),
        "kWh",
        [
            c.Given(
                symbol="export", value=exported, unit="kWh", origin=f"meter readings: {months}"
            ),
            c.Given(
                symbol="import", value=imported, unit="kWh", origin=f"meter readings: {months}"
            ),
            c.Given(symbol="p", value=pct, unit="%", origin="calibration record (R14)"),
        ],
    )


VERSIONS = (Methodology(CODE, FORMULA_VERSION, needs, calculate, glossary=GLOSSARY),)
