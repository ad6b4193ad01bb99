import asyncio
import atexit
import json
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

from registry_svc.api import create_app
from registry_svc.settings import RegistrySettings
from registry_svc.wiring import MIGRATIONS, prepare, wire
from registry_svc_tests.factories import FOUNDER, Register
from tht_contracts.registry import EVENTS
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import FakeClock
from tht_kit.migrations import upgrade
from tht_kit.service import Container, Shared
from tht_kit.settings import load
from tht_kit.testing.postgres import database_fixture
from tht_kit.testing.tokens import ISSUER, KEYS

# Friday 2026-07-17, 10:00 in Chongqing.
START = datetime(2026, 7, 17, 2, tzinfo=UTC)


# Blobs are named by their content: tests do not get into each other's way.
BLOBS = Path(tempfile.mkdtemp(prefix="tht-blobs-"))
atexit.register(shutil.rmtree, BLOBS, ignore_errors=True)


def container_on(url: str) -> Container:
    settings = load(
        RegistrySettings,
        database_url=url,
        bus="inprocess",
        auth_issuer=ISSUER,
        cursor_secret="0123456789abcdef0123456789abcdef",
        blobs_url=f"file://{BLOBS}",
        identity_key="beneficiaries-0123456789abcdef0123",
        founders=json.dumps(
            [{"organisation_code": FOUNDER, "name": "示范市生态环境局", "kinds": ["bureau"]}]
        ),
    )
    wired = wire(settings, Shared(bus=InProcessBus(), clock=None, keys=KEYS))
    return replace(wired, clock=FakeClock(START))


def migrate_and_seed(url: str) -> None:
    async def seed() -> None:
        container = container_on(url)
        await prepare(container)
        await container.close()

    upgrade(url, MIGRATIONS)
    asyncio.run(seed())


# A copy for every test: numbers start at one, totals at zero.
database = database_fixture("registry", migrate_and_seed)


@pytest.fixture
async def container(database) -> Container:
    return replace(container_on(database.url), database=database)


@pytest.fixture
def clock(container):
    return container.clock


@pytest.fixture
async def api(container) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(container)
    transport = httpx.ASGITransport(app)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=transport, base_url="http://registry.test") as client,
    ):
        yield client


@pytest.fixture
async def register(api, clock) -> Register:
    return await Register.open(api, clock)


@pytest.fixture
def events(database):
    """Return a function that reads the events emitted under one key, in order."""

    async def emitted(key: str):
        statement = text("SELECT type, body FROM outbox WHERE key = :key ORDER BY seq")
        async with database.read() as session:
            rows = (await session.execute(statement, {"key": key})).all()
        return [EVENTS[row.type].model_validate_json(row.body) for row in rows]

    return emitted
