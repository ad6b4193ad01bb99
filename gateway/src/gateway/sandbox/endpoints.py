"""HTTP of the sandbox clock; these routes exist only where SANDBOX=1."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import Depends

from gateway.container import GatewayContainer, GatewayDep
from gateway.edge.fetch import NoAnswer, fetch
from gateway.sandbox import followers, service
from gateway.sandbox.errors import ClockLags
from gateway.sandbox.schemas import ClockIn, ClockOut
from tht_kit.auth import require
from tht_kit.clock import SHANGHAI, legal_date, system_now
from tht_kit.errors import TemporarilyUnavailable, Text
from tht_kit.http import ReadSession, new_router
from tht_kit.principal import Principal
from tht_kit.working_days import MissingCalendarYear

router = new_router(prefix="/v1/sandbox/clock", tags=["沙箱 / Sandbox"])
Mover = Annotated[Principal, Depends(require("sandbox:clock"))]


@router.get("", summary="沙箱时钟 / The sandbox clock")
async def get_sandbox_clock(session: ReadSession, container: GatewayDep, mover: Mover) -> ClockOut:
    del mover
    offset_s = await service.get_offset_s(session)
    late = await followers.lagging(container.upstreams, container.clock, offset_s)
    return _clock(offset_s, late)


@router.put(
    "",
    summary="移动沙箱时钟 / Move the sandbox clock",
    description=(
        "全部服务跟上之后才应答；来不及时答复 503 并列出落后的服务。 / "
        "Answers when every service has followed; otherwise 503 names those that lag."
    ),
)
async def move_sandbox_clock(body: ClockIn, container: GatewayDep, mover: Mover) -> ClockOut:
    working_day = await _working_day(body, container)
    real_now = system_now()

    def target(offset_now_s: int) -> datetime:
        if body.now is not None:
            return body.now.astimezone(UTC)
        if working_day is not None:
            return _same_time_on(working_day, real_now + timedelta(seconds=offset_now_s))
        assert body.advance is not None, "checked by ClockIn"
        return real_now + timedelta(seconds=offset_now_s) + body.advance.delta

    # Committed before the waiting: the others learn of it from the outbox.
    async with container.database.write() as session:
        offset_s = await service.move(
            session,
            target,
            pointer="/now" if body.now is not None else "/advance",
            moved_by=mover.subject,
            real_now=real_now,
        )
    late = await followers.wait_for_all(
        container.upstreams, container.clock, partial(_current_offset_s, container)
    )
    if late:
        raise ClockLags(services=", ".join(late), headers={"Retry-After": "2"})
    return _clock(offset_s, [])


def _clock(offset_s: int, late: list[str]) -> ClockOut:
    real_now = system_now()
    return ClockOut(
        now=real_now + timedelta(seconds=offset_s),
        real_now=real_now,
        offset_s=offset_s,
        lagging=late,
    )


async def _current_offset_s(container: GatewayContainer) -> int:
    async with container.database.read() as session:
        return await service.get_offset_s(session)


async def _working_day(body: ClockIn, container: GatewayContainer) -> date | None:
    """Ask the registry, whose calendar it is, for the N-th working day after today.

    Raises MissingCalendarYear, TemporarilyUnavailable.
    """
    if body.advance is None or body.advance.working_days is None:
        return None
    offset_s = await _current_offset_s(container)
    tomorrow = legal_date(system_now() + timedelta(seconds=offset_s)) + timedelta(days=1)
    query = f"start={tomorrow.isoformat()}&working_days={body.advance.working_days}"
    try:
        fetched = await fetch(container.upstreams["registry"], "/v1/calendar/notice-end", query)
        answer = fetched.json()
    except NoAnswer as error:
        raise _no_calendar(str(error)) from None
    if fetched.status == MissingCalendarYear.status:
        raise MissingCalendarYear(year=f"{tomorrow.year}/{tomorrow.year + 1}")
    if fetched.status != 200 or "end" not in answer:  # noqa: PLR2004
        raise _no_calendar(f"status {fetched.status}")
    return date.fromisoformat(answer["end"])


def _no_calendar(reason: str) -> TemporarilyUnavailable:
    return TemporarilyUnavailable(
        reason=Text(
            zh=f"无法向登记服务查询工作日历：{reason}。",
            en=f"The registry's working-day calendar cannot be read: {reason}.",
        ),
        headers={"Retry-After": "2"},
    )


def _same_time_on(day: date, moment: datetime) -> datetime:
    time_of_day = moment.astimezone(SHANGHAI).timetz()
    return datetime.combine(day, time_of_day).astimezone(UTC)
