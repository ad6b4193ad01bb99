"""What breaks in production, on real Kafka and PostgreSQL: after each, all totals are exact."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

pytestmark = pytest.mark.kafka

OUTAGE_S = 20


async def test_a_worker_killed_in_the_middle_of_a_batch(stack, probe):
    async with probe.blocked("trading-svc", "blocks", "ACCESS EXCLUSIVE"):
        await probe.issue(300)
        await probe.someone_waits("trading-svc")
        stack.kill("trading-svc/worker")
    stack.restart("trading-svc/worker")
    await probe.assert_exact()


async def test_the_relay_killed_after_publish_and_before_mark(stack, probe):
    """The outbox can be read but not marked: the batch is on the topic, and the relay dies."""
    stack.halt("issuance-svc/worker")
    await probe.issue(120)
    before = await probe.totals()
    async with probe.blocked("issuance-svc", "outbox", "EXCLUSIVE"):
        stack.restart("issuance-svc/worker")
        await probe.someone_waits("issuance-svc")
        while (await probe.totals())["held_t"] < before["emitted_t"]:
            await asyncio.sleep(0.1)
        stack.kill("issuance-svc/worker")
    assert (await probe.totals())["unpublished"] == 120
    stack.restart("issuance-svc/worker")
    await probe.assert_exact()


async def test_a_broker_away_for_twenty_seconds(stack, probe):
    stack.kill("kafka")
    await probe.issue(200)
    await asyncio.sleep(OUTAGE_S)
    stack.restart("kafka")
    await probe.issue(50)
    await probe.assert_exact()


async def test_a_database_restarted_under_load(stack, probe):
    await probe.issue(400)
    stack.restart("postgres")
    await probe.issue(50)
    await probe.assert_exact()


async def test_a_database_killed_under_load(stack, probe):
    await probe.issue(400)
    stack.kill("postgres")
    stack.restart("postgres")
    await probe.assert_exact()


async def test_a_topic_replayed_from_its_start(stack, probe):
    before = await probe.totals()
    assert before["emitted"] > 0
    stack.halt("trading-svc/worker")
    await rewind(stack.kafka_bootstrap, "trading-svc", "issuance.credits")
    stack.restart("trading-svc/worker")
    await probe.issue(10)
    await probe.assert_exact()


async def test_a_second_worker_joins_and_the_first_dies(stack, probe):
    second = stack.add_worker("trading-svc")
    await probe.issue(200)
    stack.kill("trading-svc/worker")
    await probe.issue(200)
    await probe.assert_exact()
    stack.restart("trading-svc/worker")
    stack.halt(second)
    await probe.assert_exact()


async def rewind(bootstrap: str, group: str, topic: str) -> None:
    """Put the group back to the first record of a topic, as an operator who replays would."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        if not partitions:
            cluster = await consumer._client.fetch_all_metadata()
            partitions = [TopicPartition(topic, p) for p in cluster.partitions_for_topic(topic)]
        consumer.assign(partitions)
        starts = await consumer.beginning_offsets(partitions)
        await consumer.commit(dict(starts))
    finally:
        await consumer.stop()
