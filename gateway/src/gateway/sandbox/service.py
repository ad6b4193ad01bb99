"""The sandbox clock: real time plus an offset in whole seconds. It may be set back as well.

Setting it back is for starting over on dates whose calendar is known; facts that happened already
keep their later dates.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.sandbox import repository
from gateway.sandbox.errors import ClockOutOfRange
from tht_kit.control import ClockMoved
from tht_kit.outbox import emit

YEAR_FIRST, YEAR_LAST = 2000, 2099


async def get_offset_s(session: AsyncSession) -> int:
    return await repository.offset_s(session)


async def move(
    session: AsyncSession,
    target: Callable[[int], datetime],
    *,
    pointer: str,
    moved_by: str,
    real_now: datetime,
) -> int:
    """Move the clock and tell every process. Returns the new offset in seconds.

    `target` gives the wanted moment from the offset as it is under the lock. Raises ClockOutOfRange.
    """
    row = await repository.lock(session, now=real_now)
    wanted = target(row.offset_s)
    if not YEAR_FIRST <= wanted.year <= YEAR_LAST:
        raise ClockOutOfRange(pointer=pointer, first=YEAR_FIRST, last=YEAR_LAST)
    # Rounded up: a clock set to a moment is never still before it.
    row.offset_s = -((real_now - wanted) // timedelta(seconds=1))
    row.moved_by = moved_by
    row.moved_at = real_now
    await session.flush()
    await emit(session, ClockMoved(offset_s=row.offset_s), now=wanted)
    return row.offset_s
