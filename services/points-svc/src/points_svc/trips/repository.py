"""SQL of the trips: a batch is read and written with a few statements, whatever its size."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.base import one_of
from points_svc.trips.errors import LostRace
from points_svc.trips.models import LiveTrip, Stored, Trip, TripClaim
from points_svc.trips.rules import RuleHit

TRIP_COLUMNS = {
    "citizen_id": "uuid",
    "day": "date",
    "receipt": "uuid",
    "event_id": "text",
    "trip_id": "text",
    "scenario_id": "text",
    "scenario_version": "integer",
    "start_time": "timestamptz",
    "end_time": "timestamptz",
    "distance_m": "integer",
    "distance_method": "text",
    "steps": "integer",
    "start_cell": "text",
    "end_cell": "text",
    "verdict": "text",
    "reason": "text",
    "rule": "jsonb",
    "credited_g": "integer",
    "points_tenths": "integer",
}
CLAIM_COLUMNS = {
    "event_id": "text",
    "citizen_id": "uuid",
    "receipt": "uuid",
    "content_sha256": "bytea",
    "credited_g": "integer",
    "points_tenths": "integer",
    "verdict": "text",
    "reason": "text",
}


def _unnest(prefix: str, columns: Mapping[str, str]) -> str:
    arrays = ", ".join(f"CAST(:{prefix}_{name} AS {kind}[])" for name, kind in columns.items())
    return f"unnest({arrays}) AS {prefix} ({', '.join(columns)})"


# Sorted by the ids that guard uniqueness, so that two batches with common ids cannot deadlock.
_INSERT = text(
    f"""
    WITH claimed AS (
        INSERT INTO trip_claims (partner_id, {", ".join(CLAIM_COLUMNS)})
        SELECT :partner_id, {", ".join(CLAIM_COLUMNS)}
        FROM {_unnest("claim", CLAIM_COLUMNS)} ORDER BY event_id
        ON CONFLICT DO NOTHING RETURNING event_id
    ), live AS (
        INSERT INTO live_trips (partner_id, trip_id, event_id)
        SELECT :partner_id, trip_id, event_id
        FROM {_unnest("live", {"trip_id": "text", "event_id": "text"})} ORDER BY trip_id
        ON CONFLICT DO NOTHING RETURNING trip_id
    ), stored AS (
        INSERT INTO trips (partner_id, received_at, {", ".join(TRIP_COLUMNS)})
        SELECT :partner_id, CAST(:now AS timestamptz), {", ".join(TRIP_COLUMNS)}
        FROM {_unnest("trip", TRIP_COLUMNS)} ORDER BY citizen_id, day
        RETURNING receipt
    )
    SELECT (SELECT count(*) FROM claimed), (SELECT count(*) FROM live),
           (SELECT count(*) FROM stored)
    """  # noqa: S608 - column names of our own
)

_CREDIT = ("credited_g", "points_tenths", "reason", "rule")

_DAY_COLUMNS = (
    "t.citizen_id, t.receipt, t.partner_id, t.trip_id, t.scenario_id, t.scenario_version,"
    " t.start_time, t.end_time, t.distance_m, t.steps, t.credited_g, t.points_tenths, t.reason,"
    " t.aggregate_id, t.day"
)

# The day's accepted trips, and those of the day before that reach past midnight.
_DAYS = text(
    f"""
    SELECT wanted.day AS settled_day, {_DAY_COLUMNS}
    FROM unnest(CAST(:citizen_ids AS uuid[]), CAST(:days AS date[]),
                CAST(:midnights AS timestamptz[])) AS wanted (citizen_id, day, midnight)
    JOIN trips t ON t.citizen_id = wanted.citizen_id
        AND t.day BETWEEN wanted.day - 1 AND wanted.day
    WHERE t.verdict = 'A' AND (t.day = wanted.day OR t.end_time > wanted.midnight)
    """  # noqa: S608 - column names of our own
)


@dataclass(frozen=True, slots=True)
class Claim:
    """How an event id was decided the first time."""

    event_id: str
    citizen_id: UUID | None
    receipt: UUID
    content_sha256: bytes
    credited_g: int
    points_tenths: int
    verdict: Stored
    reason: str | None


@dataclass(frozen=True, slots=True)
class NewTrip:
    """A trip row to be; the partner and the moment of receipt are the batch's."""

    citizen_id: UUID
    day: date
    receipt: UUID
    event_id: str
    trip_id: str
    scenario_id: str
    scenario_version: int | None
    start_time: datetime
    end_time: datetime
    distance_m: int | None
    distance_method: str | None
    steps: int | None
    start_cell: str | None
    end_cell: str | None
    verdict: Stored
    reason: str | None
    rule: RuleHit | None
    credited_g: int
    points_tenths: int


