"""Factors, points and versions as pure arithmetic; every number of domain.md 3.3 and 4.2 has a source."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_svc.scenarios import service
from points_svc.scenarios.errors import ProgrammeRuleMissing
from points_svc.scenarios.rules import Catalogue

SEED = service.shipped_seed()
SCENARIOS = {scenario.scenario_id: scenario for scenario in SEED.scenarios}
DAY = date(2026, 7, 10)


def version(scenario_id, day=DAY):
    return SCENARIOS[scenario_id].version_on(day)


def test_the_five_scenes_of_the_programme_are_there():
    assert set(SCENARIOS) == {"walk", "bike", "bus", "metro", "nev"}
    assert all(scenario.pending_days == 0 for scenario in SCENARIOS.values())


@pytest.mark.parametrize(
    ("scenario_id", "metres", "exact_g", "tenths"),
    [
        ("bike", 3200, "304.96", 27),
        ("bike", 1374, "130.9422", 12),
        ("metro", 12_000, "864", 79),
        ("nev", 20_000, "1314.7", 120),
        ("walk", 3900, "405.6", 37),
        ("walk", 11_700, "1216.8", 111),
        ("bus", 0, "120", 11),
        ("bus", 8000, "120", 11),
    ],
)
def test_grams_are_exact_and_points_are_rounded_down_once(scenario_id, metres, exact_g, tenths):
    found = version(scenario_id)
    assert found.exact_g(Decimal(metres)) == Decimal(exact_g)
    assert found.tenths(Decimal(exact_g)) == tenths


def test_points_come_from_the_exact_grams_not_from_the_rounded_ones():
    """R39a: 130.9422 g are 1.2 points; 130 g would be 1.1."""
    assert version("bike").tenths(Decimal("130.9422")) == 12
    assert version("bike").tenths(Decimal(130)) == 11


def test_a_car_that_saves_nothing_is_worth_nothing():
    clean = version("nev")
    formula = clean.formula.model_copy(update={"grid_kg_per_kwh": Decimal(2)})
    assert clean.model_copy(update={"formula": formula}).exact_g(Decimal(20_000)) == 0


def test_the_factor_of_the_year_is_looked_up_exactly_or_not_at_all():
    assert version("nev", date(2021, 12, 31)) is None
    assert version("nev", date(2022, 1, 1)).formula.factor_set == "CQ-GRID-AVERAGE-2022"
    assert version("nev", date(2022, 12, 31)).formula.factor_set == "CQ-GRID-AVERAGE-2022"
    assert version("nev", date(2023, 1, 1)).formula.factor_set == "CQ-GRID-AVERAGE-2023"


def test_every_rule_states_its_grade_and_source():
    for scenario in SEED.scenarios:
        for found in scenario.versions:
            for part in (found.formula, found.plausibility, found.caps, found.points):
                assert part.source, scenario.scenario_id
                assert part.grade in ("V1", "V2", "D"), "nothing from memory is a default"


def test_a_rule_that_is_not_in_force_is_an_error_that_names_it():
    catalogue = Catalogue(SCENARIOS, SEED.programme_rules)
    assert catalogue.programme("citizen_day_cap_g", DAY).value == 3000
    with pytest.raises(ProgrammeRuleMissing, match=r"citizen_day_cap_g.*2014-12-31"):
        catalogue.programme("citizen_day_cap_g", date(2014, 12, 31))


@given(st.sampled_from(["bike", "metro", "nev", "walk"]), st.integers(0, 500_000))
def test_points_are_the_floor_of_the_calibrated_ratio(scenario_id, metres):
    found = version(scenario_id)
    exact_g = found.exact_g(Decimal(metres))
    tenths = found.tenths(exact_g)
    assert tenths * 120 <= exact_g * 11 < (tenths + 1) * 120
