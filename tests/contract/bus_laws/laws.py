"""The laws every bus adapter keeps. Each adapter's test module runs all of them.

What the in-process bus cannot show is marked there, strictly: should it ever show it, we want to
know.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from tht_kit.bus import (
    EVENT_BYTES_MAX,
    RECORD_BYTES_MAX,
    BusMisconfigured,
    Delivered,
    Record,
    Transient,
    dead_letter_topic,
)
from tht_kit.events import body_of, encode, wire_headers
from tht_kit.ids import new_id
from tht_kit.outbox import EventTooLarge, emit, outbox, outbox_stats
from tht_kit.relay import Relay
from tht_kit.runner import Consumer, PoisonRecord, Subscription

from .world import Crash, Crashing, Deaf, World, by_thing, event_class, fresh_name, until

GROUP = "points-svc"
OTHER = "trading-svc"


class BusLaws:
    """Tests shared by all adapters; `world` is a service on the adapter under test."""

    async def test_events_of_one_key_arrive_in_order(self, world: World) -> None:
        consumer = world.consumer(GROUP, world.posting(GROUP))
        things = [(f"thing-{n % 7}", n) for n in range(700)]
        async with world.running(world.relay, consumer):
            for start in range(0, 700, 35):
                await world.emit(*things[start : start + 35])
            lines = await world.until_ledger_has(GROUP, 700)
        assert by_thing(lines) == by_thing(things)

    async def test_events_of_two_classes_keep_their_order_within_a_key(self, world: World) -> None:
        later = type("Later", (world.event,), {"event_type": "laws.things.later.v1"})
        seen: list[tuple[str, int]] = []

        async def note(session: Any, events: Sequence[Any], *, now: Any) -> None:
            seen.extend((type(found.data).__name__, found.data.n) for found in events)

        subscription = Subscription(world.topic, {world.event: note, later: note})
        consumer = Consumer(world.database, world.bus, GROUP, [subscription], world.clock)
        first = world.event
        async with world.running(world.relay, consumer):
            for n in range(0, 20, 2):
                world.event = first
                await world.emit(("a", n))
                world.event = later
                await world.emit(("a", n + 1))
            await until(lambda: _is(len(seen) >= 20))
        assert seen == [("Counted" if n % 2 == 0 else "Later", n) for n in range(20)]

    async def test_a_batch_that_failed_is_delivered_again_until_it_succeeds(
        self, world: World
    ) -> None:
        attempts: list[list[int]] = []
        post = world.posting(GROUP)

        async def flaky(session: Any, events: Sequence[Any], *, now: Any) -> None:
            attempts.append([found.data.n for found in events])
            await post(session, events, now=now)
            if len(attempts) <= 2:
                raise Transient("the database went away before the commit")

        await world.emit(*[("a", n) for n in range(10)])
        async with world.running(world.relay, world.consumer(GROUP, flaky)):
            lines = await world.until_ledger_has(GROUP, 10)
        assert lines == [("a", n) for n in range(10)]
        assert attempts[0] == attempts[1] == attempts[2], "the same batch, not another one"

    async def test_a_handler_that_crashes_once_loses_nothing(self, world: World) -> None:
        crashes = [1]
        post = world.posting(GROUP)

        async def crashing(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            if crashes:
                crashes.pop()
                raise Crash

        await world.emit(*[("a", n) for n in range(10)])
        async with world.running(world.relay, world.consumer(GROUP, crashing)):
            lines = await world.until_ledger_has(GROUP, 10)
        assert lines == [("a", n) for n in range(10)]

    async def test_a_crash_between_database_commit_and_position_repeats_without_effect(
        self, world: World
    ) -> None:
        crashing = Crashing(world.consumer(GROUP, world.posting(GROUP), bus=Deaf()))
        world.bus.subscribe(crashing)
        await world.emit(*[("a", n) for n in range(10)])
        async with world.running(world.relay, crashing):
            await until(lambda: _is(crashing.crashed == 1))
            await world.emit(("a", 10))
            lines = await world.until_ledger_has(GROUP, 11)
        assert lines == [("a", n) for n in range(11)]

    async def test_the_position_does_not_move_before_the_database_has_committed(
        self, world: World
    ) -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()
        post = world.posting(GROUP)

        async def slow(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            inside.set()
            await go_on.wait()

        await world.emit(("a", 1))
        async with world.running(world.relay, world.consumer(GROUP, slow)):
            await asyncio.wait_for(inside.wait(), 30)
            assert await world.ledger(GROUP) == []
            assert not await world.harness.has_moved(world, GROUP)
            go_on.set()
            await until(lambda: world.harness.has_moved(world, GROUP))
        assert await world.ledger(GROUP) == [("a", 1)]

    async def test_a_failed_batch_is_not_overtaken_by_later_events_of_its_topic(
        self, world: World
    ) -> None:
        """Not even if events of another topic lie between them in the outbox."""
        other = event_class(fresh_name("laws."))
        await world.harness.make_topic(other.topic, groups=[GROUP])
        await world.bus.start()
        troubles = ["the first time"]
        post = world.posting(GROUP)

        async def flaky(session: Any, events: Sequence[Any], *, now: Any) -> None:
            if any(found.data.n == 1 for found in events) and troubles:
                raise Transient(troubles.pop())
            await post(session, events, now=now)

        subscriptions = [
            Subscription(world.topic, {world.event: flaky}),
            Subscription(other.topic, {other: post}),
        ]
        consumer = Consumer(world.database, world.bus, GROUP, subscriptions, world.clock)
        async with world.database.write() as session:
            await emit(session, world.event(thing="a", n=1), now=world.clock.now())
            await emit(session, other(thing="b", n=1), now=world.clock.now())
            await emit(session, world.event(thing="a", n=2), now=world.clock.now())
        async with world.running(world.relay, consumer):
            lines = await world.until_ledger_has(GROUP, 3)
        assert by_thing(lines) == {"a": [1, 2], "b": [1]}
        assert not troubles

    async def test_an_event_as_large_as_allowed_arrives(self, world: World) -> None:
        async with world.running(world.relay, world.consumer(GROUP, world.posting(GROUP))):
            async with world.database.write() as session:
                event = _event_of_bytes(world, EVENT_BYTES_MAX)
                await emit(session, event, now=world.clock.now())
            await world.emit(("a", 1))
            lines = await world.until_ledger_has(GROUP, 2)
        assert lines == [("a", EVENT_BYTES_MAX), ("a", 1)]

    async def test_an_event_too_large_fails_its_own_transaction_and_blocks_nobody(
        self, world: World
    ) -> None:
        async with world.running(world.relay, world.consumer(GROUP, world.posting(GROUP))):
            with pytest.raises(EventTooLarge, match="900001 bytes; the limit is 900000"):
                async with world.database.write() as session:
                    event = _event_of_bytes(world, EVENT_BYTES_MAX + 1)
                    await emit(session, event, now=world.clock.now())
            await world.emit(("a", 1))
            assert await world.until_ledger_has(GROUP, 1) == [("a", 1)]
        assert world.failures == []

    async def test_whatever_a_topic_takes_fits_into_its_dead_letters(self, world: World) -> None:
        # A header of bytes that are no text grows fourfold; 200 are for the frame of the batch.
        noise = b"\xff" * 500_000
        junk = b"x" * (RECORD_BYTES_MAX - len(noise) - 200)
        record = Record(str(new_id()), world.topic, "a", junk, (("noise", noise),))
        async with world.running(world.relay, world.consumer(GROUP, world.posting(GROUP))):
            async with world.bus.publisher(fresh_name("laws.")) as publisher:
                await publisher.publish([record])
            await until(lambda: _has(world, GROUP, 1))
        [(headers, body)] = await world.harness.dead_letters(world, GROUP)
        assert body == junk
        assert headers["noise"] == r"\xff" * 500_000
        assert world.failures == []

    async def test_a_record_larger_than_its_topic_takes_is_refused_with_a_sentence(
        self, world: World
    ) -> None:
        record = _raw(world.topic, b"x" * RECORD_BYTES_MAX, {})
        async with world.bus.publisher(fresh_name("laws.")) as publisher:
            with pytest.raises(BusMisconfigured, match="does not take the batch"):
                await publisher.publish([record])

    async def test_a_failing_group_does_not_hold_back_another(self, world: World) -> None:
        async def never(session: Any, events: Sequence[Any], *, now: Any) -> None:
            raise Transient("for ever")

        failing = world.consumer(GROUP, never)
        healthy = world.consumer(OTHER, world.posting(OTHER))
        async with world.running(world.relay, failing, healthy):
            await world.emit(*[("a", n) for n in range(5)])
            await world.until_ledger_has(OTHER, 5)
            await world.emit(*[("a", n) for n in range(5, 10)])
            lines = await world.until_ledger_has(OTHER, 10)
        assert lines == [("a", n) for n in range(10)]
        assert await world.ledger(GROUP) == []

    async def test_a_failing_group_does_not_hold_back_another_for_longer_than_a_batch(
        self, world: World
    ) -> None:
        async def never(session: Any, events: Sequence[Any], *, now: Any) -> None:
            raise Transient("for ever")

        failing = world.consumer(GROUP, never)
        healthy = world.consumer(OTHER, world.posting(OTHER))
        relay = Relay(
            world.database, world.bus, service=world.topic, batch_max=5, poll_interval_s=0.02
        )
        await world.emit(*[("a", n) for n in range(20)])
        async with world.running(relay, failing, healthy):

            async def all_there() -> bool:
                return len(await world.ledger(OTHER)) == 20

            await until(all_there, within_s=world.harness.patience_s)

    async def test_an_unreadable_record_goes_to_the_dead_letters_and_the_rest_goes_on(
        self, world: World
    ) -> None:
        consumer = world.consumer(GROUP, world.posting(GROUP))
        good = [
            encode(world.event(thing="a", n=n), event_id=new_id(), now=world.clock.now())
            for n in range(4)
        ]
        bad = _raw(world.topic, b"\xff\x00 not json", {"ce_type": "laws.things.counted.v1"})
        wrong = encode(world.event(thing="a", n=9), event_id=new_id(), now=world.clock.now())
        wrong = Record(wrong.record_id, wrong.topic, "a", b'{"thing":"a","n":"x"}', wrong.headers)
        async with world.running(world.relay, consumer):
            async with world.bus.publisher(fresh_name("laws.")) as publisher:
                await publisher.publish([good[0], good[1], bad, good[2], wrong, good[3]])
            lines = await world.until_ledger_has(GROUP, 4)
            await until(lambda: _has(world, GROUP, 2))
        assert lines == [("a", n) for n in range(4)]
        letters = sorted(await world.harness.dead_letters(world, GROUP), key=lambda found: found[1])
        assert [body for _, body in letters] == [b'{"thing":"a","n":"x"}', b"\xff\x00 not json"]
        headers = letters[1][0]
        assert headers["dlq_topic"] == world.topic
        assert headers["dlq_group"] == GROUP
        assert "headers are missing: ce_id, ce_source" in headers["dlq_reason"]
        assert "n: " in letters[0][0]["dlq_reason"]

    async def test_a_refused_event_goes_aside_and_its_neighbours_are_retried_like_any_batch(
        self, world: World
    ) -> None:
        troubles = ["transient"]
        post = world.posting(GROUP)

        async def choosy(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            for index, found in enumerate(events):
                if found.data.n == 3:
                    raise PoisonRecord(index, "three is not allowed")
            if troubles:
                raise Transient(troubles.pop())

        await world.emit(*[("a", n) for n in range(6)])
        async with world.running(world.relay, world.consumer(GROUP, choosy)):
            lines = await world.until_ledger_has(GROUP, 5)
            await until(lambda: _has(world, GROUP, 1))
        assert lines == [("a", n) for n in (0, 1, 2, 4, 5)]
        [(headers, body)] = await world.harness.dead_letters(world, GROUP)
        assert headers["dlq_reason"] == "refused: three is not allowed"
        assert headers["ce_type"] == "laws.things.counted.v1"
        assert b'"n":3' in body
        assert not troubles

    async def test_a_repeated_batch_puts_its_dead_letter_aside_once(self, world: World) -> None:
        crashing = Crashing(world.consumer(GROUP, world.posting(GROUP), bus=Deaf()))
        world.bus.subscribe(crashing)
        bad = _raw(world.topic, b"junk", {})
        good = encode(world.event(thing="a", n=1), event_id=new_id(), now=world.clock.now())
        async with world.running(world.relay, crashing):
            async with world.bus.publisher(fresh_name("laws.")) as publisher:
                await publisher.publish([bad, good])
            await until(lambda: _is(crashing.crashed == 1))
            await until(lambda: world.harness.has_moved(world, GROUP))
            await until(lambda: _has(world, GROUP, 1))
        assert await world.ledger(GROUP) == [("a", 1)]
        assert len(await world.harness.dead_letters(world, GROUP)) == 1
        name = dead_letter_topic(world.topic, GROUP)
        query = sa.select(sa.func.count()).where(outbox.c.topic == name)
        async with world.database.read() as session:
            assert (await session.execute(query)).scalar_one() == 1

    async def test_stopping_finishes_the_batch_in_hand_and_moves_the_position(
        self, world: World
    ) -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()
        post = world.posting(GROUP)

        async def slow(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            inside.set()
            await go_on.wait()

        consumer = world.consumer(GROUP, slow)
        await world.emit(("a", 1))
        stop = asyncio.Event()
        async with world.running(world.relay), asyncio.TaskGroup() as tasks:
            ended = tasks.create_task(consumer.run(stop))
            await asyncio.wait_for(inside.wait(), 30)
            stop.set()
            await asyncio.sleep(0.05)
            assert not ended.done(), "the batch in hand is waited for"
            go_on.set()
            await asyncio.wait_for(ended, 30)
            assert await world.ledger(GROUP) == [("a", 1)]
            await until(lambda: world.harness.has_moved(world, GROUP))

    async def test_after_a_clean_stop_the_group_goes_on_where_it_was(self, world: World) -> None:
        delivered: list[int] = []

        async def count(session: Any, events: Sequence[Any], *, now: Any) -> None:
            delivered.extend(found.data.n for found in events)

        consumer = world.consumer(GROUP, count, deduplicate=False)
        async with world.running(world.relay):
            async with world.running(consumer):
                await world.emit(*[("a", n) for n in range(5)])
                await until(lambda: _is(len(delivered) >= 5))
                await until(lambda: world.harness.has_moved(world, GROUP))
            await world.emit(*[("a", n) for n in range(5, 10)])
            assert delivered == list(range(5)), "nothing is delivered to a group that has left"
            async with world.running(consumer):
                await until(lambda: _is(len(delivered) >= 10))
        assert delivered == list(range(10)), "and without its inbox nothing came twice"

    async def test_a_record_published_twice_has_one_effect(self, world: World) -> None:
        """The relay died after publishing and before marking: everything goes out again."""
        async with world.running(world.consumer(GROUP, world.posting(GROUP))):
            await world.emit(*[("a", n) for n in range(10)])
            assert await world.relay.drain() == 10
            async with world.database.write() as session:
                await session.execute(sa.update(outbox).values(published_at=None))
            await world.emit(("a", 10))
            assert await world.relay.drain() == 11
            lines = await world.until_ledger_has(GROUP, 11)
        assert lines == [("a", n) for n in range(11)]

    async def test_two_relays_publish_everything_once_and_in_order(self, world: World) -> None:
        delivered: list[tuple[str, int]] = []

        async def count(session: Any, events: Sequence[Any], *, now: Any) -> None:
            delivered.extend((found.data.thing, found.data.n) for found in events)

        consumer = world.consumer(GROUP, count, deduplicate=False)
        second = Relay(
            world.database, world.bus, service=world.topic, batch_max=7, poll_interval_s=0.02
        )
        things = [(f"thing-{n % 3}", n) for n in range(120)]
        async with world.running(consumer, world.relay, second):
            for start in range(0, 120, 10):
                await world.emit(*things[start : start + 10])
            await until(lambda: _is(len(delivered) >= 120))
        assert by_thing(delivered) == by_thing(things)

    async def test_a_standby_relay_takes_over_when_the_active_one_ends(self, world: World) -> None:
        second = Relay(world.database, world.bus, service=world.topic, poll_interval_s=0.02)
        async with world.running(world.consumer(GROUP, world.posting(GROUP))):
            async with world.running(world.relay):
                await world.emit(("a", 0))
                await world.until_ledger_has(GROUP, 1)
            await world.emit(("a", 1))
            async with world.running(second):
                lines = await world.until_ledger_has(GROUP, 2)
        assert lines == [("a", 0), ("a", 1)]

    async def test_the_outbox_is_empty_once_all_is_published(self, world: World) -> None:
        consumer = world.consumer(GROUP, world.posting(GROUP))
        await world.emit(*[("a", n) for n in range(3)])
        async with world.database.read() as session:
            assert (await outbox_stats(session)).depth == 3
        async with world.running(consumer):
            assert await world.relay.drain() == 3
            assert await world.relay.drain() == 0
        async with world.database.read() as session:
            stats = await outbox_stats(session)
        assert (stats.depth, stats.age_s) == (0, 0)

    async def test_lost_database_connections_lose_nothing(self, world: World) -> None:
        """The database ends every connection again and again while events flow."""
        things = [(f"thing-{n % 3}", n) for n in range(200)]
        async with world.running(world.relay, world.consumer(GROUP, world.posting(GROUP))):
            for start in range(0, 200, 20):
                await world.emit(*things[start : start + 20])
                await _end_connections(world)
            lines = await world.until_ledger_has(GROUP, 200)
        assert by_thing(lines) == by_thing(things)
        assert world.failures == []

    async def test_a_broadcast_reaches_every_follower_from_the_start(
        self, world: World, broadcast: str
    ) -> None:
        await _broadcast(world, broadcast, ("clock", 1), ("other", 1))
        first, second = _Followed(), _Followed()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for found in (first, second):
                bus = world.harness.connect()
                await bus.start()
                tasks.create_task(
                    bus.follow(broadcast, found.take, caught_up=found.caught_up, stop=stop)
                )
            for found in (first, second):
                await asyncio.wait_for(found.caught_up.wait(), 30)
                assert found.latest == {b"clock": b"1", b"other": b"1"}
            await _broadcast(world, broadcast, ("clock", 2))
            await until(lambda: _is(first.latest[b"clock"] == second.latest[b"clock"] == b"2"))
            stop.set()

    async def test_a_follower_of_an_empty_topic_has_caught_up_at_once(
        self, world: World, broadcast: str
    ) -> None:
        found, stop = _Followed(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                world.bus.follow(broadcast, found.take, caught_up=found.caught_up, stop=stop)
            )
            await asyncio.wait_for(found.caught_up.wait(), 30)
            stop.set()
        assert found.latest == {}

    async def test_a_follower_whose_handler_fails_ends_with_that_error(
        self, world: World, broadcast: str
    ) -> None:
        async def broken(batch: Sequence[Delivered]) -> None:
            raise Crash

        async def follow() -> None:
            await world.bus.follow(
                broadcast, broken, caught_up=asyncio.Event(), stop=asyncio.Event()
            )

        following = asyncio.ensure_future(follow())
        await asyncio.sleep(0)
        await _broadcast(world, broadcast, ("clock", 1))
        with pytest.raises(Crash):
            await asyncio.wait_for(following, 30)

    async def test_a_group_that_joins_later_reads_from_the_start(self, world: World) -> None:
        async with world.running(world.relay, world.consumer(GROUP, world.posting(GROUP))):
            await world.emit(*[("a", n) for n in range(5)])
            await world.until_ledger_has(GROUP, 5)
            await until(lambda: world.harness.has_moved(world, GROUP))
            async with world.running(world.consumer(OTHER, world.posting(OTHER))):

                async def all_there() -> bool:
                    return len(await world.ledger(OTHER)) == 5

                await until(all_there, within_s=world.harness.patience_s)

    async def test_a_stuck_partition_does_not_hold_back_the_others(self, world: World) -> None:
        post = world.posting(GROUP)

        async def picky(session: Any, events: Sequence[Any], *, now: Any) -> None:
            if any(found.data.thing == "stuck" for found in events):
                raise Transient("for ever")
            await post(session, events, now=now)

        things = [("stuck", 0), *[(f"thing-{n}", n) for n in range(60)]]
        await world.emit(*things)
        async with world.running(world.relay, world.consumer(GROUP, picky)):

            async def others_there() -> bool:
                # Six partitions: at least some of the sixty keys lie beside the stuck one.
                return len(await world.ledger(GROUP)) >= 30

            await until(others_there, within_s=world.harness.patience_s)

    async def test_members_that_join_and_leave_lose_nothing_and_keep_the_order(
        self, world: World
    ) -> None:
        things = [(f"thing-{n % 30}", n) for n in range(1500)]
        members = []
        for _ in range(3):
            bus = world.harness.connect()
            await bus.start()
            members.append(world.consumer(GROUP, world.posting(GROUP), bus=bus))

        async def feed() -> None:
            for start in range(0, 1500, 15):
                await world.emit(*things[start : start + 15])
                await asyncio.sleep(0.03)

        async with world.running(world.relay, members[0]), asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(feed())
            await world.until_ledger_has(GROUP, 100)
            async with world.running(members[1]):
                await world.until_ledger_has(GROUP, 500)
                async with world.running(members[2]):
                    await world.until_ledger_has(GROUP, 900)
            await feeding
            lines = await world.until_ledger_has(GROUP, 1500)
        assert by_thing(lines) == by_thing(things)
        assert len(lines) == 1500
        assert world.failures == []


class _Followed:
    """The latest value of each key, as one follower knows it."""

    def __init__(self) -> None:
        self.latest: dict[bytes | None, bytes | None] = {}
        self.caught_up = asyncio.Event()

    async def take(self, batch: Sequence[Delivered]) -> None:
        self.latest.update({record.key: record.value for record in batch})


def _raw(topic: str, value: bytes, headers: dict[str, str]) -> Record:
    return Record(str(new_id()), topic, "a", value, wire_headers(headers))


def _event_of_bytes(world: World, size: int) -> Any:
    """Return an event whose body has exactly this size."""
    bare = world.event(thing="a", n=size)
    return world.event(thing="a", n=size, padding="x" * (size - len(body_of(bare))))


async def _broadcast(world: World, topic: str, *values: tuple[str, int]) -> None:
    records = [Record(str(new_id()), topic, key, str(n).encode(), ()) for key, n in values]
    async with world.bus.publisher(fresh_name("laws.")) as publisher:
        await publisher.publish(records)


async def _end_connections(world: World) -> None:
    statement = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _ in range(5):
        try:
            async with world.database.write() as session:
                await session.execute(statement)
            return
        except sa.exc.DBAPIError:  # our own pooled connection was one of them
            continue


async def _is(found: bool) -> bool:
    return found


async def _has(world: World, group: str, count: int) -> bool:
    return len(await world.harness.dead_letters(world, group)) >= count
