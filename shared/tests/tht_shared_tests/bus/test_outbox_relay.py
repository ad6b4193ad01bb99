"""The outbox is written with the fact; the relay keeps house and survives its bus."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from opentelemetry import trace

from tht_kit.bus import BusMisconfigured, BusUnavailable, Delivered, Record
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import FakeClock
from tht_kit.db import Database
from tht_kit.ids import new_id
from tht_kit.inbox import claim, inbox_table
from tht_kit.outbox import DEAD_LETTER, bell_of, emit, emit_all, outbox, outbox_stats, outbox_table
from tht_kit.relay import Relay
from tht_kit.runner import Consumer, Subscription

from .sample import NOW, TOPIC, ThingMade


class Recording(InProcessBus):
    """A bus whose publishers note what they were given, and fail while told to."""

    def __init__(self) -> None:
        super().__init__(compacted=frozenset({"gateway.control"}))
        self.published: list[Record] = []
        self.failures: list[Exception] = []
        self.opened = 0

    @asynccontextmanager
    async def publisher(self, name: str) -> AsyncIterator["Recording"]:
        self.opened += 1
        yield self

    async def publish(self, records: Sequence[Record]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.published.extend(records)


async def rows(database: Database) -> list[sa.RowMapping]:
    async with database.read() as session:
        return list((await session.execute(sa.select(outbox).order_by(outbox.c.seq))).mappings())


async def test_an_event_is_written_with_the_fact_or_not_at_all(database: Database):
    async with database.write() as session:
        event_id = await emit(session, ThingMade(thing="a", n=1), now=NOW)
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            await emit(session, ThingMade(thing="a", n=2), now=NOW)
            raise ZeroDivisionError
    [row] = await rows(database)
    assert row["event_id"] == event_id
    assert (row["topic"], row["key"], row["type"]) == (TOPIC, "a", "sample.things.made.v1")
    assert row["body"] == b'{"thing":"a","n":1}'
    assert row["occurred_at"] == NOW
    assert row["published_at"] is None


async def test_many_events_keep_their_order(database: Database):
    async with database.write() as session:
        ids = await emit_all(session, [ThingMade(thing="a", n=n) for n in range(1200)], now=NOW)
    found = await rows(database)
    assert [row["event_id"] for row in found] == ids
    assert [row["body"] for row in found] == [b'{"thing":"a","n":%d}' % n for n in range(1200)]


async def test_no_events_are_no_rows(database: Database):
    async with database.write() as session:
        assert await emit_all(session, [], now=NOW) == []
    assert await rows(database) == []


async def test_the_trace_of_the_request_travels_with_its_events(database: Database):
    context = trace.SpanContext(
        trace_id=0xAF7651916CD43DD8448EB211C80319C,
        span_id=0xB7AD6B7169203331,
        is_remote=True,
        trace_flags=trace.TraceFlags(1),
    )
    with trace.use_span(trace.NonRecordingSpan(context)):
        async with database.write() as session:
            await emit(session, ThingMade(thing="a", n=1), now=NOW)
    [row] = await rows(database)
    assert row["headers"]["traceparent"] == (
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    )


async def test_the_bell_rings_at_the_commit_and_not_before(database: Database):
    bell = bell_of(database.engine.sync_engine)
    bell.clear()
    async with database.write() as session:
        await emit(session, ThingMade(thing="a", n=1), now=NOW)
        assert not bell.is_set()
    assert bell.is_set()


async def test_a_rolled_back_event_rings_no_bell(database: Database):
    bell = bell_of(database.engine.sync_engine)
    bell.clear()
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            await emit(session, ThingMade(thing="a", n=1), now=NOW)
            raise ZeroDivisionError
    assert not bell.is_set()


async def test_stats_tell_depth_and_age(database: Database):
    async with database.write() as session:
        await emit_all(session, [ThingMade(thing="a", n=n) for n in range(3)], now=NOW)
        await session.execute(
            sa.update(outbox).values(created_at=sa.func.now() - timedelta(hours=1))
        )
    async with database.read() as session:
        stats = await outbox_stats(session)
    assert stats.depth == 3
    assert 3600 <= stats.age_s < 3700


async def test_the_relay_opens_a_new_publisher_after_an_error_and_starts_at_the_lowest(
    database: Database,
):
    bus, stop = Recording(), asyncio.Event()
    bus.failures = [BusUnavailable("away"), BusUnavailable("still away")]
    relay = Relay(database, bus, service="sample-svc", poll_interval_s=0.01)
    async with database.write() as session:
        await emit_all(session, [ThingMade(thing="a", n=n) for n in range(3)], now=NOW)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(relay.run(stop))
        async with asyncio.timeout(10):
            while len(bus.published) < 3:
                await asyncio.sleep(0.01)
        stop.set()
    assert [record.value for record in bus.published] == [
        b'{"thing":"a","n":%d}' % n for n in range(3)
    ]
    assert bus.opened == 3


async def test_the_relay_dies_of_what_waiting_does_not_mend(database: Database):
    bus = Recording()
    bus.failures = [BusMisconfigured("no topic")]
    async with database.write() as session:
        await emit(session, ThingMade(thing="a", n=1), now=NOW)
    with pytest.raises(BusMisconfigured):
        await asyncio.wait_for(Relay(database, bus, service="sample-svc").run(asyncio.Event()), 10)
    assert (await rows(database))[0]["published_at"] is None
    # And it gave the lock back: another one can publish.
    assert await Relay(database, bus, service="sample-svc").drain() == 1


async def test_what_was_published_long_ago_is_purged_and_what_was_not_is_kept(
    database: Database,
):
    bus = Recording()
    relay = Relay(database, bus, service="sample-svc")
    async with database.write() as session:
        await emit_all(session, [ThingMade(thing="a", n=n) for n in range(4)], now=NOW)
        # 0: old and published, 1: old and waiting, 2: a dead letter, 3: published just now.
        long_ago = sa.func.now() - timedelta(days=8)
        waiting = sa.case((outbox.c.body == b'{"thing":"a","n":1}', None), else_=long_ago)
        recent = outbox.c.body == b'{"thing":"a","n":3}'
        letter = outbox.c.body == b'{"thing":"a","n":2}'
        await session.execute(sa.update(outbox).values(created_at=long_ago, published_at=waiting))
        await session.execute(sa.update(outbox).where(letter).values(type=DEAD_LETTER))
        await session.execute(sa.update(outbox).where(recent).values(published_at=sa.func.now()))
        old, new = new_id(), new_id()
        await claim(session, "reader-svc", [old, new])
        inbox = inbox_table(sa.MetaData())
        await session.execute(
            sa.update(inbox)
            .where(inbox.c.event_id == old)
            .values(received_at=sa.func.now() - timedelta(days=31))
        )
    assert await relay.purge() == 2
    assert [row["body"] for row in await rows(database)] == [
        b'{"thing":"a","n":%d}' % n for n in (1, 2, 3)
    ]
    async with database.write() as session:
        assert await claim(session, "reader-svc", [old, new]) == {new}


async def test_compacted_topics_that_died_with_the_process_are_published_again(
    database: Database,
):
    control = ("gateway.control", "sandbox.clock")
    async with database.write() as session:
        for n in range(3):
            await session.execute(
                sa.insert(outbox).values(
                    event_id=new_id(), topic=control[0], key=control[1], type="x.y.z.v1",
                    body=b"%d" % n, headers={}, occurred_at=NOW,
                    published_at=None if n == 2 else sa.func.now() - timedelta(days=30),
                    created_at=sa.func.now() - timedelta(days=30),
                )
            )  # fmt: skip
    bus = Recording()
    relay = Relay(database, bus, service="gateway")
    assert await relay.purge() == 0, "the latest record of a key must survive"
    await relay.drain()
    assert [record.value for record in bus.published] == [b"1", b"2"]
    await relay.drain()
    assert len(bus.published) == 2, "once per process"


def test_the_tables_can_be_asked_for_twice():
    metadata = sa.MetaData()
    assert outbox_table(metadata) is outbox_table(metadata)
    assert inbox_table(metadata) is inbox_table(metadata)


class TestInProcessParking:
    """A group that fails for an unknown reason does not hold the outbox for ever."""

    async def test_the_guilty_record_is_parked_and_the_others_count(self, database: Database):
        bus = InProcessBus(retry_first_s=0.001)
        await bus.start()
        tries: list[int] = []
        seen: list[int] = []

        async def buggy(session, events, *, now):
            tries.append(len(events))
            if any(found.data.n == 2 for found in events):
                raise KeyError("a bug")
            seen.extend(found.data.n for found in events)

        subscription = Subscription(TOPIC, {ThingMade: buggy}, deduplicate=False)
        Consumer(database, bus, "reader-svc", [subscription], FakeClock(NOW))
        async with database.write() as session:
            await emit_all(session, [ThingMade(thing="a", n=n) for n in range(4)], now=NOW)
        relay = Relay(database, bus, service="sample-svc")
        assert await relay.drain() == 5, "four events, then the dead letter"
        assert seen == [0, 1, 3]
        assert tries == [4, 4, 4, 1, 1, 1, 1, 1, 1]
        found = await rows(database)
        assert found[-1]["topic"] == "sample.things.dlq.reader-svc"
        assert found[-1]["headers"]["dlq_reason"] == "KeyError: 'a bug'"
        assert all(row["published_at"] is not None for row in found)

    async def test_a_closed_bus_takes_nothing(self, database: Database):
        bus = InProcessBus()
        async with database.write() as session:
            await emit(session, ThingMade(thing="a", n=1), now=NOW)
        with pytest.raises(BusUnavailable):
            await Relay(database, bus, service="sample-svc").drain()
        with pytest.raises(BusUnavailable):
            await bus.check()

    async def test_a_topic_that_is_not_compacted_cannot_be_followed(self):
        async def take(batch: Sequence[Delivered]) -> None:
            raise AssertionError

        with pytest.raises(BusMisconfigured, match="not among the compacted topics"):
            await InProcessBus().follow(
                TOPIC, take, caught_up=asyncio.Event(), stop=asyncio.Event()
            )
