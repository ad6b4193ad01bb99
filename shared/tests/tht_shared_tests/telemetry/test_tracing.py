import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tht_kit.telemetry import current_traceparent, inject, span

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_without_an_exporter_the_trace_is_handed_on_unchanged():
    headers: dict[str, str] = {}
    with span("consume", parent=PARENT):
        inject(headers)
        assert current_traceparent() == PARENT

    assert headers == {"traceparent": PARENT}
    assert current_traceparent() is None


def test_a_broken_traceparent_is_ignored():
    with span("consume", parent="not a trace"):
        assert current_traceparent() is None


# One process per test: OpenTelemetry takes its provider once and for all.
REQUEST_THEN_EVENT = """
import asyncio, sys
from opentelemetry import trace
from tht_kit.telemetry import TelemetryMiddleware, configure_tracing, current_traceparent, span

configure_tracing("points-svc", endpoint=sys.argv[1])
kept = []

async def app(scope, receive, send):
    kept.append(current_traceparent())
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b""})

async def send(message):
    pass

scope = {"type": "http", "method": "POST", "route_template": "/v1/trips",
         "headers": [(b"traceparent", sys.argv[2].encode())]}
asyncio.run(TelemetryMiddleware(app, service="points-svc")(scope, None, send))
with span("points.trips consume", links=[kept[0], None]):
    pass
trace.get_tracer_provider().shutdown()
"""


def test_request_and_event_spans_reach_the_collector_in_one_trace():
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                REQUEST_THEN_EVENT,
                f"http://127.0.0.1:{server.server_port}",
                PARENT,
            ],
            env={**os.environ, "OTEL_EXPORTER_OTLP_COMPRESSION": "none"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert done.returncode == 0, done.stderr
    request = ExportTraceServiceRequest.FromString(b"".join(received))
    spans = {s.name: s for r in request.resource_spans for q in r.scope_spans for s in q.spans}
    server_span = spans["POST /v1/trips"]
    assert server_span.trace_id.hex() == PARENT.split("-")[1]
    assert server_span.parent_span_id.hex() == PARENT.split("-")[2]
    link = spans["points.trips consume"].links[0]
    assert (link.trace_id, link.span_id) == (server_span.trace_id, server_span.span_id)
    assert json.dumps([a.key for a in server_span.attributes]).count("http.route") == 1
