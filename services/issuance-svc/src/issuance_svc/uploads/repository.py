"""SQL of the uploads."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.uploads.models import MeterReading, PlotMeasurement, Upload, UploadContent


async def find(session: AsyncSession, upload_id: UUID) -> Upload | None:
    return await session.get(Upload, upload_id)


async def find_same(session: AsyncSession, project_id: str, sha256: str) -> Upload | None:
    statement = select(Upload).where(Upload.project_id == project_id, Upload.sha256 == sha256)
    return (await session.scalars(statement)).first()


async def list_of_project(
    session: AsyncSession, project_id: str, upload_ids: Sequence[UUID]
) -> Sequence[Upload]:
    statement = select(Upload).where(
        Upload.project_id == project_id, Upload.upload_id.in_(upload_ids)
    )
    return (await session.scalars(statement.order_by(Upload.upload_id))).all()


async def insert_content(session: AsyncSession, sha256: str, body: bytes) -> None:
    """Store the bytes if they are new."""
    statement = insert(UploadContent).values(sha256=sha256, body=body)
    await session.execute(statement.on_conflict_do_nothing())


async def insert_new(session: AsyncSession, values: dict[str, Any]) -> Upload | None:
    """Insert the upload; None if the project has these bytes already (also by a concurrent one)."""
    statement = insert(Upload).values(values).on_conflict_do_nothing().returning(Upload)
    return (await session.scalars(statement)).first()


async def copy_rows(
    session: AsyncSession,
    model: type[MeterReading] | type[PlotMeasurement],
    upload_id: UUID,
    rows: Sequence[Any],
) -> None:
    """Write the file's records with COPY, in the caller's transaction."""
    if not rows:
        return
    records = [{"upload_id": upload_id, **asdict(row)} for row in rows]
    columns = list(records[0])
    raw = await (await session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(
        model.__tablename__, columns=columns, records=[tuple(row.values()) for row in records]
    )


async def list_readings(
    session: AsyncSession, upload_ids: Sequence[UUID], *, first: date, last: date, limit: int
) -> Sequence[MeterReading]:
    """Return up to `limit` readings of months that touch the period, in order."""
    statement = (
        select(MeterReading)
        .where(
            MeterReading.upload_id.in_(upload_ids),
            MeterReading.month >= first.replace(day=1),
            MeterReading.month <= last,
        )
        .order_by(MeterReading.meter_no, MeterReading.month, MeterReading.upload_id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_plots(
    session: AsyncSession, upload_ids: Sequence[UUID], *, limit: int
) -> Sequence[PlotMeasurement]:
    """Return up to `limit` plot measurements, in order."""
    statement = (
        select(PlotMeasurement)
        .where(PlotMeasurement.upload_id.in_(upload_ids))
        .order_by(PlotMeasurement.plot_no, PlotMeasurement.measured_on, PlotMeasurement.upload_id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()
