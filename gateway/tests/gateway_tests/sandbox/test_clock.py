"""The sandbox clock: moved in the database, carried by the bus, waited for at every service."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from gateway.sandbox import followers
from tht_kit.clock import SHANGHAI
from tht_kit.relay import Relay

PATH = "/v1/sandbox/clock"


@pytest.fixture
async def moving(start):
    """A platform whose bus runs, with services that follow the clock as real ones do."""
    platform = await start("direct")
    container = platform.container
    stop = asyncio.Event()
    await platform.bus.start()
    relay = Relay(container.database, container.bus, service="gateway")

    async def follow():
        while True:
            for service in platform.services.values():
                service.offset_s = int(container.clock.offset.total_seconds())
            await asyncio.sleep(0.005)

    tasks = [asyncio.create_task(relay.run(stop)), asyncio.create_task(follow())]
    yield platform
    stop.set()
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await platform.bus.close()


def put(platform, body, scopes="sandbox:clock"):
    return platform.client.put(PATH, json=body, headers=platform.bearer("operator", scopes))


def moment(answer) -> datetime:
    return datetime.fromisoformat(answer.json()["now"])


async def test_the_clock_is_set_and_every_service_follows(moving):
    target = datetime(2025, 3, 3, 1, tzinfo=UTC)
    answer = await put(moving, {"now": target.isoformat()})
    assert answer.status_code == 200, answer.text
    assert abs(moment(answer) - target) < timedelta(seconds=3)
    assert answer.json()["lagging"] == []
    assert abs(moving.container.clock.now() - target) < timedelta(seconds=5)
    shown = await moving.client.get(PATH, headers=moving.bearer("operator", "sandbox:clock"))
    assert shown.json()["offset_s"] == answer.json()["offset_s"]


async def test_advancing_adds_up_and_going_back_is_possible(moving):
    await put(moving, {"now": "2025-03-03T01:00:00Z"})
    await put(moving, {"advance": {"days": 2}})
    answer = await put(moving, {"advance": {"hours": 3}})
    assert abs(moment(answer) - datetime(2025, 3, 5, 4, tzinfo=UTC)) < timedelta(seconds=5)
    back = await put(moving, {"now": "2024-01-02T00:00:00+08:00"})
    assert abs(moment(back) - datetime(2024, 1, 1, 16, tzinfo=UTC)) < timedelta(seconds=3)


async def test_working_days_are_the_registrys(moving):
    asked = moving.services["registry"]
    asked.answers["/v1/calendar/notice-end"] = {"end": "2026-08-14"}
    await put(moving, {"now": "2026-07-17T02:00:00Z"})
    answer = await put(moving, {"advance": {"working_days": 20}})
    local = moment(answer).astimezone(SHANGHAI)
    assert local.date() == date(2026, 8, 14)
    assert local.hour == 10


async def test_working_days_without_a_calendar_are_refused(moving):
    answer = await put(moving, {"advance": {"working_days": 20}})
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/temporarily-unavailable"


async def test_moves_at_the_same_time_add_up(moving):
    await put(moving, {"now": "2025-03-03T01:00:00Z"})
    await asyncio.gather(*(put(moving, {"advance": {"days": 1}}) for _ in range(4)))
    shown = await moving.client.get(PATH, headers=moving.bearer("operator", "sandbox:clock"))
    assert abs(moment(shown) - datetime(2025, 3, 7, 1, tzinfo=UTC)) < timedelta(seconds=10)


async def test_a_service_that_lags_is_named(direct, monkeypatch):
    monkeypatch.setattr(
        "gateway.sandbox.endpoints.followers.wait_for_all",
        partial(followers.wait_for_all, wait_s=0.2),
    )
    answer = await put(direct, {"advance": {"days": 1}})
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/clock-lags"
    assert answer.headers["retry-after"] == "2"
    for name in ("gateway", "registry", "issuance", "trading", "points"):
        assert name in answer.json()["detail"]
    shown = await direct.client.get(PATH, headers=direct.bearer("operator", "sandbox:clock"))
    assert "registry" in shown.json()["lagging"]


async def test_wrong_wishes_are_refused(direct):
    for body, status in (
        ({}, 422),
        ({"now": "2025-03-03T01:00:00Z", "advance": {"days": 1}}, 422),
        ({"now": "2025-03-03T01:00:00"}, 422),
        ({"now": "1999-12-31T00:00:00Z"}, 422),
        ({"advance": {"days": 1, "hours": 1}}, 422),
        ({"advance": {"days": -1}}, 422),
        ({"advance": {}}, 422),
        ({"forward": 1}, 422),
    ):
        assert (await put(direct, body)).status_code == status, body
    assert (await put(direct, {"advance": {"days": 1}}, "partners:write")).status_code == 403
    assert (await direct.client.put(PATH, json={})).status_code == 401


async def test_without_a_sandbox_there_is_no_clock_to_move(start):
    live = await start("direct", sandbox=False)
    headers = live.bearer("operator", "sandbox:clock")
    assert (await live.client.get(PATH, headers=headers)).status_code == 404
    document = (await live.client.get("/openapi.json")).json()
    assert PATH not in document["paths"]
