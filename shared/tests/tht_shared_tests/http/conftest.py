import httpx
import pytest
import sqlalchemy as sa

from tht_kit.ids import new_id
from tht_kit.testing.postgres import create_tables, database_fixture
from tht_kit.testing.tokens import bearer
from tht_shared_tests.http import app as edge

database = database_fixture("http_edge", lambda url: create_tables(url, edge.metadata))


@pytest.fixture
def app(database):
    edge.gate.reset()
    edge.attempts.reset()
    return edge.app_on(edge.container_on(database))


@pytest.fixture
async def api(app):
    # The server answers 500 and raises again, for the log of a real server.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        yield client


@pytest.fixture
def count(database):
    """Return a function that counts the effects that other transactions see."""

    async def effects():
        async with database.read() as session:
            statement = sa.select(sa.func.count()).select_from(edge.effects)
            return (await session.execute(statement)).scalar_one()

    return effects


def writer(key: str | None = None, subject: str = "partner-1") -> dict[str, str]:
    return bearer(subject, "effects:write") | {"Idempotency-Key": key or str(new_id())}
