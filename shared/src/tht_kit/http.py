"""The HTTP edge of a service: one factory, the same order of middleware everywhere.

Outermost first: telemetry, request context, retry of whole transactions, then FastAPI.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tht_kit import idempotency
from tht_kit.auth import authenticated
from tht_kit.clock import SandboxClock
from tht_kit.db import UNSTORABLE_TEXT, is_retryable, sqlstate
from tht_kit.errors import MalformedBody, MediaTypeUnsupported, Text, catalogue
from tht_kit.ids import new_id
from tht_kit.problems import PROBLEM_SCHEMA, install_handlers
from tht_kit.service import Container, start_listening
from tht_kit.sessions import ReadSession, WriteSession
from tht_kit.supervisor import Supervisor
from tht_kit.telemetry import RETRIES, TelemetryMiddleware, render

__all__ = [
    "ContainerDep",
    "KitRoute",
    "Now",
    "ReadSession",
    "WriteSession",
    "build_app",
    "new_router",
]

TRANSACTION_TRIES_MAX = 5
REPLAYED_BODY_BYTES_MAX = 4 * 1024 * 1024
READY_TIMEOUT_S = 3.0
SECURITY_SCHEME = "client_credentials"
_REQUEST_ID_CHARS_MAX = 64
_MEDIA_TYPE_CHARS_MAX = 100
_NUL = Text(zh="文本中含有空字符（U+0000）。", en="A text holds the character U+0000.")
_log = structlog.get_logger(__name__)


class KitRoute(APIRoute):
    """Stores the answer of an idempotent request after the endpoint and before the commit.

    FastAPI leaves function-scoped dependencies, and so commits, after the route's handler returns.
    It also shows in the OpenAPI document which scope the route's dependencies ask for.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(path, endpoint, **kwargs)
        self.openapi_extra = {**_asked_by(self.dependant), **(self.openapi_extra or {})} or None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint = super().get_route_handler()
        takes_json = self.body_field is not None and not isinstance(
            self.body_field.field_info, Form
        )

        async def handle(request: Request) -> Response:
            if takes_json and _has_body(request):
                _check_media_type(request)
            try:
                response = await endpoint(request)
            except DBAPIError as error:
                if sqlstate(error) in UNSTORABLE_TEXT:
                    raise MalformedBody(reason=_NUL) from error
                raise
            await idempotency.remember(request, response)
            return response

        return handle


def _has_body(request: Request) -> bool:
    """Say whether the request announces a body (RFC 9112, section 6)."""
    length = request.headers.get("content-length")
    return "transfer-encoding" in request.headers or length not in (None, "0")


def _check_media_type(request: Request) -> None:
    """Raise MediaTypeUnsupported unless the body is said to be JSON, as FastAPI reads it."""
    given = request.headers.get("content-type", "")
    main, _, subtype = given.partition(";")[0].strip().lower().partition("/")
    if main != "application" or not (subtype == "json" or subtype.endswith("+json")):
        missing = Text(zh="（缺失）", en="(missing)")
        shown = given[:_MEDIA_TYPE_CHARS_MAX] or missing
        raise MediaTypeUnsupported(media_type=shown, accepted="application/json")


def new_router(**kwargs: Any) -> APIRouter:
    """Return an APIRouter whose routes keep idempotent answers."""
    return APIRouter(route_class=KitRoute, **kwargs)


def _asked_by(dependant: Dependant) -> dict[str, Any]:
    """Return what the OpenAPI document says of a route's dependencies: scopes, Idempotency-Key.

    A public route has no `security`; one that takes any valid token has an empty list of scopes.
    """
    calls: list[Any] = []
    waiting = list(dependant.dependencies)
    while waiting:
        part = waiting.pop()
        calls.append(part.call)
        waiting += part.dependencies
    shown: dict[str, Any] = {}
    if authenticated in calls:
        scopes = {getattr(call, "required_scope", None) for call in calls} - {None}
        shown["security"] = [{SECURITY_SCHEME: sorted(scopes)}]
    if idempotency.claim in calls:
        shown["parameters"] = [idempotency.PARAMETER]
    return shown


def container_of(request: Request) -> Container:
    container: Container = request.app.state.container
    return container


ContainerDep = Annotated[Container, Depends(container_of)]


def now_of(container: ContainerDep) -> datetime:
    return container.clock.now()


Now = Annotated[datetime, Depends(now_of)]


def build_app(
    *,
    title: str,
    container: Container,
    routers: Sequence[APIRouter],
    openapi_url: str | None = "/openapi.json",
) -> FastAPI:
    """Return a service's application around its container."""

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        await container.open()
        supervisor = Supervisor()
        try:
            await start_listening(container, supervisor)
            yield
        finally:
            await supervisor.stop()
            await container.close()

    app = FastAPI(
        title=title,
        version="1.0.0",
        openapi_url=openapi_url,
        docs_url=None,
        redoc_url=None,
        lifespan=running,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
    )
    app.state.container = container
    for part in routers:
        app.include_router(part)
    app.include_router(_operations())
    install_handlers(app)
    app.add_middleware(RetryTransaction, service=container.service)
    _surround(app, container.service)
    _describe_problems(app)
    return app


def _surround(app: FastAPI, service: str) -> None:
    """Put telemetry and the request's id around everything, also around the answer to a crash.

    What `add_middleware` adds stands inside Starlette's own handler of unknown errors.
    """
    build = app.build_middleware_stack

    def surrounded() -> ASGIApp:
        return TelemetryMiddleware(RequestContext(build()), service=service)

    app.build_middleware_stack = surrounded  # type: ignore[method-assign]


