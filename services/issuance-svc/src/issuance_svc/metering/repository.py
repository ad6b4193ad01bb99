"""SQL of the meters, their checks and their measured data."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.metering.models import (
    IntervalDay,
    Meter,
    MeterCheck,
    MeterClaim,
    RegisterSpan,
)

DAY_COLUMNS = (
    "upload_id",
    "meter_no",
    "channel",
    "day",
    "interval_min",
    "cells",
    "wide_cells",
    "factor",
    "per_kwh",
    "present",
    "positive",
    "negative",
    "largest",
    "deepest",
    "stale_min",
    "night",
    "multiplier",
)
SPAN_COLUMNS = (
    "upload_id",
    "meter_no",
    "channel",
    "started_at",
    "ended_at",
    "started_on",
    "ended_on",
    "index_before",
    "index_after",
    "multiplier",
    "rolled_over",
    "kwh",
)


async def claim(session: AsyncSession, meter_no: str, project_id: str) -> str:
    """Give the meter to the project unless it is taken; return the project that has it."""
    values = {"meter_no": meter_no, "project_id": project_id}
    statement = insert(MeterClaim).values(values).on_conflict_do_nothing()
    await session.execute(statement)
    owner = select(MeterClaim.project_id).where(MeterClaim.meter_no == meter_no)
    return (await session.execute(owner)).scalar_one()


async def list_claims(session: AsyncSession, meter_nos: Sequence[str]) -> Sequence[MeterClaim]:
    """Return to which projects the meters belong, by meter number."""
    statement = select(MeterClaim).where(MeterClaim.meter_no.in_(meter_nos))
    return (await session.scalars(statement.order_by(MeterClaim.meter_no))).all()


async def take(session: AsyncSession, meter_no: str, project_id: str) -> None:
    """Give the meter to the project, whichever project claimed it before."""
    values = {"meter_no": meter_no, "project_id": project_id}
    statement = insert(MeterClaim).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["meter_no"], set_={"project_id": statement.excluded.project_id}
        )
    )


async def insert_meter(session: AsyncSession, meter: Meter) -> None:
    session.add(meter)
    await session.flush()


async def list_current(session: AsyncSession, project_id: str) -> Sequence[Meter]:
    """Return the newest version of every meter of the project, by meter number."""
    place = (Meter.project_id, Meter.meter_no)
    statement = (
        select(Meter).where(Meter.project_id == project_id).order_by(*place, Meter.version.desc())
    )
    return (await session.scalars(statement.ext(distinct_on(*place)))).all()


async def list_versions(session: AsyncSession, project_id: str, meter_no: str) -> Sequence[Meter]:
    statement = select(Meter).where(Meter.project_id == project_id, Meter.meter_no == meter_no)
    return (await session.scalars(statement.order_by(Meter.version))).all()


async def list_channels(session: AsyncSession, project_id: str) -> dict[str, set[str]]:
    """Return every channel that any version of each of the project's meters had."""
    statement = select(Meter.meter_no, Meter.channels).where(Meter.project_id == project_id)
    found: dict[str, set[str]] = {}
    for meter_no, channels in await session.execute(statement):
        found.setdefault(meter_no, set()).update(channels)
    return found


async def list_checks(
    session: AsyncSession, project_id: str, meter_no: str | None = None
) -> Sequence[MeterCheck]:
    """Return the checks of the project's meters, corrected ones included, in order of their days."""
    statement = select(MeterCheck).where(MeterCheck.project_id == project_id)
    if meter_no is not None:
        statement = statement.where(MeterCheck.meter_no == meter_no)
    order = (MeterCheck.meter_no, MeterCheck.performed_on, MeterCheck.check_id)
    return (await session.scalars(statement.order_by(*order))).all()


async def insert_check(session: AsyncSession, values: dict[str, Any]) -> MeterCheck | None:
    """Insert the check; None where the same place is taken (also by a concurrent transaction)."""
    statement = insert(MeterCheck).values(values).on_conflict_do_nothing().returning(MeterCheck)
    return (await session.scalars(statement)).first()


async def copy_days(session: AsyncSession, records: Iterable[Sequence[Any]]) -> None:
    """Write interval days with COPY, in the caller's transaction; columns as in DAY_COLUMNS."""
    await _copy(session, IntervalDay.__tablename__, DAY_COLUMNS, records)


async def copy_spans(session: AsyncSession, records: Iterable[Sequence[Any]]) -> None:
    """Write register spans with COPY; columns as in SPAN_COLUMNS."""
    await _copy(session, RegisterSpan.__tablename__, SPAN_COLUMNS, records)


async def _copy(
    session: AsyncSession, table: str, columns: Sequence[str], records: Iterable[Sequence[Any]]
) -> None:
    raw = await (await session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(table, columns=list(columns), records=records)


async def list_days(
    session: AsyncSession, upload_ids: Sequence[UUID], start: date, end: date, *, limit: int
) -> Sequence[Any]:
    """Return up to `limit` days of the uploads inside the dates, in order, without their cells."""
    named = [getattr(IntervalDay, name) for name in DAY_COLUMNS if not name.endswith("cells")]
    statement = (
        select(*named)
        .where(
            IntervalDay.upload_id.in_(upload_ids), IntervalDay.day >= start, IntervalDay.day <= end
        )
        .order_by(IntervalDay.meter_no, IntervalDay.channel, IntervalDay.day, IntervalDay.upload_id)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def list_cells(
    session: AsyncSession,
    upload_ids: Sequence[UUID],
    meter_no: str,
    channel: str,
    days: Sequence[date],
) -> Sequence[IntervalDay]:
    """Return those days of one channel with their cells, in order of the days."""
    statement = select(IntervalDay).where(
        IntervalDay.upload_id.in_(upload_ids),
        IntervalDay.meter_no == meter_no,
        IntervalDay.channel == channel,
        IntervalDay.day.in_(days),
    )
    order = (IntervalDay.day, IntervalDay.upload_id)
    return (await session.scalars(statement.order_by(*order))).all()


async def list_spans(
    session: AsyncSession, upload_ids: Sequence[UUID], start: date, end: date, *, limit: int
) -> Sequence[RegisterSpan]:
    """Return up to `limit` spans that lie entirely inside the dates, in order."""
    statement = (
        select(RegisterSpan)
        .where(
            RegisterSpan.upload_id.in_(upload_ids),
            RegisterSpan.started_on >= start,
            RegisterSpan.ended_on <= end,
        )
        .order_by(
            RegisterSpan.meter_no,
            RegisterSpan.channel,
            RegisterSpan.started_at,
            RegisterSpan.upload_id,
        )
        .limit(limit)
    )
    return (await session.scalars(statement)).all()
