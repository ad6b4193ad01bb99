"""The outbox: facts leave a service in the transaction that makes them true (style B.11).

`emit` and `put_aside` are the only writers. Both kinds of row, events and the dead letters of this
service's consumers, wait here with `published_at` null until the relay (tht_kit.relay) has
published them; a reader never remembers "id greater than", because a slower transaction may commit
a smaller seq later.

The writing session's commit rings a bell in this process, so a relay that lives here wakes at
once; a relay in another process finds the row by polling. NOTIFY is not used: PostgreSQL commits
all transactions that notified one after another, which would end the group commit of the ledgers.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from tht_kit.bus import EVENT_BYTES_MAX
from tht_kit.db import AsyncReadSession, UtcDateTime
from tht_kit.errors import DomainError, Text
from tht_kit.events import Event, body_of, headers_of
from tht_kit.ids import new_id
from tht_kit.telemetry import current_traceparent

OUTBOX = "outbox"
DEAD_LETTER = "dead-letter"


class EventTooLarge(DomainError):
    type = "event-too-large"
    status = 422
    title = Text(zh="一次操作涉及过多", en="The operation touches too much at once")
    detail = Text(
        zh="该操作产生的事件 {event_type} 为 {size} 字节，上限为 {limit} 字节。",
        en="The operation's event {event_type} has {size} bytes; the limit is {limit}.",
    )
    fix = Text(
        zh="请将操作拆分为几次，每次涉及的内容少一些。",
        en="Split the operation into several that touch less each.",
    )


def outbox_table(metadata: sa.MetaData) -> sa.Table:
    """Return the outbox of a service, added to its metadata if it is not there yet.

    `occurred_at` is the business moment (in a sandbox it may lie in the future), `created_at` the
    real one that ages and purges count from.
    """
    if OUTBOX in metadata.tables:
        return metadata.tables[OUTBOX]
    return sa.Table(
        OUTBOX,
        metadata,
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False, server_default=sa.func.now()),
        sa.Column("published_at", UtcDateTime),
        sa.Index("ix_outbox__unpublished", "seq", postgresql_where=sa.text("published_at IS NULL")),
        sa.Index("ix_outbox__created_at", "created_at", postgresql_using="brin"),
        sa.Index(
            "ix_outbox__dead_letters",
            "topic",
            "created_at",
            postgresql_where=sa.text(f"type = '{DEAD_LETTER}'"),
        ),
        # A queue table: every row is written twice and deleted once, so vacuum it early.
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_insert_scale_factor": "0.05",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )


# Slices call `emit` without knowing their service's metadata; the table's name is the same in all.
outbox = outbox_table(sa.MetaData())


async def emit(session: AsyncSession, event: Event, *, now: datetime) -> UUID:
    """Write the event into the outbox in the caller's transaction and return its id.

    Call it after the aggregate's row is locked or written: the lock is what makes the order of
    seq the order of the aggregate's history. Raises ValueError for a `now` without a zone, and as
    `emit_all`.
    """
    [event_id] = await emit_all(session, [event], now=now)
    return event_id


async def emit_all(session: AsyncSession, events: Sequence[Event], *, now: datetime) -> list[UUID]:
    """Write many events, in order, in one round trip. Returns their ids.

    Raises EventTooLarge, here in the business transaction: once committed, a row that no topic
    takes would block the outbox for good.
    """
    traceparent = current_traceparent()
    rows = [_event_row(event, now=now, traceparent=traceparent) for event in events]
    await _write(session, rows)
    return [row["event_id"] for row in rows]


def _event_row(event: Event, *, now: datetime, traceparent: str | None) -> dict[str, Any]:
    event_id = new_id()
    body = body_of(event)
    if len(body) > EVENT_BYTES_MAX:
        raise EventTooLarge(event_type=event.event_type, size=len(body), limit=EVENT_BYTES_MAX)
    return {
        "event_id": event_id,
        "topic": event.topic,
        "key": event.partition_key,
        "type": event.event_type,
        "body": body,
        "headers": headers_of(event, event_id=event_id, now=now, traceparent=traceparent),
        "occurred_at": now,
    }


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that a consumer of this service could not take, as it leaves for the DLQ topic.

    `letter_id` is derived from where the record stands, so a repeated batch writes it once.
    """

    letter_id: UUID
    topic: str
    key: str
    body: bytes
    headers: dict[str, str]


async def put_aside(session: AsyncSession, letters: Sequence[DeadLetter], *, now: datetime) -> None:
    """Write dead letters into the outbox in the transaction of the batch they came in.

    They have no limit of their own: their topics take whatever stood in a topic (tht_kit.bus).
    """
    rows = [
        {
            "event_id": letter.letter_id,
            "topic": letter.topic,
            "key": letter.key,
            "type": DEAD_LETTER,
            "body": letter.body,
            "headers": letter.headers,
            "occurred_at": now,
        }
        for letter in letters
    ]
    await _write(session, rows)


async def count_dead_letters(session: AsyncSession, topic: str, *, within: timedelta) -> int:
    """Return how many dead letters of a DLQ topic were written in the last `within`, real time."""
    statement = sa.select(sa.func.count()).where(
        outbox.c.type == DEAD_LETTER,
        outbox.c.topic == topic,
        outbox.c.created_at > sa.func.now() - within,
    )
    return (await session.execute(statement)).scalar_one()


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """What is waiting to be published: how many, and the age of the oldest in seconds."""

    depth: int
    age_s: float


async def outbox_stats(session: AsyncSession | AsyncReadSession) -> OutboxStats:
    """Return the outbox's depth and age, for /metrics and /readyz. Age 0 when nothing waits."""
    age = sa.func.now() - sa.func.min(outbox.c.created_at)
    statement = sa.select(
        sa.func.count(), sa.func.coalesce(sa.func.extract("epoch", age), 0)
    ).where(outbox.c.published_at.is_(None))
    depth, age_s = (await session.execute(statement)).one()
    return OutboxStats(depth=depth, age_s=max(0.0, float(age_s)))


async def _write(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    # One statement, pipelined by asyncpg: its text is the same for every number of rows, and the
    # rows draw their seq in the order given.
    if not rows:
        return
    statement = insert(outbox).on_conflict_do_nothing(index_elements=["event_id"])
    await session.execute(statement, rows)
    _ring_after_commit(session.sync_session)


# One bell per database of this process; the dialect is what every view of an engine shares.
_bells: WeakKeyDictionary[sa.Dialect, asyncio.Event] = WeakKeyDictionary()


def bell_of(engine: sa.Engine) -> asyncio.Event:
    """Return the event that is set whenever this process commits an outbox row to the database."""
    return _bells.setdefault(engine.dialect, asyncio.Event())


def _ring_after_commit(session: Session) -> None:
    if session.info.get("outbox_bell"):
        return
    session.info["outbox_bell"] = True
    bell = bell_of(session.get_bind().engine)
    sa_event.listen(session, "after_commit", lambda _: bell.set())
