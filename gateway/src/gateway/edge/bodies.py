"""Request bodies with a limit on bytes and on time, counted while they stream."""

import asyncio

from starlette.types import Message, Receive

from gateway.edge.errors import BodyTooLarge, BodyTooSlow

_CLOSE = {"Connection": "close"}  # the rest of the body is not read
# A connection closed upon a client that still writes is reset, and the answer is lost with it.
DRAINED_BYTES_MAX = 16 * 1024 * 1024
DRAINED_S_MAX = 2.0


class BoundedBody:
    """ASGI receive: hands the body on piece by piece until one of its limits is passed."""

    def __init__(
        self,
        receive: Receive,
        *,
        length: int | None,
        bytes_max: int,
        idle_timeout_s: float,
        timeout_s: float,
    ) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._idle_timeout_s = idle_timeout_s
        self._timeout_s = timeout_s
        self._deadline_s = asyncio.get_running_loop().time() + timeout_s
        self._read_bytes = 0
        self._complete = False
        self.refusal: BodyTooLarge | BodyTooSlow | None = None
        if length is not None and length > bytes_max:
            self.refusal = self._too_large()

    async def __call__(self) -> Message:
        """Return the next piece; raises BodyTooLarge, BodyTooSlow, again if called again."""
        if self.refusal is not None:
            raise self.refusal
        if self._complete:
            return await self._receive()  # the disconnect, whenever it comes
        message = await self._next()
        self._read_bytes += len(message.get("body", b""))
        if self._read_bytes > self._bytes_max:
            self.refusal = self._too_large()
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

    async def drain(self) -> None:
        """Read on and forget, for a while, so that the client comes to read its refusal."""
        drained_bytes = 0
        try:
            async with asyncio.timeout(DRAINED_S_MAX):
                while not self._complete and drained_bytes < DRAINED_BYTES_MAX:
                    message = await self._receive()
                    drained_bytes += len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)
        except TimeoutError:
            return

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(limit_bytes=self._bytes_max, headers=_CLOSE)
