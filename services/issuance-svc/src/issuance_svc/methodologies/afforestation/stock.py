"""Formula version 2: a plot's aboveground biomass and its carbon per hectare, formulas (1) and (2)."""

from collections.abc import Sequence
from decimal import Decimal

from issuance_svc.methodologies import allometry
from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.afforestation.plots import Plot, Visit
from issuance_svc.methodologies.errors import ActivityIncomplete

SPECIES_KINDS = {"WD": "species_wd", "BEF": "species_bef", "RSR": "species_rsr", "CF": "species_cf"}
TREE_KINDS = {"WD": "species_wd", "RSR": "species_rsr", "CF": "species_cf"}
GENERIC_KINDS = {"RSR": "biomass_rsr", "CF": "biomass_cf"}
ALLOMETRY = "allometry_general"


def needs(inputs: c.Inputs, plots: Sequence[Plot]) -> list[c.FactorNeed]:
    """Return the biomass parameters of the path in use; raises ActivityIncomplete without a species."""
    if plots[0].before.path == "volume":
        species = _species(inputs)
        return [
            c.FactorNeed(symbol=symbol, kind=kind, subject=species)
            for symbol, kind in SPECIES_KINDS.items()
        ]
    stands = [
        stand for plot in plots for visit in (plot.before, plot.after) for stand in visit.stands
    ]
    stands += inputs.stands_before
    named = sorted({stand.species for stand in stands if stand.species is not None})
    wanted = [
        c.FactorNeed(symbol=f"{symbol}[{species}]", kind=kind, subject=species)
        for species in named
        for symbol, kind in TREE_KINDS.items()
    ]
    if named:
        wanted.append(c.FactorNeed(symbol="a", kind=ALLOMETRY))
    if not stands or any(stand.basis == "measured" for stand in stands):
        wanted += [c.FactorNeed(symbol=symbol, kind=kind) for symbol, kind in GENERIC_KINDS.items()]
    return wanted


def _species(inputs: c.Inputs) -> str:
    if inputs.project.species is None:
        raise ActivityIncomplete(
            reason=c.both(
                "项目没有登记树种，不能按蓄积量—BEF 路径计算。",
                "The project states no species: the volume-BEF path cannot be used.",
            )
        )
    return inputs.project.species


def biomass(inputs: c.Inputs, visit: Visit) -> Decimal:
    """Return the aboveground biomass of the visit in t d.m./ha."""
    return sum((part.value for part, _, _ in _parts(inputs, visit)), Decimal(0))


def carbon(inputs: c.Inputs, visit: Visit) -> c.Step:
    """Return the stock per hectare with roots, as CO2."""
    day = visit.measured_on.isoformat()
    symbol = f"c[{visit.plot_no},{day}]"
    title = c.words("每公顷碳储量", "Stock per hectare")
    steps = [
        c.step(
            symbol,
            title,
            "B * (1 + RSR) * CF * 44 / 12",
            allometry.co2(part.value, rsr.value, cf.value),
            "tCO2/ha",
            [part, rsr, cf],
        )
        for part, rsr, cf in _parts(inputs, visit)
    ]
    if len(steps) == 1:
        return steps[0]
    total = sum((found.value for found in steps), Decimal(0))
    return c.step(symbol, title, "sum over species", total, "tCO2/ha", steps)


Part = tuple[c.Step | c.Given, c.Factor, c.Factor]


def _parts(inputs: c.Inputs, visit: Visit) -> list[Part]:
    """Return the biomass of each part of the visit with the ratio and fraction that belong to it."""
    origin = f"plot {visit.plot_no} on {visit.measured_on}"
    if visit.path == "trees":
        return [_stand(inputs, stand, origin) for stand in visit.stands]
    assert visit.value is not None, "a visit without trees has a value"
    if visit.path == "biomass":
        given = c.Given(symbol="B", value=visit.value, unit="t d.m./ha", origin=origin)
        return [(given, *_generic(inputs))]
    wd, bef = inputs.factor("WD", "species_wd"), inputs.factor("BEF", "species_bef")
    volume = c.Given(symbol="V", value=visit.value, unit="m3/ha", origin=origin)
    found = c.step(
        "B",
        c.words("地上生物量（蓄积量—BEF）", "Aboveground biomass, volume and BEF"),
        "V * WD * BEF",
        volume.value * wd.value * bef.value,
        "t d.m./ha",
        [volume, wd, bef],
    )
    return [(found, inputs.factor("RSR", "species_rsr"), inputs.factor("CF", "species_cf"))]


def _stand(inputs: c.Inputs, stand: c.Stand, origin: str) -> Part:
    where = f"{stand.trees} trees of {origin}, {stand.trees_per_ha} per ha"
    if stand.basis == "measured":
        assert stand.agb_t_per_ha is not None, "a measured stand has its biomass"
        given = c.Given(symbol="B", value=stand.agb_t_per_ha, unit="t d.m./ha", origin=where)
        return (given, *_generic(inputs))
    assert stand.d73_per_ha is not None, "a stand by allometry has its diameters"
    a = inputs.factor("a", ALLOMETRY)
    wd = inputs.factor(f"WD[{stand.species}]", "species_wd")
    term = c.Given(symbol="S", value=stand.d73_per_ha, unit="cm^(7/3)/ha", origin=where)
    found = c.step(
        f"B[{stand.species}]",
        c.words(
            f"{stand.species} 地上生物量，S 为各株 D^(7/3) 乘每公顷株数之和",
            f"Aboveground biomass of {stand.species}; S sums D^(7/3) of each tree times its trees per ha",
        ),
        "a * WD * S / 1000",
        a.value * wd.value * term.value / 1000,
        "t d.m./ha",
        [a, wd, term],
    )
    return (
        found,
        inputs.factor(f"RSR[{stand.species}]", "species_rsr"),
        inputs.factor(f"CF[{stand.species}]", "species_cf"),
    )


def _generic(inputs: c.Inputs) -> tuple[c.Factor, c.Factor]:
    return inputs.factor("RSR", "biomass_rsr"), inputs.factor("CF", "biomass_cf")
