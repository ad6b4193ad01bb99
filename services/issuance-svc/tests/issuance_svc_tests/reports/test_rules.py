from dataclasses import replace
from datetime import date

import pytest

from issuance_svc.reports import rules
from issuance_svc.reports.errors import PeriodInvalid, PeriodNotEligible
from issuance_svc.reports.models import claim_of
from issuance_svc.reports.rules import Claim, Status

R6 = Claim(
    start=date(2020, 12, 1),
    end=date(2023, 12, 31),
    applied_on=date(2026, 3, 1),
    crediting_start=date(2015, 1, 1),
    crediting_end=date(2045, 1, 1),
    vintage_after=date(2020, 9, 22),
    lookback_years=5,
)


def test_r6_only_the_last_five_years_count():
    assert rules.eligible_period(R6) == (date(2021, 3, 1), date(2023, 12, 31))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # after 2020-09-22: the day itself does not count
        ({"start": date(2020, 1, 1), "applied_on": date(2024, 1, 1)}, (date(2020, 9, 23), date(2023, 12, 31))),
        # R8: the crediting period
        ({"crediting_start": date(2022, 7, 1)}, (date(2022, 7, 1), date(2023, 12, 31))),
        ({"crediting_end": date(2022, 6, 30)}, (date(2021, 3, 1), date(2022, 6, 30))),
        # one day
        ({"start": date(2023, 12, 31)}, (date(2023, 12, 31), date(2023, 12, 31))),
        # exactly five years, applied on the day after the end
        (
            {"start": date(2021, 1, 1), "end": date(2025, 12, 31), "applied_on": date(2026, 1, 1)},
            (date(2021, 1, 1), date(2025, 12, 31)),
        ),
        # applied on a leap day: five years before is 1 March
        ({"applied_on": date(2028, 2, 29), "end": date(2027, 12, 31)}, (date(2023, 3, 1), date(2027, 12, 31))),
    ],
)  # fmt: skip
def test_the_eligible_part(changes, expected):
    assert rules.eligible_period(replace(R6, **changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"start": date(2020, 1, 1), "end": date(2020, 9, 22)},
        {"start": date(2020, 12, 1), "end": date(2021, 2, 28)},
        {"crediting_start": date(2024, 1, 1)},
    ],
)
def test_a_period_with_nothing_eligible_is_refused(changes):
    with pytest.raises(PeriodNotEligible, match="2020-09-22"):
        rules.eligible_period(replace(R6, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"end": date(2020, 11, 30)},
        {"end": date(2026, 3, 1)},  # ends today: not over
        {"end": date(2027, 1, 1)},
    ],
)
def test_a_period_must_be_over(changes):
    with pytest.raises(PeriodInvalid):
        rules.eligible_period(replace(R6, **changes))


def test_every_status_has_its_followers_and_the_dead_have_none():
    assert set(rules.FOLLOWING) == set(Status)
    for status in (*rules.DEAD, Status.ISSUED):
        assert rules.FOLLOWING[status] == ()
    forward = [Status.REPORTED, Status.NOTICE, Status.VERIFIED, Status.REGISTERED_ER, Status.ISSUED]
    for place, status in enumerate(forward):
        ahead = [after for after in rules.FOLLOWING[status] if after in forward[place:]]
        assert ahead == forward[place + 1 : place + 2]


def test_projects_never_touch_on_the_line_of_days():
    last = claim_of(7, date(1990, 1, 1), date(9999, 12, 31))
    first = claim_of(8, date(1, 1, 1), date(1990, 1, 1))
    assert not last.overlaps(first)
    assert claim_of(7, date(2025, 1, 1), date(2025, 1, 31)).overlaps(
        claim_of(7, date(2025, 1, 31), date(2025, 2, 28))
    )
    assert not claim_of(7, date(2025, 1, 1), date(2025, 1, 31)).overlaps(
        claim_of(7, date(2025, 2, 1), date(2025, 2, 28))
    )
