"""SQL of the uploads."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.uploads.models import (
    MeterReading,
    PlotMeasurement,
    Upload,
    UploadContent,
    UploadProblem,
)
from issuance_svc.uploads.rules import State


async def find(session: AsyncSession, upload_id: UUID) -> Upload | None:
    return await session.get(Upload, upload_id)


async def lock(
    session: AsyncSession, upload_id: UUID, *, wait_s: float | None = None
) -> Upload | None:
    """Return the upload with its row locked; after `wait_s` a locked one raises."""
    if wait_s is not None:
        await session.execute(select(func.set_config("lock_timeout", f"{wait_s}s", True)))
    statement = select(Upload).where(Upload.upload_id == upload_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def find_same(
    session: AsyncSession, project_id: str, kind: str, options_key: str, sha256: str
) -> Upload | None:
    """Return the upload of these bytes for this project, kind and options."""
    statement = select(Upload).where(
        Upload.project_id == project_id,
        Upload.kind == kind,
        Upload.options_key == options_key,
        Upload.sha256 == sha256,
    )
    return (await session.scalars(statement)).first()


async def list_of_project(
    session: AsyncSession, project_id: str, upload_ids: Sequence[UUID]
) -> Sequence[Upload]:
    statement = select(Upload).where(
        Upload.project_id == project_id, Upload.upload_id.in_(upload_ids)
    )
    return (await session.scalars(statement.order_by(Upload.upload_id))).all()


async def list_page(
    session: AsyncSession,
    project_id: str,
    *,
    kind: str | None,
    state: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Upload]:
    """Return uploads of a project, the newest first."""
    statement = select(Upload).where(Upload.project_id == project_id)
    if kind is not None:
        statement = statement.where(Upload.kind == kind)
    if state is not None:
        statement = statement.where(Upload.state == state)
    if before is not None:
        statement = statement.where(Upload.upload_id < before)
    return (await session.scalars(statement.order_by(Upload.upload_id.desc()).limit(limit))).all()


async def insert_new(session: AsyncSession, values: dict[str, Any]) -> Upload | None:
    """Insert the upload; None if there is the same one already (also by a concurrent request)."""
    statement = insert(Upload).values(values).on_conflict_do_nothing().returning(Upload)
    return (await session.scalars(statement)).first()


async def find_old_content(session: AsyncSession, sha256: str) -> bytes | None:
    """Return the bytes of a file that came before files were kept as blobs."""
    statement = select(UploadContent.body).where(UploadContent.sha256 == sha256)
    return (await session.scalars(statement)).first()


# ---- problems -------------------------------------------------------------------------------


async def replace_problems(
    session: AsyncSession, upload_id: UUID, problems: Sequence[dict[str, Any]]
) -> None:
    """Keep these problems of an upload and no others."""
    await session.execute(delete(UploadProblem).where(UploadProblem.upload_id == upload_id))
    records = [
        {"upload_id": upload_id, "problem_no": number, **problem}
        for number, problem in enumerate(problems, start=1)
    ]
    await _copy(session, UploadProblem.__tablename__, records)


async def list_problems(
    session: AsyncSession, upload_id: UUID, *, after: int, limit: int
) -> Sequence[UploadProblem]:
    statement = select(UploadProblem).where(
        UploadProblem.upload_id == upload_id, UploadProblem.problem_no > after
    )
    return (await session.scalars(statement.order_by(UploadProblem.problem_no).limit(limit))).all()


# ---- jobs: leases by the database's clock, for a sandbox clock may jump -----------------------


def _lease(lease_s: float) -> Any:
    return func.clock_timestamp() + timedelta(seconds=lease_s)


async def claim(session: AsyncSession, worker: str, *, lease_s: float) -> Upload | None:
    """Take the oldest upload that waits, or whose worker is gone; None if there is none."""
    free = or_(
        Upload.state == State.RECEIVED,
        and_(Upload.state == State.READING, Upload.lease_until < func.clock_timestamp()),
    )
    oldest = (
        select(Upload.upload_id)
        .where(free)
        .order_by(Upload.upload_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = (
        update(Upload)
        .where(Upload.upload_id == oldest)
        .values(
            state=State.READING,
            worker=worker,
            lease_until=_lease(lease_s),
            attempts=Upload.attempts + 1,
            rows_read=0,
            bytes_read=0,
        )
        .returning(Upload)
    )
    return (await session.scalars(statement)).first()


async def beat(
    session: AsyncSession,
    upload_id: UUID,
    worker: str,
    *,
    lease_s: float,
    rows_read: int,
    bytes_read: int,
) -> bool:
    """Prolong the lease and tell the progress; False if the upload is no longer this worker's."""
    statement = (
        update(Upload)
        .where(Upload.upload_id == upload_id, Upload.worker == worker)
        .values(lease_until=_lease(lease_s), rows_read=rows_read, bytes_read=bytes_read)
        .returning(Upload.upload_id)
    )
    return (await session.scalars(statement)).first() is not None


# ---- rows of the monthly registers and the plots ---------------------------------------------


async def copy_rows(
    session: AsyncSession,
    model: type[MeterReading] | type[PlotMeasurement],
    upload_id: UUID,
    rows: Sequence[Any],
) -> None:
    """Write the file's records with COPY, in the caller's transaction."""
    await _copy(
        session, model.__tablename__, [{"upload_id": upload_id, **asdict(row)} for row in rows]
    )


async def _copy(session: AsyncSession, table: str, records: Sequence[dict[str, Any]]) -> None:
    if not records:
        return
    raw = await (await session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(
        table, columns=list(records[0]), records=[tuple(row.values()) for row in records]
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
