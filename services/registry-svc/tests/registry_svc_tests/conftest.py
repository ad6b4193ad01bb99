from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from registry_svc.api import create_app
from registry_svc.settings import RegistrySettings
from registry_svc.wiring import MIGRATIONS, prepare, wire
from tht_contracts.registry import EVENTS
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import FakeClock
from tht_kit.embedded_pg import EmbeddedPostgres
from tht_kit.migrations import upgrade
from tht_kit.service import Container, Shared
from tht_kit.settings import load
from tht_kit.testing.tokens import ISSUER, KEYS


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("pg"), settings={"fsync": "off"}) as pg:
        pg.create_database("registry")
        upgrade(pg.url("registry"), MIGRATIONS)
        yield pg


@pytest.fixture(scope="session")
async def container(server) -> AsyncIterator[Container]:
    settings = load(
        RegistrySettings,
        database_url=server.url("registry"),
        bus="inprocess",
        auth_issuer=ISSUER,
        cursor_secret="0123456789abcdef0123456789abcdef",
    )
    wired = wire(settings, Shared(bus=InProcessBus(), clock=None, keys=KEYS))
    container = replace(wired, clock=FakeClock(datetime(2026, 7, 17, 2, tzinfo=UTC)))
    await prepare(container)
    yield container
    await container.close()


@pytest.fixture
def clock(container) -> FakeClock:
    """The service's clock, back at noon of a working day: 2026-07-17 10:00 in Chongqing."""
    container.clock.set(datetime(2026, 7, 17, 2, tzinfo=UTC))
    return container.clock


@pytest.fixture(scope="session")
async def api(container) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(container)
    transport = httpx.ASGITransport(app)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=transport, base_url="http://registry.test") as client,
    ):
        yield client


@pytest.fixture
def events(container):
    """Return a function that reads the events emitted under one key, in order."""

    async def emitted(key: str):
        statement = text("SELECT type, body FROM outbox WHERE key = :key ORDER BY seq")
        async with container.database.read() as session:
            rows = (await session.execute(statement, {"key": key})).all()
        return [EVENTS[row.type].model_validate_json(row.body) for row in rows]

    return emitted
