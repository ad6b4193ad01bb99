"""Speed of the bus path: consuming into a ledger, and publishing an outbox to Kafka.

Each figure stands beside the limit it is held against, measured in the same run on the same machine
with the same data: the same SQL by plain asyncpg, the same bytes by plain aiokafka.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
import orjson
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from sqlalchemy.dialects.postgresql import ARRAY

from tht_kit import logging as kit_logging
from tht_kit.bus import Delivered, Record
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.bus_kafka import KafkaBus
from tht_kit.bus_kafka_group import BATCH_MAX as CONSUMER_BATCH
from tht_kit.clock import SystemClock
from tht_kit.collector import calm_collector
from tht_kit.db import Database
from tht_kit.embedded_pg import EmbeddedPostgres
from tht_kit.errors import Text
from tht_kit.events import Event, encode
from tht_kit.ids import new_id
from tht_kit.inbox import inbox_table
from tht_kit.outbox import emit_all, outbox_table
from tht_kit.relay import BATCH_MAX as RELAY_BATCH
from tht_kit.relay import Relay
from tht_kit.runner import Consumer, Subscription
from tht_kit.testing.kafka import KafkaBroker, reason_for_no_kafka
from tht_kit.topics import Topic, ensure

ROOT = Path(__file__).resolve().parents[2]
CONSUMED = 60_000
RELAYED = 10_000
RELAY_ROUNDS = 6
CONSUMER_GOAL = 0.7
RELAY_GOAL_PER_S = 10_000
RELAY_GOAL_RATIO = 0.5
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)

METADATA = sa.MetaData()
outbox_table(METADATA)
inbox_table(METADATA)
sa.Table(
    "entries",
    METADATA,
    sa.Column("entry_id", sa.Uuid, primary_key=True),
    sa.Column("debit", sa.Text, nullable=False),
    sa.Column("credit", sa.Text, nullable=False),
    sa.Column("amount_tenths", sa.BigInteger, nullable=False),
    sa.Column("source_event_id", sa.Uuid, nullable=False),
)
LEDGER_SQL = """
    INSERT INTO entries (entry_id, debit, credit, amount_tenths, source_event_id)
    SELECT * FROM unnest({}, {}, {}, {}, {})
"""
INBOX_SQL = """
    WITH asked AS (SELECT event_id FROM unnest($2::uuid[]) AS event_id),
    claimed AS (
        INSERT INTO inbox (inbox_group, event_id)
        SELECT $1, event_id FROM asked ORDER BY event_id
        ON CONFLICT DO NOTHING
        RETURNING event_id
    )
    SELECT event_id FROM asked WHERE event_id NOT IN (SELECT event_id FROM claimed)
"""
_BOUND = sa.text(
    LEDGER_SQL.format(":ids", ":debits", ":credits", ":amounts", ":sources")
).bindparams(
    sa.bindparam("ids", type_=ARRAY(sa.Uuid)),
    sa.bindparam("debits", type_=ARRAY(sa.Text)),
    sa.bindparam("credits", type_=ARRAY(sa.Text)),
    sa.bindparam("amounts", type_=ARRAY(sa.BigInteger)),
    sa.bindparam("sources", type_=ARRAY(sa.Uuid)),
)
LEDGER_BY_HAND = LEDGER_SQL.format(
    "$1::uuid[]", "$2::text[]", "$3::text[]", "$4::bigint[]", "$5::uuid[]"
)


Reader = Callable[[Delivered, list[list[Any]]], None]


class Credited(Event):
    """About the size of the platform's points events: 250 bytes of body."""

    event_type: ClassVar[str] = "bench.points.credited.v1"
    topic: ClassVar[str] = "bench.points"
    key_field: ClassVar[str] = "citizen_id"
    owner: ClassVar[str] = "bench-svc"
    summary: ClassVar[Text] = Text(zh="积分入账", en="Points credited")
    citizen_id: str
    entry_id: str
    debit: str
    credit: str
    amount_tenths: int
    scenario: str


def _event(n: int) -> Credited:
    return Credited(
        citizen_id=f"citizen-{n % 1000:06}",
        entry_id=str(new_id()),
        debit="issued-points:cycling",
        credit=f"citizen:{n % 1000:06}",
        amount_tenths=n % 90 + 1,
        scenario="bicycle-ride",
    )


