"""The gateway's own questions to the services: one GET, the same in both modes."""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Scope

from tht_kit.errors import DomainError

TIMEOUT_S = 3.0


class NoAnswer(Exception):
    """The service gave no usable answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    body: bytes

    def json(self) -> Any:
        """Return the decoded body; raises NoAnswer."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise NoAnswer(f"not JSON: {error}") from None


async def fetch(
    app: ASGIApp, path: str, query: str = "", *, timeout_s: float = TIMEOUT_S
) -> Fetched:
    """GET a path of an upstream. Raises NoAnswer."""
    parts: list[bytes] = []
    status = 0
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # nobody here ever disconnects
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    try:
        async with asyncio.timeout(timeout_s):
            await app(_scope(path, query), receive, send)
    except TimeoutError:
        raise NoAnswer(f"no answer within {timeout_s:g} s") from None
    except DomainError as error:
        raise NoAnswer(str(error)) from None
    except Exception as error:
        if not status:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
    return Fetched(status, b"".join(parts))


async def fetch_json(
    app: ASGIApp, path: str, query: str = "", *, timeout_s: float = TIMEOUT_S
) -> Any:
    """GET a JSON document with status 200. Raises NoAnswer."""
    fetched = await fetch(app, path, query, timeout_s=timeout_s)
    if fetched.status != 200:  # noqa: PLR2004
        raise NoAnswer(f"status {fetched.status}")
    return fetched.json()


def _scope(path: str, query: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"gateway.internal"), (b"accept", b"application/json")],
        "client": None,
        "server": ("gateway.internal", 80),
        "body_length": 0,
    }
