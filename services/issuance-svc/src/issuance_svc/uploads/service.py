"""Uploads: a file of activity data is stored once, whole, or not at all."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service as projects
from issuance_svc.uploads import parsing, repository
from issuance_svc.uploads.errors import UploadNotFound
from issuance_svc.uploads.models import MeterReading, PlotMeasurement, Upload
from tht_kit.ids import new_id


async def store(
    session: AsyncSession,
    *,
    project_id: str,
    kind: parsing.Kind,
    content: bytes,
    owner_code: str,
    uploaded_by: str,
    now: datetime,
) -> tuple[Upload, bool]:
    """Store the file and its rows; return the upload and whether it is new.

    The same bytes for the same project are the same upload. Raises ProjectUnknown, Forbidden,
    UploadEncoding, UploadUnreadable, UploadRowsRefused.
    """
    # Before the first statement: no connection is held while the file is read.
    sha256, parsed = await asyncio.to_thread(_read, kind, content)
    project = await projects.get_owned(session, project_id, owner_code)
    known = await repository.find_same(session, project_id, sha256)
    if known is not None:
        return known, False
    parsing.refuse_foreign_meters(parsed, project.meters)
    await repository.insert_content(session, sha256, content)
    values = {
        "upload_id": new_id(),
        "project_id": project_id,
        "kind": kind,
        "sha256": sha256,
        "size_bytes": len(content),
        "rows": parsed.rows,
        "summary": parsed.summary,
        "uploaded_by": uploaded_by,
        "uploaded_at": now,
    }
    upload = await repository.insert_new(session, values)
    if upload is None:
        known = await repository.find_same(session, project_id, sha256)
        assert known is not None, "the conflict was with this very row"
        return known, False
    await repository.copy_rows(session, MeterReading, upload.upload_id, parsed.meter_rows)
    await repository.copy_rows(session, PlotMeasurement, upload.upload_id, parsed.plot_rows)
    return upload, True


def _read(kind: parsing.Kind, content: bytes) -> tuple[str, parsing.Parsed]:
    return hashlib.sha256(content).hexdigest(), parsing.parse(kind, content)


async def get(session: AsyncSession, upload_id: UUID) -> Upload:
    """Return the upload; raises UploadNotFound."""
    upload = await repository.find(session, upload_id)
    if upload is None:
        raise UploadNotFound(upload_id=upload_id)
    return upload


async def get_all(
    session: AsyncSession, project_id: str, upload_ids: Sequence[UUID]
) -> Sequence[Upload]:
    """Return the project's uploads of these ids; raises UploadNotFound."""
    found = await repository.list_of_project(session, project_id, upload_ids)
    known = {upload.upload_id for upload in found}
    for index, upload_id in enumerate(upload_ids):
        if upload_id not in known:
            raise UploadNotFound(pointer=f"/upload_ids/{index}", upload_id=upload_id)
    return found


async def readings(
    session: AsyncSession, upload_ids: Sequence[UUID], *, first: date, last: date, limit: int
) -> Sequence[MeterReading]:
    """Return the meter readings whose month touches the period."""
    return await repository.list_readings(session, upload_ids, first=first, last=last, limit=limit)


async def plots(
    session: AsyncSession, upload_ids: Sequence[UUID], *, limit: int
) -> Sequence[PlotMeasurement]:
    """Return the plot measurements of the uploads."""
    return await repository.list_plots(session, upload_ids, limit=limit)
