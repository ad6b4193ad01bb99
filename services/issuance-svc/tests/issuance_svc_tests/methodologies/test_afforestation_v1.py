from datetime import date
from decimal import Decimal

import pytest

from issuance_svc.methodologies import allometry, sampling
from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.catalogue import version
from issuance_svc.methodologies.errors import (
    ActivityContradicts,
    ActivityIncomplete,
    ActivityNotApplicable,
    FireNotQuantified,
    ReductionNegative,
    ReviewRequired,
    SamplingRefused,
)
from issuance_svc_tests.methodologies.build import inputs, plot, reading, with_factors

FOREST = version("CQCM-902-V001", "1")
FIRST, LAST = "2021-01-01", "2025-12-31"


MOVED = [plot("P2", FIRST, "20"), plot("P2", LAST, "45", stratum="S2")]


def run(given_inputs: c.Inputs) -> c.Outcome:
    return FOREST.calculate(with_factors(FOREST, given_inputs))


def pair(name: str, before: str, after: str, *, days=(FIRST, LAST), **changes):
    return [plot(name, days[0], before, **changes), plot(name, days[1], after, **changes)]


def five_years(*plots, **changes) -> c.Inputs:
    rows = [row for found in plots for row in found]
    return inputs(FIRST, LAST, plots=rows, **changes)


def close(value: Decimal, expected: str) -> bool:
    places = Decimal(expected)
    return value.quantize(places) == places


def find(step, symbol: str):
    """Return the first step of the tree with the symbol."""
    if step.symbol == symbol:
        return step
    for operand in getattr(step, "operands", []):
        if (found := find(operand, symbol)) is not None:
            return found
    return None


def test_r16_volume_and_bef():
    found = run(five_years(pair("P1", "20", "45"), pair("P2", "20", "45")))
    assert close(find(found.tree, f"c[P1,{FIRST}]").value, "22.397595")
    assert close(find(found.tree, f"c[P1,{LAST}]").value, "50.394588")
    assert close(find(found.tree, "dC_PROJ").value, "2799.70")
    assert close(found.calculated, "2519.73")
    assert (found.calculated_t, found.deducted.quantize(Decimal("0.01"))) == (
        2519,
        Decimal("279.97"),
    )
    assert [share.quantity_t for share in found.vintages] == [503, 504, 504, 504, 504]
    assert [share.vintage for share in found.vintages] == [2021, 2022, 2023, 2024, 2025]


def test_r17_generic_biomass_with_a_baseline():
    found = run(
        five_years(
            pair("P1", "60", "85", agb=True, area_ha="40"),
            pair("P2", "60", "85", agb=True, area_ha="40"),
            declared={"baseline_t": Decimal(120)},
        )
    )
    assert find(found.tree, f"c[P1,{FIRST}]").value == Decimal("129.25")
    assert close(find(found.tree, "dC_PROJ").value, "2154.17")
    assert close(found.calculated, "1830.75")
    assert found.calculated_t == 1830


def test_r18_a_single_tree():
    biomass = allometry.aboveground_kg(Decimal(12), Decimal("0.38"))
    assert close(biomass, "37.58")
    assert close(allometry.co2(biomass, Decimal("0.187"), Decimal("0.46")), "75.24")


@pytest.mark.parametrize("sizes", [("0", "0.38"), ("12", "0"), ("-1", "0.38")])
def test_a_tree_has_a_size(sizes):
    with pytest.raises(ValueError, match="diameter"):
        allometry.aboveground_kg(Decimal(sizes[0]), Decimal(sizes[1]))


@pytest.mark.parametrize(
    "days",
    [
        ("2020-12-31", "2025-12-31"),
        ("2020-12-31", "2026-01-01"),
        ("2021-01-01", "2026-01-01"),
    ],
)
def test_an_inventory_stands_for_the_bound_it_touches(days):
    found = run(five_years(pair("P1", "20", "45", days=days), pair("P2", "20", "45", days=days)))
    assert found.calculated_t == 2519


def test_growth_outside_the_period_is_shared_out_and_never_extrapolated():
    wider = ("2020-12-01", "2026-01-31")
    found = run(five_years(pair("P1", "20", "45", days=wider), pair("P2", "20", "45", days=wider)))
    years = c.year_share(date(2020, 12, 2), date(2026, 1, 31))
    assert close(
        found.calculated, str((Decimal("2519.7293784") * 5 / years).quantize(Decimal("0.01")))
    )
    narrower = ("2021-02-01", "2025-12-01")
    found = run(
        five_years(pair("P1", "20", "45", days=narrower), pair("P2", "20", "45", days=narrower))
    )
    assert found.calculated_t == 2519  # the whole measured change, not more


