"""Uploads: a file of activity data is stored once; its rows whole, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import service as organisations
from issuance_svc.projects import service as projects
from issuance_svc.uploads import repository
from issuance_svc.uploads.errors import (
    UploadFinished,
    UploadKindUnknown,
    UploadNotFound,
    UploadNotStored,
    UploadOptionsWrong,
)
from issuance_svc.uploads.kinds import KindHandler, Kinds, ReadByRecord
from issuance_svc.uploads.models import MeterReading, PlotMeasurement, Upload, UploadProblem
from issuance_svc.uploads.problems import Problem
from issuance_svc.uploads.reading import Reading
from issuance_svc.uploads.rules import WAITING, State, options_key
from issuance_svc.uploads.source import Format
from tht_kit.blobs import Blob
from tht_kit.db import LOCK_NOT_AVAILABLE, sqlstate
from tht_kit.errors import FieldProblem, Text
from tht_kit.ids import new_id

# A worker's heartbeat holds the row for a moment, the storing of rows for as long as it takes.
CANCEL_WAIT_S = 2


@dataclass(frozen=True)
class Order:
    """What an upload is to be read as, checked before its bytes are taken."""

    project_id: str
    handler: KindHandler
    format: Format
    # As they are kept; `sheet` of a workbook among them.
    options: dict[str, Any]
    context: Any

    @property
    def key(self) -> str:
        by_record = isinstance(self.context, ReadByRecord)
        return options_key(self.format, self.options, self.context.record_key if by_record else "")


def handler_of(kinds: Kinds, kind: str) -> KindHandler:
    """Return the kind's handler; raises UploadKindUnknown."""
    if kind not in kinds:
        raise UploadKindUnknown(pointer="query:kind", known=", ".join(kinds))
    return kinds[kind]


def parse_options(handler: KindHandler, given: Mapping[str, str]) -> Any:
    """Return the kind's options from query parameters; raises UploadOptionsWrong."""
    try:
        return handler.options.model_validate(dict(given))
    except ValidationError as error:
        found = [
            FieldProblem(
                f"query:{'.'.join(map(str, each['loc'])) or '-'}",
                Text(zh=f"参数有误：{each['msg']}", en=each["msg"]),
            )
            for each in error.errors()
        ]
        raise UploadOptionsWrong(errors=found, count=len(found)) from None


async def order(
    session: AsyncSession,
    *,
    project_id: str,
    handler: KindHandler,
    format_name: Format,
    given: Mapping[str, str],
    sheet: str | None,
    owner_code: str,
) -> Order:
    """Check what the file is to be read as.

    Raises ProjectUnknown, Forbidden, OrganisationStopped, UploadOptionsWrong and what the kind's
    `context` raises.
    """
    project = await projects.get_owned(session, project_id, owner_code)
    await organisations.must_not_be_stopped(session, owner_code)
    # A sheet is no parameter of a file without sheets.
    more = {"sheet": sheet} if sheet is not None and format_name != "xlsx" else {}
    options = parse_options(handler, {**given, **more})
    context = await handler.context(session, project, options)
    kept = options.model_dump(mode="json", exclude_defaults=True)
    if sheet is not None:
        kept["sheet"] = sheet
    return Order(project_id, handler, format_name, kept, context)


async def order_again(session: AsyncSession, upload: Upload, kinds: Kinds) -> Order:
    """Return the order of an upload that waits. Raises ProjectUnknown and what `context` raises."""
    handler = handler_of(kinds, upload.kind)
    project = await projects.get(session, upload.project_id)
    given = {name: value for name, value in upload.options.items() if name != "sheet"}
    context = await handler.context(session, project, handler.options.model_validate(given))
    format_name: Any = upload.format
    return Order(upload.project_id, handler, format_name, upload.options, context)


async def find_same(session: AsyncSession, wanted: Order, sha256: str) -> Upload | None:
    """Return the upload of the same file in the same reading, if there is one."""
    return await repository.find_same(
        session, wanted.project_id, wanted.handler.name, wanted.key, sha256
    )


async def enqueue(
    session: AsyncSession, wanted: Order, blob: Blob, *, by: str, now: datetime
) -> tuple[Upload, bool]:
    """Keep the upload as RECEIVED for a worker; return it, and whether it waits anew."""
    return await _insert_or_lock(session, wanted, blob, by=by, now=now)


async def conclude_new(
    session: AsyncSession, wanted: Order, blob: Blob, found: Reading, *, by: str, now: datetime
) -> tuple[Upload, bool]:
    """Store a reading that is done; return the upload and whether this reading counted.

    Of several requests with the same file at once, one counts and the others see its outcome.
    Raises what the kind's `store` raises.
    """
    upload, is_ours = await _insert_or_lock(session, wanted, blob, by=by, now=now)
    if is_ours:
        upload.attempts = 1
        await conclude(session, upload, wanted.handler, found, now=now)
    return upload, is_ours


