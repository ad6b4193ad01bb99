"""The bus port: what the relay and the runner need of a bus, and nothing of Kafka.

Two adapters stand behind it, `bus_kafka` and `bus_inprocess`; only composition roots import them.
One law suite (tests/contract/bus_laws) holds both to the same promises:

* a publisher's records keep their order within one topic and key;
* a batch that a group has not finished is delivered again, to that group only;
* the group's position moves after the handler has returned, never before.

Delivery is at least once: the ids of the events decide what is new (tht_kit.inbox).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

Headers = tuple[tuple[str, bytes], ...]

# What fits into what, so that nothing that was accepted can ever be too large to go on: the body of
# an event, with room for key and headers, into its topic; whatever stands in a topic into the dead
# letters, where a reason is added and an unreadable byte of a header is spelt with four characters.
EVENT_BYTES_MAX = 900_000
RECORD_BYTES_MAX = 1_048_576
DEAD_LETTER_BYTES_MAX = 4 * RECORD_BYTES_MAX + 65_536


_DEAD_LETTERS = ".dlq."


class BusUnavailable(Exception):
    """The bus, or a group behind it, cannot take or give records now. Try again later."""


class BusMisconfigured(Exception):
    """The bus cannot work as it is set up; the message says what to do."""


# Named tuples, not dataclasses: one is made for every record, and it costs a third.
class Record(NamedTuple):
    """One record to publish. `record_id` names it across republishing."""

    record_id: str
    topic: str
    key: str
    value: bytes
    headers: Headers


class Delivered(NamedTuple):
    """One record as it came from the bus; nothing in it has been checked yet.

    `position` names the record within its topic and is the same on every redelivery.
    """

    topic: str
    partition: int
    position: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class Publisher(Protocol):
    async def publish(self, records: Sequence[Record]) -> None:
        """Publish all records, in order, or none of them.

        Raises BusUnavailable; the publisher is then unusable and must be closed, and whether the
        records became visible is unknown: publish them again through a new publisher.
        """
        ...


class Subscriber(Protocol):
    """One consumer group's side of the bus; `tht_kit.runner.Consumer` is the implementation."""

    @property
    def group(self) -> str: ...

    @property
    def topics(self) -> tuple[str, ...]: ...

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """Make the batch (one partition, in order) durable.

        Returning means it is done. Raises Transient to get the same batch again later; any other
        error is unknown and ends the subscription.
        """
        ...

    async def park(self, record: Delivered, error: Exception) -> None:
        """Put one record aside into the group's dead letters, durably."""
        ...


class Transient(Exception):
    """The batch failed for a reason outside it (database away, deadlock): the same may work later."""


class Bus(Protocol):
    async def start(self) -> None:
        """Connect, and check that every topic of every subscriber exists.

        Raises BusMisconfigured naming the topic that is missing and the command that creates it,
        BusUnavailable if no broker answers.
        """
        ...

    async def close(self) -> None: ...

    async def check(self) -> None:
        """Return if the bus answers (readiness); raises BusUnavailable."""
        ...

    @property
    def topics_lost_with_the_process(self) -> frozenset[str]:
        """Compacted topics whose records the bus forgets when the process ends.

        The relay publishes the latest record of each of their keys again when it starts.
        """
        ...

    def publisher(self, name: str) -> AbstractAsyncContextManager[Publisher]:
        """Open a publisher. A later one of the same name fences an earlier one off."""
        ...

    def subscribe(self, subscriber: Subscriber) -> None:
        """Declare a group. Composition roots do it before any relay runs.

        Raises BusMisconfigured if the group is declared twice.
        """
        ...

    async def consume(self, subscriber: Subscriber, stop: asyncio.Event) -> None:
        """Hand the subscriber its batches until `stop` is set, then finish the one in hand and leave.

        Raises what the subscriber's handle raised, unless that is Transient.
        """
        ...

    async def follow(
        self,
        topic: str,
        handle: Callable[[Sequence[Delivered]], Awaitable[None]],
        *,
        caught_up: asyncio.Event,
        stop: asyncio.Event,
    ) -> None:
        """Read a compacted topic from its start and then follow it: a broadcast, no group, no offsets.

        Every process that calls this gets every record. `caught_up` is set once all that stood in
        the topic at the start has been handled. Compaction may leave older records of a key
        standing, so the last one of a key counts.
        """
        ...


def dead_letter_topic(topic: str, group: str) -> str:
    """Return the name of the topic that takes the group's unreadable records of a topic."""
    return f"{topic}{_DEAD_LETTERS}{group}"


def record_bytes_max(topic: str) -> int:
    """Return how large a record of the topic may be: key, value and headers together."""
    return DEAD_LETTER_BYTES_MAX if _DEAD_LETTERS in topic else RECORD_BYTES_MAX
