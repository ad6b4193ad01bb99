"""A little service: two event classes, a ledger, and records as a bus would deliver them."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa

from tht_kit.bus import Delivered, Record
from tht_kit.errors import DomainError, Text
from tht_kit.events import Event, encode
from tht_kit.ids import new_id
from tht_kit.inbox import inbox_table
from tht_kit.outbox import outbox_table

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
TOPIC = "sample.things"

METADATA = sa.MetaData()
outbox_table(METADATA)
inbox_table(METADATA)
LEDGER = sa.Table("ledger", METADATA, sa.Column("n", sa.Integer, nullable=False))


class ThingMade(Event):
    event_type: ClassVar[str] = "sample.things.made.v1"
    topic: ClassVar[str] = TOPIC
    key_field: ClassVar[str] = "thing"
    owner: ClassVar[str] = "sample-svc"
    summary: ClassVar[Text] = Text(zh="已制成", en="Made")
    thing: str
    n: int


class ThingSold(Event):
    event_type: ClassVar[str] = "sample.things.sold.v1"
    topic: ClassVar[str] = TOPIC
    key_field: ClassVar[str] = "thing"
    owner: ClassVar[str] = "sample-svc"
    summary: ClassVar[Text] = Text(zh="已售出", en="Sold")
    thing: str
    n: int


class NoSuchThing(DomainError):
    type = "no-such-thing"
    status = 404
    title = Text(zh="没有", en="No such thing")
    detail = Text(zh="没有 {n}", en="There is no {n}")
    fix = Text(zh="无", en="None")


def made(n: int, *, thing: str = "a", event_id: UUID | None = None) -> Record:
    return encode(ThingMade(thing=thing, n=n), event_id=event_id or new_id(), now=NOW)


def sold(n: int) -> Record:
    return encode(ThingSold(thing="a", n=n), event_id=new_id(), now=NOW)


def delivered(*records: Record) -> list[Delivered]:
    return [
        Delivered(
            topic=record.topic,
            partition=0,
            position=f"0:{offset}",
            key=record.key.encode(),
            value=record.value,
            headers=record.headers,
        )
        for offset, record in enumerate(records)
    ]
