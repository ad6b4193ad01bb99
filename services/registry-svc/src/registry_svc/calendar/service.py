"""The working-day calendar of the platform: years as data, published by the bureau (工作日历)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.calendar import repository, rules
from registry_svc.calendar.errors import CalendarYearNotFound
from registry_svc.calendar.models import PublishedYear
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from tht_contracts.events.registry import CalendarYearPublished
from tht_kit.outbox import emit
from tht_kit.working_days import Calendar, seed_years


async def publish(
    session: AsyncSession,
    *,
    publisher_code: str,
    year: int,
    holidays: Sequence[date],
    makeup_workdays: Sequence[date],
    source: str,
    now: datetime,
) -> PublishedYear:
    """Publish a year as its next version; the same content again changes nothing.

    Notices that are running keep the end that was published with them.
    Raises OrganisationUnfit unless the publisher is the bureau or the operator, CalendarYearInvalid.
    """
    await organisations.get_acting_as(session, publisher_code, Kind.BUREAU, Kind.OPERATOR)
    rules.check_year(year, holidays, makeup_workdays)
    row = _first_version(year, holidays, makeup_workdays, source, now)
    changed = await repository.replace(session, row)
    published = await get(session, year)
    if changed:
        await emit(session, _published(published), now=now)
    return published


async def seed(session: AsyncSession, years: Iterable[int], *, source: str, now: datetime) -> None:
    """Publish the years that nobody has entered yet, from the packaged calendar."""
    for year, days in seed_years(years).items():
        row = _first_version(year, days.holidays, days.makeup_workdays, source, now)
        if await repository.insert_new(session, row):
            await emit(session, _published(row), now=now)


async def get(session: AsyncSession, year: int) -> PublishedYear:
    """Return the year; raises CalendarYearNotFound."""
    row = await repository.find(session, year)
    if row is None:
        raise CalendarYearNotFound(year=year)
    return row


async def load(session: AsyncSession) -> Calendar:
    """Return the whole calendar, to count working days with."""
    return Calendar({row.year: row.days() for row in await repository.list_all(session)})


def _first_version(
    year: int,
    holidays: Iterable[date],
    makeup_workdays: Iterable[date],
    source: str,
    now: datetime,
) -> PublishedYear:
    return PublishedYear(
        year=year,
        holidays=sorted(holidays),
        makeup_workdays=sorted(makeup_workdays),
        source=source,
        version=1,
        published_at=now,
    )


def _published(row: PublishedYear) -> CalendarYearPublished:
    return CalendarYearPublished(
        year=row.year,
        holidays=row.holidays,
        makeup_workdays=row.makeup_workdays,
        source=row.source,
        version=row.version,
    )
