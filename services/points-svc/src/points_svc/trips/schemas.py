"""Trips on the wire. The upload itself is decoded by `decode`; its schema is shown from there."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from points_svc.trips.decode import ITEMS_MAX, MalformedItem, TripItem, TripWire
from points_svc.trips.models import Stored, Trip
from points_svc.trips.reasons import explain
from points_svc.trips.rules import RuleHit
from points_svc.trips.service import VERDICTS, Answer, Batch, First
from tht_kit.errors import Language


class RuleOut(BaseModel):
    """The rule that decided, with its version: anyone can look it up at /v1/scenarios."""

    rule: str
    version: str
    measured: str | None
    limit: str | None
    unit: str | None


class FirstOut(BaseModel):
    """How the id was decided the first time, and what was credited then."""

    verdict: Literal["accepted", "rejected", "quarantined"]
    receipt: UUID
    reason: str | None
    credited_g: int
    points_tenths: int


class VerdictOut(BaseModel):
    """The verdict of one item, at the index at which it was sent."""

    index: int
    id: str | None = Field(description="event_id, or trip_id where that is the id")
    trip_id: str | None
    verdict: Literal["accepted", "duplicate", "conflict", "rejected", "quarantined"]
    receipt: UUID | None = Field(description="of the first decision, for duplicate and conflict")
    credited_g: int = Field(description="credited by this upload")
    points_tenths: int
    reason: str | None
    message: str | None
    rule: RuleOut | None
    first: FirstOut | None
    differing_fields: list[str] | None = Field(
        description="conflict only; null if the first content was not kept"
    )


class BatchOut(BaseModel):
    """One verdict per item, in order. Sending the batch again changes nothing."""

    batch_id: UUID
    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    quarantined: int
    credited_g: int
    points_tenths: int
    items: list[VerdictOut]


def batch_out(batch: Batch, language: Language) -> bytes:
    """Return the answer as JSON, shaped as BatchOut says (a test holds it to that)."""
    return msgspec.json.encode(
        {
            "batch_id": batch.batch_id,
            "accepted": batch.count("accepted"),
            "duplicate": batch.count("duplicate"),
            "conflict": batch.count("conflict"),
            "rejected": batch.count("rejected"),
            "quarantined": batch.count("quarantined"),
            "credited_g": sum(answer.credited_g for answer in batch.answers),
            "points_tenths": sum(answer.points_tenths for answer in batch.answers),
            "items": [
                _verdict(index, answer, language) for index, answer in enumerate(batch.answers)
            ],
        }
    )


def _verdict(index: int, answer: Answer, language: Language) -> dict[str, Any]:
    item, problem = answer.item, None
    if isinstance(item, MalformedItem):
        problem = item.problem
    return {
        "index": index,
        "id": item.event_id,
        "trip_id": item.trip_id if isinstance(item, TripItem) else None,
        "verdict": answer.verdict,
        "receipt": answer.receipt,
        "credited_g": answer.credited_g,
        "points_tenths": answer.points_tenths,
        "reason": answer.reason,
        "message": explain(answer.reason, answer.rule, problem, language),
        "rule": answer.rule,
        "first": _first(answer.first),
        "differing_fields": answer.differing_fields,
    }


def _first(first: First | None) -> dict[str, Any] | None:
    return None if first is None else {name: getattr(first, name) for name in First.__slots__}


class TripOut(BaseModel):
    """A trip as it is kept: cells instead of positions; `version` names the rules that counted it."""

    receipt: UUID
    trip_id: str
    scenario_id: str
    version: str | None
    day: date
    start_time: datetime
    end_time: datetime
    distance_m: int | None
    distance_method: str | None
    steps: int | None
    start_cell: str | None
    end_cell: str | None
    verdict: Literal["accepted", "duplicate", "conflict", "rejected", "quarantined"]
    reason: str | None
    message: str | None
    rule: RuleOut | None
    credited_g: int
    points_tenths: int
    aggregate_id: UUID | None
    received_at: datetime

    @classmethod
    def of(cls, trip: Trip, language: Language) -> Self:
        hit = None if trip.rule is None else RuleHit(**trip.rule)
        version = trip.scenario_version
        fields = {name: getattr(trip, name) for name in cls.model_fields if hasattr(trip, name)} | {
            "verdict": VERDICTS[Stored(trip.verdict)],
            "version": None if version is None else f"{trip.scenario_id}@{version}",
            "message": explain(trip.reason, hit, None, language),
        }
        return cls.model_validate(fields)


def upload_schema() -> dict[str, Any]:
    """Return the OpenAPI schema of an upload, from the decoder's own types."""
    (shape,), parts = msgspec.json.schema_components([TripWire], ref_template="{name}")
    item = _inline(shape, parts)
    return {"type": "array", "maxItems": ITEMS_MAX, "items": item}


def _inline(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline(parts[schema["$ref"]], parts)
        return {name: _inline(value, parts) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_inline(value, parts) for value in schema]
    return schema
