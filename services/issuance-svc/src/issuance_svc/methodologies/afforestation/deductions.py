"""Formula version 2: what stands beside the trees: shrubs (3), baseline (5), fire emissions (7)."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.afforestation import stock
from issuance_svc.methodologies.afforestation.plots import Plot, areas, contradiction
from issuance_svc.methodologies.errors import ActivityIncomplete

FIRE_KINDS = {
    "COMF": ("fire_comf", None),
    "EF_CH4": ("fire_ch4", None),
    "EF_N2O": ("fire_n2o", None),
    "GWP_CH4": ("gwp_ch4", "AR5"),
    "GWP_N2O": ("gwp_n2o", "AR5"),
}
SHRUB_KINDS = {
    "BDR_SF": ("shrub_bdr", None),
    "RS_S": ("shrub_rsr", None),
    "CF_S": ("shrub_cf", None),
    "B_FOREST": ("forest_biomass", "CQ"),
}


def needs(inputs: c.Inputs) -> list[c.FactorNeed]:
    """Return the parameters of a declared fire and of declared shrubs."""
    wanted = []
    if inputs.declared.fires:
        wanted += [
            c.FactorNeed(symbol=symbol, kind=kind, subject=subject)
            for symbol, (kind, subject) in FIRE_KINDS.items()
        ]
    if inputs.declared.shrubs:
        wanted += [
            c.FactorNeed(symbol=symbol, kind=kind, region=region)
            for symbol, (kind, region) in SHRUB_KINDS.items()
        ]
    return wanted


def must_be_declared_whole(inputs: c.Inputs, plots: Sequence[Plot]) -> None:
    """Refuse half-told fires, shrubs and baselines. Raises ActivityIncomplete, ActivityContradicts."""
    declared, known = inputs.declared, areas(plots)
    if declared.fire_occurred != bool(declared.fires):
        raise ActivityIncomplete(
            reason=c.both(
                "发生火灾的，须逐次列明层、过火面积与日期（fires）；未发生的，不得列出。",
                "A fire needs its stratum, burnt area and date in `fires`; without one leave it empty.",
            )
        )
    for what_zh, what_en, listed in (
        ("火灾", "fire", declared.fires),
        ("灌木", "shrubs", declared.shrubs),
    ):
        burnt: dict[str, Decimal] = defaultdict(Decimal)
        for entry in listed:
            burnt[entry.stratum] += entry.area_ha
        for stratum, area_ha in burnt.items():
            if stratum not in known or area_ha > known[stratum]:
                raise contradiction(
                    f"{what_zh}：层 {stratum} 申报 {area_ha} 公顷，调查为 {known.get(stratum, '无')}",
                    f"{what_en}: stratum {stratum} is given {area_ha} ha, the inventory has"
                    f" {known.get(stratum, 'none')}",
                )
    for fire in declared.fires:
        if not inputs.claimed.start <= fire.occurred_on <= inputs.claimed.end:
            raise contradiction(
                f"火灾日期 {fire.occurred_on} 不在监测期内",
                f"the fire of {fire.occurred_on} is outside the period",
            )
    _must_have_one_baseline(declared)


def _must_have_one_baseline(declared: c.Declared) -> None:
    if declared.baseline_t is not None and declared.baseline_t_per_ha_year is not None:
        raise contradiction(
            "基线变化既申报总量又申报模型生长量", "the baseline is given as a total and as growth"
        )
    if declared.baseline_t_per_ha_year is not None and not declared.baseline_source:
        raise ActivityIncomplete(
            reason=c.both(
                "按模型计算的基线生长量须写明模型与来源（baseline_source）。",
                "Modelled baseline growth needs its model and source in `baseline_source`.",
            )
        )


def baseline(inputs: c.Inputs, plots: Sequence[Plot]) -> c.Step | c.Given:
    """Formula (5): nothing, the declared change of the whole period, or modelled growth."""
    declared = inputs.declared
    if declared.baseline_t_per_ha_year is None:
        value = declared.baseline_t
        origin = "stable or declining (5)"
        if value is not None:
            origin = f"declared for the whole period: {declared.baseline_source or 'no source'}"
        return c.Given(symbol="dC_BSL", value=value or Decimal(0), unit="tCO2e", origin=origin)
    area_ha = sum(areas(plots).values(), Decimal(0))
    years = c.year_share(inputs.eligible.start, inputs.eligible.until)
    return c.step(
        "dC_BSL",
        c.words("基线植被的模型生长量", "Modelled growth of the baseline vegetation"),
        "g * A * years",
        declared.baseline_t_per_ha_year * area_ha * years,
        "tCO2e",
        [
            c.Given(
                symbol="g",
                value=declared.baseline_t_per_ha_year,
                unit="tCO2e/ha.a",
                origin=f"model: {declared.baseline_source}",
            ),
            c.Given(symbol="A", value=area_ha, unit="ha", origin="sum of the strata"),
            c.Given(symbol="years", value=years, unit="a", origin="eligible period"),
        ],
    )


def fires(inputs: c.Inputs, plots: Sequence[Plot]) -> c.Step | c.Given:
    """Formula (7): non-CO2 of every declared fire; the burnt carbon itself is in the inventories."""
    if not inputs.declared.fires:
        return c.Given(
            symbol="GHG_E", value=Decimal(0), unit="tCO2e", origin="declared: no fire (7)"
        )
    comf = inputs.factor("COMF", "fire_comf")
    ch4, n2o = inputs.factor("EF_CH4", "fire_ch4"), inputs.factor("EF_N2O", "fire_n2o")
    gwp_ch4, gwp_n2o = inputs.factor("GWP_CH4", "gwp_ch4"), inputs.factor("GWP_N2O", "gwp_n2o")
    per_kg = ch4.value * gwp_ch4.value + n2o.value * gwp_n2o.value
    steps = []
    ordered = sorted(
        inputs.declared.fires, key=lambda fire: (fire.occurred_on, fire.stratum, fire.area_ha)
    )
    for fire in ordered:
        burnt = c.Given(
            symbol="A", value=fire.area_ha, unit="ha", origin=f"declared: {fire.occurred_on}"
        )
        standing = _standing(inputs, [plot for plot in plots if plot.stratum == fire.stratum])
        steps.append(
            c.step(
                f"GHG_E[{fire.stratum},{fire.occurred_on}]",
                c.words("火灾的非 CO2 排放", "Non-CO2 emissions of the fire"),
                "0.001 * A * B * COMF * (EF_CH4 * GWP_CH4 + EF_N2O * GWP_N2O)",
                Decimal("0.001") * burnt.value * standing.value * comf.value * per_kg,
                "tCO2e",
                [burnt, standing, comf, ch4, gwp_ch4, n2o, gwp_n2o],
            )
        )
    total = sum((found.value for found in steps), Decimal(0))
    title = c.words("火灾的非 CO2 排放合计 (7)", "Non-CO2 emissions of all fires (7)")
    return c.step("GHG_E", title, "sum over fires", total, "tCO2e", steps)


def _standing(inputs: c.Inputs, plots: Sequence[Plot]) -> c.Step:
    """Mean aboveground biomass of the stratum at the inventory before the fire."""
    operands = [
        c.Given(
            symbol=f"B[{plot.plot_no}]",
            value=stock.biomass(inputs, plot.before),
            unit="t d.m./ha",
            origin=f"plot {plot.plot_no} on {plot.before.measured_on}",
        )
        for plot in plots
    ]
    weights = [plot.before.plot_area_m2 for plot in plots]
    weighted = sum(
        (area * given.value for area, given in zip(weights, operands, strict=True)), Decimal(0)
    )
    return c.step(
        "B",
        c.words("火前调查的平均地上生物量", "Mean aboveground biomass at the inventory before"),
        "sum(a_i * B_i) / sum(a_i), a_i the plot's area",
        weighted / sum(weights, Decimal(0)),
        "t d.m./ha",
        operands,
    )


def shrubs(inputs: c.Inputs, *, whole: bool) -> c.Step | c.Given:
    """Formula (3): shrub carbon by crown cover, its change shared out over the period."""
    if not inputs.declared.shrubs:
        return c.Given(symbol="dC_SHRUB", value=Decimal(0), unit="tCO2e", origin="none declared")
    bdr, ratio = inputs.factor("BDR_SF", "shrub_bdr"), inputs.factor("RS_S", "shrub_rsr")
    fraction = inputs.factor("CF_S", "shrub_cf")
    forest = inputs.factor("B_FOREST", "forest_biomass")
    claimed = c.year_share(inputs.claimed.start, inputs.claimed.until)
    share = Decimal(1)
    if not whole:
        share = c.year_share(inputs.eligible.start, inputs.eligible.until) / claimed
    steps = []
    for entry in sorted(inputs.declared.shrubs, key=lambda found: found.stratum):
        covered = entry.area_ha * (entry.cover_after - entry.cover_before)
        carbon = covered * bdr.value * forest.value * (1 + ratio.value) * fraction.value * 44 / 12
        steps.append(
            c.step(
                f"dC_SHRUB[{entry.stratum}]",
                c.words("灌木碳储量变化 (3)", "Change of the shrub pool (3)"),
                "A * (cc_2 - cc_1) * BDR_SF * B_FOREST * (1 + RS_S) * CF_S * 44 / 12 * share",
                carbon * share,
                "tCO2e",
                [
                    c.Given(symbol="A", value=entry.area_ha, unit="ha", origin="declared"),
                    c.Given(symbol="cc_1", value=entry.cover_before, unit="1", origin="declared"),
                    c.Given(symbol="cc_2", value=entry.cover_after, unit="1", origin="declared"),
                    c.Given(
                        symbol="share", value=share, unit="1", origin="eligible / claimed years"
                    ),
                    bdr,
                    forest,
                    ratio,
                    fraction,
                ],
            )
        )
    total = sum((found.value for found in steps), Decimal(0))
    title = c.words("灌木碳储量变化合计", "Change of all shrubs")
    return c.step("dC_SHRUB", title, "sum over strata", total, "tCO2e", steps)
