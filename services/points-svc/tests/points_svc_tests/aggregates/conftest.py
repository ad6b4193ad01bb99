"""A database for each test: an aggregate claims every trip it finds."""

import pytest

from points_svc.wiring import MIGRATIONS
from points_svc_tests.conftest import running, serving
from tht_kit.testing.postgres import service_database_fixture

database = service_database_fixture("points", migrations_dir=MIGRATIONS, pool_size=2)


@pytest.fixture
async def container(database):
    async with running(database.url) as container:
        yield container


@pytest.fixture
async def api(container):
    async with serving(container) as client:
        yield client
