"""CQCM-902-V001 and CQCM-904-V001, afforestation, formula version 2: tree lists, unequal plots, fires.

ER = (dC_PROJ * (1 - d) + dC_SHRUB - GHG_E - dC_BSL - LK), formulas (1) to (9) of AR-CM-001-V01 and
AR-TOOL14 (structure M). 902 takes K_RISK off and never issues it; 904 issues it into the buffer.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import partial
from typing import Literal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies import sampling
from issuance_svc.methodologies.afforestation import change, charged, deductions, plots, stock
from issuance_svc.methodologies.afforestation.glossary import GLOSSARY
from issuance_svc.methodologies.errors import ActivityNotApplicable, SamplingRefused
from issuance_svc.methodologies.methodology import Methodology

FORMULA_VERSION = "2"
Cover = Literal["deduction", "buffer"]


def needs(inputs: c.Inputs, *, code: str) -> list[c.FactorNeed]:
    """Return the parameters of the biomass path in use, of sampling, fires, shrubs and K_RISK.

    Raises what pairing the plots raises.
    """
    _refuse_what_does_not_apply(inputs, code)
    paired = plots.pair(inputs)
    deductions.must_be_declared_whole(inputs, paired)
    return [
        *change.needs(paired),
        c.FactorNeed(symbol="K_RISK", kind="k_risk"),
        *stock.needs(inputs, paired),
        *deductions.needs(inputs),
    ]


def calculate(inputs: c.Inputs, *, code: str, cover: Cover) -> c.Outcome:
    """Return the outcome; a loss or a sampling error above 30 % gives 0 tonnes and its reason.

    Raises ActivityNotApplicable, ActivityIncomplete, ActivityContradicts, SamplingRefused (fewer
    than two plots in a stratum), FactorKindRefused.
    """
    _refuse_what_does_not_apply(inputs, code)
    paired = plots.pair(inputs)
    deductions.must_be_declared_whole(inputs, paired)
    with localcontext(c.MEASURED):
        change.must_continue(inputs, paired)
        trees = change.of_trees(inputs, paired)
        flags = change.flags(inputs, paired)
        outcome = _outcome(inputs, paired, trees, cover)
    return outcome.model_copy(update={"flags": flags})


def closing(inputs: c.Inputs) -> list[c.PlotMeasurement | c.Stand]:
    """Return the inventory with which the next report has to begin."""
    return change.closing(plots.pair(inputs)) if inputs.plots or inputs.stands else []


def _refuse_what_does_not_apply(inputs: c.Inputs, code: str) -> None:
    unused = [
        name
        for name, given in (
            ("meter_readings", inputs.readings),
            ("aggregate_ids", inputs.aggregates),
        )
        if given
    ]
    if unused:
        raise ActivityNotApplicable(methodology_code=code, what=", ".join(unused))


def _outcome(
    inputs: c.Inputs, paired: Sequence[plots.Plot], trees: change.Change, cover: Cover
) -> c.Outcome:
    years = [year for year, _ in c.year_shares(inputs.eligible.start, inputs.eligible.until)]
    taken = [deductions.fires(inputs, paired), deductions.baseline(inputs, paired)]
    taken.append(c.Given(symbol="LK", value=Decimal(0), unit="tCO2e", origin="none (6)"))
    back = charged.added_back(inputs, paired, whole=False)
    whole_back = charged.added_back(inputs, paired, whole=True)
    whole = _less(trees.measured, deductions.shrubs(inputs, whole=True), taken, whole_back)
    shrubs = deductions.shrubs(inputs, whole=False)
    undiscounted = _less(trees.eligible, shrubs, taken, back)
    if min(whole.value, undiscounted.value) < 0:
        return _loss(years, whole, undiscounted, trees)
    if trees.error_pct > sampling.ERROR_PCT_MAX:
        return _imprecise(years, undiscounted, trees)
    subject = sampling.discount_subject(trees.error_pct)
    discount = inputs.factor(f"discount {subject}", change.DISCOUNT)
    gross = _less(_discounted(trees, discount, back), shrubs, taken, back)
    if gross.value < 0:
        return _loss(years, whole, gross, trees)
    return _issued(inputs, gross, cover)


def _discounted(trees: change.Change, discount: c.Factor, back: c.Step | None) -> c.Step:
    """Formula (2)'s discount. A net loss that is added back again is made larger by it, not smaller."""
    grown, formula = trees.eligible.value, "dC_PROJ * (100 - d) / 100"
    value = grown * (100 - discount.value) / 100
    if back is not None and grown < 0:
        value, formula = grown * (100 + discount.value) / 100, "dC_PROJ * (100 + d) / 100"
    return c.step(
        "dC_d",
        c.words("扣除抽样误差折扣后的变化", "Change after the sampling discount"),
        formula,
        value,
        "tCO2e",
        [trees.eligible, trees.error, discount],
    )


