"""Which days of a period may be claimed, and which step may follow which. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from issuance_svc.reports.errors import PeriodInvalid, PeriodNotEligible
from tht_kit.errors import Text


class Status(StrEnum):
    REPORTED = "REPORTED"
    NOTICE = "NOTICE"
    VERIFIED = "VERIFIED"
    REGISTERED_ER = "REGISTERED_ER"
    ISSUED = "ISSUED"
    RECALLED = "RECALLED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"


# R12. The way back from REGISTERED_ER is an issuance that the second officer rejected. A report
# that its owner replaces by the next revision while it still claims its period is SUPERSEDED.
FOLLOWING: dict[Status, tuple[Status, ...]] = {
    Status.REPORTED: (Status.NOTICE, Status.RECALLED, Status.SUPERSEDED),
    Status.NOTICE: (Status.VERIFIED, Status.REJECTED, Status.RECALLED, Status.SUPERSEDED),
    Status.VERIFIED: (Status.REGISTERED_ER, Status.RECALLED),
    Status.REGISTERED_ER: (Status.ISSUED, Status.VERIFIED),
    Status.ISSUED: (),
    Status.RECALLED: (),
    Status.REJECTED: (),
    Status.SUPERSEDED: (),
}

# Reports that no longer claim their period or their aggregates.
DEAD = (Status.RECALLED, Status.REJECTED, Status.SUPERSEDED)

# Reports that may be submitted anew as the next revision: not yet verified, taken back, rejected.
REVISABLE = (Status.REPORTED, Status.NOTICE, Status.RECALLED, Status.REJECTED)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed, and the bounds it must keep."""

    start: date
    end: date
    applied_on: date
    crediting_start: date
    crediting_end: date
    vintage_after: date
    lookback_years: int


def eligible_period(claim: Claim) -> tuple[date, date]:
    """Return the days that may be claimed (R6, R8): what lies outside counts as nothing.

    Applied 2026-03-01, period 2020-12-01 to 2023-12-31: only 2021-03-01 to 2023-12-31. The day of
    application is that of the report. Raises PeriodInvalid, PeriodNotEligible.
    """
    if claim.end < claim.start:
        raise _invalid("结束日早于开始日", "The period ends before it starts")
    if claim.end >= claim.applied_on:
        raise _invalid(
            f"监测期至 {claim.end}，今日为 {claim.applied_on}，尚未结束",
            f"The period ends on {claim.end} and today is {claim.applied_on}: it is not over",
        )
    start = max(
        claim.start,
        claim.crediting_start,
        claim.vintage_after + timedelta(days=1),
        years_before(claim.applied_on, claim.lookback_years),
    )
    end = min(claim.end, claim.crediting_end)
    if start > end:
        raise PeriodNotEligible(
            pointer="/period_start",
            start=claim.start,
            end=claim.end,
            vintage_after=claim.vintage_after,
            applied_on=claim.applied_on,
            lookback_years=claim.lookback_years,
            crediting_start=claim.crediting_start,
            crediting_end=claim.crediting_end,
        )
    return start, end


def years_before(day: date, years: int) -> date:
    """Return the same day of an earlier year; 29 February gives 1 March, the later day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 3, 1)


def _invalid(zh: str, en: str) -> PeriodInvalid:
    return PeriodInvalid(pointer="/period_end", reason=Text(zh=f"{zh}。", en=f"{en}."))
