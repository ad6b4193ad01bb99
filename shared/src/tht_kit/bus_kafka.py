"""The bus on Apache Kafka, through aiokafka: every setting that decides about loss is explicit.

Publishing: one Kafka transaction per batch, readers see committed records only, so no record
becomes visible before an earlier one of its key and a half batch never does. The transactional id
is the publisher's name: opening it again fences off whoever held it before and ends what that one
left open.

Consuming: see `bus_kafka_group`. Topics are made by `tht_kit.topics`, never by use.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    IllegalOperation,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from tht_kit.bus import (
    DEAD_LETTER_BYTES_MAX,
    RECORD_BYTES_MAX,
    BusMisconfigured,
    BusUnavailable,
    Delivered,
    Publisher,
    Record,
    Subscriber,
    dead_letter_topic,
)
from tht_kit.bus_kafka_group import GroupMember, close_consumer, closed_within, delivered
from tht_kit.transient import Backoff
from tht_kit.waiting import wait_any

PRODUCER_SETTINGS: Mapping[str, Any] = {
    "enable_idempotence": True,
    "acks": "all",
    # A batch of the relay is handed over whole and waited for: lingering would only add time.
    "linger_ms": 0,
    # Bodies are small JSON on a fast network; the processor is the scarce thing here.
    "compression_type": None,
    # One request per partition holds a whole relay batch; no more than the topics of events take,
    # for the broker measures whole batches (max.message.bytes, see tht_kit.topics).
    "max_batch_size": RECORD_BYTES_MAX,
    # The limit of a single record, which may exceed a batch: the largest that any topic takes.
    "max_request_size": DEAD_LETTER_BYTES_MAX,
    "request_timeout_ms": 40_000,
    "transaction_timeout_ms": 30_000,
    "retry_backoff_ms": 100,
}
FOLLOWER_SETTINGS: Mapping[str, Any] = {
    "group_id": None,
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "request_timeout_ms": 60_000,
    "retry_backoff_ms": 1_000,
}

PUBLISH_TIMEOUT_S = 60.0
OPEN_TIMEOUT_S = 30.0
ABORT_TIMEOUT_S = 5.0
CHECK_TIMEOUT_S = 5.0
FOLLOW_POLL_S = 0.5
RETRY_FIRST_S = 0.5
RETRY_MAX_S = 10.0

CREATE_COMMAND = "python -m tht_kit.topics deploy/kafka/topics.yaml --bootstrap {bootstrap}"

_log = structlog.get_logger()


class KafkaBus:
    """Kafka at `bootstrap` ("host:port,..."). `security` holds aiokafka's SASL and TLS options."""

    def __init__(self, bootstrap: str, *, security: Mapping[str, Any] | None = None) -> None:
        self._bootstrap = bootstrap
        self._connection = {"bootstrap_servers": bootstrap, **(security or {})}
        self._subscribers: dict[str, Subscriber] = {}
        self._admin: AIOKafkaAdminClient | None = None
        self._known_topics: set[str] = set()

    async def start(self) -> None:
        """Connect and check the topics of every group and their dead-letter topics.

        Raises BusMisconfigured naming what is missing, BusUnavailable if no broker answers.
        """
        await self._refresh_topics()
        for subscriber in self._subscribers.values():
            self._require(_topics_for(subscriber))

    async def close(self) -> None:
        if self._admin is not None:
            await closed_within(self._admin.close())
            self._admin = None

    async def check(self) -> None:
        await self._refresh_topics()

    @property
    def topics_lost_with_the_process(self) -> frozenset[str]:
        return frozenset()

    def subscribe(self, subscriber: Subscriber) -> None:
        if subscriber.group in self._subscribers:
            raise BusMisconfigured(f"group {subscriber.group} is declared twice")
        self._subscribers[subscriber.group] = subscriber

    @asynccontextmanager
    async def publisher(self, name: str) -> AsyncIterator[Publisher]:
        """Open a transactional producer; raises BusUnavailable if no broker lets it in."""
        producer = AIOKafkaProducer(
            **self._connection, **PRODUCER_SETTINGS, transactional_id=name, client_id=name
        )
        try:
            try:
                async with asyncio.timeout(OPEN_TIMEOUT_S):
                    await producer.start()
            except (KafkaError, TimeoutError, OSError) as error:
                raise BusUnavailable(f"publisher {name} cannot be opened: {error!r}") from error
            yield _KafkaPublisher(producer, self)
        finally:
            await closed_within(producer.stop(), producer.client.close())

    async def consume(self, subscriber: Subscriber, stop: asyncio.Event) -> None:
        """Be a member of the subscriber's group until `stop`; see `GroupMember`."""
        self._require(_topics_for(subscriber))
        await GroupMember(subscriber, self._connection).run(stop)

    async def follow(
        self,
        topic: str,
        handle: Callable[[Sequence[Delivered]], Awaitable[None]],
        *,
        caught_up: asyncio.Event,
        stop: asyncio.Event,
    ) -> None:
        """Read the topic from its start and follow it; after an error of Kafka's from the start again."""
        self._require([topic])
        backoff = Backoff(first_s=RETRY_FIRST_S, max_s=RETRY_MAX_S)
        while not stop.is_set():
            # Without a group the client assigns itself all partitions of the topic.
            consumer = AIOKafkaConsumer(topic, **self._connection, **FOLLOWER_SETTINGS)
            try:
                await consumer.start()
                await _follow_until(consumer, handle, caught_up, stop)
            except KafkaError as error:
                delay_s = backoff.next_s()
                _log.warning(
                    "bus.follow_failed", topic=topic, error=repr(error), retry_in_s=delay_s
                )
                await wait_any(stop, timeout_s=delay_s)
            finally:
                await close_consumer(consumer)

    async def require_topics(self, topics: set[str]) -> None:
        """Check, against fresh metadata if need be, that the topics exist. Raises as `start`."""
        if not topics <= self._known_topics:
            await self._refresh_topics()
            self._require(topics)

    def _require(self, topics: Iterable[str]) -> None:
        missing = sorted(set(topics) - self._known_topics)
        if missing:
            command = CREATE_COMMAND.format(bootstrap=self._bootstrap)
            raise BusMisconfigured(
                f"Kafka at {self._bootstrap} has no topic {', '.join(missing)}: see that"
                f" deploy/kafka/topics.yaml names it, then run `{command}`"
            )

    async def _refresh_topics(self) -> None:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                if self._admin is None:
                    admin = AIOKafkaAdminClient(**self._connection, request_timeout_ms=5_000)
                    try:
                        await admin.start()
                    except BaseException:
                        await closed_within(admin.close())
                        raise
                    self._admin = admin
                self._known_topics = set(await self._admin.list_topics())
        except (KafkaError, TimeoutError, OSError) as error:
            raise BusUnavailable(f"no answer from Kafka at {self._bootstrap}: {error!r}") from error


