import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from tht_contracts.registry import EVENTS
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import FakeClock
from tht_kit.migrations import upgrade
from tht_kit.service import Shared
from tht_kit.settings import load
from tht_kit.testing.postgres import database_fixture
from tht_kit.testing.tokens import ISSUER, KEYS
from trading_svc.api import create_app
from trading_svc.certificates.parts import TradingContainer
from trading_svc.certificates.signing import create_key_file
from trading_svc.settings import TradingSettings
from trading_svc.wiring import MIGRATIONS, prepare, wire
from trading_svc_tests.factories import World

# Monday 2026-06-01, 10:00 in Chongqing.
START = datetime(2026, 6, 1, 2, tzinfo=UTC)
KEY_FILE = Path(tempfile.mkdtemp(prefix="tht-trading-keys-")) / "certificates.jwks.json"
create_key_file(KEY_FILE)


def container_on(url: str) -> TradingContainer:
    settings = load(
        TradingSettings,
        database_url=url,
        bus="inprocess",
        auth_issuer=ISSUER,
        cursor_secret="0123456789abcdef0123456789abcdef",
        certificate_key_file=KEY_FILE,
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
database = database_fixture("trading", migrate_and_seed, pool_size=25)


@pytest.fixture
async def container(database) -> TradingContainer:
    return replace(container_on(database.url), database=database)


@pytest.fixture
def clock(container) -> FakeClock:
    return container.clock


@pytest.fixture
async def api(container) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(container)
    transport = httpx.ASGITransport(app)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=transport, base_url="http://trading.test") as client,
    ):
        yield client


@pytest.fixture
def world(container, api) -> World:
    return World(container, api)


@pytest.fixture
def events(database):
    """Return a function that reads the events emitted, in order, of one key if given."""

    async def emitted(key: str | None = None):
        statement = text(
            "SELECT type, body FROM outbox WHERE CAST(:key AS text) IS NULL OR key = :key"
            " ORDER BY seq"
        )
        async with database.read() as session:
            rows = (await session.execute(statement, {"key": key})).all()
        return [EVENTS[row.type].model_validate_json(row.body) for row in rows]

    return emitted
