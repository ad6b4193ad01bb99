"""The proxy on real sockets, over both transports: between processes, and inside one."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.edge.upstream import HttpUpstream
from gateway_tests.serving import closed, raw, unused_address


def headers_of(asked) -> dict[str, str]:
    return dict(asked["headers"])


async def test_a_request_reaches_its_service_unchanged(platform):
    answer = await platform.client.get(
        "/v1/projects/%E6%B8%9D?status=NOTICE&x=%2F", headers={"Accept-Language": "en"}
    )
    asked = answer.json()
    assert answer.status_code == 200
    assert (asked["service"], asked["method"]) == ("registry", "GET")
    assert asked["raw_path"] == "/v1/projects/%E6%B8%9D"
    assert asked["path"] == "/v1/projects/渝"
    assert asked["query"] == "status=NOTICE&x=%2F"
    assert headers_of(asked)["accept-language"] == "en"


async def test_every_service_gets_its_own_paths_only(platform):
    for path, service in (
        ("/v1/organisations", "registry"),
        ("/v1/totals/registry", "registry"),
        ("/v1/reports/1", "issuance"),
        ("/v1/certificates/1.pdf", "trading"),
        ("/v1/trips", "points"),
    ):
        assert (await platform.client.get(path)).json()["service"] == service


async def test_operators_routes_of_services_are_not_reachable(platform):
    for path in ("/v1/projects/../../metrics", "/registry/healthz", "/v1/metrics"):
        answer = await raw(
            platform.url, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        )
        assert answer.split(b" ", 2)[1] in (b"400", b"404"), path
    assert not any(service.asked for service in platform.services.values())


async def test_hop_by_hop_and_forwarded_fields_are_the_gateways(platform):
    answer = await platform.client.get(
        "/v1/projects",
        headers={
            "Connection": "keep-alive, X-Secret-Hop",
            "X-Secret-Hop": "1",
            "TE": "trailers",
            "X-Forwarded-For": "8.8.8.8",
            "Forwarded": "for=8.8.8.8",
            "X-Real-IP": "8.8.8.8",
            "X-Request-Id": "my-id.1",
        },
    )
    asked = headers_of(answer.json())
    assert "x-secret-hop" not in asked
    assert "te" not in asked
    assert "forwarded" not in asked
    assert "x-real-ip" not in asked
    assert asked["x-forwarded-for"] == "127.0.0.1"
    assert asked["x-forwarded-proto"] == "http"
    assert asked["x-request-id"] == "my-id.1"
    assert asked["x-forwarded-host"] == asked["host"] == platform.url.removeprefix("http://")


async def test_fields_of_an_answer(platform):
    answer = await platform.client.get("/v1/projects", headers={"X-Request-Id": "my-id.1"})
    assert answer.headers.get_list("x-request-id") == ["my-id.1"]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "x-own" not in answer.headers  # named by the service's Connection field
    assert len(answer.headers.get_list("date")) == 1
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a,b", "ü"])
async def test_a_request_id_that_is_not_sane_is_replaced(direct, given):
    answer = await direct.client.get(
        "/v1/projects", headers=[(b"X-Request-Id", given.encode("latin-1"))]
    )
    assert len(answer.headers["x-request-id"]) == 36


async def test_own_routes_carry_one_request_id(direct):
    answer = await direct.client.get("/v1/totals", headers={"X-Request-Id": "mine"})
    assert answer.headers.get_list("x-request-id") == ["mine"]
    assert answer.headers["ratelimit-policy"].startswith('"calls"')


async def test_bodies_of_all_sizes_arrive_whole(platform):
    for size in (1, 1000, 64 * 1024, 64 * 1024 + 1, 1024 * 1024):
        body = bytes(range(256)) * (size // 256 + 1)
        body = body[:size]
        answer = await platform.client.post("/v1/trips", content=body)
        assert answer.json()["bytes"] == size
        assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()


async def test_a_chunked_body_is_streamed_through(platform):
    async def pieces():
        for _ in range(40):
            yield b"0123456789" * 10_000

    answer = await platform.client.post("/v1/uploads", content=pieces())
    assert answer.json()["bytes"] == 4_000_000


async def test_a_big_answer_is_streamed_through(platform):
    received = 0
    async with platform.client.stream("GET", "/v1/certificates/big") as answer:
        async for piece in answer.aiter_bytes():
            received += len(piece)
    assert received == 64 * 65_536


async def test_the_first_piece_arrives_before_the_last_is_made(platform):
    service = platform.services["points"]
    async with platform.client.stream("GET", "/v1/scenarios/drips") as answer:
        pieces = answer.aiter_bytes()
        assert await anext(pieces) == b"data: 1\n\n"
        service.release.set()
        assert await anext(pieces) == b"data: 2\n\n"


async def test_head_has_no_body(platform):
    answer = await platform.client.head("/v1/projects")
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


async def test_an_answer_before_the_body_was_read_is_passed_on(platform):
    answer = await platform.client.post("/v1/uploads/early", content=b"x" * 500_000)
    assert answer.status_code == 401
    assert answer.json() == {"early": True}


async def test_a_service_that_is_down_takes_only_its_own_routes(start):
    platform = await start("http")
    down = HttpUpstream(
        "issuance",
        unused_address(),
        connect_timeout_s=1,
        read_timeout_s=1,
        connections_max=2,
    )
    await down.open()
    await platform.container.upstreams["issuance"].close()
    platform.container.upstreams["issuance"] = down

    refused = await platform.client.get("/v1/issuances", headers={"Accept-Language": "en"})
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "2"
    assert refused.json()["type"] == "/problems/service-unavailable"
    assert "/v1/issuances" in refused.json()["detail"]
    assert "/v1/projects" not in refused.json()["detail"]
    assert refused.json()["trace_id"] == refused.headers["x-request-id"]
    assert (await platform.client.get("/v1/projects")).status_code == 200
    assert (await platform.client.post("/v1/reports", json={})).status_code == 503


async def test_a_slow_service_is_given_up(start):
    platform = await start("http", upstream_read_timeout_s=0.2)
    read = await platform.client.get("/v1/projects/slow")
    assert (read.status_code, read.json()["type"]) == (503, "/problems/service-unavailable")
    write = await platform.client.post("/v1/projects/slow", json={})
    assert (write.status_code, write.json()["type"]) == (504, "/problems/outcome-unknown")
    platform.services["registry"].release.set()
    assert (await platform.client.get("/v1/projects/slow")).status_code == 200


@asynccontextmanager
async def forgetful() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that keeps a connection after its first answer and drops it upon the next request."""
    asked: list[bytes] = []

    async def serve(reader, writer):
        for number in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head.split(b" ", 1)[0])
            if number == 0:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                await writer.drain()
        await closed(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_an_unsafe_request_is_never_sent_twice(start, method):
    platform = await start("http")
    async with forgetful() as (address, asked):
        upstream = HttpUpstream(
            "registry", address, connect_timeout_s=1, read_timeout_s=1, connections_max=1
        )
        await upstream.open()
        await platform.container.upstreams["registry"].close()
        platform.container.upstreams["registry"] = upstream
        assert (await platform.client.get("/v1/projects")).status_code == 200
        answer = await platform.client.request(method, "/v1/projects/1", content=b"{}")
        assert (answer.status_code, answer.json()["type"]) == (504, "/problems/outcome-unknown")
        assert asked == [b"GET", method.encode()]


async def test_a_read_on_a_connection_that_was_dropped_is_asked_again(start):
    platform = await start("http")
    async with forgetful() as (address, asked):
        upstream = HttpUpstream(
            "registry", address, connect_timeout_s=1, read_timeout_s=1, connections_max=1
        )
        await upstream.open()
        await platform.container.upstreams["registry"].close()
        platform.container.upstreams["registry"] = upstream
        for _ in range(2):
            assert (await platform.client.get("/v1/projects")).status_code == 200
        assert asked == [b"GET"] * 3


async def test_an_application_that_raises_inside_the_process_is_a_500_problem(direct):
    answer = await direct.client.get("/v1/projects/raises")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert (await direct.client.get("/v1/projects")).status_code == 200


async def test_an_application_that_raises_after_its_answer_is_swallowed(direct):
    answer = await direct.client.get("/v1/projects/raises-after")
    assert answer.json() == {"said": "before"}
    assert (await direct.client.get("/v1/projects")).status_code == 200


async def test_direct_dispatch_hides_what_belongs_to_the_outer_application(direct):
    scope = (await direct.client.get("/v1/projects")).json()["scope"]
    assert {"state", "app", "router", "route_template"}.isdisjoint(scope)


async def test_an_answer_that_breaks_off_is_seen_by_the_client(platform):
    with pytest.raises(httpx.RemoteProtocolError):
        await platform.client.get("/v1/projects/breaks-off")
    assert (await platform.client.get("/v1/projects")).status_code == 200


async def test_a_client_that_leaves_does_not_leave_the_service_streaming(start):
    platform = await start("http")
    async with platform.client.stream("GET", "/v1/scenarios/drips") as answer:
        assert await anext(answer.aiter_bytes()) == b"data: 1\n\n"
    upstream = platform.container.upstreams["points"]
    async with asyncio.timeout(3):
        while upstream._session.connector._acquired:
            await asyncio.sleep(0.01)


async def test_unknown_paths_and_methods_are_problems(direct):
    missing = await direct.client.get("/v1/nothing", headers={"Accept-Language": "en"})
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")
    wrong = await direct.client.put("/v1/totals")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method-not-allowed")
    assert wrong.headers["allow"] == "GET"
    alien = await direct.client.request("TRACE", "/v1/projects")
    assert (alien.status_code, alien.json()["type"]) == (405, "/problems/method-not-allowed")
    assert not direct.services["registry"].asked


async def test_metrics_are_for_neighbours_only(direct):
    await direct.client.get("/v1/projects/7")
    shown = await direct.client.get("/metrics")
    assert 'route="/v1/projects/*"' in shown.text
    through = await direct.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert (through.status_code, through.json()["type"]) == (404, "/problems/not-found")


async def test_a_websocket_is_refused(direct):
    handshake = (
        b"GET /v1/projects HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    answer = await raw(direct.url, handshake)
    assert b"101" not in answer.split(b"\r\n", 1)[0]
