"""CQCM-903-V001, citizen travel: grams that points-svc credited and aggregated, each trip once (R47)."""

from collections import defaultdict
from decimal import Decimal, localcontext

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.citizen_travel.glossary import GLOSSARY
from issuance_svc.methodologies.errors import (
    ActivityContradicts,
    ActivityIncomplete,
    ActivityNotApplicable,
)
from issuance_svc.methodologies.methodology import Methodology

CODE = "CQCM-903-V001"
FORMULA_VERSION = "1"


def needs(inputs: c.Inputs) -> list[c.FactorNeed]:
    """None here: points-svc applied its versioned factors to each trip; the aggregate names them."""
    del inputs
    return []


def calculate(inputs: c.Inputs) -> c.Outcome:
    """Return ER = sum of grams / 1,000,000; what is left under a tonne is dropped, not carried.

    Raises ActivityNotApplicable, ActivityIncomplete, ActivityContradicts.
    """
    _refuse_what_does_not_apply(inputs)
    grams: dict[int, list[c.Step | c.Factor | c.Given]] = defaultdict(list)
    for aggregate in sorted(inputs.aggregates, key=lambda found: found.aggregate_id):
        _must_lie_inside(aggregate, inputs.eligible)
        for year, given_g in sorted(aggregate.by_vintage_g.items()):
            origin = f"aggregate {aggregate.aggregate_id}"
            grams[int(year)].append(
                c.Given(symbol="grams", value=Decimal(given_g), unit="gCO2e", origin=origin)
            )
    with localcontext(c.EXACT):
        by_year = [
            c.step(
                f"ER[{year}]",
                c.words(f"{year} 年公众减排量", f"Citizens' reductions of {year}"),
                "sum of grams / 1000000",
                sum((operand.value for operand in grams[year]), Decimal(0)) / 1_000_000,
                "tCO2e",
                grams[year],
            )
            for year in sorted(grams)
        ]
        net = c.step(
            "ER",
            c.words("减排量", "Emission reduction"),
            "sum over years of ER[y]",
            sum((found.value for found in by_year), Decimal(0)),
            "tCO2e",
            by_year,
        )
    return c.finish(
        net, [(year, found.value) for year, found in zip(sorted(grams), by_year, strict=True)]
    )


def _refuse_what_does_not_apply(inputs: c.Inputs) -> None:
    unused = [
        name
        for name, given in (
            ("upload_ids", inputs.readings or inputs.plots or inputs.stands),
            ("baseline_t", bool(inputs.declared.baseline_t)),
            ("fire_occurred", inputs.declared.fire_occurred),
        )
        if given
    ]
    if unused:
        raise ActivityNotApplicable(methodology_code=CODE, what=", ".join(unused))
    if not inputs.aggregates:
        raise ActivityIncomplete(
            reason=c.both(
                "没有给出公众减排量汇总。", "No aggregate of citizens' reductions is given."
            )
        )


def _must_lie_inside(aggregate: c.CitizenAggregate, eligible: c.Period) -> None:
    """Grams are known by year only, so an aggregate counts as a whole or not at all."""
    if eligible.start <= aggregate.period_start and aggregate.period_end <= eligible.end:
        return
    span = f"{aggregate.period_start}..{aggregate.period_end}"
    raise ActivityContradicts(
        reason=c.both(
            f"汇总 {aggregate.aggregate_id}（{span}）不在可申领期间 {eligible.start}..{eligible.end} 之内。",
            f"Aggregate {aggregate.aggregate_id} ({span}) is not inside {eligible.start}..{eligible.end}.",
        )
    )


VERSIONS = (Methodology(CODE, FORMULA_VERSION, needs, calculate, glossary=GLOSSARY),)
