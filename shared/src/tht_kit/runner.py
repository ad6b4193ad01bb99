"""The runner: one consumer group of a service, from delivered records to committed effects.

The runner decodes, so no handler ever sees a record that is not what its class declares. A batch
(one partition, in order) is one database transaction: the inbox drops the events already known,
the handlers get runs of events in order, and records that cannot be taken are put aside as dead
letters. They leave through the outbox of the same transaction for `<topic>.dlq.<group>`: a crash
at any point can neither lose one nor write it twice, and the bus's position moves only afterwards.

What the adapters do with the outcome (retry with backoff, position, rebalance) is theirs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.bus import Bus, BusMisconfigured, Delivered, Transient, dead_letter_topic
from tht_kit.clock import Clock
from tht_kit.db import Database
from tht_kit.errors import DomainError
from tht_kit.events import Event, Received, Undecodable, receive
from tht_kit.inbox import claim
from tht_kit.outbox import DeadLetter, count_dead_letters, put_aside
from tht_kit.telemetry import BATCH_RECORDS, BATCH_SECONDS, DEAD_LETTERS, span
from tht_kit.transient import is_transient

Handler = Callable[..., Awaitable[None]]

DEAD_LETTERS_MAX = 100
DEAD_LETTERS_WINDOW = timedelta(hours=1)

_log = structlog.get_logger()


class PoisonRecord(Exception):
    """A handler's refusal of one event of the run it was called with: the rest goes on without it."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class TooManyDeadLetters(Exception):
    """The group put aside more records than its limit: it stops before the next, nothing is lost."""


@dataclass(frozen=True)
class Subscription:
    """One topic of a group: which handler takes which event class.

    A handler is `async (session, events, *, now) -> None`; `events` is a run of consecutive events
    of one class. Types of the topic without a handler are passed over. `deduplicate=False` leaves
    repeats to the handler (a unique source_event_id on the row it writes).
    """

    topic: str
    handlers: Mapping[type[Event], Handler]
    deduplicate: bool = True

    def __post_init__(self) -> None:
        for event_class in self.handlers:
            if event_class.topic != self.topic:
                raise BusMisconfigured(
                    f"{event_class.event_type} travels on {event_class.topic}, not on {self.topic}"
                )


# An event of the batch and its place in it.
_Item = tuple[int, Received[Any]]


class _Rejected(Exception):
    """Found inside the transaction: the batch starts again without these records."""

    def __init__(self, reasons: dict[int, str]) -> None:
        super().__init__()
        self.reasons = reasons


class _OneByOne(Exception):
    """Found inside the transaction: a run was refused as a whole; start again, event by event."""


