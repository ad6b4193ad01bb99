"""Whether every process runs on the sandbox clock's offset: their /healthz says it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp

from gateway.edge.fetch import NoAnswer, fetch_json
from tht_kit.clock import Clock, SandboxClock

POLL_S = 0.05
WAIT_S_MAX = 20.0
GATEWAY = "gateway"


async def lagging(upstreams: Mapping[str, ASGIApp], clock: Clock, offset_s: int) -> list[str]:
    """Return the services that do not run on the offset, or do not answer."""
    names = sorted(upstreams)
    offsets = await asyncio.gather(*(_offset_s(upstreams[name]) for name in names))
    late = [name for name, found in zip(names, offsets, strict=True) if found != offset_s]
    own = int(clock.offset.total_seconds()) if isinstance(clock, SandboxClock) else 0
    return late if own == offset_s else [GATEWAY, *late]


async def wait_for_all(
    upstreams: Mapping[str, ASGIApp],
    clock: Clock,
    offset_s: Callable[[], Awaitable[int]],
    *,
    wait_s: float = WAIT_S_MAX,
) -> list[str]:
    """Wait until all follow; return the names of those that do not in time.

    `offset_s` is asked each time: somebody else may move the clock on in the meantime.
    """
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + wait_s
    while late := await lagging(upstreams, clock, await offset_s()):
        if loop.time() > deadline_s:
            return late
        await asyncio.sleep(POLL_S)
    return []


async def _offset_s(app: ASGIApp) -> int | None:
    try:
        health = await fetch_json(app, "/healthz")
    except NoAnswer:
        return None
    offset: int | None = health.get("clock_offset_s")
    return offset
