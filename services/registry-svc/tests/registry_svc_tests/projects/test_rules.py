from datetime import date
from itertools import product

import pytest

from registry_svc.projects.errors import ProjectStepRefused
from registry_svc.projects.plan import crediting_bounds
from registry_svc.projects.rules import ProjectStatus, check_step
from registry_svc.sites.rules import anniversary

# R12, written out once more by hand: the test does not read the table it tests.
ALLOWED = {
    "DRAFT": {"NOTICE", "RECALLED"},
    "NOTICE": {"VALIDATED", "REJECTED", "RECALLED"},
    "VALIDATED": {"REGISTERED", "REJECTED", "RECALLED"},
    "REGISTERED": {"SUSPENDED", "DEREGISTERED"},
    "SUSPENDED": {"REGISTERED", "DEREGISTERED"},
}


@pytest.mark.parametrize(("status", "wanted"), list(product(ProjectStatus, ProjectStatus)))
def test_only_the_steps_of_r12_are_taken(status, wanted):
    if wanted in ALLOWED.get(status, set()):
        check_step(status, wanted)
    else:
        with pytest.raises(ProjectStepRefused) as refused:
            check_step(status, wanted)
        assert f"The project is {status} and cannot become {wanted}" in str(refused.value)


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