class Consumer:
    """One consumer group over one database; a `Subscriber` of the bus from its construction on."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        group: str,
        subscriptions: Sequence[Subscription],
        clock: Clock,
        *,
        dead_letters_max: int = DEAD_LETTERS_MAX,
    ) -> None:
        self._database = database
        self._bus = bus
        self._group = group
        self._clock = clock
        self._dead_letters_max = dead_letters_max
        self._subscriptions = {found.topic: found for found in subscriptions}
        if len(self._subscriptions) != len(subscriptions):
            raise BusMisconfigured(f"group {group} subscribes to a topic twice")
        self._classes = {
            found.topic: {cls.event_type: cls for cls in found.handlers} for found in subscriptions
        }
        bus.subscribe(self)

    @property
    def group(self) -> str:
        return self._group

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._subscriptions)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set; the batch in hand is finished first.

        Raises TooManyDeadLetters, or the unknown error of a handler: the supervisor starts again.
        """
        await self._bus.consume(self, stop)

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """Make one partition's batch durable in one transaction.

        Raises Transient if the same batch may succeed later, TooManyDeadLetters, or the unknown
        error of a handler.
        """
        topic = batch[0].topic
        started = time.perf_counter()
        items, rejected = self._decode(topic, batch)
        links = [event.traceparent for _, event in items]
        with span(f"consume {topic}", links=links, kind=SpanKind.CONSUMER):
            await self._make_durable(topic, batch, items, rejected)
        BATCH_RECORDS.labels(self._group, topic).observe(len(batch))
        BATCH_SECONDS.labels(self._group, topic).observe(time.perf_counter() - started)
        self._report(topic, batch, rejected)

    async def park(self, record: Delivered, error: Exception) -> None:
        """Put one record aside as a dead letter, in a transaction of its own.

        Raises Transient or TooManyDeadLetters.
        """
        reason = f"{type(error).__name__}: {error}"
        await self._make_durable(record.topic, [record], [], {0: reason})
        self._report(record.topic, [record], {0: reason})

    def _decode(self, topic: str, batch: Sequence[Delivered]) -> tuple[list[_Item], dict[int, str]]:
        """Return the events that have a handler here, and why other records cannot be read."""
        classes = self._classes[topic]
        items: list[_Item] = []
        rejected: dict[int, str] = {}
        for place, record in enumerate(batch):
            try:
                event = receive(record, classes)
            except Undecodable as error:
                rejected[place] = f"undecodable: {error}"
                continue
            if event is not None:
                items.append((place, event))
        return items, rejected

    async def _make_durable(
        self,
        topic: str,
        batch: Sequence[Delivered],
        items: list[_Item],
        rejected: dict[int, str],
    ) -> None:
        """Run the batch's transaction; again without each record that turns out to be poison."""
        one_by_one = False
        while True:
            if len(rejected) > self._dead_letters_max:
                raise self._too_many(topic, rejected)
            taken = [item for item in items if item[0] not in rejected] if rejected else items
            try:
                async with self._database.write() as session:
                    now = self._clock.now()
                    await self._call_handlers(session, topic, taken, now, one_by_one=one_by_one)
                    await self._put_aside(session, topic, batch, rejected, now)
                return
            except _Rejected as found:
                rejected.update(found.reasons)
            except _OneByOne:
                one_by_one = True
            except Exception as error:
                if is_transient(error):
                    raise Transient(f"{type(error).__name__}: {error}") from error
                raise

    async def _call_handlers(
        self,
        session: AsyncSession,
        topic: str,
        items: list[_Item],
        now: datetime,
        *,
        one_by_one: bool,
    ) -> None:
        if self._subscriptions[topic].deduplicate:
            ids = [event.event_id for _, event in items]
            known = await claim(session, self._group, ids)
            if known or len(set(ids)) < len(ids):
                items = _first_of_each(items, known)
        for run in _runs(items, one_by_one=one_by_one):
            await self._call_handler(session, topic, run, now)

    async def _call_handler(
        self, session: AsyncSession, topic: str, run: list[_Item], now: datetime
    ) -> None:
        events = [event for _, event in run]
        handler = self._subscriptions[topic].handlers[type(events[0].data)]
        try:
            await handler(session, events, now=now)
        except PoisonRecord as error:
            raise _Rejected({run[error.index][0]: f"refused: {error.reason}"}) from error
        except DomainError as error:
            # A decision, not a crash, but it does not say which event it is about.
            if len(run) > 1:
                raise _OneByOne from error
            raise _Rejected({run[0][0]: f"refused: {error.type}: {error}"}) from error

    async def _put_aside(
        self,
        session: AsyncSession,
        topic: str,
        batch: Sequence[Delivered],
        rejected: dict[int, str],
        now: datetime,
    ) -> None:
        if not rejected:
            return
        letters = [
            dead_letter(batch[index], self._group, rejected[index]) for index in sorted(rejected)
        ]
        await put_aside(session, letters, now=now)
        name = dead_letter_topic(topic, self._group)
        count = await count_dead_letters(session, name, within=DEAD_LETTERS_WINDOW)
        if count > self._dead_letters_max:
            raise self._too_many(topic, rejected)

    def _too_many(self, topic: str, rejected: dict[int, str]) -> TooManyDeadLetters:
        last = [*rejected.values()][-1]
        return TooManyDeadLetters(
            f"group {self._group} would put aside more than {self._dead_letters_max} records of"
            f" {topic} within {DEAD_LETTERS_WINDOW}; the last reason: {last}"
        )

    def _report(self, topic: str, batch: Sequence[Delivered], rejected: dict[int, str]) -> None:
        if not rejected:
            return
        DEAD_LETTERS.labels(self._group, topic).inc(len(rejected))
        for index, reason in rejected.items():
            _log.error(
                "consumer.dead_letter",
                group=self._group,
                topic=topic,
                position=batch[index].position,
                reason=reason,
            )


def _first_of_each(items: list[_Item], known: set[UUID]) -> list[_Item]:
    """Drop the items whose event is known, and of one event sent twice all but the first."""
    kept = []
    for item in items:
        event_id = item[1].event_id
        if event_id not in known:
            known.add(event_id)
            kept.append(item)
    return kept


def _runs(items: list[_Item], *, one_by_one: bool) -> Iterator[list[_Item]]:
    """Split the items, in order, into runs of one event class each."""
    if one_by_one:
        yield from ([item] for item in items)
        return
    if len({type(event.data) for _, event in items}) == 1:
        yield items
        return
    for _, run in groupby(items, key=lambda item: type(item[1].data)):
        yield list(run)


def dead_letter(record: Delivered, group: str, reason: str) -> DeadLetter:
    """Return the record as it leaves for the group's dead-letter topic: body unchanged, why added.

    Its id is made from where the record stands, so a repeated batch makes the same letter.
    """
    headers = {name: _readable(value) for name, value in record.headers}
    headers["dlq_reason"] = _readable(reason.encode())[:2000]
    headers["dlq_group"] = group
    headers["dlq_topic"] = record.topic
    headers["dlq_position"] = record.position
    return DeadLetter(
        letter_id=uuid5(NAMESPACE_URL, f"dlq:{group}:{record.topic}:{record.position}"),
        topic=dead_letter_topic(record.topic, group),
        key=_readable(record.key or b""),
        body=record.value or b"",
        headers=headers,
    )


def _readable(value: bytes) -> str:
    """Return the bytes as text that PostgreSQL can store: no NUL, nothing that is not UTF-8."""
    return value.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
