from datetime import date

import pytest

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.catalogue import version
from issuance_svc.methodologies.errors import (
    ActivityContradicts,
    ActivityIncomplete,
    ActivityNotApplicable,
)
from issuance_svc_tests.methodologies.build import inputs, reading

TRAVEL = version("CQCM-903-V001", "1")


def aggregate(name: str, start: str, end: str, **grams: int) -> c.CitizenAggregate:
    return c.CitizenAggregate(
        aggregate_id=name,
        period_start=date.fromisoformat(start),
        period_end=date.fromisoformat(end),
        by_vintage_g={year.removeprefix("y"): found for year, found in grams.items()},
    )


def run(*aggregates: c.CitizenAggregate, **changes) -> c.Outcome:
    return TRAVEL.calculate(
        inputs("2025-01-01", "2026-12-31", aggregates=list(aggregates), **changes)
    )


def test_r47_what_is_left_under_a_tonne_is_dropped():
    found = run(aggregate("a", "2026-01-01", "2026-03-31", y2026=3_049_600))
    assert [(s.vintage, s.quantity_t) for s in found.vintages] == [(2026, 3)]
    assert found.calculated_t == 3


def test_years_add_up_by_cumulative_floor():
    found = run(
        aggregate("a", "2025-10-01", "2026-03-31", y2025=1_600_000, y2026=900_000),
        aggregate("b", "2026-04-01", "2026-06-30", y2026=700_000),
    )
    assert [(s.vintage, s.quantity_t) for s in found.vintages] == [(2025, 1), (2026, 2)]


def test_under_a_tonne_is_zero():
    assert run(aggregate("a", "2026-01-01", "2026-01-31", y2026=999_999)).calculated_t == 0


def test_an_aggregate_counts_as_a_whole_or_not_at_all():
    with pytest.raises(ActivityContradicts, match="2024-12-31"):
        run(aggregate("a", "2024-12-31", "2025-01-31", y2025=5_000_000))


def test_no_aggregate_is_no_report():
    with pytest.raises(ActivityIncomplete):
        run()


def test_meter_readings_do_not_belong_here():
    with pytest.raises(ActivityNotApplicable):
        run(
            aggregate("a", "2026-01-01", "2026-01-31", y2026=1),
            readings=[reading("M1", "2025-01", "1")],
        )
