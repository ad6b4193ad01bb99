"""Request bodies with a limit on bytes and on time, counted while they stream."""

import asyncio

from starlette.types import Message, Receive

from gateway.edge.errors import BodyTooLarge, BodyTooSlow

_CLOSE = {"Connection": "close"}  # the rest of the body is not read


class BoundedBody:
    """ASGI receive: hands the body on piece by piece until one of its limits is passed."""

    def __init__(
        self, receive: Receive, *, bytes_max: int, idle_timeout_s: float, timeout_s: float
    ) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._idle_timeout_s = idle_timeout_s
        self._timeout_s = timeout_s
        self._deadline_s = asyncio.get_running_loop().time() + timeout_s
        self._read_bytes = 0
        self._complete = False
        self.refusal: BodyTooLarge | BodyTooSlow | None = None

    async def __call__(self) -> Message:
        """Return the next piece; raises BodyTooLarge, BodyTooSlow, again if called again."""
        if self.refusal is not None:
            raise self.refusal
        if self._complete:
            return await self._receive()  # the disconnect, whenever it comes
        message = await self._next()
        self._read_bytes += len(message.get("body", b""))
        if self._read_bytes > self._bytes_max:
            self.refusal = too_large(self._bytes_max)
            raise self.refusal
        self._complete = not message.get("more_body", False)
        return message

    async def _next(self) -> Message:
        now_s = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(self._deadline_s, now_s + self._idle_timeout_s)):
                return await self._receive()
        except TimeoutError:
            limit_s = min(self._idle_timeout_s, self._timeout_s)
            self.refusal = BodyTooSlow(limit_s=round(limit_s), headers=_CLOSE)
            raise self.refusal from None


def too_large(bytes_max: int) -> BodyTooLarge:
    return BodyTooLarge(limit_bytes=bytes_max, headers=_CLOSE)
