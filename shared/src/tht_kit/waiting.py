"""Waiting for one of several things, with a limit."""

import asyncio


async def wait_any(*events: asyncio.Event, timeout_s: float | None) -> None:
    """Return when one of the events is set or the time, if there is a limit, is over."""
    if any(event.is_set() for event in events):
        return
    # asyncio can wait for several things only through tasks; these end inside this call.
    waiters = [
        asyncio.ensure_future(event.wait())  # tht: allow THT004 awaited and cancelled in this call
        for event in events
    ]
    try:
        await asyncio.wait(waiters, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
