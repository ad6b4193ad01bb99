from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.catalogue import version
from issuance_svc.methodologies.distributed_pv import v1 as pv
from issuance_svc.methodologies.errors import (
    ActivityIncomplete,
    ActivityNotApplicable,
    FactorKindRefused,
    ReductionNegative,
)
from issuance_svc_tests.methodologies.build import factor, inputs, plot, reading, with_factors

PV = version("CQCM-901-V001", "1")
MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


def run(given_inputs: c.Inputs) -> c.Outcome:
    return PV.calculate(with_factors(PV, given_inputs))


def year_2025(export: str, imported: str, **changes) -> c.Inputs:
    """The whole amount in January, zero in the other months."""
    rows = [reading("M1", "2025-01", export, imported, **changes)]
    rows += [reading("M1", month, "0") for month in MONTHS[1:]]
    return inputs("2025-01-01", "2025-12-31", readings=rows)


def test_r13_normal():
    found = run(year_2025("1200000", "12000"))
    assert found.calculated == Decimal("849.8655")
    assert (found.calculated_t, found.deducted) == (849, Decimal(0))
    assert [(share.vintage, share.quantity_t) for share in found.vintages] == [(2025, 849)]


def test_r13_the_average_factor_is_refused_by_its_kind():
    average = factor(c.FactorNeed(symbol="EF_OM", kind="grid_average", region="CQ", year=2023))
    prepared = with_factors(PV, year_2025("1200000", "12000"))
    mixed = prepared.model_copy(update={"factors": prepared.factors | {"EF_OM": average}})
    with pytest.raises(FactorKindRefused, match="grid_average"):
        PV.calculate(mixed)


@pytest.mark.parametrize("calibration", ["missing", "late"])
def test_r14_uncalibrated_or_late(calibration):
    found = run(year_2025("1200000", "12000", calibration=calibration))
    assert found.calculated == Decimal("1181.94") * Decimal("0.715375")
    assert found.calculated.quantize(Decimal("0.01")) == Decimal("845.53")
    assert found.calculated_t == 845


@pytest.mark.parametrize(
    ("calibration", "mpe", "error", "expected"),
    [
        ("valid", "0.5", None, "0"),
        ("valid", "0.5", "0.5", "0"),
        ("valid", "0.5", "0.51", "0.51"),
        ("valid", "0.5", "-0.7", "0.7"),
        ("late", "0.5", "0.2", "0.5"),
        ("late", "0.5", "-0.9", "0.9"),
        ("missing", "1", None, "1"),
    ],
)
def test_the_correction_is_always_against_the_owner(calibration, mpe, error, expected):
    row = reading(
        "M1",
        "2025-01",
        "1",
        calibration=calibration,
        mpe_pct=Decimal(mpe),
        error_pct=None if error is None else Decimal(error),
    )
    assert pv.deduction_pct(row) == Decimal(expected)


def test_only_the_late_month_is_corrected():
    rows = [
        reading("M1", "2025-01", "600000", "6000", calibration="late"),
        reading("M1", "2025-02", "600000", "6000"),
        *[reading("M1", month, "0") for month in MONTHS[2:]],
    ]
    found = run(inputs("2025-01-01", "2025-12-31", readings=rows))
    net = Decimal(597) - Decimal("6.03") + Decimal(594)
    assert found.calculated == net * Decimal("0.715375")


def test_r15_needs_name_the_projects_own_grid_and_year():
    south_west = inputs(
        "2025-01-01", "2025-12-31", project={"baseline_grid": "SW", "baseline_factor_year": 2024}
    )
    wanted = {(need.kind, need.region, need.year) for need in PV.needs(south_west)}
    assert ("grid_baseline_om", "SW", 2024) in wanted
    assert ("grid_baseline_bm", "SW", 2024) in wanted


def test_years_are_vintages_of_their_own_months():
    rows = [
        reading("M1", "2024-12", "1000000"),
        reading("M1", "2025-01", "1000000"),
    ]
    found = run(inputs("2024-12-01", "2025-01-31", readings=rows))
    assert found.calculated == Decimal("1430.75")
    assert [(share.vintage, share.quantity_t) for share in found.vintages] == [
        (2024, 715),
        (2025, 715),
    ]


def test_a_missing_month_of_a_meter_is_named():
    rows = [reading("M1", month, "1000") for month in MONTHS if month != "2025-06"]
    with pytest.raises(ActivityIncomplete, match="M1 2025-06"):
        run(inputs("2025-01-01", "2025-12-31", readings=rows))


def test_months_partly_outside_the_eligible_period_do_not_count():
    rows = [reading("M1", month, "1000000") for month in ("2025-01", "2025-02", "2025-03")]
    whole = inputs("2025-01-01", "2025-03-31", readings=rows)
    cut = whole.model_copy(
        update={
            "eligible": c.Period(start=whole.claimed.start.replace(day=2), end=whole.claimed.end)
        }
    )
    assert run(cut).calculated == Decimal("1430.75")


def test_a_period_without_a_whole_month_is_refused():
    with pytest.raises(ActivityIncomplete, match="no whole month"):
        run(inputs("2025-01-02", "2025-02-27", readings=[reading("M1", "2025-01", "1")]))


@pytest.mark.parametrize(
    "changes",
    [
        {"plots": [plot("P1", "2025-01-01", "20")]},
        {"declared": {"baseline_t": Decimal(1), "fire_occurred": False}},
        {"declared": {"baseline_t": None, "fire_occurred": True}},
    ],
)
def test_what_does_not_apply_is_refused(changes):
    rows = [reading("M1", month, "1000") for month in MONTHS]
    with pytest.raises(ActivityNotApplicable):
        run(inputs("2025-01-01", "2025-12-31", readings=rows, **changes))


def test_more_taken_than_fed_in_is_refused_with_the_number():
    with pytest.raises(ReductionNegative, match=r"-0\.715375"):
        run(year_2025("0", "1000"))


kwh = st.decimals(min_value=0, max_value=10**9, places=3)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(kwh, kwh, st.sampled_from(["valid", "late", "missing"])), min_size=12, max_size=12
    )
)
def test_r21_the_stored_document_gives_identical_digits(rows):
    readings = [
        reading("M1", month, str(export), str(imported / 1000), calibration=calibration)
        for month, (export, imported, calibration) in zip(MONTHS, rows, strict=True)
    ]
    prepared = with_factors(PV, inputs("2025-01-01", "2025-12-31", readings=readings))
    try:
        first = PV.calculate(prepared)
    except ReductionNegative:
        return
    stored = c.Inputs.model_validate_json(prepared.model_dump_json())
    again = version("CQCM-901-V001", "1").calculate(stored)
    assert again.model_dump_json() == first.model_dump_json()
