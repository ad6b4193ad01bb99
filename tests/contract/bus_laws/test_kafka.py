"""The bus laws on a real Apache Kafka broker, and what only a real one can show."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError

from tht_kit import bus_kafka_group
from tht_kit.bus import (
    BusMisconfigured,
    BusUnavailable,
    Record,
    Transient,
    dead_letter_topic,
    record_bytes_max,
)
from tht_kit.bus_kafka import KafkaBus
from tht_kit.db import Database
from tht_kit.events import encode
from tht_kit.ids import new_id
from tht_kit.runner import TooManyDeadLetters
from tht_kit.telemetry import CONSUMER_LAG
from tht_kit.testing.kafka import KafkaBroker
from tht_kit.topics import Topic, ensure

from .laws import GROUP, OTHER, BusLaws
from .world import World, by_thing, fresh_name, until

pytestmark = pytest.mark.kafka

COMPACTED = {"cleanup.policy": "compact", "message.timestamp.type": "LogAppendTime"}


class KafkaHarness:
    """Every connection is a bus of its own on the one broker, as in another process."""

    patience_s = 20.0

    def __init__(self, broker: KafkaBroker) -> None:
        self.broker = broker
        self.buses: list[KafkaBus] = []

    def connect(self) -> KafkaBus:
        self.buses.append(KafkaBus(self.broker.bootstrap))
        return self.buses[-1]

    async def close(self) -> None:
        for bus in self.buses:
            await bus.close()

    async def make_topic(self, name: str, *, groups: Sequence[str], partitions: int = 1) -> None:
        names = {name: partitions} | {dead_letter_topic(name, group): 1 for group in groups}
        topics = [
            Topic(found, count, {"max.message.bytes": str(record_bytes_max(found))})
            for found, count in names.items()
        ]
        await ensure(self.broker.bootstrap, topics)

    async def make_broadcast_topic(self, name: str) -> None:
        await ensure(self.broker.bootstrap, [Topic(name, 1, COMPACTED)])

    async def has_moved(self, world: World, group: str) -> bool:
        return sum((await self.committed(world, group)).values()) > 0

    async def committed(self, world: World, group: str) -> dict[TopicPartition, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker.bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        return {
            found: value.offset
            for found, value in offsets.items()
            if found.topic == world.topic and value.offset > 0
        }

    async def dead_letters(self, world: World, group: str) -> list[tuple[dict[str, str], bytes]]:
        consumer = AIOKafkaConsumer(
            dead_letter_topic(world.topic, group),
            bootstrap_servers=self.broker.bootstrap,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            records = [
                record
                for found in (await consumer.getmany(timeout_ms=300)).values()
                for record in found
            ]
        finally:
            await consumer.stop()
        return [
            ({name: value.decode() for name, value in record.headers}, record.value)
            for record in records
        ]


@pytest.fixture
async def world(law_database: Database, kafka_broker: KafkaBroker) -> AsyncIterator[World]:
    harness = KafkaHarness(kafka_broker)
    topic = fresh_name("laws.")
    await harness.make_topic(topic, groups=[GROUP, OTHER], partitions=6)
    bus = harness.connect()
    await bus.start()
    yield World(harness, law_database, topic, bus)
    await harness.close()


@pytest.fixture
async def broadcast(world: World) -> str:
    name = fresh_name("laws.control")
    await world.harness.make_broadcast_topic(name)
    await world.bus.start()
    return name


class TestKafkaBus(BusLaws):
    pass


class TestKafkaAlone:
    """What only a broker can show."""

    async def test_start_names_the_missing_topic_and_the_command(
        self, world: World, kafka_broker: KafkaBroker
    ) -> None:
        bus = KafkaBus(kafka_broker.bootstrap)
        world.consumer("nobody", world.posting("nobody"), bus=bus)
        with pytest.raises(BusMisconfigured) as refused:
            await bus.start()
        await bus.close()
        assert f"{world.topic}.dlq.nobody" in str(refused.value)
        assert "python -m tht_kit.topics deploy/kafka/topics.yaml" in str(refused.value)

    async def test_start_without_a_broker_says_so(self, unused_tcp_port: int) -> None:
        bus = KafkaBus(f"127.0.0.1:{unused_tcp_port}")
        with pytest.raises(BusUnavailable, match="no answer from Kafka"):
            await bus.start()
        await bus.close()

    async def test_publishing_to_a_missing_topic_fails_at_once(self, world: World) -> None:
        record = Record("1", fresh_name("laws."), "a", b"{}", ())
        async with world.bus.publisher(fresh_name("laws.")) as publisher:
            with pytest.raises(BusMisconfigured, match="has no topic"):
                await asyncio.wait_for(publisher.publish([record]), 10)

    async def test_a_later_publisher_fences_an_earlier_one_of_its_name(self, world: World) -> None:
        name = fresh_name("laws.")
        seen: list[int] = []

        async def note(session: Any, events: Sequence[Any], *, now: Any) -> None:
            seen.extend(found.data.n for found in events)

        records = [
            encode(world.event(thing="a", n=n), event_id=new_id(), now=world.clock.now())
            for n in range(3)
        ]
        async with world.running(world.consumer(GROUP, note)):
            async with world.bus.publisher(name) as earlier:
                await earlier.publish([records[0]])
                async with world.bus.publisher(name) as later:
                    with pytest.raises(BusUnavailable):
                        await earlier.publish([records[1]])
                    await later.publish([records[2]])
            await until(lambda: _is(len(seen) >= 2))
        assert seen == [0, 2], "nothing of the fenced publisher became visible"

    async def test_readers_never_see_half_a_batch(
        self, world: World, kafka_broker: KafkaBroker
    ) -> None:
        name = fresh_name("laws.")
        died = AIOKafkaProducer(bootstrap_servers=kafka_broker.bootstrap, transactional_id=name)
        await died.start()
        await died.begin_transaction()
        half = encode(world.event(thing="a", n=1), event_id=new_id(), now=world.clock.now())
        await died.send_and_wait(half.topic, value=half.value, key=b"a", headers=list(half.headers))
        whole = encode(world.event(thing="a", n=2), event_id=new_id(), now=world.clock.now())
        async with world.running(world.consumer(GROUP, world.posting(GROUP))):
            # Opening the publisher again ends what the dead one left open.
            async with world.bus.publisher(name) as publisher:
                await publisher.publish([whole])
            lines = await world.until_ledger_has(GROUP, 1)
        await died.stop()
        assert lines == [("a", 2)]

    async def test_only_partitions_whose_batch_is_durable_move(self, world: World) -> None:
        post = world.posting(GROUP)

        async def picky(session: Any, events: Sequence[Any], *, now: Any) -> None:
            if any(found.data.thing == "stuck" for found in events):
                raise Transient("for ever")
            await post(session, events, now=now)

        await world.emit(("stuck", 0), *[(f"thing-{n}", n) for n in range(60)])
        harness = world.harness
        assert isinstance(harness, KafkaHarness)
        async with world.running(world.relay, world.consumer(GROUP, picky)):

            async def five_moved() -> bool:
                return len(await harness.committed(world, GROUP)) == 5

            await until(five_moved)
        assert "stuck" not in by_thing(await world.ledger(GROUP))
        assert len(await harness.committed(world, GROUP)) == 5, "not even at the clean stop"

    @pytest.mark.slow
    async def test_a_long_retry_keeps_the_membership(self, world: World) -> None:
        """Longer than the session timeout of 6 s: no rebalance, the same batch in the end."""
        started = time.monotonic()
        batches: list[list[int]] = []
        post = world.posting(GROUP)

        async def late(session: Any, events: Sequence[Any], *, now: Any) -> None:
            batches.append([found.data.n for found in events])
            if time.monotonic() - started < 8:
                raise Transient("not yet")
            await post(session, events, now=now)

        await world.emit(*[("a", n) for n in range(5)])
        with structlog.testing.capture_logs() as logs:
            async with world.running(world.relay, world.consumer(GROUP, late)):
                lines = await world.until_ledger_has(GROUP, 5)
        assert lines == [("a", n) for n in range(5)]
        assert all(batch == batches[0] for batch in batches)
        assert [found["event"] for found in logs].count("consumer.assigned") == 1

    async def test_a_batch_in_hand_is_finished_before_its_partition_moves(
        self, world: World
    ) -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()
        post = world.posting(GROUP)
        overlaps: list[int] = []

        async def slow(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            inside.set()
            await go_on.wait()

        async def second(session: Any, events: Sequence[Any], *, now: Any) -> None:
            overlaps.extend(found.data.n for found in events)

        bus = world.harness.connect()
        await bus.start()
        joining = world.consumer(GROUP, second, bus=bus, deduplicate=False)
        await world.emit(("a", 1))
        with structlog.testing.capture_logs() as logs:
            async with world.running(world.relay, world.consumer(GROUP, slow)):
                await asyncio.wait_for(inside.wait(), 30)
                async with world.running(joining):
                    await asyncio.sleep(2)  # the second member waits to be let in all this time
                    assert _assignments(logs) == 1
                    go_on.set()
                    await until(lambda: _is(_assignments(logs) >= 3))
        assert await world.ledger(GROUP) == [("a", 1)]
        assert overlaps == [], "its position was committed before the partition moved"

    async def test_a_refused_commit_leaves_the_partition_to_its_new_owner(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bus_kafka_group, "REVOKE_WAIT_S", 0.1)
        inside, go_on = asyncio.Event(), asyncio.Event()
        post = world.posting(GROUP)

        async def slow(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            inside.set()
            await go_on.wait()

        things = [(f"thing-{n}", n) for n in range(30)]
        bus = world.harness.connect()
        await bus.start()
        joining = world.consumer(GROUP, world.posting(GROUP), bus=bus)
        await world.emit(*things)
        with structlog.testing.capture_logs() as logs:
            async with world.running(world.relay, world.consumer(GROUP, slow)):
                await asyncio.wait_for(inside.wait(), 30)
                async with world.running(joining):
                    await until(lambda: _is(_assignments(logs) >= 3))
                    go_on.set()
                    lines = await world.until_ledger_has(GROUP, 30)
        assert sorted(n for _, n in lines) == list(range(30))
        events = [found["event"] for found in logs]
        assert "consumer.batch_outlives_revocation" in events
        assert world.failures == []

    async def test_a_partition_that_comes_back_after_a_refused_commit_is_taken_up_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The batch outlives its assignment, its commit is refused, and a retry follows."""
        monkeypatch.setattr(bus_kafka_group, "REVOKE_WAIT_S", 0.1)
        inside, go_on = asyncio.Event(), asyncio.Event()
        refusals, troubles = [CommitFailedError()], [Transient("once")]
        commit = AIOKafkaConsumer.commit
        post = world.posting(GROUP)

        async def refused_once(consumer: Any, offsets: Any) -> None:
            if refusals:
                raise refusals.pop()
            await commit(consumer, offsets)

        async def slow(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            inside.set()
            await go_on.wait()
            if not refusals and troubles:
                raise troubles.pop()

        monkeypatch.setattr(AIOKafkaConsumer, "commit", refused_once)
        bus = world.harness.connect()
        await bus.start()
        joining = world.consumer(GROUP, post, bus=bus)
        await world.emit(("a", 1))
        with structlog.testing.capture_logs() as logs:
            async with world.running(world.relay, world.consumer(GROUP, slow)):
                await asyncio.wait_for(inside.wait(), 30)
                async with world.running(joining):
                    await until(lambda: _is(_assignments(logs) >= 3))
                # The other member has left: all partitions come back to the first.
                await until(lambda: _is(_assignments(logs) >= 4))
                go_on.set()
                await world.until_ledger_has(GROUP, 1)
                for n in (2, 3):
                    await world.emit(("a", n))
                    lines = await world.until_ledger_has(GROUP, n)
        assert lines == [("a", 1), ("a", 2), ("a", 3)]
        assert (refusals, troubles) == ([], [])

    async def test_the_lag_of_a_partition_that_was_given_up_is_no_longer_shown(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bus_kafka_group, "PROBE_S", 0.05)

        def shown() -> set[str]:
            labels = [found.labels for family in CONSUMER_LAG.collect() for found in family.samples]
            return {found["partition"] for found in labels if found["topic"] == world.topic}

        async with world.running(world.consumer(GROUP, world.posting(GROUP))):
            await until(lambda: _is(shown() == set("012345")))
        assert shown() == set()

    async def test_too_many_dead_letters_stop_the_group_and_lose_nothing(
        self, world: World
    ) -> None:
        bad = [Record(str(new_id()), world.topic, "a", b"junk", ()) for _ in range(5)]
        good = encode(world.event(thing="a", n=1), event_id=new_id(), now=world.clock.now())
        strict = world.consumer(GROUP, world.posting(GROUP), dead_letters_max=3)
        async with world.bus.publisher(fresh_name("laws.")) as publisher:
            await publisher.publish([*bad, good])
        with pytest.raises(TooManyDeadLetters, match="more than 3 records"):
            await asyncio.wait_for(strict.run(asyncio.Event()), 30)
        assert await world.ledger(GROUP) == []
        assert not await world.harness.has_moved(world, GROUP)
        bus = world.harness.connect()
        await bus.start()
        lenient = world.consumer(GROUP, world.posting(GROUP), bus=bus, dead_letters_max=5)
        async with world.running(world.relay, lenient):
            assert await world.until_ledger_has(GROUP, 1) == [("a", 1)]
            await until(lambda: _has_letters(world, 5))

    @pytest.mark.slow
    async def test_a_member_expelled_in_the_middle_of_a_batch_leaves_it_and_joins_again(
        self, world: World
    ) -> None:
        """The process stands still for longer than the session timeout; its commit is refused."""
        freezes = [8]
        post = world.posting(GROUP)

        async def freezing(session: Any, events: Sequence[Any], *, now: Any) -> None:
            await post(session, events, now=now)
            if freezes:
                time.sleep(freezes.pop())  # noqa: ASYNC251 - this is what is tried here

        with structlog.testing.capture_logs() as logs:
            async with world.running(world.relay, world.consumer(GROUP, freezing)):
                await world.emit(("a", 1))
                await world.until_ledger_has(GROUP, 1)
                await world.emit(("a", 2))
                lines = await world.until_ledger_has(GROUP, 2)
                await until(lambda: world.harness.has_moved(world, GROUP))
        assert lines == [("a", 1), ("a", 2)]
        assert "consumer.partition_lost" in [found["event"] for found in logs]
        assert world.failures == []


class TestBrokerLoss:
    """On a broker of its own, because it is killed."""

    @pytest.mark.slow
    async def test_a_killed_broker_that_comes_back_loses_and_doubles_nothing(
        self,
        law_database: Database,
        tmp_path: Path,
        pytestconfig: pytest.Config,
        kafka_broker: KafkaBroker,
    ) -> None:
        del kafka_broker  # only for its check that Java and Maven are here
        broker = KafkaBroker(tmp_path / "broker", repository=pytestconfig.rootpath)
        await asyncio.to_thread(broker.start)
        harness = KafkaHarness(broker)
        try:
            topic = fresh_name("laws.")
            await harness.make_topic(topic, groups=[GROUP], partitions=3)
            bus = harness.connect()
            await bus.start()
            world = World(harness, law_database, topic, bus)
            things = [(f"thing-{n % 9}", n) for n in range(900)]
            async with world.running(world.relay, world.consumer(GROUP, world.posting(GROUP))):
                for start in range(0, 900, 30):
                    await world.emit(*things[start : start + 30])
                    if start == 300:
                        await world.until_ledger_has(GROUP, 100)
                        await asyncio.to_thread(broker.kill)
                        with pytest.raises(BusUnavailable):
                            await bus.check()
                    if start == 600:
                        await asyncio.sleep(3)
                        await asyncio.to_thread(broker.start)
                async with asyncio.timeout(90):
                    while len(await world.ledger(GROUP)) < 900:
                        await asyncio.sleep(0.1)
            lines = await world.ledger(GROUP)
            assert by_thing(lines) == by_thing(things)
            assert world.failures == []
            await bus.check()
        finally:
            await harness.close()
            await asyncio.to_thread(broker.stop)


def _assignments(logs: Sequence[Any]) -> int:
    return sum(found["event"] == "consumer.assigned" for found in logs)


async def _is(found: bool) -> bool:
    return found


async def _has_letters(world: World, count: int) -> bool:
    return len(await world.harness.dead_letters(world, GROUP)) >= count
