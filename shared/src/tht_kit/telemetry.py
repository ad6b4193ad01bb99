"""Metrics of this process (Prometheus) and traces through HTTP and the bus (OpenTelemetry).

Metrics are always counted and served at /metrics; one registry per process, the service is a label,
so the embedded process shows all services side by side. Spans are exported only when an OTLP
endpoint is configured; without one the trace context is still handed on, so a partner's trace is
never cut by us.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, Pool

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)

HTTP_SECONDS = Histogram(
    "tht_http_request_seconds",
    "Time to the end of the answer, by route template",
    ["service", "method", "route", "status"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
OUTBOX_AGE_SECONDS = Gauge(
    "tht_outbox_oldest_age_seconds",
    "Age of the oldest event that is not published yet",
    ["service"],
    registry=REGISTRY,
)
OUTBOX_DEPTH = Gauge(
    "tht_outbox_unpublished", "Events that are not published yet", ["service"], registry=REGISTRY
)
PUBLISHED = Counter(
    "tht_outbox_published", "Events published by the relay", ["service"], registry=REGISTRY
)
CONSUMER_LAG = Gauge(
    "tht_consumer_lag_records",
    "Records of a partition that the group has not committed yet",
    ["group", "topic", "partition"],
    registry=REGISTRY,
)
BATCH_RECORDS = Histogram(
    "tht_consumer_batch_records",
    "Records in one consumed batch",
    ["group", "topic"],
    buckets=_ROWS,
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram(
    "tht_consumer_batch_seconds",
    "Time of one batch, decoding to database commit",
    ["group", "topic"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "tht_dead_letters",
    "Records put aside into the dead-letter topic",
    ["group", "topic"],
    registry=REGISTRY,
)
RETRIES = Counter(
    "tht_retries",
    "Repeated work, by kind: http_transaction, consumer_batch, relay_publish",
    ["service", "kind"],
    registry=REGISTRY,
)
POOL_WAIT_SECONDS = Histogram(
    "tht_pool_wait_seconds",
    "Time to get a database connection from the pool",
    ["service"],
    buckets=_SECONDS,
    registry=REGISTRY,
)


def render() -> tuple[bytes, str]:
    """Return the metrics text of this process and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


async def metrics_app(scope: Any, receive: Any, send: Any) -> None:
    """Answer any HTTP request with the metrics of this process (ASGI)."""
    del receive
    if scope["type"] != "http":
        return
    body, content_type = render()
    headers = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve_metrics(port: int, host: str = "127.0.0.1") -> None:
    """Serve /metrics of a process that has no API of its own (a worker), from a daemon thread.

    Raises OSError when the port is taken.
    """
    start_http_server(port, addr=host, registry=REGISTRY)


def timed_pool(service: str) -> type[Pool]:
    """Return a pool class (for `create_async_engine(poolclass=...)`) that measures the waiting."""
    seconds = POOL_WAIT_SECONDS.labels(service)

    class TimedPool(AsyncAdaptedQueuePool):
        # SQLAlchemy names a pool's logger after its class: keep it among SQLAlchemy's.
        __module__ = AsyncAdaptedQueuePool.__module__

        def _do_get(self) -> ConnectionPoolEntry:
            started = time.perf_counter()
            try:
                return super()._do_get()
            finally:
                seconds.observe(time.perf_counter() - started)

    return TimedPool


_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("tanhuitong")


def configure_tracing(service: str, *, endpoint: str | None) -> None:
    """Export spans to the OTLP endpoint from now on; without an endpoint nothing is exported."""
    if not endpoint:
        return
    # Half a second of imports that most processes never need.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def inject(headers: MutableMapping[str, str]) -> None:
    """Write the current trace context into the headers of an outgoing request or record."""
    _propagator.inject(headers)


def current_traceparent() -> str | None:
    """Return the W3C traceparent of the running work: what the outbox stores with an event."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def span(
    name: str,
    *,
    parent: str | None = None,
    links: Iterable[str | None] = (),
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
) -> Iterator[trace.Span]:
    """Run the block in a span. `parent` is a traceparent; a batch passes its events' as `links`."""
    linked = [trace.Link(found) for found in map(_span_context, set(links) - {None}) if found]
    extracted = _propagator.extract({"traceparent": parent}) if parent else None
    token = context.attach(extracted) if extracted else None
    try:
        with _tracer.start_as_current_span(
            name, kind=kind, links=linked, attributes=attributes
        ) as current:
            yield current
    finally:
        if token is not None:
            context.detach(token)


def _span_context(traceparent: str | None) -> trace.SpanContext | None:
    found = trace.get_current_span(
        _propagator.extract({"traceparent": traceparent or ""})
    ).get_span_context()
    return found if found.is_valid else None


class TelemetryMiddleware:
    """ASGI: one span and one observation per request, named by the route's template.

    It stands outermost, so what it measures includes the commit and the retries of a transaction.
    """

    def __init__(self, app: Any, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def watched(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        started = time.perf_counter()
        with self._span(method, _header(scope, b"traceparent")) as current:
            try:
                await self._app(scope, receive, watched)
            finally:
                route = route_template(scope)
                elapsed_s = time.perf_counter() - started
                HTTP_SECONDS.labels(self._service, method, route, str(status)).observe(elapsed_s)
                current.update_name(f"{method} {route}")
                current.set_attribute("http.route", route)
                current.set_attribute("http.response.status_code", status)
                if status >= 500:  # noqa: PLR2004
                    current.set_status(Status(StatusCode.ERROR))

    @staticmethod
    def _span(method: str, parent: str | None) -> AbstractContextManager[trace.Span]:
        exporting = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        if exporting or parent is not None:
            return span(method, parent=parent, kind=SpanKind.SERVER)
        # Nobody began a trace and nobody would see it.
        return nullcontext(trace.INVALID_SPAN)


def route_template(scope: Any) -> str:
    """Return the template of the route that answered, or "unmatched": never a path with ids in it.

    A proxy that has no routes sets `scope["route_template"]` itself.
    """
    if "route_template" in scope:
        return str(scope["route_template"])
    # FastAPI keeps the prefix of included routers beside the route, not in it.
    included = scope.get("fastapi", {}).get("effective_route_context")
    for candidate in (included, scope.get("route")):
        template = getattr(candidate, "path_format", None) or getattr(candidate, "path", None)
        if template:
            return str(template)
    return "unmatched"


def _header(scope: Any, name: bytes) -> str | None:
    for found, value in scope["headers"]:
        if found == name:
            return str(value.decode("latin-1"))
    return None
