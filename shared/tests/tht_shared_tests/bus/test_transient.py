"""Which errors pass by themselves."""

import asyncpg
import pytest
import sqlalchemy as sa

from tht_kit.bus import BusMisconfigured, BusUnavailable, Transient
from tht_kit.db import Database
from tht_kit.errors import InternalError
from tht_kit.transient import Backoff, is_transient


@pytest.mark.parametrize(
    "error",
    [
        Transient("x"),
        BusUnavailable("x"),
        ConnectionRefusedError(),
        TimeoutError(),
        sa.exc.TimeoutError("pool"),
        asyncpg.CannotConnectNowError(),
        asyncpg.TooManyConnectionsError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.SerializationError(),
        asyncpg.LockNotAvailableError(),
        asyncpg.AdminShutdownError(),
        asyncpg.DiskFullError(),
        asyncpg.ConnectionDoesNotExistError(),
    ],
)
def test_it_passes(error: Exception):
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        BusMisconfigured("x"),
        KeyError("x"),
        InternalError(),
        asyncpg.UniqueViolationError(),
        asyncpg.UndefinedTableError(),
        asyncpg.DataError(),
        asyncpg.InvalidPasswordError(),
        asyncpg.InvalidCatalogNameError(),
    ],
)
def test_it_does_not_pass(error: Exception):
    assert not is_transient(error)


async def test_a_lock_timeout_as_sqlalchemy_raises_it_passes(database: Database):
    async with database.write() as holder:
        await holder.execute(sa.text("LOCK TABLE ledger"))
        with pytest.raises(sa.exc.DBAPIError) as found:
            async with database.write() as waiter:
                await waiter.execute(sa.text("SET LOCAL lock_timeout = '10ms'"))
                await waiter.execute(sa.text("LOCK TABLE ledger"))
    assert is_transient(found.value)


async def test_a_cut_connection_as_sqlalchemy_raises_it_passes(database: Database):
    with pytest.raises(sa.exc.DBAPIError) as found:
        async with database.write() as session:
            await session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_transient(found.value)


def test_delays_double_up_to_the_limit_and_start_again():
    backoff = Backoff(first_s=0.1, max_s=1.0)
    assert [backoff.next_s() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    backoff.reset()
    assert backoff.next_s() == 0.1
