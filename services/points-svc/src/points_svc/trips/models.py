"""Tables of the trips.

`trips` lies with the citizen. `trip_claims` makes an event count once for ever, `live_trips` a
trip; both are unique across citizens and so are distributed by the id they guard. All three are
written in the transaction of the credit. No foreign keys on this path: each would be one more read
per trip, and nothing here is ever deleted or renamed.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from points_svc.base import Base
from tht_kit.db import TextKey, UtcDateTime


class Stored(StrEnum):
    """The verdicts that are stored; duplicates and conflicts point to one of these."""

    ACCEPTED = "A"
    REJECTED = "R"
    QUARANTINED = "Q"


KNOWN_VERDICT = "verdict IN ('A', 'R', 'Q')"


class Trip(Base):
    """A decided trip of a consenting citizen, at the precision that is kept: cells, not positions."""

    __tablename__ = "trips"
    __table_args__ = (
        CheckConstraint(KNOWN_VERDICT, "known_verdict"),
        CheckConstraint("credited_g >= 0 AND points_tenths >= 0", "never_negative"),
        CheckConstraint("verdict = 'A' OR credited_g + points_tenths = 0", "credit_if_accepted"),
        CheckConstraint("verdict <> 'A' OR start_time <= end_time", "interval"),
        Index(
            "ix_trips__aggregate_id",
            "aggregate_id",
            postgresql_where=text("aggregate_id IS NOT NULL"),
        ),
    )

    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    receipt: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    trip_id: Mapped[str] = mapped_column(Text)
    scenario_id: Mapped[str] = mapped_column(Text)
    scenario_version: Mapped[int | None]
    start_time: Mapped[datetime] = mapped_column(UtcDateTime)
    end_time: Mapped[datetime] = mapped_column(UtcDateTime)
    distance_m: Mapped[int | None]
    distance_method: Mapped[str | None] = mapped_column(Text)
    steps: Mapped[int | None]
    start_cell: Mapped[str | None] = mapped_column(Text)
    end_cell: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(CHAR(1))
    reason: Mapped[str | None] = mapped_column(Text)
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    credited_g: Mapped[int]
    points_tenths: Mapped[int]
    aggregate_id: Mapped[UUID | None]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TripClaim(Base):
    """An event id that was decided, and how: kept for ever, also for rejected events."""

    __tablename__ = "trip_claims"
    __table_args__ = (
        CheckConstraint(KNOWN_VERDICT, "known_verdict"),
        CheckConstraint("octet_length(content_sha256) = 32", "sha256"),
    )

    event_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    partner_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    citizen_id: Mapped[UUID | None]
    receipt: Mapped[UUID]
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    credited_g: Mapped[int]
    points_tenths: Mapped[int]
    verdict: Mapped[str] = mapped_column(CHAR(1))
    reason: Mapped[str | None] = mapped_column(Text)


class LiveTrip(Base):
    """A trip that no other event may claim: accepted, quarantined, or refused for want of consent."""

    __tablename__ = "live_trips"

    trip_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    partner_id: Mapped[str] = mapped_column(TextKey, primary_key=True)
    event_id: Mapped[str] = mapped_column(Text)
