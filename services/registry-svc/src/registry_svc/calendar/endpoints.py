"""HTTP of the working-day calendar (工作日历)."""

from typing import Annotated

from fastapi import Depends, Query

from registry_svc.calendar import service
from registry_svc.calendar.schemas import CalendarYearIn, CalendarYearOut, NoticeEndOut, Year
from tht_kit.auth import require
from tht_kit.fields import Day
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.principal import Principal

router = new_router(prefix="/v1/calendar", tags=["工作日历 / Working days"])


# Above /{year}, which would take "notice-end" for a year.
@router.get("/notice-end", summary="公示截止日 / Last day of a public notice")
async def get_notice_end(
    session: ReadSession,
    start: Annotated[Day, Query(description="公示首日（计入）/ first day, counted")],
    working_days: Annotated[int, Query(ge=1, le=250, description="工作日数 / working days")] = 20,
) -> NoticeEndOut:
    calendar = await service.load(session)
    end = calendar.notice_end(start, working_days)
    return NoticeEndOut(start=start, working_days=working_days, end=end)


@router.get("/{year}", summary="查询某年工作日历 / Get a year's calendar")
async def get_calendar_year(year: Year, session: ReadSession) -> CalendarYearOut:
    return CalendarYearOut.of(await service.get(session, year))


@router.put("/{year}", summary="发布某年工作日历 / Publish a year's calendar")
async def publish_calendar_year(
    year: Year,
    body: CalendarYearIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("calendar:write"))],
) -> CalendarYearOut:
    published = await service.publish(
        session,
        publisher_code=principal.organisation(),
        year=year,
        holidays=body.holidays,
        makeup_workdays=body.makeup_workdays,
        source=body.source,
        now=now,
    )
    return CalendarYearOut.of(published)
