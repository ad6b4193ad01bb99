"""Deadlines of verification and registration (art. 22): flagged when missed, never acted upon."""

from dataclasses import dataclass
from datetime import date, timedelta

from issuance_svc.claim_rules.models import ClaimRule
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from tht_kit.working_days import Calendar, MissingCalendarYear


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Last legal days; None where the step is not due, or a calendar year or the rule is missing."""

    verification_due: date | None
    registration_due: date | None
    is_overdue: bool


def deadlines_of(
    report: Report, rule: ClaimRule | None, calendar: Calendar, today: date
) -> Deadlines:
    """Return what the report waits for and by when.

    The opinion is due so many working days after the notice's last day, the registration after the
    day of the opinion.
    """
    verification = registration = None
    if rule is None:
        return Deadlines(None, None, is_overdue=False)
    if report.status == Status.NOTICE and report.notice_end is not None:
        verification = _due(calendar, report.notice_end, rule.verification_working_days)
    if report.status in (Status.VERIFIED, Status.REGISTERED_ER) and report.verified_on is not None:
        registration = _due(calendar, report.verified_on, rule.decision_working_days)
    due = verification or registration
    return Deadlines(
        verification_due=verification,
        registration_due=registration,
        is_overdue=due is not None and due < today,
    )


def _due(calendar: Calendar, since: date, working_days: int) -> date | None:
    try:
        return calendar.due(since, working_days)
    except MissingCalendarYear:
        return None


def overdue_since(calendar: Calendar, today: date, working_days: int) -> date | None:
    """Return the last day that is so long ago that a time limit from it has passed today.

    The other way round than `Calendar.due`: a list finds what is overdue by one comparison. A limit
    that runs into a year that is not published is unknown, so days there are passed over; None
    where no limit is known to have passed.
    """
    first_year = min(calendar.years, default=today.year + 1)
    day, left = today, working_days
    while left:
        day -= timedelta(days=1)
        if day.year < first_year:
            return None
        left = left - calendar.is_working_day(day) if day.year in calendar.years else working_days
    return day - timedelta(days=1)
