"""The doors of trip ingestion: from bytes to items. One door so far, a JSON array.

Every door ends in the same `TripItem`, whose content hash is SHA-256 over the normalised typed
fields: the same trip has the same hash at every door. An item that cannot be read is an item too;
it never fails its batch.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from points_svc.trips import geo
from points_svc.trips.errors import BatchTooLong
from tht_kit.errors import MalformedBody, Text

ITEMS_MAX = 1000
BODY_BYTES_MAX = 1024 * 1024
# A position is hashed in units of 1e-7 degree (about a centimetre).
DEGREE_UNITS = 10_000_000
LAT_MAX, LNG_MAX = 90, 180
YEAR_MIN, YEAR_MAX = 2000, 2100
TIMES_TOLERANCE = timedelta(seconds=60)

Id = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,100}$", description="1 to 100 ASCII signs")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
DistanceMethod = Literal["gps", "odometer", "network", "stop_pair", "straight_line"]


class Place(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A position in a named datum."""

    lat: Decimal
    lng: Decimal
    crs: geo.Crs = "WGS84"


class TripWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A trip as a partner sends it."""

    scenario_id: Id
    subject: Id
    start_time: Moment
    event_id: Id | None = None
    trip_id: Id | None = None
    end_time: Moment | None = None
    duration_s: Annotated[int, msgspec.Meta(ge=0, le=2_678_400)] | None = None
    distance_m: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] | None = None
    distance_method: DistanceMethod | None = None
    steps: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    start: Place | None = None
    end: Place | None = None


@dataclass(frozen=True, slots=True)
class TripItem:
    """A readable trip, normalised: times in UTC, distance known where it can be, no coordinates."""

    event_id: str
    trip_id: str
    scenario_id: str
    subject: str
    start: datetime
    end: datetime | None
    duration_s: int | None
    distance_m: int | None
    distance_method: str | None
    steps: int | None
    start_cell: str | None
    end_cell: str | None
    content_sha256: bytes

    @property
    def last_moment(self) -> datetime:
        return self.end or self.start

    @property
    def times_disagree(self) -> bool:
        if self.end is None or self.duration_s is None:
            return False
        elapsed = self.end - self.start
        return abs(elapsed - timedelta(seconds=self.duration_s)) > TIMES_TOLERANCE


@dataclass(frozen=True, slots=True)
class MalformedItem:
    """An item that is no trip; `event_id` is what could be read of its id."""

    event_id: str | None
    problem: str
    content_sha256: bytes


Item = TripItem | MalformedItem

_array = msgspec.json.Decoder(list[msgspec.Raw])
_trip = msgspec.json.Decoder(TripWire)


def json_array(body: bytes) -> list[Item]:
    """Read a JSON array of trips.

    Raises MalformedBody if the body is no JSON array, BatchTooLong for more than ITEMS_MAX items.
    """
    try:
        raws = _array.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBody(
            reason=Text(
                zh=f"请求体应为出行记录的 JSON 数组：{error}",
                en=f"The body must be a JSON array of trips: {error}",
            )
        ) from None
    if len(raws) > ITEMS_MAX:
        raise BatchTooLong(count=len(raws), limit=ITEMS_MAX)
    return [_item(raw) for raw in raws]


def _item(raw: msgspec.Raw) -> Item:
    try:
        return normalise(_trip.decode(raw))
    except (msgspec.MsgspecError, RecursionError, ValueError, ArithmeticError) as error:
        return _malformed(raw, str(error))


def normalise(wire: TripWire) -> TripItem:
    """Return the item of a trip. Raises ValueError or ArithmeticError with what cannot be true."""
    event_id = wire.event_id or wire.trip_id
    trip_id = wire.trip_id or wire.event_id
    if event_id is None or trip_id is None:
        raise ValueError("event_id or trip_id is required")
    start = _utc(wire.start_time, "start_time")
    end = None if wire.end_time is None else _utc(wire.end_time, "end_time")
    if end is None and wire.duration_s is not None:
        end = start + timedelta(seconds=wire.duration_s)
    start_point, start_key = _place(wire.start, "start")
    end_point, end_key = _place(wire.end, "end")
    distance_m, method = wire.distance_m, wire.distance_method
    if distance_m is None and start_point is not None and end_point is not None:
        distance_m, method = geo.distance_m(start_point, end_point), "straight_line"
    content = [
        trip_id,
        wire.scenario_id,
        wire.subject,
        _microseconds(start),
        None if end is None else _microseconds(end),
        wire.duration_s,
        wire.distance_m,
        wire.distance_method,
        wire.steps,
        start_key,
        end_key,
    ]
    return TripItem(
        event_id=event_id,
        trip_id=trip_id,
        scenario_id=wire.scenario_id,
        subject=wire.subject,
        start=start,
        end=end,
        duration_s=wire.duration_s,
        distance_m=distance_m,
        distance_method=method,
        steps=wire.steps,
        start_cell=None if start_point is None else geo.cell(start_point),
        end_cell=None if end_point is None else geo.cell(end_point),
        content_sha256=_sha256(content),
    )


def _utc(moment: datetime, name: str) -> datetime:
    if not YEAR_MIN <= moment.year < YEAR_MAX:
        raise ValueError(f"{name} is not between {YEAR_MIN} and {YEAR_MAX}")
    return moment.astimezone(UTC)


def _place(place: Place | None, name: str) -> tuple[geo.Point | None, list[Any] | None]:
    """Return the point in WGS-84, and the position as given for the content hash."""
    if place is None:
        return None, None
    finite = place.lat.is_finite() and place.lng.is_finite()
    if not (finite and abs(place.lat) <= LAT_MAX and abs(place.lng) <= LNG_MAX):
        raise ValueError(f"{name} is no position: lat -90 to 90, lng -180 to 180")
    point = geo.to_wgs84(float(place.lat), float(place.lng), place.crs)
    key = [round(place.lat * DEGREE_UNITS), round(place.lng * DEGREE_UNITS), place.crs]
    return point, key


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(YEAR_MIN, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _sha256(content: Sequence[Any]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(content)).digest()


class _Ids(msgspec.Struct):
    event_id: Id | None = None
    trip_id: Id | None = None


_ids = msgspec.json.Decoder(_Ids)


def _malformed(raw: msgspec.Raw, problem: str) -> MalformedItem:
    """Return what is left of an unreadable item: its id if it has one, and a hash of all it says."""
    event_id = None
    try:
        found = _ids.decode(raw)
        event_id = found.event_id or found.trip_id
        canonical = msgspec.json.encode(msgspec.json.decode(raw), order="deterministic")
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError):
        canonical = bytes(raw)
    return MalformedItem(event_id, problem, hashlib.sha256(canonical).digest())