async def find_claims(
    session: AsyncSession, partner_id: str, event_ids: Collection[str]
) -> dict[str, Claim]:
    """Return which of the partner's event ids are decided already."""
    if not event_ids:
        return {}
    columns = [getattr(TripClaim, name) for name in Claim.__dataclass_fields__]
    statement = select(*columns).where(
        TripClaim.partner_id == partner_id, one_of(TripClaim.event_id, event_ids)
    )
    rows = await session.execute(statement)
    return {row.event_id: Claim(**row._asdict() | {"verdict": Stored(row.verdict)}) for row in rows}


async def find_live(
    session: AsyncSession, partner_id: str, trip_ids: Collection[str]
) -> dict[str, str]:
    """Return the event ids that stand for the partner's trips, by trip id."""
    statement = select(LiveTrip.trip_id, LiveTrip.event_id).where(
        LiveTrip.partner_id == partner_id, one_of(LiveTrip.trip_id, trip_ids)
    )
    return {row.trip_id: row.event_id for row in await session.execute(statement)}


async def accepted_by_day(
    session: AsyncSession, days: Mapping[tuple[UUID, date], datetime]
) -> dict[tuple[UUID, date], list[Any]]:
    """Return the accepted trips of citizen-days, each with yesterday's that reach past its midnight.

    `days` gives the first moment of each citizen-day.
    """
    found: dict[tuple[UUID, date], list[Any]] = {key: [] for key in days}
    parameters = {
        "citizen_ids": [citizen_id for citizen_id, _ in days],
        "days": [day for _, day in days],
        "midnights": list(days.values()),
    }
    for row in await session.execute(_DAYS, parameters):
        found[row.citizen_id, row.settled_day].append(row)
    return found


async def insert_batch(
    session: AsyncSession,
    *,
    partner_id: str,
    claims: Iterable[Claim],
    live: Mapping[str, str],
    trips: Iterable[NewTrip],
    now: datetime,
) -> None:
    """Write a batch's claims, live trips and trips.

    Raises LostRace if another transaction has claimed one of the ids since they were read.
    """
    claims, trips = list(claims), list(trips)
    parameters: dict[str, Any] = {"partner_id": partner_id, "now": now}
    parameters |= _columns("claim", CLAIM_COLUMNS, claims)
    parameters |= _columns("trip", TRIP_COLUMNS, trips)
    parameters |= {"live_trip_id": list(live), "live_event_id": list(live.values())}
    claimed, kept, stored = (await session.execute(_INSERT, parameters)).one()
    if (claimed, kept) != (len(claims), len(live)):
        raise LostRace(f"{len(claims) - claimed} events, {len(live) - kept} trips taken meanwhile")
    assert stored == len(trips)


def _columns(prefix: str, names: Iterable[str], rows: Sequence[Any]) -> dict[str, list[Any]]:
    columns = {f"{prefix}_{name}": [getattr(row, name) for row in rows] for name in names}
    if prefix == "trip":
        columns["trip_rule"] = [
            None if rule is None else msgspec.json.encode(rule).decode()
            for rule in columns["trip_rule"]
        ]
    return columns


@dataclass(frozen=True, slots=True)
class NewCredit:
    """What a stored trip is credited from now on."""

    citizen_id: UUID
    day: date
    receipt: UUID
    credited_g: int
    points_tenths: int
    reason: str | None
    rule: RuleHit | None


async def change_credits(session: AsyncSession, changes: Sequence[NewCredit]) -> None:
    """Give accepted trips their new credit.

    Raises LostRace if an aggregate has claimed one of them meanwhile: its credit stands then.
    """
    table = Trip.__table__
    statement = (
        update(Trip)
        .where(
            Trip.citizen_id == bindparam("of_citizen"),
            Trip.day == bindparam("of_day"),
            Trip.receipt == bindparam("of_receipt"),
            Trip.aggregate_id.is_(None),
        )
        .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in _CREDIT})
    )
    rows = [
        {"of_citizen": change.citizen_id, "of_day": change.day, "of_receipt": change.receipt}
        | {f"new_{name}": getattr(change, name) for name in _CREDIT}
        | {"new_rule": None if change.rule is None else msgspec.to_builtins(change.rule)}
        for change in changes
    ]
    connection = await session.connection()
    await connection.execute(statement, rows)
    claimed = select(func.count()).where(
        one_of(Trip.citizen_id, {change.citizen_id for change in changes}),
        one_of(Trip.receipt, {change.receipt for change in changes}),
        Trip.aggregate_id.is_not(None),
    )
    if (await session.execute(claimed)).scalar_one():
        raise LostRace("a trip whose credit changes was aggregated meanwhile")


