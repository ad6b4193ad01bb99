"""Formula version 2 of afforestation, and its sibling with a buffer: R16 to R18, R20, R21."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuance_svc.methodologies import allometry, sampling
from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.catalogue import current, version
from issuance_svc.methodologies.errors import (
    ActivityContradicts,
    ActivityIncomplete,
    ActivityNotApplicable,
    FactorKindRefused,
    SamplingRefused,
)
from issuance_svc_tests.methodologies.build import (
    factor,
    inputs,
    plot,
    reading,
    stand,
    with_factors,
)

FOREST, BUFFERED = version("CQCM-902-V001", "2"), version("CQCM-904-V001", "2")
FIRST, LAST = "2021-01-01", "2025-12-31"


def run(given_inputs: c.Inputs, methodology=FOREST) -> c.Outcome:
    return methodology.calculate(with_factors(methodology, given_inputs))


def pair(name: str, before: str, after: str, *, days=(FIRST, LAST), **changes):
    return [plot(name, days[0], before, **changes), plot(name, days[1], after, **changes)]


def five_years(*plots, **changes) -> c.Inputs:
    rows = [row for found in plots for row in found]
    return inputs(FIRST, LAST, plots=rows, **changes)


def r16(**changes) -> c.Inputs:
    return five_years(pair("P1", "20", "45"), pair("P2", "20", "45"), **changes)


def spread(*afters: str, before: str = "20", **changes) -> c.Inputs:
    rows = (pair(f"P{i}", before, after, agb=True) for i, after in enumerate(afters))
    return five_years(*rows, **changes)


def find(step, symbol: str):
    if step.symbol == symbol:
        return step
    for operand in getattr(step, "operands", []):
        if (found := find(operand, symbol)) is not None:
            return found
    return None


def leaves(step):
    parts = getattr(step, "operands", [])
    return [leaf for part in parts for leaf in leaves(part)] if parts else [step]


def close(value: Decimal, expected: str) -> bool:
    places = Decimal(expected)
    return value.quantize(places) == places


def test_version_2_is_what_new_reports_get():
    assert current("CQCM-902-V001") is FOREST
    assert current("CQCM-904-V001") is BUFFERED


@pytest.mark.parametrize(
    ("name", "given_inputs", "calculated", "tonnes", "deducted"),
    [
        ("R16", r16(), "2519.73", 2519, "279.97"),
        (
            "R17",
            five_years(
                *(pair(f"P{i}", "60", "85", agb=True, area_ha="40") for i in (1, 2)),
                declared={"baseline_t": Decimal(120)},
            ),
            "1830.75",
            1830,
            "203.42",
        ),
        ("no growth", spread("20", "20"), "0", 0, "0.00"),
        (
            "growth of a tonne",
            inputs(
                FIRST,
                LAST,
                plots=[
                    plot(name, day, value, agb=True, area_ha="1")
                    for name in ("P1", "P2")
                    for day, value in ((FIRST, "0"), (LAST, "0.516"))
                ],
            ),
            "1.0004",
            1,
            "0.11",
        ),
    ],
)
def test_worked_numbers(name, given_inputs, calculated, tonnes, deducted):
    found = run(given_inputs)
    assert close(found.calculated, calculated), name
    assert (found.calculated_t, found.buffer_t) == (tonnes, 0)
    assert close(found.deducted, deducted)
    assert found.loss == 0
    assert found.refusals == []


def test_r16_years_and_digits_are_those_of_version_1():
    old = version("CQCM-902-V001", "1")
    before, now = old.calculate(with_factors(old, r16())), run(r16())
    assert now.vintages == before.vintages
    assert [share.quantity_t for share in now.vintages] == [503, 504, 504, 504, 504]
    assert close(find(now.tree, f"c[P1,{LAST}]").value, "50.394588")
    assert now.calculated == before.calculated


def test_r20_the_buffer_is_issued_and_adds_up_to_the_verified_tonnes():
    found = run(r16(), BUFFERED)
    assert (found.calculated_t, found.buffer_t) == (2799, 280)
    assert found.deducted == 0
    assert found.calculated_t - found.buffer_t == run(r16()).calculated_t  # the owner's 2,519
    assert sum(share.quantity_t for share in found.vintages) == 2799
    assert find(found.tree, "BUFFER").value == 280


# R18: D = 12 cm and density 0.38 give 37.58 kg of biomass and 75.24 kg of CO2.
ONE_TREE = allometry.diameter_term(Decimal(12))


def test_r18_a_tree_of_twelve_centimetres_in_a_stand_of_a_thousand():
    rows = [
        stand(name, day, "马尾松", str(ONE_TREE * count), trees_per_ha=Decimal(count))
        for name in ("P1", "P2")
        for day, count in ((FIRST, 1), (LAST, 1001))
    ]
    found = run(inputs(FIRST, LAST, stands=rows))
    grown = find(found.tree, "dc[P1]")
    assert close(find(found.tree, "B[马尾松]").value * 1000, "37.58")
    assert close(grown.value, "75.24")  # a thousand trees more: 75.24 kg each are 75.24 t
    assert {"species_wd", "species_rsr", "species_cf", "allometry_general"} <= {
        leaf.kind for leaf in leaves(found.tree) if leaf.type == "factor"
    }


def test_r18_a_mixed_stand_adds_its_species_with_their_own_parameters():
    rows = [
        row
        for name in ("P1", "P2")
        for day, times in ((FIRST, 1), (LAST, 3))
        for row in (
            stand(name, day, "马尾松", str(ONE_TREE * 100 * times)),
            stand(name, day, "杉木", str(ONE_TREE * 50 * times)),
            stand(name, day, None, str(2 * times)),
        )
    ]
    found = run(inputs(FIRST, LAST, stands=rows))
    base = Decimal("0.3") * ONE_TREE / 1000
    pine = base * Decimal("0.380") * 100 * Decimal("1.187") * Decimal("0.460")
    fir = base * Decimal("0.307") * 50 * Decimal("1.246") * Decimal("0.520")
    other = Decimal(2) * Decimal("1.25") * Decimal("0.47")
    expected = 2 * (pine + fir + other) * 44 / 12 * 100 * Decimal("0.9")
    assert abs(found.calculated - expected) < Decimal("1e-20")


def test_an_unknown_species_of_a_tree_list_is_named_not_guessed():
    rows = [stand(name, day, "银杏", "1") for name in ("P1", "P2") for day in (FIRST, LAST)]
    wanted = FOREST.needs(inputs(FIRST, LAST, stands=rows))
    assert {need.kind for need in wanted if need.subject == "银杏"} == {
        "species_wd",
        "species_rsr",
        "species_cf",
    }


def test_a_plot_that_lost_all_its_trees_counts_with_nothing():
    rows = [
        stand("P1", FIRST, "马尾松", "100000"),
        stand("P1", LAST, None, "0", trees=0, trees_per_ha=Decimal(0)),
        stand("P2", FIRST, "马尾松", "100000"),
        stand("P2", LAST, "马尾松", "100000"),
    ]
    found = run(inputs(FIRST, LAST, stands=rows))
    assert (found.calculated_t, found.vintages[0].quantity_t) == (0, 0)
    assert found.loss > 0


@pytest.mark.parametrize(
    ("afters", "discount"), [(("38", "40", "42"), 6), (("37", "40", "43"), 11)]
)
def test_the_sampling_error_costs_a_discount(afters, discount):
    found = run(spread(*afters))
    change, kept = find(found.tree, "dC_PROJ").value, find(found.tree, "dC_d").value
    assert close(kept, str((change * (100 - discount) / 100).quantize(Decimal("0.000001"))))


def test_above_thirty_per_cent_the_whole_calculation_is_told_with_the_refusal():
    found = run(spread("36", "40", "44"))
    assert found.calculated_t == found.calculated == found.loss == 0
    assert [refusal.type for refusal in found.refusals] == ["sampling-refused"]
    assert "33.72 %" in found.refusals[0].en
    assert close(find(found.tree, "r").value, "33.72")
    assert close(find(found.tree, "dC_PROJ").value, "4308.33")
    assert find(found.tree, "dc[P1]") is not None


def test_one_plot_in_a_stratum_tells_no_error():
    with pytest.raises(SamplingRefused, match="S1"):
        run(five_years(pair("P1", "20", "45")))


def test_plots_of_unequal_area_weigh_by_their_area():
    """A ratio of means: 200 m2 with 10 t/ha and 600 m2 with 30 t/ha stand for 25 t/ha."""
    found = sampling.ratio_estimate(
        [
            sampling.UnequalStratum(
                "S", Decimal(4), [(Decimal(200), Decimal(10)), (Decimal(600), Decimal(30))]
            )
        ]
    )
    assert found.mean_per_ha == 25
    # n/(n-1) * ((200*15)^2 + (600*5)^2) / 800^2 = 2 * 18,000,000 / 640,000
    assert found.standard_error**2 == Decimal("56.25")
    rows = [
        *pair("P1", "20", "40", agb=True, plot_area_m2=Decimal(400)),
        *pair("P2", "20", "41", agb=True, plot_area_m2=Decimal(800)),
    ]
    share = find(run(inputs(FIRST, LAST, plots=rows)).tree, "dC[S1]").value
    factor = Decimal("1.25") * Decimal("0.47") * 44 / 12 * 100
    assert close(share / factor, "20.66666667")


measures = st.decimals(Decimal(1), Decimal(60), places=3)


@given(st.lists(measures, min_size=2, max_size=6), st.sampled_from(["400", "600", "667"]))
@settings(max_examples=60, deadline=None)
def test_with_equal_plots_the_ratio_is_the_plain_mean(changes, area):
    plain = sampling.estimate([sampling.Stratum("S", Decimal(7), changes)])
    ratio = sampling.ratio_estimate(
        [sampling.UnequalStratum("S", Decimal(7), [(Decimal(area), x) for x in changes])]
    )
    assert abs(plain.mean_per_ha - ratio.mean_per_ha) < Decimal("1e-40")
    assert abs(plain.standard_error - ratio.standard_error) < Decimal("1e-20")


def test_r20_a_loss_issues_nothing_and_is_told_gross():
    found = run(five_years(pair("P1", "45", "20"), pair("P2", "45", "20")))
    assert found.calculated_t == found.calculated == found.deducted == 0
    assert close(found.loss, "2799.70")  # gross: not times 0.9
    assert [(share.vintage, share.quantity_t) for share in found.vintages] == [
        (year, 0) for year in range(2021, 2026)
    ]
    assert find(found.tree, "LOSS").value == found.loss


def test_r20_a_loss_is_never_made_smaller_by_a_cut_period():
    whole = five_years(pair("P1", "45", "20"), pair("P2", "45", "20"))
    last_year = c.Period(start=date(2025, 1, 1), end=date(2025, 12, 31))
    assert close(run(whole.model_copy(update={"eligible": last_year})).loss, "2799.70")


def test_r20_a_loss_is_told_even_where_sampling_is_too_wide():
    found = run(spread("1", "19", "20", before="20"))
    assert find(found.tree, "r").value > sampling.ERROR_PCT_MAX
    assert (found.loss > 0, found.refusals) == (True, [])


def test_r20_a_loss_against_the_baseline():
    rows = [pair(f"P{i}", "60", "61", agb=True, area_ha="40") for i in (1, 2)]
    found = run(five_years(*rows, declared={"baseline_t": Decimal(100)}))
    assert close(found.loss, "13.833333")


@pytest.mark.parametrize(
    ("per_year", "flagged"),
    [("40", False), ("40.01", True), ("366.825", True)],  # "24.455 t per mu and year"
)
def test_r20_uptake_over_forty_is_counted_and_flagged(per_year, flagged):
    grown = Decimal(per_year) * 5 / (Decimal("1.25") * Decimal("0.47") * 44 / 12)
    after = str(grown.quantize(Decimal("1e-12"), rounding="ROUND_DOWN"))
    found = run(spread(after, after, before="0"))
    assert [flag.code for flag in found.flags] == ["uptake-over-bound"] * flagged
    assert found.calculated_t > 0
    if flagged:
        assert found.flags[0].bound == 40
        assert found.flags[0].grade == "D"
        assert close(found.flags[0].value, f"{per_year}00")


FIRE = c.Fire(stratum="S1", area_ha=Decimal(10), occurred_on=date(2023, 4, 5))


def test_a_fire_costs_its_methane_and_nitrous_oxide():
    declared = {"fire_occurred": True, "fires": [FIRE]}
    found = run(spread("40", "40", declared=declared))
    # 0.001 * 10 ha * 20 t/ha * 0.45 * (4.7 * 28 + 0.26 * 265) = 18.045
    assert find(found.tree, "GHG_E").value == Decimal("0.001") * 10 * 20 * Decimal("0.45") * (
        Decimal("131.6") + Decimal("68.9")
    )
    without = run(spread("40", "40"))
    assert without.calculated - found.calculated == Decimal("0.9") * Decimal("18.045")
    used = {leaf.factor_id for leaf in leaves(find(found.tree, "GHG_E")) if leaf.type == "factor"}
    assert {name.split(".")[0] for name in used} == {
        "fire_comf", "fire_ch4", "fire_n2o", "gwp_ch4", "gwp_n2o",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "error", "says"),
    [
        ({"fire_occurred": True}, ActivityIncomplete, "fires"),
        ({"fires": [FIRE]}, ActivityIncomplete, "fires"),
        (
            {"fire_occurred": True, "fires": [FIRE.model_copy(update={"area_ha": Decimal(101)})]},
            ActivityContradicts,
            "101 ha",
        ),
        (
            {"fire_occurred": True, "fires": [FIRE.model_copy(update={"stratum": "S9"})]},
            ActivityContradicts,
            "S9",
        ),
        (
            {
                "fire_occurred": True,
                "fires": [FIRE.model_copy(update={"occurred_on": date(2026, 1, 1)})],
            },
            ActivityContradicts,
            "outside the period",
        ),
        (
            {"baseline_t": Decimal(1), "baseline_t_per_ha_year": Decimal(1)},
            ActivityContradicts,
            "as a total and as growth",
        ),
        ({"baseline_t_per_ha_year": Decimal(1)}, ActivityIncomplete, "baseline_source"),
    ],
)
def test_half_told_facts_are_refused(declared, error, says):
    with pytest.raises(error, match=says):
        run(spread("40", "40", declared=declared))


def test_modelled_baseline_growth_counts_with_its_source():
    declared = {
        "baseline_t_per_ha_year": Decimal("0.5"),
        "baseline_source": "AR-TOOL14, growth of 灌木",
    }
    found = run(spread("40", "40", declared=declared))
    assert find(found.tree, "dC_BSL").value == Decimal(250)  # 0.5 t on 100 ha in 5 years
    assert "growth of 灌木" in find(found.tree, "g").origin


def test_shrubs_need_the_forest_biomass_of_the_region_by_name():
    cover = c.Shrubs(
        stratum="S1", area_ha=Decimal(10), cover_before=Decimal(0), cover_after=Decimal("0.5")
    )
    given_inputs = spread("40", "40", declared={"shrubs": [cover]})
    needs = FOREST.needs(given_inputs)
    missing = next(need for need in needs if need.kind == "forest_biomass")
    assert missing.region == "CQ"
    known = {need.symbol: need for need in needs if need is not missing}
    forest = c.Factor(
        symbol="B_FOREST", factor_id="forest_biomass:CQ:v1", kind="forest_biomass", region="CQ",
        subject=None, year=None, value=Decimal(60), unit="t d.m./ha", grade="D", source="test",
    )  # fmt: skip
    seeded = with_factors(FOREST, spread("40", "40")).factors
    factors = seeded | {name: factor(need) for name, need in known.items()}
    found = FOREST.calculate(
        given_inputs.model_copy(update={"factors": factors | {"B_FOREST": forest}})
    )
    shrubs = Decimal(5) * Decimal("0.1") * 60 * Decimal("1.4") * Decimal("0.47") * 44 / 12
    assert abs(find(found.tree, "dC_SHRUB").value - shrubs) < Decimal("1e-40")


def test_panels_count_each_plot_between_its_own_dates_and_are_flagged():
    rows = [
        *pair("P1", "20", "30", agb=True, days=("2021-06-01", "2024-06-01")),
        *pair("P2", "20", "30", agb=True, days=("2022-06-01", "2025-06-01")),
    ]
    declared = {"inventory_design": "panels"}
    found = run(inputs(FIRST, LAST, plots=rows, declared=declared))
    assert [flag.code for flag in found.flags] == ["inventory-panels"]
    assert close(find(found.tree, "dC_PROJ").value, "2154.17")
    with pytest.raises(ActivityIncomplete, match=r"92 days.*P1, P2"):
        run(inputs(FIRST, LAST, plots=rows))
    with pytest.raises(ActivityIncomplete, match=r"two visits.*P3"):
        single = plot("P3", "2023-01-01", "20", agb=True)
        run(inputs(FIRST, LAST, plots=[*rows, single], declared=declared))


GOOD = pair("P1", "20", "45")
MOVED = [plot("P2", FIRST, "20"), plot("P2", LAST, "45", stratum="S2")]
RESIZED = [plot("P2", FIRST, "20"), plot("P2", LAST, "45", plot_area_m2=Decimal(500))]
TWICE = [*pair("P2", "20", "45"), plot("P2", "2021-01-05", "21")]
LARGE = [pair(name, "20", "45", area_ha="101") for name in ("P1", "P2")]


@pytest.mark.parametrize(
    ("plots", "error", "says"),
    [
        ([GOOD, [plot("P2", FIRST, "20")]], ActivityIncomplete, "P2"),
        ([GOOD, TWICE], ActivityIncomplete, "P2"),
        ([], ActivityIncomplete, "0 have not"),
        ([GOOD, pair("P2", "20", "45", area_ha="90")], ActivityContradicts, "several areas"),
        (LARGE, ActivityContradicts, "101"),
        ([GOOD, MOVED], ActivityContradicts, "P2"),
        ([GOOD, RESIZED], ActivityContradicts, r"differ in area.*P2"),
        ([GOOD, pair("P2", "20", "45", agb=True)], ActivityContradicts, "mixed"),
    ],
)
def test_inventories_that_do_not_fit_are_refused_by_name(plots, error, says):
    with pytest.raises(error, match=says):
        run(five_years(*plots))


def test_a_plot_has_either_a_summary_or_a_tree_list():
    both = r16().model_copy(update={"stands": [stand("P1", FIRST, "马尾松", "1")]})
    with pytest.raises(ActivityContradicts, match="P1"):
        run(both)


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ([plot("P3", "2020-12-31", "20")], "P3 of the last report"),
        ([plot("P1", "2020-12-31", "20.001")], "loss in between"),
        ([plot("P1", "2020-12-31", "20", agb=True)], "biomass path"),
    ],
)
def test_no_loss_vanishes_between_two_periods(before, says):
    with pytest.raises(ActivityContradicts, match=says):
        run(r16(plots_before=before))


def grown(before: str, after: str) -> list[c.Stand]:
    return [
        stand(name, day, "马尾松", value)
        for name in ("P1", "P2")
        for day, value in ((FIRST, before), (LAST, after))
    ]


def test_the_next_period_begins_where_the_trees_of_the_last_one_stood():
    closed = FOREST.closing(inputs(FIRST, LAST, stands=grown("100000", "200000")))
    assert closed == [stand(name, LAST, "马尾松", "200000") for name in ("P1", "P2")]
    assert FOREST.closing(inputs(FIRST, LAST)) == []
    assert run(inputs(FIRST, LAST, stands=grown("200000", "300000"), stands_before=closed))
    with pytest.raises(ActivityContradicts, match="loss in between"):
        run(inputs(FIRST, LAST, stands=grown("199999", "300000"), stands_before=closed))


def test_a_factor_that_changed_between_two_periods_is_no_loss():
    before = FOREST.closing(inputs(FIRST, LAST, stands=grown("100000", "200000")))
    prepared = with_factors(
        FOREST, inputs(FIRST, LAST, stands=grown("200000", "300000"), stands_before=before)
    )
    lighter = prepared.factors["WD[马尾松]"].model_copy(update={"value": Decimal("0.3")})
    factors = prepared.factors | {"WD[马尾松]": lighter}
    assert FOREST.calculate(prepared.model_copy(update={"factors": factors})).calculated_t > 0


def test_a_plot_stands_once_on_a_day():
    twice = five_years(pair("P1", "20", "45"), pair("P1", "20", "45"), pair("P2", "20", "45"))
    with pytest.raises(ActivityContradicts, match="P1 stands twice"):
        run(twice)


def test_meter_readings_do_not_belong_here():
    with pytest.raises(ActivityNotApplicable, match=r"CQCM-904-V001.*meter_readings"):
        run(r16(readings=[reading("M1", "2025-01", "1")]), BUFFERED)


def test_the_volume_path_needs_a_species():
    with pytest.raises(ActivityIncomplete, match="species"):
        run(r16(project={"species": None}))


def test_a_factor_of_another_kind_is_refused():
    prepared = with_factors(FOREST, r16())
    wrong = prepared.factors["K_RISK"].model_copy(update={"kind": "grid_average"})
    with pytest.raises(FactorKindRefused, match=r"k_risk.*grid_average"):
        FOREST.calculate(
            prepared.model_copy(update={"factors": prepared.factors | {"K_RISK": wrong}})
        )


values = st.decimals(Decimal(1), Decimal(80), places=3)


@given(
    st.lists(st.tuples(values, values, st.sampled_from([400, 600])), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
    st.sampled_from([FOREST, BUFFERED]),
)
@settings(max_examples=60, deadline=None)
def test_r21_identical_digits_in_any_order_and_everything_adds_up(plots, shuffle, methodology):
    rows = [
        row
        for i, (before, after, area) in enumerate(plots)
        for row in pair(f"P{i}", str(before), str(after), agb=True, plot_area_m2=Decimal(area))
    ]
    prepared = with_factors(methodology, inputs(FIRST, LAST, plots=rows))
    first = methodology.calculate(prepared)
    shuffled = list(rows)
    shuffle.shuffle(shuffled)
    stored = c.Inputs.model_validate_json(
        prepared.model_copy(update={"plots": shuffled}).model_dump_json()
    )
    assert methodology.calculate(stored).model_dump_json() == first.model_dump_json()
    assert sum(share.quantity_t for share in first.vintages) == first.calculated_t
    assert first.calculated_t == c.whole_tonnes(first.calculated)
    assert 0 <= first.buffer_t <= first.calculated_t
    assert first.loss == 0 or first.calculated_t == 0


@given(st.lists(values, min_size=2, max_size=8))
@settings(max_examples=40, deadline=None)
def test_more_growth_never_gives_fewer_tonnes(growth):
    tonnes = []
    for value in sorted(growth):
        after = str(20 + value)
        tonnes.append(run(spread(after, after)).calculated_t)
    assert all(before <= after for before, after in pairwise(tonnes))
