"""How many calls a caller may make: fixed windows on the clock, counted per process or in Redis.

The `limits` library reads the policies. Its store in memory is not used: each call of it walks over
all keys in a task of its own, so many client addresses would slow every call.
"""

import asyncio
from dataclasses import dataclass
from math import ceil
from typing import Protocol

import structlog
from limits import RateLimitItem, parse
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.edge.headers import Headers
from tht_kit.clock import system_now

REDIS_TIMEOUT_S = 0.25
_log = structlog.get_logger(__name__)


class Counter(Protocol):
    """Counts calls within numbered windows."""

    async def add(self, key: str, *, window: int, window_s: int) -> int:
        """Count one call of the key and return how many the window has now."""
        ...

    async def close(self) -> None: ...


class MemoryCounter:
    """Counts of this process. A new window forgets the old one whole, so nothing has to expire."""

    def __init__(self) -> None:
        self._windows: dict[int, tuple[int, dict[str, int]]] = {}

    async def add(self, key: str, *, window: int, window_s: int) -> int:
        current, counts = self._windows.get(window_s, (window, {}))
        if current != window:
            counts = {}
        self._windows[window_s] = (window, counts)
        counts[key] = counts.get(key, 0) + 1
        return counts[key]

    async def close(self) -> None:
        """Nothing is held."""


class RedisCounter:
    """Counts that all gateway processes share; while Redis is away each process counts alone."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url)
        self._alone = MemoryCounter()

    async def add(self, key: str, *, window: int, window_s: int) -> int:
        name = f"tht:calls:{window_s}:{window}:{key}"
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_S), self._redis.pipeline() as both:
                both.incr(name)
                both.expire(name, window_s * 2)
                count, _ = await both.execute()
        except (RedisError, OSError, TimeoutError) as error:
            # Limits fail open: they protect the platform's ease, not its ledgers.
            _log.warning("limits.redis_away", error=type(error).__name__)
            return await self._alone.add(key, window=window, window_s=window_s)
        return int(count)

    async def close(self) -> None:
        await self._redis.aclose()


@dataclass(frozen=True, slots=True)
class Decision:
    """What a call was told about its caller's quota."""

    quota: int
    window_s: int
    used: int
    reset_s: int

    @property
    def allowed(self) -> bool:
        return self.used <= self.quota

    def headers(self) -> Headers:
        """Return the fields of draft-ietf-httpapi-ratelimit-headers."""
        remaining = max(0, self.quota - self.used)
        return [
            (b"ratelimit-policy", b'"calls";q=%d;w=%d' % (self.quota, self.window_s)),
            (b"ratelimit", b'"calls";r=%d;t=%d' % (remaining, self.reset_s)),
        ]


class Limits:
    """The policies: one for callers with a token, one for addresses without."""

    def __init__(self, counter: Counter, *, partner: str, address: str) -> None:
        self._counter = counter
        self._partner: RateLimitItem = parse(partner)
        self._address: RateLimitItem = parse(address)

    async def spend(self, *, client_id: str | None, address: str) -> Decision:
        """Count one call of a partner, or of an address that shows no valid token."""
        policy = self._address if client_id is None else self._partner
        key = f"address:{network_of(address)}" if client_id is None else f"client:{client_id}"
        window_s = policy.get_expiry()
        now_s = system_now().timestamp()
        window = int(now_s // window_s)
        used = await self._counter.add(key, window=window, window_s=window_s)
        reset_s = max(1, ceil((window + 1) * window_s - now_s))
        return Decision(policy.amount, window_s, used, reset_s)


def network_of(address: str) -> str:
    """Return what one subscriber has: the address, of IPv6 the first four groups."""
    if ":" not in address:
        return address
    return ":".join(address.split("%", 1)[0].split(":")[:4])
