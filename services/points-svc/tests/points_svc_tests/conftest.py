from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from asgi_lifespan import LifespanManager
from sqlalchemy import text

from points_svc.api import create_app
from points_svc.points import repository as ledger
from points_svc.settings import PointsSettings
from points_svc.subscriptions import SUBSCRIPTIONS
from points_svc.wiring import MIGRATIONS, SERVICE, prepare, wire
from points_svc_tests.factories import App, travel_project
from tht_contracts.registry import EVENTS
from tht_kit.bus import Delivered
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import FakeClock
from tht_kit.events import Event, encode
from tht_kit.ids import new_id
from tht_kit.runner import Consumer
from tht_kit.service import Container, Shared
from tht_kit.settings import load
from tht_kit.testing.postgres import service_database_fixture
from tht_kit.testing.tokens import ISSUER, KEYS

# A Friday, 10:00 in Chongqing.
NOW = datetime(2026, 7, 17, 2, tzinfo=UTC)
IDENTITY_KEY = "an identity key of the tests, 32+"

database = service_database_fixture(
    "points", migrations_dir=MIGRATIONS, scope="module", pool_size=2
)


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Container]:
    """The service's container over a database, with its scenarios loaded and a clock to move."""
    settings = load(
        PointsSettings,
        database_url=url,
        bus="inprocess",
        auth_issuer=ISSUER,
        cursor_secret="0123456789abcdef0123456789abcdef",
        identity_key=IDENTITY_KEY,
        db_pool_size=20,
    )
    wired = wire(settings, Shared(bus=InProcessBus(), clock=None, keys=KEYS))
    container = replace(wired, clock=FakeClock(NOW))
    await prepare(container)
    yield container
    await container.close()


@asynccontextmanager
async def serving(container: Container) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(container)
    transport = httpx.ASGITransport(app)
    async with (
        LifespanManager(app),
        httpx.AsyncClient(transport=transport, base_url="http://points.test") as client,
    ):
        yield client


# One database per module, whose tests make citizens of their own. Where that is not enough, a
# folder's conftest has these three again, one per test.
@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def container(database) -> AsyncIterator[Container]:
    async with running(database.url) as container:
        yield container


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(container) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(container) as client:
        yield client


@pytest.fixture(autouse=True)
def clock(request) -> FakeClock | None:
    """The service's clock, back at 2026-07-17 10:00 in Chongqing for each test that uses it."""
    if "container" not in request.fixturenames:
        return None
    clock = request.getfixturevalue("container").clock
    clock.set(NOW)
    return clock


@pytest.fixture
def app(api, clock) -> App:
    """The city app, the mobility partner and the operator, over the real HTTP edge."""
    return App(api, clock)


@pytest.fixture
def consumer(container) -> Consumer:
    # A bus of its own: a group may stand on one only once, the container's may outlive the test.
    return Consumer(container.database, InProcessBus(), SERVICE, SUBSCRIPTIONS, container.clock)


@pytest.fixture
def deliver(consumer, container):
    """Return a function that brings events to the service's own consumer, as the bus would."""

    async def brought(*told: Event) -> None:
        for event in told:
            record = encode(event, event_id=new_id(), now=container.clock.now())
            place = (record.topic, 0, str(new_id()), record.key.encode())
            await consumer.handle([Delivered(*place, record.value, record.headers)])

    return brought


@pytest.fixture
async def project(deliver):
    """The operator's project of citizens' travel, as registry-svc has told of it."""
    await deliver(travel_project())


@pytest.fixture
def events(container):
    """Return a function that reads the events emitted under one key, in order."""

    async def emitted(key: str):
        statement = text("SELECT type, body FROM outbox WHERE key = :key ORDER BY seq")
        async with container.database.read() as session:
            rows = (await session.execute(statement, {"key": key})).all()
        return [EVENTS[row.type].model_validate_json(row.body) for row in rows]

    return emitted


@pytest.fixture
def violations(container):
    """Return a function that counts, for each invariant of the ledger, the citizens who break it."""

    async def count() -> dict[str, int]:
        async with container.database.read() as session:
            found = await ledger.violations(session)
        return {name: broken for name, broken in found.items() if broken}

    return count
