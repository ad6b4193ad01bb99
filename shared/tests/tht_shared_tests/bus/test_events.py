"""Events on the wire: CloudEvents in Kafka's binary mode, evolution, declarations."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tht_kit.bus import Delivered
from tht_kit.errors import Text
from tht_kit.events import Event, Received, Undecodable, encode, receive
from tht_kit.ids import new_id

from .sample import NOW, ThingMade, delivered, made, sold

CLASSES = {"sample.things.made.v1": ThingMade}


def received_as(record: Delivered) -> Received[ThingMade]:
    event = receive(record, CLASSES)
    assert event is not None
    return event


def test_an_event_becomes_a_cloudevent_in_binary_mode():
    event_id = new_id()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    record = encode(ThingMade(thing="a", n=1), event_id=event_id, now=NOW, traceparent=traceparent)
    assert record.topic == "sample.things"
    assert record.key == "a"
    assert record.record_id == str(event_id)
    assert record.value == b'{"thing":"a","n":1}'
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": str(event_id).encode(),
        "ce_source": b"/sample-svc",
        "ce_type": b"sample.things.made.v1",
        "ce_time": b"2026-03-02T01:00:00.000000Z",
        "ce_subject": b"a",
        "content-type": b"application/json",
        "traceparent": traceparent.encode(),
    }


@given(
    thing=st.text(min_size=1).filter(lambda found: found.isprintable()),
    n=st.integers(),
    seconds=st.integers(0, 10**9),
)
def test_an_event_survives_the_wire(thing: str, n: int, seconds: int):
    event, event_id = ThingMade(thing=thing, n=n), new_id()
    now = datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=8))) + timedelta(seconds=seconds)
    [record] = delivered(encode(event, event_id=event_id, now=now))
    received = received_as(record)
    assert received.data == event
    assert received.event_id == event_id
    assert received.time == now
    assert received.time.tzinfo is UTC
    assert (received.key, received.source, received.traceparent) == (thing, "/sample-svc", None)


def test_a_consumer_ignores_fields_that_a_newer_minor_version_added():
    [record] = delivered(made(1))
    newer = record._replace(value=b'{"thing":"a","n":1,"colour":{"name":"red"}}')
    assert received_as(newer).data == ThingMade(thing="a", n=1)


def test_a_producer_cannot_send_a_field_that_is_not_declared():
    with pytest.raises(ValidationError):
        ThingMade(thing="a", n=1, colour="red")  # type: ignore[call-arg]


def test_an_event_cannot_be_changed():
    with pytest.raises(ValidationError):
        ThingMade(thing="a", n=1).n = 2  # type: ignore[misc]


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        encode(ThingMade(thing="a", n=1), event_id=new_id(), now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ce_id": None}, "headers are missing: ce_id"),
        ({"ce_type": b""}, "ce_type is empty"),
        ({"ce_id": b"17"}, "ce_id or ce_time cannot be read"),
        ({"ce_time": b"yesterday"}, "ce_id or ce_time cannot be read"),
        ({"ce_time": b"2026-03-02T01:00:00"}, "ce_id or ce_time cannot be read"),
        ({"ce_specversion": b"0.3"}, "is not 1.x"),
        ({"content-type": b"application/avro"}, "is not application/json"),
        ({"ce_source": b"\xff"}, "not UTF-8"),
    ],
)
def test_a_record_without_proper_attributes_is_undecodable(change: dict[str, Any], reason: str):
    [record] = delivered(made(1))
    headers = {**dict(record.headers), **change}
    changed = tuple((name, value) for name, value in headers.items() if value is not None)
    with pytest.raises(Undecodable, match=reason):
        receive(record._replace(headers=changed), CLASSES)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": None}, "no body"),
        ({"value": b"{"}, "the body is not sample.things.made.v1"),
        ({"value": b'{"thing":"a"}'}, "n: Field required"),
        ({"value": b'{"thing":"b","n":1}'}, "the key 'a' is not thing of the body"),
    ],
)
def test_a_body_that_is_not_the_event_is_undecodable(change: dict[str, Any], reason: str):
    record = delivered(made(1))[0]._replace(**change)
    with pytest.raises(Undecodable, match=reason):
        receive(record, CLASSES)


def test_a_record_of_another_type_is_none_of_ours():
    [record] = delivered(sold(1))
    assert receive(record, CLASSES) is None


def test_header_names_are_read_in_any_case():
    [record] = delivered(made(1))
    shouting = record._replace(headers=tuple((k.upper(), v) for k, v in record.headers))
    assert received_as(shouting).data == ThingMade(thing="a", n=1)


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({"event_type": "Things.Made"}, "is not service.subject.verb.vN"),
        ({"topic": "things"}, "is not service.subjects"),
        ({"key_field": "colour"}, "has no field 'colour' to be its key"),
    ],
)
def test_an_event_class_that_could_not_be_routed_is_refused_at_import(
    declared: dict[str, str], complaint: str
):
    names = {
        "event_type": "sample.things.painted.v1",
        "topic": "sample.things",
        "key_field": "thing",
        **declared,
    }
    with pytest.raises(TypeError, match=complaint):

        class Painted(Event):
            event_type: ClassVar[str] = names["event_type"]
            topic: ClassVar[str] = names["topic"]
            key_field: ClassVar[str] = names["key_field"]
            owner: ClassVar[str] = "sample-svc"
            summary: ClassVar[Text] = Text(zh="已上色", en="Painted")
            thing: str
