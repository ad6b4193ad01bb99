from datetime import date
from itertools import product

import pytest

from registry_svc.projects.errors import ProjectStepRefused
from registry_svc.projects.plan import crediting_bounds
from registry_svc.projects.rules import STEPS, ProjectStatus, check_step
from registry_svc.sites.rules import anniversary

# R12, written out once more by hand: the test does not read the table it tests.
WALKS = {
    "notice": ({"DRAFT"}, "NOTICE", "owner"),
    "recall": ({"DRAFT", "NOTICE", "VALIDATED"}, "RECALLED", "owner"),
    "validation": ({"NOTICE"}, "VALIDATED", "validator"),
    "negative_validation": ({"NOTICE"}, "REJECTED", "validator"),
    "registration": ({"VALIDATED"}, "REGISTERED", "bureau"),
    "refusal": ({"VALIDATED"}, "REJECTED", "bureau"),
    "suspension": ({"REGISTERED"}, "SUSPENDED", "bureau"),
    "resumption": ({"SUSPENDED"}, "REGISTERED", "bureau"),
    "deregistration": ({"REGISTERED", "SUSPENDED"}, "DEREGISTERED", "bureau"),
}


def test_the_table_of_steps_is_r12():
    assert {step.name: (set(step.before), step.after, step.actor) for step in STEPS} == WALKS
    assert all(step.needs_four_eyes == (step.actor == "bureau") for step in STEPS)


@pytest.mark.parametrize(("status", "step"), list(product(ProjectStatus, STEPS)))
def test_a_step_begins_only_where_r12_says(status, step):
    before, after, _ = WALKS[step.name]
    if status in before:
        check_step(status, step)
    else:
        with pytest.raises(ProjectStepRefused) as refused:
            check_step(status, step)
        assert f"The project is {status} and cannot become {after}" in str(refused.value)


@pytest.mark.parametrize(
    ("start", "years", "earliest", "latest"),
    [
        (date(2022, 1, 1), (1, 10), date(2022, 12, 31), date(2031, 12, 31)),
        (date(2021, 3, 12), (20, 40), date(2041, 3, 11), date(2061, 3, 11)),
        (date(2024, 2, 29), (1, 10), date(2025, 2, 28), date(2034, 2, 28)),
        (date(2020, 2, 29), (4, 4), date(2024, 2, 28), date(2024, 2, 28)),
        (date(2023, 3, 1), (1, 1), date(2024, 2, 29), date(2024, 2, 29)),
    ],
)
def test_a_crediting_period_is_whole_years_to_the_day(start, years, earliest, latest):
    assert crediting_bounds(start, *years) == (earliest, latest)


def test_the_anniversary_of_a_leap_day_is_the_first_of_march_in_a_common_year():
    assert anniversary(date(2024, 2, 29), 1) == date(2025, 3, 1)
    assert anniversary(date(2024, 2, 29), 4) == date(2028, 2, 29)