def test_only_the_eligible_years_count():
    whole = five_years(pair("P1", "20", "45"), pair("P2", "20", "45"))
    cut = whole.model_copy(
        update={"eligible": c.Period(start=date(2022, 1, 1), end=date(2025, 12, 31))}
    )
    found = run(cut)
    assert [share.quantity_t for share in found.vintages] == [503, 504, 504, 504]
    assert close(found.calculated, "2015.78")


def test_strata_weigh_by_area():
    found = run(
        five_years(
            pair("A1", "60", "80", agb=True, stratum="A", area_ha="30"),
            pair("A2", "60", "80", agb=True, stratum="A", area_ha="30"),
            pair("B1", "60", "70", agb=True, stratum="B", area_ha="10"),
            pair("B2", "60", "70", agb=True, stratum="B", area_ha="10"),
        )
    )
    per_tonne = Decimal("1.25") * Decimal("0.47") * 44 / 12
    assert close(
        find(found.tree, "dC_PROJ").value, str(((600 + 100) * per_tonne).quantize(Decimal("0.01")))
    )


def spread(*afters: str) -> c.Inputs:
    return five_years(*(pair(f"P{i}", "20", after, agb=True) for i, after in enumerate(afters)))


@pytest.mark.parametrize(
    ("afters", "error_pct", "discount"),
    [
        (("40", "40", "40"), "0.00", 0),
        (("38", "40", "42"), "16.86", 6),  # 2.92 * (2/sqrt(3)) / 20
        (("37", "40", "43"), "25.29", 11),
    ],
)
def test_the_sampling_error_costs_a_discount(afters, error_pct, discount):
    found = run(spread(*afters))
    assert close(find(found.tree, "r").value, error_pct)
    change, kept = find(found.tree, "dC_PROJ").value, find(found.tree, "dC_d").value
    assert close(kept, str((change * (100 - discount) / 100).quantize(Decimal("0.000001"))))


def test_above_thirty_per_cent_more_plots_are_needed():
    with pytest.raises(SamplingRefused, match=r"33\.72 %"):
        run(spread("36", "40", "44"))


def test_one_plot_in_a_stratum_tells_no_error():
    with pytest.raises(SamplingRefused, match="S1"):
        run(five_years(pair("P1", "20", "45")))


@pytest.mark.parametrize(
    ("df", "expected"), [(1, 1), (30, 30), (31, 30), (59, 40), (119, 60), (5000, 120)]
)
def test_between_table_rows_the_larger_t_is_used(df, expected):
    assert sampling.tabulated(df) == expected


@pytest.mark.parametrize(
    ("error_pct", "subject"),
    [("0", "<=10"), ("10", "<=10"), ("10.0001", "<=20"), ("20", "<=20"), ("30", "<=30")],
)
def test_the_bands_include_their_upper_bound(error_pct, subject):
    assert sampling.discount_subject(Decimal(error_pct)) == subject


def test_the_stratified_error_is_that_of_the_textbook():
    found = sampling.estimate(
        [
            sampling.Stratum("A", Decimal(30), [Decimal(8), Decimal(10), Decimal(12)]),
            sampling.Stratum("B", Decimal(10), [Decimal(4), Decimal(6)]),
        ]
    )
    assert found.mean_per_ha == Decimal("8.75")  # 0.75 * 10 + 0.25 * 5
    # 0.75^2 * 4 / 3 + 0.25^2 * 2 / 2 = 0.8125
    assert close(found.standard_error**2, "0.8125000000")


def test_r20_more_than_forty_tonnes_a_hectare_and_year_goes_to_a_person():
    with pytest.raises(ReviewRequired, match=r"S1"):
        run(spread("140", "140"))
    # The page's "24.455 t per mu and year" is 366.825 t/ha.
    nonsense = str(
        (Decimal("366.825") * 5 / (Decimal("1.25") * Decimal("0.47") * 44 / 12) + 20).quantize(
            Decimal("0.001")
        )
    )
    with pytest.raises(ReviewRequired):
        run(spread(nonsense, nonsense))