async def _insert_or_lock(
    session: AsyncSession, wanted: Order, blob: Blob, *, by: str, now: datetime
) -> tuple[Upload, bool]:
    """Return the upload as RECEIVED, or as it is when it is STORED or somebody reads it already."""
    values = {
        "upload_id": new_id(),
        "project_id": wanted.project_id,
        "kind": wanted.handler.name,
        "format": wanted.format,
        "options": wanted.options,
        "options_key": wanted.key,
        "sha256": blob.sha256,
        "size_bytes": blob.size_bytes,
        "state": State.RECEIVED,
        "rows": 0,
        "summary": {},
        "rows_read": 0,
        "bytes_read": 0,
        "problems_total": 0,
        "attempts": 0,
        "uploaded_by": by,
        "uploaded_at": now,
    }
    upload = await repository.insert_new(session, values)
    if upload is not None:
        return upload, True
    known = await find_same(session, wanted, blob.sha256)
    assert known is not None, "the conflict was with this very row"
    upload = await repository.lock(session, known.upload_id)
    assert upload is not None, "uploads are never deleted"
    if upload.state == State.STORED or upload.state in WAITING:
        return upload, False
    await repository.replace_problems(session, upload.upload_id, [])
    upload.state, upload.attempts, upload.finished_at = State.RECEIVED, 0, None
    upload.refusal, upload.problems_total = None, 0
    upload.rows_read = upload.bytes_read = 0
    return upload, True


async def conclude(
    session: AsyncSession, upload: Upload, handler: KindHandler, found: Reading, *, now: datetime
) -> None:
    """Make the upload STORED with its rows, or REFUSED with its problems.

    Raises what the kind's `store` raises; then nothing of it holds.
    """
    upload.worker = upload.lease_until = None
    upload.finished_at = now
    upload.summary = found.summary
    if found.parsed is not None:
        upload.state, upload.rows = State.STORED, found.parsed.rows
        upload.rows_read, upload.bytes_read = found.parsed.rows, upload.size_bytes
        await session.flush()
        await handler.store(session, upload, found.parsed)
        return
    problems = found.all_problems()
    upload.state, upload.rows = State.REFUSED, 0
    # A worker that read on its own told how far it came; what came to nothing says so here.
    upload.rows_read = max(upload.rows_read, found.rows_read)
    upload.bytes_read = max(upload.bytes_read, found.bytes_read)
    upload.problems_total = found.problems.total + len(problems) - len(found.problems.kept)
    if found.refusal is not None:
        upload.refusal = {
            "type": found.refusal.type,
            "zh": found.refusal.detail.render("zh", found.refusal.params),
            "en": found.refusal.detail.render("en", found.refusal.params),
        }
    await session.flush()
    await repository.replace_problems(session, upload.upload_id, [_record(p) for p in problems])


def _record(problem: Problem) -> dict[str, Any]:
    return {
        "sheet": problem.sheet,
        "row_no": problem.row,
        "column_name": problem.column,
        "what_zh": problem.what.zh,
        "what_en": problem.what.en,
        "cure_zh": problem.cure.zh,
        "cure_en": problem.cure.en,
    }


async def cancel(session: AsyncSession, upload_id: UUID, *, now: datetime) -> Upload:
    """Cancel an upload that waits or is being read; a cancelled one stays so.

    Raises UploadNotFound, UploadFinished (also while its rows are being stored).
    """
    try:
        upload = await repository.lock(session, upload_id, wait_s=CANCEL_WAIT_S)
    except DBAPIError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        raise UploadFinished(upload_id=upload_id, state=State.READING) from None
    if upload is None:
        raise UploadNotFound(upload_id=upload_id)
    if upload.state in WAITING:
        upload.state, upload.finished_at = State.CANCELLED, now
        upload.worker = upload.lease_until = None
    elif upload.state != State.CANCELLED:
        raise UploadFinished(upload_id=upload_id, state=upload.state)
    return upload


async def get(session: AsyncSession, upload_id: UUID) -> Upload:
    """Return the upload; raises UploadNotFound."""
    upload = await repository.find(session, upload_id)
    if upload is None:
        raise UploadNotFound(upload_id=upload_id)
    return upload


async def get_all(
    session: AsyncSession, project_id: str, upload_ids: Sequence[UUID]
) -> Sequence[Upload]:
    """Return the project's stored uploads of these ids; raises UploadNotFound, UploadNotStored."""
    found = await repository.list_of_project(session, project_id, upload_ids)
    states = {upload.upload_id: upload.state for upload in found}
    for index, upload_id in enumerate(upload_ids):
        pointer = f"/upload_ids/{index}"
        if upload_id not in states:
            raise UploadNotFound(pointer=pointer, upload_id=upload_id)
        if states[upload_id] != State.STORED:
            raise UploadNotStored(pointer=pointer, upload_id=upload_id, state=states[upload_id])
    return found


async def list_of_project(
    session: AsyncSession,
    project_id: str,
    *,
    kind: str | None,
    state: State | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Upload]:
    """Return the project's uploads, the newest first."""
    return await repository.list_page(
        session, project_id, kind=kind, state=state, before=before, limit=limit
    )


async def problems(
    session: AsyncSession, upload_id: UUID, *, after: int, limit: int
) -> Sequence[UploadProblem]:
    """Return the problems that were kept, in the order in which they were found."""
    return await repository.list_problems(session, upload_id, after=after, limit=limit)


async def all_problems(session: AsyncSession, upload: Upload) -> Sequence[UploadProblem]:
    """Return every problem that was kept; `upload_problems_kept_max` bounds them."""
    if upload.problems_total == 0:
        return []
    return await repository.list_problems(
        session, upload.upload_id, after=0, limit=upload.problems_total
    )


async def old_content(session: AsyncSession, upload: Upload) -> bytes | None:
    """Return the bytes of an upload of before files were kept as blobs."""
    return await repository.find_old_content(session, upload.sha256)


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
