"""The relay: publishes a service's outbox, in order, one relay at a time (style B.11).

One connection takes a session advisory lock, reads the unpublished rows and marks them. While it
lives it holds the lock, and when it dies nothing can be marked through it: there is no moment at
which two relays both believe to be the one. Others stand by. On Kafka a second fence stands behind
it: the publisher's transactional id.

A batch is published whole, then marked in one update. A crash between the two publishes it again
with the same ids. After any error the publisher is thrown away and the relay starts again from the
lowest unpublished seq.

It needs a real session: not a connection pooler in transaction mode.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from tht_kit.bus import Bus, Publisher, Record
from tht_kit.db import Database
from tht_kit.events import wire_headers
from tht_kit.outbox import DEAD_LETTER, bell_of, outbox, outbox_stats
from tht_kit.telemetry import OUTBOX_AGE_SECONDS, OUTBOX_DEPTH, PUBLISHED, RETRIES
from tht_kit.transient import Backoff, is_transient
from tht_kit.waiting import wait_any

BATCH_MAX = 1_000  # measured on two cores: a quarter faster than 500, 2,000 is no faster
POLL_S = 0.1
STANDBY_S = 1.0
DRAIN_POLL_S = 0.02
RETRY_FIRST_S = 0.1
RETRY_MAX_S = 10.0

# Published rows are kept a while to answer "was it sent?"; the inbox must outlive every topic's
# retention, otherwise a replay of the topic would count twice (deploy/kafka/topics.yaml).
KEEP_PUBLISHED = timedelta(days=7)
KEEP_DEAD_LETTERS = timedelta(days=90)
KEEP_INBOX = timedelta(days=30)
HOUSEKEEPING_S = 600.0
OBSERVE_S = 5.0
PURGE_ROWS = 5_000

# Advisory locks are per database and every service has its own, so one number serves all.
_LOCK_KEY = 0x7468_746F_7574_626F

_log = structlog.get_logger()

_UNPUBLISHED = (
    sa.select(
        outbox.c.seq,
        outbox.c.event_id,
        outbox.c.topic,
        outbox.c.key,
        outbox.c.body,
        # As text: orjson reads it in a fifth of the time of the driver's own json.
        sa.cast(outbox.c.headers, sa.Text).label("headers"),
    )
    .where(outbox.c.published_at.is_(None))
    .order_by(outbox.c.seq)
    .limit(sa.bindparam("batch_max", type_=sa.Integer))
)
_MARK = sa.text("UPDATE outbox SET published_at = now() WHERE seq = ANY(:seqs)").bindparams(
    sa.bindparam("seqs", type_=ARRAY(sa.BigInteger))
)
_LATEST_OF_EACH_KEY = sa.text(
    """
    SELECT DISTINCT ON (topic, key) seq, event_id, topic, key, body, headers::text AS headers
    FROM outbox WHERE topic = ANY(:topics) AND published_at IS NOT NULL
    ORDER BY topic, key, seq DESC
    """
).bindparams(sa.bindparam("topics", type_=ARRAY(sa.Text)))
_PURGE_PUBLISHED = sa.text(
    """
    DELETE FROM outbox WHERE seq IN (
        SELECT seq FROM outbox
        WHERE created_at < now() - :keep AND published_at < now() - :keep
          AND type <> :dead_letter AND topic <> ALL(:kept_topics)
        LIMIT :rows)
    """
).bindparams(
    sa.bindparam("keep", type_=sa.Interval), sa.bindparam("kept_topics", type_=ARRAY(sa.Text))
)
_PURGE_DEAD_LETTERS = sa.text(
    """
    DELETE FROM outbox WHERE seq IN (
        SELECT seq FROM outbox
        WHERE type = :dead_letter AND created_at < now() - :keep AND published_at IS NOT NULL
        LIMIT :rows)
    """
).bindparams(sa.bindparam("keep", type_=sa.Interval))
_PURGE_INBOX = sa.text(
    """
    DELETE FROM inbox WHERE (inbox_group, event_id) IN (
        SELECT inbox_group, event_id FROM inbox WHERE received_at < now() - :keep LIMIT :rows)
    """
).bindparams(sa.bindparam("keep", type_=sa.Interval))


class Relay:
    """Publishes the outbox of `database` until told to stop; only one of a service is active.

    `poll_interval_s` is how long an event written by another process may wait at most; one written
    in this process wakes the relay at its commit.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        service: str,
        batch_max: int = BATCH_MAX,
        poll_interval_s: float = POLL_S,
    ) -> None:
        self._database = database
        self._bus = bus
        self._service = service
        self._batch_max = batch_max
        self._poll_interval_s = poll_interval_s
        self._bell = bell_of(database.engine.sync_engine)
        self._replayed = False
        self._housekeeping_due = time.monotonic() + HOUSEKEEPING_S
        self._observation_due = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set; the batch in hand is finished and marked first.

        Passing failures of bus and database are retried with backoff; raises anything else.
        """
        backoff = Backoff(first_s=RETRY_FIRST_S, max_s=RETRY_MAX_S)
        while not stop.is_set():
            try:
                await self._observe()
                async with self._lead() as connection:
                    if connection is None:
                        await wait_any(stop, timeout_s=STANDBY_S)
                        continue
                    await self._serve(connection, stop, backoff)
            except Exception as error:
                if not is_transient(error):
                    raise
                delay_s = backoff.next_s()
                RETRIES.labels(self._service, "relay_publish").inc()
                _log.warning(
                    "relay.failed", service=self._service, error=repr(error), retry_in_s=delay_s
                )
                await wait_any(stop, timeout_s=delay_s)

    async def drain(self) -> int:
        """Publish all that waits now and return how many records that were (tests, scripts).

        While another relay is active, wait until it has published them and return 0. Raises
        BusUnavailable and database errors.
        """
        async with self._lead() as connection:
            if connection is not None:
                return await self._publish_all(connection)
        while await self._depth():  # noqa: ASYNC110 - the other relay may be another process
            await asyncio.sleep(DRAIN_POLL_S)
        return 0

    async def purge(self) -> int:
        """Delete what has been kept long enough, in chunks; return the number of rows."""
        kept_topics = list(self._bus.topics_lost_with_the_process)
        common = {"dead_letter": DEAD_LETTER, "rows": PURGE_ROWS}
        deleted = 0
        for statement, parameters in (
            (_PURGE_PUBLISHED, {"keep": KEEP_PUBLISHED, "kept_topics": kept_topics, **common}),
            (_PURGE_DEAD_LETTERS, {"keep": KEEP_DEAD_LETTERS, **common}),
            (_PURGE_INBOX, {"keep": KEEP_INBOX, "rows": PURGE_ROWS}),
        ):
            deleted += await self._purge_chunks(statement, parameters)
        return deleted

    @asynccontextmanager
    async def _lead(self) -> AsyncIterator[AsyncConnection | None]:
        """Yield the connection that holds the service's relay lock, or None if another has it."""
        async with self._database.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            try:
                taken = sa.select(sa.func.pg_try_advisory_lock(_LOCK_KEY))
                if not (await connection.execute(taken)).scalar_one():
                    yield None
                    return
                _log.debug("relay.leads", service=self._service)
                yield connection
                await connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK_KEY)))
            except BaseException:
                # Closing the session is the one sure way to give the lock back.
                await plain.invalidate()
                raise

    async def _serve(
        self, connection: AsyncConnection, stop: asyncio.Event, backoff: Backoff
    ) -> None:
        async with self._bus.publisher(f"{self._service}.outbox") as publisher:
            await self._replay_what_the_bus_forgot(connection, publisher)
            while not stop.is_set():
                # Cleared before the reading: a commit during it rings for the next round.
                self._bell.clear()
                published = await self._publish_batch(connection, publisher)
                backoff.reset()
                await self._observe()
                if published < self._batch_max:
                    await self._keep_house()
                    await wait_any(stop, self._bell, timeout_s=self._poll_interval_s)

    async def _publish_all(self, connection: AsyncConnection) -> int:
        total = 0
        async with self._bus.publisher(f"{self._service}.outbox") as publisher:
            await self._replay_what_the_bus_forgot(connection, publisher)
            while published := await self._publish_batch(connection, publisher):
                total += published
        return total

    async def _publish_batch(self, connection: AsyncConnection, publisher: Publisher) -> int:
        rows = (await connection.execute(_UNPUBLISHED, {"batch_max": self._batch_max})).all()
        if not rows:
            return 0
        await publisher.publish([_record(row) for row in rows])
        await connection.execute(_MARK, {"seqs": [row[0] for row in rows]})
        PUBLISHED.labels(self._service).inc(len(rows))
        _log.debug("relay.published", service=self._service, records=len(rows))
        return len(rows)

    async def _replay_what_the_bus_forgot(
        self, connection: AsyncConnection, publisher: Publisher
    ) -> None:
        """Publish the latest record of each key of compacted topics that died with the process."""
        topics = self._bus.topics_lost_with_the_process
        if self._replayed or not topics:
            return
        rows = (await connection.execute(_LATEST_OF_EACH_KEY, {"topics": list(topics)})).all()
        if rows:
            await publisher.publish([_record(row) for row in rows])
        self._replayed = True

    async def _depth(self) -> int:
        async with self._database.read() as session:
            return (await outbox_stats(session)).depth

    async def _observe(self) -> None:
        """Set the outbox gauges; also while the bus is down, when they matter most."""
        if time.monotonic() < self._observation_due:
            return
        self._observation_due = time.monotonic() + OBSERVE_S
        async with self._database.read() as session:
            stats = await outbox_stats(session)
        OUTBOX_DEPTH.labels(self._service).set(stats.depth)
        OUTBOX_AGE_SECONDS.labels(self._service).set(stats.age_s)

    async def _keep_house(self) -> None:
        if time.monotonic() < self._housekeeping_due:
            return
        self._housekeeping_due = time.monotonic() + HOUSEKEEPING_S
        deleted = await self.purge()
        _log.info("relay.purged", service=self._service, rows=deleted)

    async def _purge_chunks(self, statement: sa.TextClause, parameters: dict[str, Any]) -> int:
        deleted = 0
        while True:
            async with self._database.write() as session:
                result = await session.execute(statement, parameters)
            chunk = int(getattr(result, "rowcount", 0))
            deleted += chunk
            if chunk < PURGE_ROWS:
                return deleted


def _record(row: sa.Row[*tuple[Any, ...]]) -> Record:
    _, event_id, topic, key, body, headers = row
    return Record(str(event_id), topic, key, body, wire_headers(orjson.loads(headers)))