class _KafkaPublisher:
    """A transactional producer; unusable after its first error."""

    def __init__(self, producer: AIOKafkaProducer, bus: KafkaBus) -> None:
        self._producer = producer
        self._bus = bus

    async def publish(self, records: Sequence[Record]) -> None:
        """Publish the records in one Kafka transaction.

        Raises BusUnavailable, or BusMisconfigured if the topic is missing or refused, or a record
        is larger than the cluster takes: repeating that would change nothing.
        """
        await self._bus.require_topics({record.topic for record in records})
        sent: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                await self._producer.begin_transaction()
                for record in records:
                    acknowledged = await self._producer.send(
                        record.topic,
                        value=record.value,
                        key=record.key.encode(),
                        headers=list(record.headers),
                    )
                    sent.append(acknowledged)
                for acknowledged in sent:
                    await acknowledged
                await self._producer.commit_transaction()
        except (MessageSizeTooLargeError, TopicAuthorizationFailedError) as error:
            await self._give_up(sent)
            raise BusMisconfigured(f"Kafka does not take the batch: {error!r}") from error
        except (KafkaError, TimeoutError, OSError) as error:
            await self._give_up(sent)
            raise BusUnavailable(f"the batch was not published: {error!r}") from error

    async def _give_up(self, sent: Sequence[asyncio.Future[Any]]) -> None:
        for acknowledged in sent:
            # Each fails with the batch; what one of them said is in the error already.
            acknowledged.add_done_callback(lambda done: done.cancelled() or done.exception())
        # Best effort: whoever opens the publisher next ends what is left open here.
        with suppress(KafkaError, TimeoutError, IllegalOperation, AssertionError):
            async with asyncio.timeout(ABORT_TIMEOUT_S):
                await self._producer.abort_transaction()


def _topics_for(subscriber: Subscriber) -> list[str]:
    letters = [dead_letter_topic(topic, subscriber.group) for topic in subscriber.topics]
    return [*subscriber.topics, *letters]


async def _follow_until(
    consumer: AIOKafkaConsumer,
    handle: Callable[[Sequence[Delivered]], Awaitable[None]],
    caught_up: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    ends: dict[TopicPartition, int] = await consumer.end_offsets(sorted(consumer.assignment()))
    while not stop.is_set():
        fetched = await _fetched(consumer, FOLLOW_POLL_S)
        for records in fetched.values():
            await handle([delivered(record) for record in records])
        if not caught_up.is_set() and await _reached(consumer, ends):
            caught_up.set()


async def _fetched(
    consumer: AIOKafkaConsumer, timeout_s: float
) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
    found: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]
    found = await consumer.getmany(timeout_ms=int(timeout_s * 1000))
    return found


async def _reached(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return False
    return True
