"""Limits are reached on proxied and on own routes; partners and addresses are counted apart."""

import asyncio
import shutil
import subprocess

import pytest

from gateway.edge.limits import Limits, MemoryCounter, RedisCounter, network_of
from gateway_tests.serving import closed, unused_address


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/projects"),
        ("POST", "/v1/trips"),
        ("GET", "/v1/totals"),
        ("GET", "/v1/partners"),
        ("POST", "/oauth2/token"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/problems"),
        ("GET", "/"),
        ("GET", "/verify"),
        ("PUT", "/v1/sandbox/clock"),
        ("GET", "/v1/nothing"),
    ],
)
async def test_429_is_reached_on_every_route(start, method, path):
    platform = await start("direct", rate_address="3/hour")
    seen = [(await platform.client.request(method, path)) for _ in range(4)]
    assert [answer.status_code == 429 for answer in seen] == [False, False, False, True]
    refused = seen[-1]
    assert refused.json()["type"] == "/problems/rate-limited"
    assert refused.headers["ratelimit-policy"] == '"calls";q=3;w=3600'
    assert refused.headers["ratelimit"].startswith('"calls";r=0;t=')
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert [answer.headers["ratelimit"][8:11] for answer in seen] == ["r=2", "r=1", "r=0", "r=0"]


async def test_probes_are_not_counted(start):
    platform = await start("direct", rate_address="1/hour")
    for _ in range(3):
        assert (await platform.client.get("/healthz")).status_code == 200


async def test_partners_have_their_own_quota(start):
    platform = await start("direct", rate_address="2/hour", rate_partner="3/hour")
    get = platform.client.get
    one, two = platform.bearer("partner-1"), platform.bearer("partner-2")
    assert [(await get("/v1/projects", headers=one)).status_code for _ in range(4)] == [
        200,
        200,
        200,
        429,
    ]
    assert (await get("/v1/projects", headers=two)).status_code == 200
    assert (await get("/v1/projects")).status_code == 200
    # Another token of the same client shares its quota.
    again = platform.bearer("partner-1", jti="another")
    assert (await get("/v1/projects", headers=again)).status_code == 429


async def test_a_forged_token_counts_against_the_address(start):
    platform = await start("direct", rate_address="2/hour")
    forged = {"Authorization": "Bearer " + platform.token("partner-1")[:-4] + "AAAA"}
    codes = [
        (await platform.client.get("/v1/projects", headers=forged)).status_code for _ in range(3)
    ]
    assert codes == [200, 200, 429]


async def test_one_window_forgets_the_one_before():
    counter = MemoryCounter()
    assert [await counter.add("a", window=1, window_s=60) for _ in range(2)] == [1, 2]
    assert await counter.add("b", window=1, window_s=60) == 1
    assert await counter.add("a", window=2, window_s=60) == 1
    assert await counter.add("a", window=1, window_s=3600) == 1
    assert len(counter._windows) == 2


def test_ipv6_subscribers_are_counted_by_their_network():
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("10.0.0.1") != network_of("10.0.0.2")


async def test_without_its_redis_a_process_counts_alone():
    counter = RedisCounter("redis" + unused_address().removeprefix("http"))
    limits = Limits(counter, partner="2/hour", address="2/hour")
    allowed = [(await limits.spend(client_id="a", address="x")).allowed for _ in range(3)]
    await counter.close()
    assert allowed == [True, True, False]


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server (Debian)")
async def test_two_processes_share_their_counts_in_redis():
    address = unused_address().removeprefix("http://")
    port = address.partition(":")[2]
    server = subprocess.Popen(  # noqa: ASYNC220 - started at once, ended below
        ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", int(port))
                    await closed(writer)
                    break
                except OSError:
                    await asyncio.sleep(0.02)
        counters = [RedisCounter(f"redis://{address}/0") for _ in range(2)]
        one, two = (Limits(counter, partner="3/hour", address="3/hour") for counter in counters)
        used = [
            (await each.spend(client_id="a", address="x")).used for each in (one, two, one, two)
        ]
        assert used == [1, 2, 3, 4]
        await asyncio.gather(*(counter.close() for counter in counters))
    finally:
        server.terminate()
        server.wait()