def _less(
    grown: c.Step,
    shrubs: c.Step | c.Given,
    taken: Sequence[c.Step | c.Given],
    back: c.Step | None,
) -> c.Step:
    value = grown.value + shrubs.value - sum((part.value for part in taken), Decimal(0))
    found = c.step(
        "gross",
        c.words("加灌木、扣火灾、基线与泄漏", "Change with shrubs less fire, baseline and leakage"),
        f"{grown.symbol} + dC_SHRUB - GHG_E - dC_BSL - LK",
        value,
        "tCO2e",
        [grown, shrubs, *taken],
    )
    if back is None:
        return found
    return found.model_copy(
        update={
            "value": value + back.value,
            "formula": f"{found.formula} + {charged.SYMBOL}",
            "operands": [*found.operands, back],
        }
    )


def _loss(years: Sequence[int], whole: c.Step, eligible: c.Step, trees: change.Change) -> c.Outcome:
    """R20: nothing is issued; the loss is told gross, for all that was measured, without K_RISK."""
    worst = min((whole, eligible), key=lambda found: found.value)
    lost = c.step(
        "LOSS",
        c.words(
            "本期净损失（毛额，不乘 1 - K_RISK）", "Loss of the period, gross: no K_RISK taken off"
        ),
        "-gross",
        -worst.value,
        "tCO2e",
        [worst],
    )
    why = c.words("本期为负，签发 0，损失转逆转处理", "A negative period issues 0; see the loss")
    return c.nothing(years, why, [lost, trees.error], loss=lost.value)


def _imprecise(years: Sequence[int], gross: c.Step, trees: change.Change) -> c.Outcome:
    refused = SamplingRefused(reason=sampling.too_wide(trees.error_pct))
    said = sampling.too_wide(trees.error_pct)
    why = c.words(
        f"抽样误差超过 {sampling.ERROR_PCT_MAX}%，签发 0",
        f"Sampling error above {sampling.ERROR_PCT_MAX} %: 0 is issued",
    )
    refusal = c.Refusal(type=refused.type, zh=said.zh, en=said.en)
    return c.nothing(years, why, [gross, trees.error], refusals=[refusal])


def _issued(inputs: c.Inputs, gross: c.Step, cover: Cover) -> c.Outcome:
    k_risk = inputs.factor("K_RISK", "k_risk")
    kept = c.step(
        "K",
        c.words("非持久性扣减（不签发）", "Kept back for non-permanence, never issued")
        if cover == "deduction"
        else c.words("非持久性缓冲", "Set aside for non-permanence, issued into the buffer"),
        "gross * K_RISK",
        gross.value * k_risk.value,
        "tCO2e",
        [gross, k_risk],
    )
    own = c.step(
        "ER" if cover == "deduction" else "OWN",
        c.words("净减排量", "Net removal")
        if cover == "deduction"
        else c.words("业主所得", "What the owner receives"),
        "gross - K",
        gross.value - kept.value,
        "tCO2e",
        [gross, kept],
    )
    if cover == "deduction":
        return c.finish(own, _by_year(inputs, own.value), deducted=kept.value)
    return _with_buffer(c.finish(gross, _by_year(inputs, gross.value)), own)


def _with_buffer(outcome: c.Outcome, own: c.Step) -> c.Outcome:
    """R20: owner + buffer = verified; the owner's part is rounded down, the buffer takes the rest."""
    owner_t = c.whole_tonnes(own.value)
    buffer = c.step(
        "BUFFER",
        c.words("签发入缓冲账户", "Issued into the buffer"),
        "Q - floor(OWN)",
        Decimal(outcome.calculated_t - owner_t),
        "tCO2e",
        [own],
        rounding="owner's part floored to whole tonnes",
    )
    tree = outcome.tree.model_copy(update={"operands": [*outcome.tree.operands, buffer]})
    return outcome.model_copy(update={"tree": tree, "buffer_t": outcome.calculated_t - owner_t})


def _by_year(inputs: c.Inputs, net: Decimal) -> list[tuple[int, Decimal]]:
    """Share the net removal out over the years; the last takes the rest, so they add up exactly."""
    shares = c.year_shares(inputs.eligible.start, inputs.eligible.until)
    whole = sum((share for _, share in shares), Decimal(0))
    by_year = [(year, net * share / whole) for year, share in shares[:-1]]
    rest = net - sum((value for _, value in by_year), Decimal(0))
    return [*by_year, (shares[-1][0], rest)]


def _methodology(code: str, cover: Cover) -> Methodology:
    return Methodology(
        code=code,
        formula_version=FORMULA_VERSION,
        needs=partial(needs, code=code),
        calculate=partial(calculate, code=code, cover=cover),
        closing=closing,
        glossary=GLOSSARY,
    )


VERSIONS = (_methodology("CQCM-902-V001", "deduction"), _methodology("CQCM-904-V001", "buffer"))
