"""Bytes and seconds of a body, counted while it streams."""

import asyncio

import pytest

from gateway_tests.serving import closed, raw

KIB = 1024


async def pieces(count: int, size: int = KIB):
    for _ in range(count):
        yield b"x" * size


async def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(start, platform):
    client = platform.client
    assert (await client.post("/v1/trips", content=b"x" * 1024 * KIB)).status_code == 200
    refused = await client.post("/v1/trips", content=b"x" * (1024 * KIB + 1))
    assert refused.status_code == 413
    assert refused.json()["type"] == "/problems/body-too-large"
    assert "1048576" in refused.json()["detail"]


async def test_uploads_have_a_limit_of_their_own(start):
    for transport in ("http", "direct"):
        platform = await start(transport, upload_bytes_max=3000 * KIB)
        client = platform.client
        taken = await client.post("/v1/uploads?kind=meter_readings", content=pieces(3000))
        assert taken.json()["bytes"] == 3000 * KIB
        refused = await client.post("/v1/uploads", content=b"x" * (3000 * KIB + 1))
        assert refused.status_code == 413
        assert (await client.post("/v1/uploadsX", content=b"x" * 2000 * KIB)).status_code == 413


async def test_a_chunked_body_is_cut_at_the_limit(platform):
    refused = await platform.client.post("/v1/trips", content=pieces(1025))
    assert refused.status_code == 413
    assert refused.headers["connection"] == "close"
    assert not any(asked.get("bytes") for asked in platform.services["points"].asked)


@pytest.mark.parametrize("path", ["/v1/trips", "/v1/partners", "/oauth2/token"])
async def test_own_routes_have_the_same_limit(direct, path):
    refused = await direct.client.post(path, content=pieces(1025))
    assert refused.status_code == 413
    assert refused.json()["type"] == "/problems/body-too-large"


@pytest.mark.parametrize("transport", ["http", "direct"])
@pytest.mark.parametrize("length", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_a_body_that_stops_coming_is_given_up(start, transport, length):
    platform = await start(transport, body_idle_timeout_s=0.2)
    for path in (b"/v1/trips", b"/oauth2/token"):
        answer = await raw(
            platform.url, b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert b"/problems/body-too-slow" in answer


async def test_a_body_that_drips_is_given_up(start):
    platform = await start("http", body_idle_timeout_s=0.5, body_timeout_s=0.6)
    host, _, port = platform.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /v1/trips HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")

    async def drip():
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.1)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(5):
        answer = await reader.read(4096)
    dripping.cancel()
    await asyncio.gather(dripping, return_exceptions=True)
    await closed(writer)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_leaves_in_the_middle_of_its_body_ends_the_request(start):
    platform = await start("http")
    host, _, port = platform.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /v1/uploads HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
    writer.write(b"x" * 200_000)
    await writer.drain()
    upstream = platform.container.upstreams["issuance"]
    async with asyncio.timeout(5):
        while not upstream._session.connector._acquired:
            await asyncio.sleep(0.01)
        await closed(writer)
        while upstream._session.connector._acquired:
            await asyncio.sleep(0.01)
    assert not any(asked.get("bytes") for asked in platform.services["issuance"].asked)
