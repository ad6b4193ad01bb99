import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from issuance_svc.api import create_app
from issuance_svc.settings import IssuanceSettings
from issuance_svc.subscriptions import SUBSCRIPTIONS
from issuance_svc.wiring import MIGRATIONS, SERVICE, prepare, wire
from issuance_svc_tests.factories import Desk, calendar_year, parties, pv_project
from tht_contracts.registry import EVENTS
from tht_kit.bus import Delivered
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import FakeClock
from tht_kit.events import Event, encode
from tht_kit.ids import new_id
from tht_kit.migrations import upgrade
from tht_kit.runner import Consumer
from tht_kit.service import Container, Shared
from tht_kit.settings import load
from tht_kit.testing.postgres import database_fixture
from tht_kit.testing.tokens import ISSUER, KEYS

# Thursday 2026-01-01, 10:00 in Chongqing: five whole years after R16's period began.
START = datetime(2026, 1, 1, 2, tzinfo=UTC)


# Blobs are named by their content: tests do not get into each other's way.
BLOBS = Path(tempfile.mkdtemp(prefix="tht-blobs-"))
atexit.register(shutil.rmtree, BLOBS, ignore_errors=True)


def container_on(url: str) -> Container:
    settings = load(
        IssuanceSettings,
        database_url=url,
        bus="inprocess",
        auth_issuer=ISSUER,
        cursor_secret="0123456789abcdef0123456789abcdef",
        blobs_url=f"file://{BLOBS}",
    )
    wired = wire(settings, Shared(bus=InProcessBus(), clock=None, keys=KEYS))
    return replace(wired, clock=FakeClock(START))


def migrate_and_seed(url: str) -> None:
    async def seed() -> None:
        container = container_on(url)
        await prepare(container)
        await prepare(container)  # a second start changes nothing
        await container.close()

    upgrade(url, MIGRATIONS)
    asyncio.run(seed())


# A copy for every test: the serial line starts at one.
database = database_fixture("issuance", migrate_and_seed, pool_size=20)


@pytest.fixture
async def container(database) -> Container:
    return replace(container_on(database.url), database=database)


@pytest.fixture
def clock(container) -> FakeClock:
    assert isinstance(container.clock, FakeClock)
    return container.clock


@pytest.fixture
async def api(container) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(container)
    transport = httpx.ASGITransport(app)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=transport, base_url="http://issuance.test") as client,
    ):
        yield client


@pytest.fixture
def deliver(container):
    """Return a function that brings events to the service's own consumer, as the bus would."""
    consumer = Consumer(container.database, container.bus, SERVICE, SUBSCRIPTIONS, container.clock)

    async def brought(*events: Event, event_id=None) -> None:
        for event in events:
            record = encode(event, event_id=event_id or new_id(), now=container.clock.now())
            delivered = Delivered(
                topic=record.topic,
                partition=0,
                position=str(new_id()),
                key=record.key.encode(),
                value=record.value,
                headers=record.headers,
            )
            await consumer.handle([delivered])

    return brought


@pytest.fixture
def events(database):
    """Return a function that reads the events emitted under one key, in order."""

    async def emitted(key: str):
        statement = text("SELECT type, body FROM outbox WHERE key = :key ORDER BY seq")
        async with database.read() as session:
            rows = (await session.execute(statement, {"key": key})).all()
        return [EVENTS[row.type].model_validate_json(row.body) for row in rows]

    return emitted


@pytest.fixture
def count_rows(database):
    """Return a function that counts the rows of a table."""

    async def counted(table: str) -> int:
        async with database.read() as session:
            rows = await session.execute(text(f"SELECT count(*) FROM {table}"))
            return int(rows.scalar_one())

    return counted


@pytest.fixture
async def desk(api, clock, deliver) -> Desk:
    """The parties of one PV project that registry-svc has told us of, with 2026's calendar."""
    await deliver(*parties(), calendar_year(2026), pv_project())
    return Desk(api=api, clock=clock)