async def trips_by_receipt(
    session: AsyncSession, receipts: Collection[tuple[UUID, UUID]]
) -> dict[UUID, Trip]:
    """Return trips named by (citizen, receipt), by receipt."""
    if not receipts:
        return {}
    statement = select(Trip).where(
        one_of(Trip.citizen_id, {citizen_id for citizen_id, _ in receipts}),
        one_of(Trip.receipt, {receipt for _, receipt in receipts}),
    )
    return {trip.receipt: trip for trip in await session.scalars(statement)}


async def find_trip(session: AsyncSession, citizen_id: UUID, receipt: UUID) -> Trip | None:
    statement = select(Trip).where(Trip.citizen_id == citizen_id, Trip.receipt == receipt)
    return (await session.scalars(statement)).one_or_none()


async def list_before(
    session: AsyncSession,
    citizen_id: UUID,
    *,
    sent_by: str | None,
    before: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Trip]:
    """Return up to `limit` trips of the citizen (all, or one partner's), newest day first."""
    statement = (
        select(Trip)
        .where(Trip.citizen_id == citizen_id)
        .order_by(Trip.day.desc(), Trip.receipt.desc())
        .limit(limit)
    )
    if sent_by is not None:
        statement = statement.where(Trip.partner_id == sent_by)
    if before is not None:
        statement = statement.where(tuple_(Trip.day, Trip.receipt) < tuple_(*before))
    return (await session.scalars(statement)).all()


# --- aggregation: the trips' side of it ---

_CLAIM_FOR_AGGREGATE = text(
    """
    UPDATE trips SET aggregate_id = :aggregate_id
    WHERE aggregate_id IS NULL AND verdict = 'A' AND credited_g > 0
      AND scenario_id = ANY(CAST(:scenario_ids AS text[]))
      AND day BETWEEN :period_start AND :period_end
      AND EXISTS (
          SELECT 1 FROM consents c
          WHERE c.citizen_id = trips.citizen_id AND c.scenario_id = trips.scenario_id
            AND c.purpose = 'aggregation' AND c.withdrawn_at IS NULL
            AND (c.until IS NULL OR c.until >= :today)
      )
    """
)


async def claim_for_aggregate(
    session: AsyncSession,
    *,
    aggregate_id: UUID,
    scenario_ids: Sequence[str],
    period_start: date,
    period_end: date,
    today: date,
) -> None:
    """Mark every credited, unclaimed trip of the scenarios and period whose citizen consents."""
    await session.execute(
        _CLAIM_FOR_AGGREGATE,
        {
            "aggregate_id": aggregate_id,
            "scenario_ids": list(scenario_ids),
            "period_start": period_start,
            "period_end": period_end,
            "today": today,
        },
    )


@dataclass(frozen=True, slots=True)
class Gathered:
    """An aggregate's trips of one year (of the trip) and one version of a scenario's rules."""

    year: int
    scenario_id: str
    scenario_version: int
    trips: int
    grams: int


async def aggregated_by_year(session: AsyncSession, aggregate_id: UUID) -> list[Gathered]:
    by = (func.extract("year", Trip.day), Trip.scenario_id, Trip.scenario_version)
    statement = (
        select(*by, func.count(), func.sum(Trip.credited_g))
        .where(Trip.aggregate_id == aggregate_id)
        .group_by(*by)
        .order_by(*by)
    )
    found = []
    for year, scenario_id, version, trips, grams in await session.execute(statement):
        assert version is not None, "a credited trip names the version that credited it"
        found.append(Gathered(int(year), scenario_id, version, trips, int(grams)))
    return found


async def stream_aggregated(session: AsyncSession, aggregate_id: UUID) -> Any:
    """Stream (receipt, grams) of an aggregate's trips in the order of their receipts."""
    statement = (
        select(Trip.receipt, Trip.credited_g)
        .where(Trip.aggregate_id == aggregate_id)
        .order_by(Trip.receipt)
    )
    return await session.stream(statement)
