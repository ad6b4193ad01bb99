"""PostgreSQL through asyncpg: engine, sessions, naming, column types, which errors to retry.

The edge owns the transaction. This is the only module that commits.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NewType

from sqlalchemy import DateTime, Dialect, String, TypeDecorator, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from tht_kit.telemetry import timed_pool

NAMING = {
    "ix": "ix_%(table_name)s__%(column_0_N_name)s",
    "uq": "uq_%(table_name)s__%(column_0_N_name)s",
    "ck": "ck_%(table_name)s__%(constraint_name)s",
    "fk": "fk_%(table_name)s__%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# Keyset pages compare text in Python and in SQL: byte order is the only order both agree on.
TextKey = String(collation="C")

# mypy refuses a read session where writing is meant.
AsyncReadSession = NewType("AsyncReadSession", AsyncSession)

SERIALIZATION_FAILURE = "40001"
DEADLOCK_DETECTED = "40P01"
LOCK_NOT_AVAILABLE = "55P03"
# Text that PostgreSQL cannot keep: a NUL, in a text column or inside JSON.
UNSTORABLE_TEXT = frozenset({"22021", "22P05"})
RETRYABLE_SQLSTATES = frozenset({SERIALIZATION_FAILURE, DEADLOCK_DETECTED})


class UtcDateTime(TypeDecorator[datetime]):
    """timestamptz that refuses a moment without a zone and always answers in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.astimezone(UTC)


def asyncpg_url(url: str) -> str:
    """Return the URL with the asyncpg driver: a plain postgresql:// would mean psycopg."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise ValueError(f"{parsed.render_as_string(hide_password=True)} is not a PostgreSQL URL")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


class Database:
    """One service's database: a pool and the two kinds of session.

    `pool_size` is the hard limit of connections this process opens; no statement waits longer than
    `lock_timeout_s` for a lock.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        application_name: str = "tanhuitong",
        lock_timeout_s: float = 10.0,
    ) -> None:
        self.url = asyncpg_url(url)
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            poolclass=timed_pool(application_name),
            pool_timeout=10,
            pool_pre_ping=True,
            connect_args={
                "server_settings": {
                    "application_name": application_name,
                    "timezone": "UTC",
                    "lock_timeout": f"{round(lock_timeout_s * 1000)}ms",
                    "idle_in_transaction_session_timeout": "5min",
                    # A host that vanished must not keep its locks for the kernel's two hours.
                    "tcp_keepalives_idle": "30",
                    "tcp_keepalives_interval": "10",
                    "tcp_keepalives_count": "3",
                },
                "timeout": 10,
            },
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Yield a session in one READ COMMITTED transaction that commits at exit.

        Any exception rolls back. The connection is taken at the first statement.
        """
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncReadSession]:
        """Yield a session whose transaction PostgreSQL itself keeps read-only."""
        async with self._sessions() as session:
            await session.connection(execution_options={"postgresql_readonly": True})
            yield AsyncReadSession(session)

    async def dispose(self) -> None:
        await self.engine.dispose()


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE behind a SQLAlchemy or asyncpg error, or None."""
    original: Any = error.orig if isinstance(error, DBAPIError) else error
    for candidate in (original, getattr(original, "__cause__", None)):
        state = getattr(candidate, "sqlstate", None)
        if isinstance(state, str):
            return state
    return None


def constraint_name(error: BaseException) -> str | None:
    """Return the name of the constraint that a statement violated, or None."""
    original: Any = error.orig if isinstance(error, DBAPIError) else error
    for candidate in (original, getattr(original, "__cause__", None)):
        name = getattr(candidate, "constraint_name", None)
        if isinstance(name, str):
            return name
    return None


def is_retryable(error: BaseException) -> bool:
    """Say whether running the whole transaction again may succeed (deadlock, serialisation)."""
    return sqlstate(error) in RETRYABLE_SQLSTATES
