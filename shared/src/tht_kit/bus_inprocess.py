"""The bus of the one-process embedded mode: publishing calls the groups' batch handlers.

`publish` returns when every group of the topic has committed, so the publisher's outbox row stays
unpublished until then: at least once without a second store. A group that failed for a passing
reason makes `publish` raise after all other groups have been served; the relay publishes the batch
again and the inboxes of the others drop it. A group that keeps failing for an unknown reason has
the guilty records parked as dead letters in its own database, so it cannot hold the others.

A group that reaches its limit of dead letters (TooManyDeadLetters) is the exception: it stops the
publishing service's outbox, for all groups, until the hour that the limit counts in has passed or
the cause is mended. The outbox row is the only copy of what the group has not taken, and it knows
"published" or not, nothing per group: going on without the group would lose its records.

What it cannot show, and the law suite marks as such: partitions, rebalances, a group that joins
later and reads from the start, processes that die on their own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby

import structlog

from tht_kit.bus import (
    BusMisconfigured,
    BusUnavailable,
    Delivered,
    Publisher,
    Record,
    Subscriber,
    Transient,
    record_bytes_max,
)
from tht_kit.transient import Backoff
from tht_kit.waiting import wait_any

FollowHandler = Callable[[Sequence[Delivered]], Awaitable[None]]

_log = structlog.get_logger()


@dataclass
class _Group:
    """A subscriber and the lock that keeps its batches of one topic in order."""

    subscriber: Subscriber
    locks: dict[str, asyncio.Lock]
    open: bool = True


@dataclass
class _Compacted:
    """The latest record of each key of a broadcast topic, and who follows it."""

    latest: dict[bytes | None, Delivered] = field(default_factory=dict)
    followers: list["_Follower"] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class _Follower:
    handle: FollowHandler
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def take(self, batch: Sequence[Delivered]) -> None:
        """Hand over the batch. Its error ends this follower, never the publisher."""
        try:
            await self.handle(batch)
        except Exception as error:  # noqa: BLE001 - raised again in the follower's own task
            self.error = error
            self.ended.set()


class InProcessBus:
    """One process, all services. `compacted` names the broadcast topics."""

    def __init__(
        self,
        *,
        compacted: frozenset[str] = frozenset({"gateway.control"}),
        tries_max: int = 3,
        retry_first_s: float = 0.05,
    ) -> None:
        self._groups: dict[str, _Group] = {}
        self._compacted = {topic: _Compacted() for topic in compacted}
        self._tries_max = tries_max
        self._retry_first_s = retry_first_s
        self._open = False

    async def start(self) -> None:
        self._open = True

    async def close(self) -> None:
        self._open = False

    async def check(self) -> None:
        if not self._open:
            raise BusUnavailable("the in-process bus is closed")

    @property
    def topics_lost_with_the_process(self) -> frozenset[str]:
        return frozenset(self._compacted)

    def subscribe(self, subscriber: Subscriber) -> None:
        if subscriber.group in self._groups:
            raise BusMisconfigured(f"group {subscriber.group} is declared twice")
        locks = {topic: asyncio.Lock() for topic in subscriber.topics}
        self._groups[subscriber.group] = _Group(subscriber, locks)

    @asynccontextmanager
    async def publisher(self, name: str) -> AsyncIterator[Publisher]:
        del name  # one process: nobody to fence off
        yield self

    async def publish(self, records: Sequence[Record]) -> None:
        """Hand the records to every group of their topics and return when all have committed.

        Raises BusUnavailable if a group could not take its batch for now; the others have it.
        Raises BusMisconfigured, before anything is handed over, for a record that is too large.
        """
        await self.check()
        _check_sizes(records)
        held: list[str] = []
        behind: set[tuple[str, str]] = set()
        for topic, run in groupby(records, key=lambda record: record.topic):
            batch = [_delivered(record) for record in run]
            await self._broadcast(topic, batch)
            for group in self._groups_of(topic):
                place = (group.subscriber.group, topic)
                if place in behind:  # the order of keys: nothing later before what it still lacks
                    continue
                try:
                    await self._deliver(group, topic, batch)
                except Exception as error:  # noqa: BLE001 - one group must not hold back the others
                    behind.add(place)
                    held.append(f"{group.subscriber.group}: {error}")
        if held:
            raise BusUnavailable("; ".join(held))

    async def consume(self, subscriber: Subscriber, stop: asyncio.Event) -> None:
        """Let the group take batches until `stop`; then wait for the one in hand and refuse others.

        The batches themselves run inside `publish`.
        """
        group = self._groups[subscriber.group]
        group.open = True
        await stop.wait()
        group.open = False
        for lock in group.locks.values():
            async with lock:
                pass

    async def follow(
        self,
        topic: str,
        handle: FollowHandler,
        *,
        caught_up: asyncio.Event,
        stop: asyncio.Event,
    ) -> None:
        """Hand over what stands in the topic, then each new record while it is being published."""
        if topic not in self._compacted:
            raise BusMisconfigured(f"topic {topic} is not among the compacted topics of this bus")
        compacted = self._compacted[topic]
        follower = _Follower(handle)
        async with compacted.lock:
            if compacted.latest:
                await handle(list(compacted.latest.values()))
            compacted.followers.append(follower)
        caught_up.set()
        try:
            await wait_any(stop, follower.ended, timeout_s=None)
        finally:
            compacted.followers.remove(follower)
        if follower.error is not None:
            raise follower.error

    async def _broadcast(self, topic: str, batch: Sequence[Delivered]) -> None:
        if (compacted := self._compacted.get(topic)) is None:
            return
        async with compacted.lock:
            compacted.latest.update({record.key: record for record in batch})
            for follower in list(compacted.followers):
                await follower.take(batch)

    def _groups_of(self, topic: str) -> Iterator[_Group]:
        return (found for found in list(self._groups.values()) if topic in found.locks)

    async def _deliver(self, group: _Group, topic: str, batch: Sequence[Delivered]) -> None:
        """Have the group make the batch durable, parking what it can never take.

        Raises Transient, BusUnavailable or the error of parking: the batch is not done.
        """
        async with group.locks[topic]:
            if not group.open:
                raise BusUnavailable("the consumer has stopped")
            if await self._tried(group.subscriber, batch) is None:
                return
            for record in batch:
                error = await self._tried(group.subscriber, [record])
                if error is not None:
                    await group.subscriber.park(record, error)

    async def _tried(self, subscriber: Subscriber, batch: Sequence[Delivered]) -> Exception | None:
        """Return None once the batch is durable, or the unknown error of the last try.

        Raises Transient.
        """
        backoff = Backoff(first_s=self._retry_first_s, max_s=1.0)
        failure: Exception | None = None
        for attempt in range(self._tries_max):
            if attempt:
                await asyncio.sleep(backoff.next_s())
            try:
                await subscriber.handle(batch)
                return None
            except Transient:
                raise
            except Exception as error:  # noqa: BLE001 - unknown: tried again, then parked
                failure = error
                _log.exception("bus.batch_failed", group=subscriber.group, topic=batch[0].topic)
        return failure


def _check_sizes(records: Sequence[Record]) -> None:
    """Hold records to the limits that Kafka's topics have. Raises BusMisconfigured."""
    for record in records:
        size = len(record.key.encode()) + len(record.value)
        size += sum(len(name) + len(value) for name, value in record.headers)
        if size > record_bytes_max(record.topic):
            raise BusMisconfigured(
                f"the bus does not take the batch: a record of {record.topic} has {size} bytes,"
                f" the limit is {record_bytes_max(record.topic)}"
            )


def _delivered(record: Record) -> Delivered:
    # The id names the record on every republishing; there is no offset here.
    return Delivered(
        topic=record.topic,
        partition=0,
        position=record.record_id,
        key=record.key.encode(),
        value=record.value,
        headers=record.headers,
    )
