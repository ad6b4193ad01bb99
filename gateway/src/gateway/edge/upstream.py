"""A service behind the gateway, in another process: HTTP/1.1 with aiohttp, streamed both ways.

An upstream is an ASGI application like the services themselves, so embedded mode hands those over
instead and nothing else changes (decision 0014).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from starlette.types import Message, Receive, Scope, Send
from yarl import URL

from gateway.edge.errors import OutcomeUnknown, ServiceUnavailable
from gateway.edge.routing import PREFIXES

# Up to this size a body crosses in one piece, which is the cheaper way.
WHOLE_BYTES_MAX = 64 * 1024
# Below uvicorn's 5 s: a connection is dropped here before the service can drop it under a request.
KEEPALIVE_S = 4.0
RETRY_AFTER_S = "2"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class ClientGone(Exception):
    """The client closed its connection before its request was complete."""


class AnswerBroken(Exception):
    """The service's answer ended early; what has been sent on cannot be taken back."""


class HttpUpstream:
    """ASGI application that forwards to one service. `open` before use, `close` after."""

    def __init__(
        self,
        service: str,
        address: str,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        connections_max: int,
    ) -> None:
        self._service = service
        self._address = address.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(
            total=None,
            connect=connect_timeout_s,  # waiting for the pool included
            sock_connect=connect_timeout_s,
            sock_read=read_timeout_s,
        )
        self._connections_max = connections_max
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections_max, keepalive_timeout=KEEPALIVE_S
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_AIOHTTP,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request.

        Raises ServiceUnavailable when nothing was done, OutcomeUnknown when it may have been,
        AnswerBroken in the middle of an answer, ClientGone.
        """
        assert self._session is not None, "opened by the lifespan"
        data = await _body(scope, receive)
        try:
            answer = await self._session.request(
                scope["method"],
                URL(self._address + _target(scope), encoded=True),
                headers=[(name.decode("ascii"), _text(value)) for name, value in scope["headers"]],
                data=data,
                allow_redirects=False,
                middlewares=() if scope["method"] in _SAFE else (_only_once,),
            )
            async with answer:
                whole = await _whole(answer, scope["method"])
                if whole is None:
                    watched = None if isinstance(data, _Pieces) else receive
                    await _stream(answer, watched, send)
                else:
                    await send(_start(answer))
                    await send({"type": "http.response.body", "body": whole})
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise self._unavailable() from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            if isinstance(data, _Pieces) and data.client_gone:
                raise ClientGone from error
            if scope["method"] in _SAFE:
                raise self._unavailable() from error
            raise OutcomeUnknown(
                service=self._service, headers={"Retry-After": RETRY_AFTER_S}
            ) from error

    def _unavailable(self) -> ServiceUnavailable:
        return ServiceUnavailable(
            service=self._service,
            routes=", ".join(PREFIXES.get(self._service, ())),
            headers={"Retry-After": RETRY_AFTER_S},
        )


async def _only_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE again by itself after a connection was lost."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


class _Pieces:
    """A body handed on as it arrives. It can be read once: it refuses to be sent a second time."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._begun = False
        self.client_gone = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun:
            raise aiohttp.ClientConnectionError("the body has been sent once already")
        self._begun = True
        return self._read()

    async def _read(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.client_gone = True
                raise ClientGone
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body", False):
                return


async def _body(scope: Scope, receive: Receive) -> bytes | _Pieces | None:
    length: int | None = scope["body_length"]
    if length == 0:
        return None
    if length is None or length > WHOLE_BYTES_MAX:
        return _Pieces(receive)
    return b"".join([piece async for piece in _Pieces(receive)])


def _target(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _text(value: bytes) -> str:
    # aiohttp writes fields as UTF-8; what is not UTF-8 cannot be handed on unchanged.
    return value.decode("utf-8", "replace")


def _start(answer: aiohttp.ClientResponse) -> Message:
    headers = [(name.lower(), value) for name, value in answer.raw_headers]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _whole(answer: aiohttp.ClientResponse, method: str) -> bytes | None:
    length = answer.content_length
    if method == "HEAD" or (length is not None and length <= WHOLE_BYTES_MAX):
        return await answer.read()
    return None


async def _stream(answer: aiohttp.ClientResponse, receive: Receive | None, send: Send) -> None:
    """Send the answer on piece by piece; stop reading it when the client has gone."""
    await send(_start(answer))
    async with asyncio.TaskGroup() as group:
        copying = group.create_task(_copy(answer, send))
        if receive is not None:
            leaving = group.create_task(_disconnect(receive))
            await asyncio.wait({copying, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            copying.cancel()
    failure = None if copying.cancelled() else copying.result()
    if failure is not None:
        raise AnswerBroken from failure


async def _copy(answer: aiohttp.ClientResponse, send: Send) -> Exception | None:
    try:
        async for piece in answer.content.iter_any():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        return error
    await send({"type": "http.response.body", "body": b""})
    return None


async def _disconnect(receive: Receive) -> None:
    message: dict[str, Any] = {}
    while message.get("type") != "http.disconnect":
        message = dict(await receive())