async def figures() -> list[dict[str, Any]]:
    """Measure all; what needs a broker is left out where Java or Maven are missing."""
    kit_logging.configure("WARNING", json=False)
    with _server() as server:
        found = [
            await _consumer_figure(server, _read_typed, held=True),
            await _consumer_figure(server, _read_loosely, held=False),
        ]
        if reason_for_no_kafka() is None:
            with _broker() as broker:
                found.append(await _relay_figure(server, broker))
                found.append(await _from_kafka_figure(server, broker, beside=found[0]["value"]))
    return found


async def _consumer_figure(server: EmbeddedPostgres, read: Reader, *, held: bool) -> dict[str, Any]:
    """Runner + inbox + one ledger row per event, against a loop written by hand.

    The loop gets the same records and runs the same statements by plain asyncpg, without runner,
    session, envelope checks, dead letters and metrics; it reads the bodies by `read`. Ours and
    theirs take turns batch by batch, so a busy machine slows both alike.
    """
    ours_s = theirs_s = 0.0
    async with _database(server, _fresh_name("consumer")) as database:
        subscription = Subscription(Credited.topic, {Credited: _post})
        consumer = Consumer(database, InProcessBus(), "bench-svc", [subscription], SystemClock())
        connection = await asyncpg.connect(database.url.replace("+asyncpg", ""))
        calm_collector()
        for _ in range(CONSUMED // CONSUMER_BATCH):
            theirs_s += await _seconds(_consume_by_hand(connection, _batch(), read))
            ours_s += await _seconds(consumer.handle(_batch()))
        await connection.close()
    ratio = theirs_s / ours_s
    return {
        "name": "consumer path" if held else "consumer, bare limit",
        "value": round(CONSUMED / ours_s),
        "unit": "events/s",
        "beside": round(CONSUMED / theirs_s),
        "ratio": round(ratio, 3),
        "goal": (
            f">= {CONSUMER_GOAL} of the same SQL by hand, bodies read by the event class"
            if held
            else "none: the same SQL by hand, bodies read by bare orjson, nothing checked"
        ),
        "holds": not held or ratio >= CONSUMER_GOAL,
    }


async def _post(session: Any, events: Sequence[Any], *, now: datetime) -> None:
    del now
    parameters = {
        "ids": [found.data.entry_id for found in events],
        "debits": [found.data.debit for found in events],
        "credits": [found.data.credit for found in events],
        "amounts": [found.data.amount_tenths for found in events],
        "sources": [found.event_id for found in events],
    }
    await session.execute(_BOUND, parameters)


async def _consume_by_hand(connection: Any, batch: list[Delivered], read: Reader) -> None:
    ids: list[str] = []
    columns: list[list[Any]] = [[], [], [], [], ids]
    for record in batch:
        ids.append(dict(record.headers)["ce_id"].decode())
        read(record, columns)
    async with connection.transaction():
        await connection.fetch(INBOX_SQL, "by-hand", ids)
        await connection.execute(LEDGER_BY_HAND, *columns)


def _read_typed(record: Delivered, columns: list[list[Any]]) -> None:
    body = Credited.model_validate_json(record.value or b"")
    columns[0].append(body.entry_id)
    columns[1].append(body.debit)
    columns[2].append(body.credit)
    columns[3].append(body.amount_tenths)


def _read_loosely(record: Delivered, columns: list[list[Any]]) -> None:
    body = orjson.loads(record.value or b"")
    columns[0].append(body["entry_id"])
    columns[1].append(body["debit"])
    columns[2].append(body["credit"])
    columns[3].append(body["amount_tenths"])


def _batch() -> list[Delivered]:
    records = [encode(_event(n), event_id=new_id(), now=NOW) for n in range(CONSUMER_BATCH)]
    return [
        Delivered(record.topic, 0, f"0:{offset}", record.key.encode(), record.value, record.headers)
        for offset, record in enumerate(records)
    ]


async def _relay_figure(server: EmbeddedPostgres, broker: KafkaBroker) -> dict[str, Any]:
    """From outbox rows to committed records, against plain aiokafka sending the same bytes."""
    await ensure(broker.bootstrap, [Topic(Credited.topic, 6, {})])
    bus = KafkaBus(broker.bootstrap)
    await bus.start()
    ours_s = theirs_s = 0.0
    async with _database(server, _fresh_name("relay")) as database:
        relay = Relay(database, bus, service="bench-svc")
        calm_collector()
        for _ in range(RELAY_ROUNDS):
            records = [encode(_event(n), event_id=new_id(), now=NOW) for n in range(RELAYED)]
            theirs_s += await _seconds(_send_bare(broker, records))
            async with database.write() as session:
                await emit_all(session, [_event(n) for n in range(RELAYED)], now=NOW)
            ours_s += await _seconds(relay.drain())
    await bus.close()
    total = RELAYED * RELAY_ROUNDS
    value, beside = total / ours_s, total / theirs_s
    goal = min(RELAY_GOAL_PER_S, RELAY_GOAL_RATIO * beside)
    return {
        "name": "outbox relay to Kafka",
        "value": round(value),
        "unit": "events/s",
        "beside": round(beside),
        "ratio": round(value / beside, 3),
        "goal": f">= {round(goal)} events/s: 10,000, or 0.5 of bare aiokafka if that is less",
        "holds": value >= goal,
    }


async def _send_bare(broker: KafkaBroker, records: list[Record]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=1_048_576,
    )
    await producer.start()
    try:
        for start in range(0, len(records), RELAY_BATCH):
            sent = [
                await producer.send(
                    record.topic,
                    value=record.value,
                    key=record.key.encode(),
                    headers=list(record.headers),
                )
                for record in records[start : start + RELAY_BATCH]
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def _from_kafka_figure(
    server: EmbeddedPostgres, broker: KafkaBroker, *, beside: int
) -> dict[str, Any]:
    """The whole consumer, from the broker to committed rows and positions, beside its own inside."""
    name = "bench.points.dlq.bench-svc"
    await ensure(broker.bootstrap, [Topic(name, 1, {})])
    bus = KafkaBus(broker.bootstrap)
    total = RELAYED * RELAY_ROUNDS * 2  # what the relay's figure left in the topic
    seen, moments = [0], [0.0]

    async def counted(session: Any, events: Sequence[Any], *, now: datetime) -> None:
        await _post(session, events, now=now)
        seen[0] += len(events)
        moments.append(time.perf_counter())
        if seen[0] >= total:
            stop.set()

    stop = asyncio.Event()
    async with _database(server, _fresh_name("from_kafka")) as database:
        subscription = Subscription(Credited.topic, {Credited: counted})
        consumer = Consumer(database, bus, "bench-svc", [subscription], SystemClock())
        await bus.start()
        await consumer.run(stop)
        elapsed_s = time.perf_counter() - moments[1]
    await bus.close()
    value = (seen[0] - CONSUMER_BATCH) / elapsed_s
    return {
        "name": "consumer from a Kafka topic",
        "value": round(value),
        "unit": "events/s",
        "beside": beside,
        "ratio": round(value / beside, 3),
        "goal": "none: what broker, client and positions leave of the consumer path",
        "holds": True,
    }


def _fresh_name(prefix: str) -> str:
    return f"{prefix}_{new_id().hex}"


async def _seconds(work: Awaitable[Any]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


@contextmanager
def _server() -> Iterator[EmbeddedPostgres]:
    """PostgreSQL as in production: every commit is on disk."""
    folder = Path(tempfile.mkdtemp(prefix="tht-bench-pg-"))
    try:
        with EmbeddedPostgres(folder, settings={"fsync": "on", "synchronous_commit": "on"}) as own:
            yield own
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _broker() -> Iterator[KafkaBroker]:
    folder = Path(tempfile.mkdtemp(prefix="tht-bench-kafka-"))
    broker = KafkaBroker(folder, repository=ROOT)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _database(server: EmbeddedPostgres, name: str) -> AsyncIterator[Database]:
    server.create_database(name)
    database = Database(server.url(name))
    async with database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    try:
        yield database
    finally:
        await database.dispose()