def _operation_id(route: APIRoute) -> str:
    return route.name


def _describe_problems(app: FastAPI) -> None:
    """Replace FastAPI's own 422 schema in the OpenAPI document by the problem document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        components = document.setdefault("components", {})
        components["securitySchemes"] = {SECURITY_SCHEME: _security_scheme(document)}
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = PROBLEM_SCHEMA
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        for operations in document.get("paths", {}).values():
            for operation in operations.values():
                responses = operation["responses"]
                responses.pop("422", None)
                responses["default"] = {
                    "description": "问题说明 / problem document (RFC 9457)",
                    "content": {"application/problem+json": problem},
                }
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _security_scheme(document: dict[str, Any]) -> dict[str, Any]:
    """Return the OAuth2 scheme with every scope that an operation of the document asks for."""
    scopes = sorted(
        {
            scope
            for operations in document.get("paths", {}).values()
            for operation in operations.values()
            for asked in operation.get("security", [])
            for scope in asked.get(SECURITY_SCHEME, [])
        }
    )
    flow = {"tokenUrl": "/oauth2/token", "scopes": dict.fromkeys(scopes, "")}
    return {"type": "oauth2", "flows": {"clientCredentials": flow}}


def _operations() -> APIRouter:
    """Return the routes for operators: not part of the public API, never behind the gateway."""
    part = APIRouter(include_in_schema=False)

    @part.get("/healthz")
    async def healthz(container: ContainerDep) -> dict[str, Any]:
        offset_s = 0
        if isinstance(container.clock, SandboxClock):
            offset_s = int(container.clock.offset.total_seconds())
        now = container.clock.now().isoformat()
        return {
            "status": "ok",
            "service": container.service,
            "now": now,
            "clock_offset_s": offset_s,
        }

    @part.get("/readyz")
    async def readyz(container: ContainerDep, response: Response) -> dict[str, Any]:
        checks = await readiness(container)
        ready = all(found == "ok" for found in checks.values())
        response.status_code = 200 if ready else 503
        return {"ready": ready, "service": container.service, "checks": checks}

    @part.get("/problems.json")
    async def problems() -> list[dict[str, Any]]:
        return problem_catalogue()

    @part.get("/metrics")
    async def metrics() -> Response:
        body, content_type = render()
        return Response(body, media_type=content_type)

    return part


def problem_catalogue() -> list[dict[str, Any]]:
    """Return every error type of this process with its texts, sorted by type."""
    return [
        {
            "type": error.type,
            "status": error.status,
            "title": {"zh": error.title.zh, "en": error.title.en},
            "detail": {"zh": error.detail.zh, "en": error.detail.en},
            "fix": {"zh": error.fix.zh, "en": error.fix.en},
        }
        for _, error in sorted(catalogue(strict=False).items())
    ]


async def readiness(container: Container) -> dict[str, str]:
    """Return "ok" or what is wrong, for each thing that the service cannot work without."""
    return {
        "database": await _check(_database_answers(container)),
        "bus": await _check(container.bus.check()),
    }


async def _database_answers(container: Container) -> None:
    async with container.database.read() as session:
        await session.execute(text("SELECT 1"))


async def _check(probe: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            await probe
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is "not ready"
        return f"{type(error).__name__}: {error}"[:200]
    return "ok"


class RequestContext:
    """ASGI: gives each request an id, binds it to the log lines and sends it back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_request_id(scope) or str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=request_id):
            try:
                await self._app(scope, receive, answer)
            finally:
                if scope["path"] not in ("/healthz", "/readyz", "/metrics"):
                    elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
                    _log.info(
                        "request.done",
                        method=scope["method"],
                        path=scope["path"],
                        status=status,
                        elapsed_ms=elapsed_ms,
                    )


def _given_request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            found: str = value.decode("latin-1")
            if 0 < len(found) <= _REQUEST_ID_CHARS_MAX and found.isascii() and found.isprintable():
                return found
    return None


class RetryTransaction:
    """ASGI: runs a request again when PostgreSQL asks for it (deadlock, serialisation failure).

    The whole request is repeated from its buffered body: the transaction was rolled back, nothing had
    been sent. A body too large to keep is streamed and not retried.
    """

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        messages, complete = await _buffer(receive)
        for attempt in range(1, TRANSACTION_TRIES_MAX + 1):
            started = False

            async def answer(message: Message) -> None:
                nonlocal started
                started = True
                await send(message)

            attempt_scope = {**scope, "state": dict(scope.get("state", {}))}
            try:
                await self._app(attempt_scope, _replaying(messages, receive), answer)
            except Exception as error:
                last = attempt == TRANSACTION_TRIES_MAX or not complete
                if started or last or not is_retryable(error):
                    raise
            else:
                return
            finally:
                # Telemetry, which stands further out, names the request by the route found here.
                scope.update({k: v for k, v in attempt_scope.items() if k != "state"})
            RETRIES.labels(self._service, "http_transaction").inc()
            _log.warning("transaction.retried", attempt=attempt)
            await asyncio.sleep(random.uniform(0.005, 0.02) * 2**attempt)  # noqa: S311


async def _buffer(receive: Receive) -> tuple[list[Message], bool]:
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return messages, True
        if size > REPLAYED_BODY_BYTES_MAX:
            return messages, False


def _replaying(messages: list[Message], receive: Receive) -> Receive:
    pending = iter(messages)

    async def again() -> Message:
        for message in pending:
            return message
        return await receive()

    return again
