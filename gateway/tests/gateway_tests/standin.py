"""A service's stand-in behind the gateway: answers what it was asked, and misbehaves on request."""

import asyncio
import hashlib
from typing import Any

import orjson


class Standin:
    """ASGI application. `asked` lists the requests that reached it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reset()

    def reset(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.offset_s = 0
        self.ready = True
        self.answers: dict[str, object] = {}
        self.release = asyncio.Event()
        self.openapi = {"openapi": "3.1.0", "info": {}, "paths": {}, "components": {}}

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        path = scope["path"]
        if path == "/healthz":
            await self._json(send, {"status": "ok", "clock_offset_s": self.offset_s})
        elif path == "/readyz":
            await self._json(send, {"ready": self.ready}, status=200 if self.ready else 503)
        elif path == "/openapi.json":
            await self._json(send, self.openapi)
        elif path == "/problems.json":
            await self._json(send, [])
        elif path in self.answers:
            answer = self.answers[path]
            await self._json(send, answer(scope["query_string"]) if callable(answer) else answer)
        else:
            await self._behave(path.rsplit("/", 1)[-1], scope, receive, send)

    async def _behave(self, how, scope, receive, send) -> None:
        if how == "slow":
            await self.release.wait()
        if how == "raises":
            raise RuntimeError("broken inside")
        if how == "raises-after":
            await self._json(send, {"said": "before"})
            raise RuntimeError("broken after the answer")
        if how == "breaks-off":
            await self._start(send, [(b"content-length", b"1000000")])
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            await asyncio.sleep(0.05)
            raise RuntimeError("broken in the middle")
        if how == "big":
            await self._start(send, [(b"content-type", b"application/octet-stream")])
            for number in range(64):
                piece = bytes([number]) * 65_536
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        if how == "drips":
            await self._start(send, [(b"content-type", b"text/event-stream")])
            await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
            await self.release.wait()
            await send({"type": "http.response.body", "body": b"data: 2\n\n"})
            return
        if how == "early":  # answers without reading the body
            await self._json(send, {"early": True}, status=401)
            return
        await self._echo(scope, receive, send)

    async def _echo(self, scope, receive, send) -> None:
        digest, size, more = hashlib.sha256(), 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.asked.append({"path": scope["path"], "cut": True})
                return
            digest.update(message.get("body", b""))
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        asked = {
            "service": self.name,
            "method": scope["method"],
            "path": scope["path"],
            "raw_path": scope["raw_path"].decode("latin-1"),
            "query": scope["query_string"].decode(),
            "headers": [[n.decode(), v.decode("latin-1")] for n, v in scope["headers"]],
            "bytes": size,
            "sha256": digest.hexdigest(),
            "scope": sorted(scope),
        }
        self.asked.append(asked)
        await self._json(
            send,
            asked,
            extra=[
                (b"x-own", b"1"),
                (b"connection", b"x-own"),
                (b"x-request-id", b"theirs"),
                (b"set-cookie", b"a=1"),
                (b"set-cookie", b"b=2"),
            ],
        )

    async def _json(self, send, value, *, status=200, extra=()) -> None:
        body = orjson.dumps(value)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *extra,
        ]
        await self._start(send, headers, status)
        await send({"type": "http.response.body", "body": body})

    async def _start(self, send, headers, status=200) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
