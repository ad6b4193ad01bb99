"""One member of a consumer group on Kafka: from fetched records to committed positions.

The rules (style B.6), each with a test in tests/contract/bus_laws:

* The unit is one partition's batch. Its position is committed by itself, explicitly, after the
  subscriber has made it durable; nothing ever commits "wherever the reader stands".
* A batch that failed for a passing reason is kept and tried again, the same one, with growing
  delays. Its partition is paused meanwhile, so `getmany` goes on being called: heartbeats and the
  other partitions are not held up.
* When partitions are taken away, the batch in hand is waited for, though not as long as the group
  would wait for us; kept batches are dropped. `_idle` is an event, not a lock around `getmany`:
  a lock there deadlocks with aiokafka's own coordination.
* A commit that the group refuses means that somebody else owns the partition now: it is left alone
  until the next assignment, and the new owner repeats the batch (the inbox drops it).
* An error of Kafka's own, a fetch that does not come back, or a partition with records that never
  arrive (aiokafka issue 847) closes the client and opens a new one.
* An unknown error of the subscriber ends the membership and is raised.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from tht_kit.bus import Delivered, Subscriber, Transient
from tht_kit.telemetry import CONSUMER_LAG, RETRIES
from tht_kit.transient import Backoff
from tht_kit.waiting import wait_any

CONSUMER_SETTINGS: Mapping[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    # Dynamic members, not static ones: measured, a take-over after a clean leave takes 0.5 s
    # instead of 10, and two static members of one id both get everything without an error.
    "heartbeat_interval_ms": 500,
    "session_timeout_ms": 6_000,
    "rebalance_timeout_ms": 20_000,
    "max_poll_interval_ms": 300_000,
    "retry_backoff_ms": 1_000,
    "request_timeout_ms": 60_000,
}

# Large enough that the fixed cost of a transaction is a tenth of it, small enough for 50 ms.
BATCH_MAX = 1_000
POLL_S = 0.5
FETCH_TIMEOUT_S = 5.0
REVOKE_WAIT_S = 15.0  # below rebalance_timeout_ms, or the group goes on without us
COMMIT_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 10.0
RETRY_FIRST_S = 0.1
RETRY_MAX_S = 30.0
REOPEN_FIRST_S = 0.5
REOPEN_MAX_S = 5.0
OPEN_TIMEOUT_S = 30.0
PROBE_S = 10.0
STALLED_S = 60.0

_log = structlog.get_logger()


class _Stalled(Exception):
    """The client does not work although nothing says so; a new one is opened."""


@dataclass
class _Held:
    """A batch that failed for a passing reason, and when it is tried again."""

    batch: list[Delivered]
    next_offset: int
    due: float
    backoff: Backoff = field(
        default_factory=lambda: Backoff(first_s=RETRY_FIRST_S, max_s=RETRY_MAX_S)
    )


class GroupMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """A dynamic member of the subscriber's group."""

    def __init__(
        self, subscriber: Subscriber, connection: Mapping[str, Any], *, batch_max: int = BATCH_MAX
    ) -> None:
        self._subscriber = subscriber
        self._connection = connection
        self._batch_max = batch_max
        self._idle = asyncio.Event()
        self._idle.set()
        self._assignment = 0  # counts revocations: a batch fetched before one is void
        self._held: dict[TopicPartition, _Held] = {}
        self._lost: set[TopicPartition] = set()
        self._measured: set[TopicPartition] = set()
        self._probe_due = 0.0
        self._progress: dict[TopicPartition, tuple[int, float]] = {}
        self._last_alive = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Take batches until `stop`; the one in hand is finished and committed before leaving.

        Raises what the subscriber's handle raised, unless that is Transient.
        """
        reopen = Backoff(first_s=REOPEN_FIRST_S, max_s=REOPEN_MAX_S)
        while not stop.is_set():
            consumer = AIOKafkaConsumer(
                **self._connection, **CONSUMER_SETTINGS, group_id=self._subscriber.group
            )
            try:
                consumer.subscribe(self._subscriber.topics, listener=self)
                async with asyncio.timeout(OPEN_TIMEOUT_S):
                    await consumer.start()
                await self._take_batches(consumer, stop, reopen)
            except (KafkaError, _Stalled, OSError) as error:
                delay_s = reopen.next_s()
                _log.warning(
                    "consumer.reopens",
                    group=self._subscriber.group,
                    error=repr(error),
                    retry_in_s=delay_s,
                )
                await wait_any(stop, timeout_s=delay_s)
            finally:
                self._forget_all()
                await close_consumer(consumer)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Give the partitions up: wait for the batch in hand, drop those that wait for a retry."""
        del revoked  # all of them: aiokafka's groups rebalance eagerly
        self._forget_all()
        try:
            async with asyncio.timeout(REVOKE_WAIT_S):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("consumer.batch_outlives_revocation", group=self._subscriber.group)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        _log.info(
            "consumer.assigned",
            group=self._subscriber.group,
            partitions=sorted(f"{found.topic}:{found.partition}" for found in assigned),
        )

    def _forget_all(self) -> None:
        self._assignment += 1
        self._held.clear()
        self._lost.clear()
        self._progress.clear()
        for partition in self._measured:  # their next owner measures them
            CONSUMER_LAG.remove(*self._labels(partition))
        self._measured.clear()

    def _labels(self, partition: TopicPartition) -> tuple[str, str, str]:
        return self._subscriber.group, partition.topic, str(partition.partition)

    async def _take_batches(
        self, consumer: AIOKafkaConsumer, stop: asyncio.Event, reopen: Backoff
    ) -> None:
        self._last_alive = time.monotonic()
        self._probe_due = time.monotonic() + PROBE_S
        while not stop.is_set():
            fetched = await self._fetch(consumer, stop)
            # Read after the fetch, never before: getmany itself may have waited for a new
            # assignment, and what it then returns belongs to that one.
            assignment = self._assignment
            for partition, records in fetched.items():
                if stop.is_set() or assignment != self._assignment:
                    break
                batch = [delivered(record) for record in records]
                await self._take(consumer, partition, batch, records[-1].offset + 1)
                reopen.reset()
            await self._retry_held(consumer, stop)
            await self._probe(consumer)

    async def _fetch(
        self, consumer: AIOKafkaConsumer, stop: asyncio.Event
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        """Return the next records, or nothing after the poll time or while a batch falls due."""
        now = time.monotonic()
        due = min((held.due for held in self._held.values()), default=now + POLL_S)
        wait_s = max(0.0, min(POLL_S, due - now))
        found: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]
        try:
            # During a rebalance getmany waits for the assignment without a limit of its own.
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                found = await consumer.getmany(
                    timeout_ms=int(wait_s * 1000), max_records=self._batch_max
                )
        except TimeoutError:
            if time.monotonic() - self._last_alive > STALLED_S and not stop.is_set():
                raise _Stalled(f"no assignment for {STALLED_S} s") from None
            return {}
        self._last_alive = time.monotonic()
        return found

    async def _take(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        batch: list[Delivered],
        next_offset: int,
    ) -> None:
        """Make the batch durable, then move the position; or keep it for later."""
        assignment = self._assignment
        self._idle.clear()
        try:
            await self._subscriber.handle(batch)
            await self._commit(consumer, partition, next_offset, assignment)
        except Transient as error:
            if assignment == self._assignment:
                self._hold(consumer, partition, batch, next_offset, error)
        finally:
            self._idle.set()

    def _hold(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        batch: list[Delivered],
        next_offset: int,
        error: Transient,
    ) -> None:
        held = self._held.setdefault(partition, _Held(batch, next_offset, due=0.0))
        delay_s = held.backoff.next_s()
        held.due = time.monotonic() + delay_s
        consumer.pause(partition)
        RETRIES.labels(self._subscriber.group, "consumer_batch").inc()
        _log.warning(
            "consumer.batch_kept",
            group=self._subscriber.group,
            topic=partition.topic,
            partition=partition.partition,
            error=str(error),
            retry_in_s=delay_s,
        )

    async def _retry_held(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        for partition, held in list(self._held.items()):
            if stop.is_set() or self._held.get(partition) is not held:
                return
            if held.due > time.monotonic():
                continue
            await self._take(consumer, partition, held.batch, held.next_offset)
            if self._held.get(partition) is held and held.due <= time.monotonic():
                del self._held[partition]
                if partition not in self._lost:
                    consumer.resume(partition)

    async def _commit(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        next_offset: int,
        assignment: int,
    ) -> None:
        """Commit one partition's position. Raises KafkaError if no coordinator takes it in time."""
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await consumer.commit({partition: next_offset})
        except (CommitFailedError, IllegalStateError) as error:
            _log.warning(
                "consumer.partition_lost",
                group=self._subscriber.group,
                topic=partition.topic,
                partition=partition.partition,
                error=repr(error),
            )
            if assignment != self._assignment:
                return  # the batch outlived its assignment; the next one may be ours, and starts new
            self._lost.add(partition)
            with suppress(IllegalStateError):
                consumer.pause(partition)
        except TimeoutError as error:
            raise _Stalled(f"the position was not taken within {COMMIT_TIMEOUT_S} s") from error

    async def _probe(self, consumer: AIOKafkaConsumer) -> None:
        """Measure the lag; raise _Stalled if a partition has records that do not arrive."""
        now = time.monotonic()
        if now < self._probe_due:
            return
        self._probe_due = now + PROBE_S
        assignment = self._assignment
        partitions = sorted(consumer.assignment())
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                ends = await consumer.end_offsets(partitions)
                positions = {found: await consumer.position(found) for found in partitions}
        except (TimeoutError, IllegalStateError):
            return  # a rebalance, or a broker that is away: the next probe tells
        if assignment != self._assignment:
            return
        for partition in partitions:
            held = self._held.get(partition)
            position = held.next_offset - len(held.batch) if held else positions[partition]
            lag = max(0, ends[partition] - position)
            CONSUMER_LAG.labels(*self._labels(partition)).set(lag)
            self._measured.add(partition)
            if partition not in consumer.paused():
                self._check_progress(partition, position, lag, now)

    def _check_progress(
        self, partition: TopicPartition, position: int, lag: int, now: float
    ) -> None:
        before, since = self._progress.get(partition, (position, now))
        if lag == 0 or before != position:
            since = now
        elif now - since > STALLED_S:
            raise _Stalled(f"{partition} has {lag} records that do not arrive")
        self._progress[partition] = (position, since)


def delivered(record: ConsumerRecord[bytes, bytes]) -> Delivered:
    """Return the record as the bus port has it; a header without a value gets an empty one."""
    headers = record.headers
    for _, value in headers:
        if value is None:
            headers = tuple((name, found or b"") for name, found in headers)
            break
    position = f"{record.partition}:{record.offset}"
    return Delivered(record.topic, record.partition, position, record.key, record.value, headers)


async def closed_within(*closings: Awaitable[Any]) -> None:
    """Close clients, each within its time: one whose broker is gone must not hold the process."""
    for closing in closings:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await closing
        except asyncio.CancelledError:
            # aiokafka awaits fetches that it has cancelled itself, and lets that escape.
            if _cancelled_from_outside():
                raise
        except (KafkaError, TimeoutError, OSError) as error:
            _log.warning("bus.close_failed", error=repr(error))


def _cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop the consumer and close its connections, also when stopping fails half-way."""
    await closed_within(consumer.stop(), consumer._client.close())  # noqa: SLF001
