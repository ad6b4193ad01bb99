"""What the bus laws are tried on: a service with a ledger, its relay, and consumers that may crash.

Everything is real: PostgreSQL, the outbox, the relay, the runner, the bus. Waiting is for a
condition, with a limit, never for a time.
"""

import asyncio
import random
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa

from tht_kit.bus import Bus, Delivered
from tht_kit.clock import FakeClock
from tht_kit.db import Database
from tht_kit.errors import Text
from tht_kit.events import Event
from tht_kit.inbox import inbox_table
from tht_kit.outbox import emit, emit_all, outbox_table
from tht_kit.relay import Relay
from tht_kit.runner import Consumer, Subscription

WAIT_S = 30.0
START = datetime(2026, 1, 5, 8, tzinfo=UTC)

METADATA = sa.MetaData()
outbox_table(METADATA)
inbox_table(METADATA)
LEDGER = sa.Table(
    "ledger",
    METADATA,
    sa.Column("line", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("thing", sa.Text, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
)


def fresh_name(prefix: str) -> str:
    letters = random.choices(string.ascii_lowercase, k=12)
    return f"{prefix}{''.join(letters)}"


def event_class(topic_name: str) -> type[Any]:
    """Return an event class of its own for a topic of its own."""

    class Counted(Event):
        event_type: ClassVar[str] = "laws.things.counted.v1"
        topic: ClassVar[str] = topic_name
        key_field: ClassVar[str] = "thing"
        owner: ClassVar[str] = "laws-svc"
        summary: ClassVar[Text] = Text(zh="计数", en="Counted")
        thing: str
        n: int
        padding: str = ""

    return Counted


class Harness(Protocol):
    """What differs between the adapters: how a test gets a bus and looks behind it."""

    patience_s: float  # how long to wait for something that may never come

    def connect(self) -> Bus:
        """Return the bus as one more process would see it."""
        ...

    async def make_topic(
        self, name: str, *, groups: Sequence[str], partitions: int = 1
    ) -> None: ...

    async def make_broadcast_topic(self, name: str) -> None: ...

    async def has_moved(self, world: "World", group: str) -> bool:
        """Say whether the bus believes the group to be done with anything of the topic."""
        ...

    async def dead_letters(self, world: "World", group: str) -> list[tuple[dict[str, str], bytes]]:
        """Return headers and body of the group's dead letters that have left the service."""
        ...


class Crash(Exception):
    """Stands for a process that dies at this point."""


@dataclass
class Crashing:
    """A subscriber that dies after its batch is in the database, before the bus knows."""

    consumer: Consumer
    crashes_left: int = 1
    crashed: int = 0

    @property
    def group(self) -> str:
        return self.consumer.group

    @property
    def topics(self) -> tuple[str, ...]:
        return self.consumer.topics

    async def handle(self, batch: Sequence[Delivered]) -> None:
        await self.consumer.handle(batch)
        if self.crashes_left:
            self.crashes_left -= 1
            self.crashed += 1
            raise Crash

    async def park(self, record: Delivered, error: Exception) -> None:
        await self.consumer.park(record, error)


class Deaf:
    """A bus that takes no subscriptions: the consumer behind a `Crashing` is not a second group."""

    def subscribe(self, subscriber: object) -> None:
        pass


Handler = Callable[..., Awaitable[None]]


@dataclass
class World:
    harness: Harness
    database: Database
    topic: str
    bus: Bus
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.event = event_class(self.topic)
        self.relay = Relay(self.database, self.bus, service=self.topic, poll_interval_s=0.02)

    async def emit(self, *things: tuple[str, int]) -> None:
        events = [self.event(thing=thing, n=n) for thing, n in things]
        async with self.database.write() as session:
            await emit_all(session, events, now=self.clock.now())

    async def emit_each(self, *things: tuple[str, int]) -> None:
        for thing, n in things:
            async with self.database.write() as session:
                await emit(session, self.event(thing=thing, n=n), now=self.clock.now())

    def posting(self, reader: str) -> Handler:
        """Return a handler that writes one ledger line per event."""

        async def post(session: Any, events: Sequence[Any], *, now: datetime) -> None:
            del now
            lines = [
                {"reader": reader, "thing": found.data.thing, "n": found.data.n} for found in events
            ]
            await session.execute(sa.insert(LEDGER), lines)

        return post

    def consumer(
        self,
        group: str,
        handler: Handler,
        *,
        bus: Any = None,
        deduplicate: bool = True,
        **more: Any,
    ) -> Consumer:
        subscription = Subscription(self.topic, {self.event: handler}, deduplicate=deduplicate)
        return Consumer(self.database, bus or self.bus, group, [subscription], self.clock, **more)

    async def ledger(self, reader: str) -> list[tuple[str, int]]:
        query = sa.select(LEDGER.c.thing, LEDGER.c.n).where(LEDGER.c.reader == reader)
        async with self.database.read() as session:
            rows = (await session.execute(query.order_by(LEDGER.c.line))).all()
        return [(row.thing, row.n) for row in rows]

    async def until_ledger_has(self, reader: str, count: int) -> list[tuple[str, int]]:
        async def full() -> bool:
            return len(await self.ledger(reader)) >= count

        await until(full)
        return await self.ledger(reader)

    @asynccontextmanager
    async def running(self, *parts: Any) -> AsyncIterator[None]:
        """Run relays and consumers under a supervisor that starts again what dies; stop at exit."""
        stop = asyncio.Event()
        tasks = [asyncio.ensure_future(self._supervise(part, stop)) for part in parts]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    async def _supervise(self, part: Any, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if isinstance(part, Crashing):
                    await self.bus.consume(part, stop)
                else:
                    await part.run(stop)
            except Exception as error:  # noqa: BLE001 - a supervisor
                self.failures.append(error)
                await asyncio.sleep(0)


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float = WAIT_S) -> None:
    """Return as soon as the condition holds. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.01)


def by_thing(lines: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for thing, n in lines:
        found.setdefault(thing, []).append(n)
    return found
