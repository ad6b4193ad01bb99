"""The gateway's outermost layer, pure ASGI: guard, limits, then a service or the gateway's own app.

Bodies stream through; nothing is retried; a service that is away takes only its own routes.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.edge import guard, headers, routing
from gateway.edge.access import AccessLog
from gateway.edge.bodies import BoundedBody
from gateway.edge.callers import Callers
from gateway.edge.errors import BodyTooLarge, RateLimited
from gateway.edge.headers import Headers
from gateway.edge.limits import Decision, Limits
from gateway.edge.upstream import ClientGone
from tht_kit.errors import DomainError, InternalError, NotFound
from tht_kit.problems import problem
from tht_kit.telemetry import TelemetryMiddleware, inject

# Asked all the time by machines that watch over the platform: neither counted nor logged.
PROBES = frozenset({"/healthz", "/readyz", "/readyz/self"})
# For the scraper beside this process; who comes through a load balancer does not see it.
METRICS = "/metrics"
# What an outer application has put into the scope is not the inner one's.
_OUTER = ("state", "app", "router", "route", "endpoint", "path_params", "route_template", "fastapi")
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BodyLimits:
    """Bytes and seconds that a request's body may take."""

    bytes_max: int
    upload_bytes_max: int
    idle_timeout_s: float
    timeout_s: float
    upload_timeout_s: float


class Proxy:
    """ASGI application in front of the services and of the gateway's own routes."""

    def __init__(
        self,
        *,
        own: ASGIApp,
        upstreams: Mapping[str, ASGIApp],
        limits: Limits,
        callers: Callers,
        bodies: BodyLimits,
        access_log: AccessLog,
    ) -> None:
        self._own = own
        self._upstreams = upstreams
        self._limits = limits
        self._callers = callers
        self._bodies = bodies
        self._access_log = access_log
        self._forward_measured = TelemetryMiddleware(self._forward, service="gateway")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._own(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = headers.request_id_of(scope)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        sent = _Sent(send, request_id, time.perf_counter())
        try:
            scope["body_length"] = guard.check(scope)
            if scope["path"] == METRICS and not headers.is_neighbour(scope):
                raise NotFound(path=METRICS)
            target = routing.match(scope["path"])
            if scope["path"] not in PROBES:
                await self._count(scope, sent)
            receive = await self._bounded(scope, receive)
        except DomainError as error:
            await self._refuse(error, scope, sent)
            return
        if target is None:
            scope["headers"] = headers.towards_upstream(scope, request_id)
            sent.identify = False
            await _run(self._own, scope, Request(scope), receive, sent)
            return
        scope["service"], scope["route_template"] = target[0], f"{target[1]}/*"
        await self._forward_measured(scope, receive, sent)
        self._access_log.write(scope, sent)

    async def _count(self, scope: Scope, sent: "_Sent") -> None:
        sent.client_id = await self._callers.client_id(scope)
        decision = await self._limits.spend(
            client_id=sent.client_id, address=headers.client_address(scope)
        )
        sent.quota = decision
        if not decision.allowed:
            raise RateLimited(
                quota=decision.quota,
                window_s=decision.window_s,
                reset_s=decision.reset_s,
                headers={"Retry-After": str(decision.reset_s)},
            )

    async def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Return the body with its limits; raises BodyTooLarge for a length that passes them."""
        length: int | None = scope["body_length"]
        if length == 0:
            return receive
        upload = routing.takes_files(scope["path"])
        body = BoundedBody(
            receive,
            length=length,
            bytes_max=self._bodies.upload_bytes_max if upload else self._bodies.bytes_max,
            idle_timeout_s=self._bodies.idle_timeout_s,
            timeout_s=self._bodies.upload_timeout_s if upload else self._bodies.timeout_s,
        )
        if body.refusal is not None:
            # A client that waits for "100 Continue" reads the refusal first.
            if not any(name == b"expect" for name, _ in scope["headers"]):
                await body.drain()
            raise body.refusal
        return body

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to its service, with what the service may see of it."""
        inner = {name: value for name, value in scope.items() if name not in _OUTER}
        inner["headers"] = headers.towards_upstream(scope, scope["state"]["request_id"])
        trace: dict[str, str] = {}
        inject(trace)
        if trace:
            inner["headers"] = headers.with_fields(inner["headers"], trace)
        await _run(self._upstreams[scope["service"]], inner, Request(scope), receive, send)

    async def _refuse(self, error: DomainError, scope: Scope, sent: "_Sent") -> None:
        await _answer(error, Request(scope), sent)
        self._access_log.write(scope, sent, refused=error.type)


async def _answer(error: DomainError, request: Request, send: Send) -> None:
    """Send a refusal of the gateway's own: its header fields leave as they are."""

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def marked(message: Message) -> None:
        await send({**message, "by_gateway": True})

    await problem(error, request)(request.scope, nothing, marked)


async def _run(app: ASGIApp, scope: Scope, request: Request, receive: Receive, send: Send) -> None:
    """Let the application answer; answer in its place what it could not.

    An application in this process raises again after it has answered 500 (decision 0014). An answer
    that breaks off is cut by the server, so the client sees that it is not complete.
    """
    began = False

    async def watched(message: Message) -> None:
        nonlocal began
        # Whatever the application makes of a body that was cut off, the reason is the answer.
        if not began and getattr(receive, "refusal", None) is not None:
            return
        began = True
        await send(message)

    failure: Exception | None = None
    try:
        await app(scope, receive, watched)
    except ClientGone:
        _log.info("gateway.client_gone", path=scope["path"])
        return
    except Exception as error:  # noqa: BLE001 - the server would only cut the connection
        failure = error
    refusal: DomainError | None = getattr(receive, "refusal", None)
    if isinstance(refusal, BodyTooLarge) and isinstance(receive, BoundedBody):
        await receive.drain()
    if refusal is None and isinstance(failure, DomainError):
        refusal = failure
    if refusal is None and failure is not None:
        _log.error("gateway.upstream_failed", path=scope["path"], answered=began, exc_info=failure)
        refusal = InternalError()
    if refusal is not None and not began:
        await _answer(refusal, request, send)


class _Sent:
    """ASGI send: puts the gateway's own header fields in, and remembers what left."""

    def __init__(self, send: Send, request_id: str, started_s: float) -> None:
        self._send = send
        self.request_id = request_id
        self.started_s = started_s
        self.client_id: str | None = None
        self.quota: Decision | None = None
        self.identify = True  # False: the application behind adds X-Request-Id itself
        self.status = 0
        self.body_bytes = 0

    async def __call__(self, message: Message) -> None:
        by_gateway = message.pop("by_gateway", False)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", [])
            message = {**message, "headers": self._headers(given, by_gateway=by_gateway)}
        else:
            self.body_bytes += len(message.get("body", b""))
        await self._send(message)

    def _headers(self, given: Headers, *, by_gateway: bool) -> Headers:
        own: Headers = [_NO_SNIFFING]
        if self.quota is not None:
            own += self.quota.headers()
        if by_gateway or self.identify:
            own.append((b"x-request-id", self.request_id.encode()))
        if by_gateway or not self.identify:
            return [*given, *own]
        return headers.towards_client(given, own)
