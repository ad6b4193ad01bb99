"""The bus laws on a real Apache Kafka broker, and what only a real one can show."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tht_kit import bus_kafka_group
from tht_kit.bus import BusMisconfigured, Record, Transient, dead_letter_topic
from tht_kit.bus_kafka import KafkaBus
from tht_kit.db import Database
from tht_kit.runner import TooManyDeadLetters
from tht_kit.testing.kafka import KafkaBroker
from tht_kit.topics import Topic, ensure

from .laws import GROUP, OTHER, BusLaws
from .world import Crash, World, by_thing, fresh_name, until

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
        letters = [Topic(dead_letter_topic(name, group), 1, {}) for group in groups]
        await ensure(self.broker.bootstrap, [Topic(name, partitions, {}), *letters])

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
