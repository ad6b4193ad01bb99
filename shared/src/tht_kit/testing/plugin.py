"""The pytest plugin of the whole tree: named in the root conftest.py.

Fixtures: `postgres_server`, `postgres_admin`, `fake_clock`. A service's conftest makes its own
`database` with `tht_kit.testing.postgres.service_database_fixture`.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tht_kit.clock import FakeClock
from tht_kit.testing.postgres import PostgresServer, running_server

# A Monday, 09:00 in Shanghai.
FAKE_START = datetime(2026, 3, 2, 1, tzinfo=UTC)

_SERVER = pytest.StashKey[PostgresServer]()
_CLEANUP = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases-max",
        type=int,
        default=None,
        help="run at most so many cases of each parametrised test: every statement, on a second engine",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the first cases of each test function, before anything shuffles them."""
    cases_max = config.getoption("--cases-max")
    if cases_max is None:
        return
    seen: dict[str, int] = {}
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        function = item.nodeid.partition("[")[0]
        seen[function] = seen.get(function, 0) + 1
        (kept if seen[function] <= cases_max else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under xdist the controller starts the one server, and tells every worker where it is."""
    stash = node.config.stash
    if _SERVER not in stash:
        stash[_CLEANUP] = ExitStack()
        stash[_SERVER] = stash[_CLEANUP].enter_context(running_server())
    node.workerinput["tht_postgres"] = (stash[_SERVER].admin_url, stash[_SERVER].run)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _CLEANUP in config.stash:
        config.stash[_CLEANUP].close()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """The run's PostgreSQL: the wheel's, Debian's or one named by URL (see testing.postgres)."""
    workerinput = getattr(request.config, "workerinput", None)
    if workerinput is not None:
        yield PostgresServer(*workerinput["tht_postgres"])
        return
    with running_server() as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_admin(
    postgres_server: PostgresServer,
) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """One administrator's connection for making and removing databases."""
    connection = await postgres_server.connect()
    yield connection
    await connection.close()


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that stands at a Monday, 09:00 in Shanghai, until the test moves it."""
    return FakeClock(FAKE_START)