def test_r20_the_alarm_looks_at_the_years_between_the_inventories():
    """30 t/ha in half a year are 60 a year, though the claimed year is longer."""
    half = ("2025-04-01", "2025-10-01")
    rows = [row for i in (1, 2) for row in pair(f"P{i}", "20", "33.93", agb=True, days=half)]
    with pytest.raises(ReviewRequired, match=r"59\."):
        run(inputs("2025-01-01", "2025-12-31", plots=rows))


def test_r20_a_loss_issues_nothing():
    with pytest.raises(ReductionNegative, match=r"-"):
        run(five_years(pair("P1", "45", "20"), pair("P2", "45", "20")))


def test_r20_a_loss_against_the_baseline_is_told_gross():
    rows = [pair(f"P{i}", "60", "61", agb=True, area_ha="40") for i in (1, 2)]
    with pytest.raises(ReductionNegative, match=r"-13\.833333"):
        run(five_years(*rows, declared={"baseline_t": Decimal(100)}))


def test_no_growth_is_zero_tonnes():
    assert run(spread("20", "20")).calculated_t == 0


def test_a_fire_is_refused_not_skipped():
    with pytest.raises(FireNotQuantified):
        run(
            five_years(
                pair("P1", "20", "45"), pair("P2", "20", "45"), declared={"fire_occurred": True}
            )
        )


@pytest.mark.parametrize(
    ("plots", "error"),
    [
        ([pair("P1", "20", "45"), [plot("P2", FIRST, "20")]], ActivityIncomplete),
        ([pair("P1", "20", "45"), pair("P2", "20", "45", days=(FIRST, "2025-08-01"))], ActivityIncomplete),
        ([pair("P1", "20", "45"), [*pair("P2", "20", "45"), plot("P2", "2021-01-05", "21")]], ActivityIncomplete),
        ([], ActivityIncomplete),
        ([pair("P1", "20", "45"), pair("P2", "20", "45", area_ha="90")], ActivityContradicts),
        ([pair("P1", "20", "45"), pair("P2", "20", "45", plot_area_m2=Decimal(400))], ActivityContradicts),
        ([pair("P1", "20", "45", area_ha="101"), pair("P2", "20", "45", area_ha="101")], ActivityContradicts),
        ([pair("P1", "20", "45"), MOVED], ActivityContradicts),
    ],
)  # fmt: skip
def test_inventories_that_do_not_fit_are_refused(plots, error):
    with pytest.raises(error):
        run(five_years(*plots))


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ([plot("P3", "2020-12-31", "20")], "P3 of the last report"),
        ([plot("P1", "2020-12-31", "20.001")], "loss in between"),
        ([plot("P1", "2020-12-31", "20", agb=True)], "biomass path"),
    ],
)
def test_no_loss_vanishes_between_two_periods(before, says):
    rows = five_years(pair("P1", "20", "45"), pair("P2", "20", "45"), plots_before=before)
    with pytest.raises(ActivityContradicts, match=says):
        run(rows)


def test_a_period_begins_where_the_last_one_ended():
    before = [plot("P1", "2020-12-31", "20"), plot("P2", "2020-12-31", "19.9")]
    rows = five_years(pair("P1", "20", "45"), pair("P2", "20", "45"), plots_before=before)
    assert run(rows).calculated_t == 2519


def test_meter_readings_do_not_belong_here():
    rows = [reading("M1", "2025-01", "1")]
    with pytest.raises(ActivityNotApplicable, match="meter_readings"):
        run(five_years(pair("P1", "20", "45"), pair("P2", "20", "45"), readings=rows))


def test_the_volume_path_needs_a_species():
    nobody = five_years(pair("P1", "20", "45"), pair("P2", "20", "45"), project={"species": None})
    with pytest.raises(ActivityIncomplete, match="species"):
        run(nobody)


def test_an_unknown_species_is_a_missing_factor_not_a_generic_one():
    palm = five_years(pair("P1", "20", "45"), pair("P2", "20", "45"), project={"species": "棕榈"})
    assert {need.subject for need in FOREST.needs(palm) if need.kind == "species_wd"} == {"棕榈"}


def test_r21_the_stored_document_gives_identical_digits():
    prepared = with_factors(FOREST, spread("38.123", "40.7", "41.31"))
    first = FOREST.calculate(prepared)
    stored = c.Inputs.model_validate_json(prepared.model_dump_json())
    assert (
        version("CQCM-902-V001", "1").calculate(stored).model_dump_json() == first.model_dump_json()
    )
