"""Events: facts that leave a service, typed by pydantic, CloudEvents 1.0 in Kafka's binary mode.

Attributes travel as `ce_` headers, the fact itself is the JSON body. Evolution is additive within
a major version: a producer cannot send a field that its class does not declare (extra="forbid"),
a consumer ignores fields that a newer minor version added. A breaking change is a new class with
the next major in `event_type`, next to the old one.

Events that copy state carry their aggregate's version, so a consumer can ignore an older copy.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, NamedTuple, NoReturn, TypeVar
from uuid import UUID

from asyncpg.pgproto import pgproto
from pydantic import BaseModel, ConfigDict, ValidationError

from tht_kit.bus import Delivered, Headers, Record
from tht_kit.clock import aware
from tht_kit.errors import Text

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"

_REQUIRED = frozenset({"ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time"})
_JSON = CONTENT_TYPE.encode()
_EVENT_TYPE = re.compile(r"[a-z]+(\.[a-z][a-z_]*){2}\.v[1-9][0-9]*")
_TOPIC = re.compile(r"[a-z]+(\.[a-z][a-z_]*)+")


class Event(BaseModel):
    """Base of every event class. A subclass states what it is in its class variables.

    `event_type` is `service.subject.verb.vN`; `key_field` names the field whose value is the
    partition key, so that all events of one aggregate keep their order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_type: ClassVar[str]
    topic: ClassVar[str]
    key_field: ClassVar[str]
    owner: ClassVar[str]
    summary: ClassVar[Text]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "event_type" in cls.__dict__:
            _check_declaration(cls)

    @property
    def partition_key(self) -> str:
        return str(getattr(self, type(self).key_field))


E = TypeVar("E", bound=Event)


# A named tuple, not a dataclass: one is made for every event, and it costs a third.
class Received(NamedTuple, Generic[E]):
    """An event as a handler gets it: the fact and what travelled with it."""

    event_id: UUID
    time: datetime
    key: str
    data: E
    source: str
    traceparent: str | None


class Undecodable(ValueError):
    """A record that is not an event as declared; the message says what is wrong with it."""


def _check_declaration(cls: type[Event]) -> None:
    """Refuse an event class that could never be routed. Raises TypeError at import."""
    for name in ("topic", "key_field", "owner", "summary"):
        if not hasattr(cls, name):
            raise TypeError(f"event {cls.__name__} declares no {name}")
    if not _EVENT_TYPE.fullmatch(cls.event_type):
        raise TypeError(f"event type {cls.event_type!r} is not service.subject.verb.vN")
    if not _TOPIC.fullmatch(cls.topic):
        raise TypeError(f"topic {cls.topic!r} of {cls.__name__} is not service.subjects")
    if cls.key_field not in cls.model_fields:
        raise TypeError(f"{cls.__name__} has no field {cls.key_field!r} to be its key")


def format_time(moment: datetime) -> str:
    """Return the moment as RFC 3339 in UTC; raises ValueError for one without a zone."""
    return aware(moment).isoformat(timespec="microseconds").replace("+00:00", "Z")


def headers_of(
    event: Event, *, event_id: UUID, now: datetime, traceparent: str | None
) -> dict[str, str]:
    """Return the CloudEvents attributes and transport headers of an event."""
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(event_id),
        "ce_source": f"/{event.owner}",
        "ce_type": event.event_type,
        "ce_time": format_time(now),
        "ce_subject": event.partition_key,
        "content-type": CONTENT_TYPE,
    }
    if traceparent is not None:
        headers["traceparent"] = traceparent
    return headers


def encode(
    event: Event, *, event_id: UUID, now: datetime, traceparent: str | None = None
) -> Record:
    """Return the bus record of an event."""
    headers = headers_of(event, event_id=event_id, now=now, traceparent=traceparent)
    return Record(
        record_id=str(event_id),
        topic=event.topic,
        key=event.partition_key,
        value=body_of(event),
        headers=wire_headers(headers),
    )


def body_of(event: Event) -> bytes:
    """Return the JSON body of an event."""
    return event.__pydantic_serializer__.to_json(event)


def wire_headers(headers: dict[str, str]) -> Headers:
    return tuple((name, value.encode()) for name, value in headers.items())


def receive(record: Delivered, classes: Mapping[str, type[E]]) -> Received[E] | None:
    """Return the event of a record, or None if its type is not among `classes` (by event type).

    Fields that a newer minor version added are ignored. Raises Undecodable.
    """
    headers = dict(record.headers)
    try:
        return _receive(record, headers, classes)
    except KeyError:
        # Attribute names are written in lower case by us; others may do otherwise.
        return _receive(record, _required(record), classes)


def _receive(
    record: Delivered, headers: dict[str, bytes], classes: Mapping[str, type[E]]
) -> Received[E] | None:
    """Raises KeyError if an attribute is missing, Undecodable if one cannot be read."""
    try:
        if headers["ce_specversion"] != b"1.0" or headers.get("content-type") != _JSON:
            _check_formats(headers)
        # A uuid.UUID written in C: a seventh of the time, and the driver takes it as it is.
        event_id = pgproto.UUID(headers["ce_id"].decode())
        time = datetime.fromisoformat(headers["ce_time"].decode())
        if time.tzinfo is not UTC:
            time = aware(time)
        source = headers["ce_source"].decode()
        key = (record.key or b"").decode()
        traceparent = headers["traceparent"].decode() if "traceparent" in headers else None
        event_class = classes.get(headers["ce_type"].decode() or _refuse("ce_type is empty"))
    except UnicodeDecodeError as error:
        raise Undecodable(f"a header or the key is not UTF-8: {error}") from error
    except Undecodable:
        raise
    except ValueError as error:
        raise Undecodable(f"ce_id or ce_time cannot be read: {error}") from error
    if event_class is None:
        return None
    data = _body(record, event_class)
    if str(getattr(data, event_class.key_field)) != key:
        raise Undecodable(f"the key {key!r} is not {event_class.key_field} of the body")
    return Received(event_id, time, key, data, source, traceparent)


def _body(record: Delivered, event_class: type[E]) -> E:
    if record.value is None:
        raise Undecodable("the record has no body")
    try:
        data: E = event_class.__pydantic_validator__.validate_json(record.value, extra="ignore")
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or 'body'}: {found['msg']}"
            for found in error.errors(include_url=False, include_input=False)[:5]
        )
        raise Undecodable(f"the body is not {event_class.event_type}: {problems}") from error
    return data


def _refuse(reason: str) -> NoReturn:
    raise Undecodable(reason)


def _required(record: Delivered) -> dict[str, bytes]:
    """Return the headers by lower-case name; raises Undecodable naming those that are missing."""
    headers = {name.lower(): value for name, value in record.headers}
    missing = sorted(name for name in _REQUIRED if not headers.get(name))
    if missing:
        raise Undecodable(f"headers are missing: {', '.join(missing)}")
    return headers


def _check_formats(headers: dict[str, bytes]) -> None:
    version, content_type = headers["ce_specversion"], headers.get("content-type", _JSON)
    if not version.startswith(b"1."):
        raise Undecodable(f"CloudEvents version {version.decode()!r} is not 1.x")
    if not content_type.startswith(_JSON):
        raise Undecodable(f"content-type {content_type.decode()!r} is not {CONTENT_TYPE}")
