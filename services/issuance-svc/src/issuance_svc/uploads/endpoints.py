"""HTTP of the uploads (活动数据)."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from issuance_svc.projects import service as projects
from issuance_svc.uploads import service
from issuance_svc.uploads.errors import UploadEncoded, UploadFormatUnknown, UploadNotStored
from issuance_svc.uploads.kinds import KindHandler
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.parts import IntakeDep
from issuance_svc.uploads.rules import WAITING, State
from issuance_svc.uploads.schemas import UploadKindOut, UploadOut, UploadProblemOut
from issuance_svc.uploads.source import Format
from tht_kit.auth import Authenticated, require
from tht_kit.db import AsyncReadSession
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/uploads", tags=["活动数据 / Activity data"])

MEDIA_TYPES: dict[str, Format] = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/x-nem12": "nem12",
    "text/x-nem13": "nem13",
}
# Bodies of these types may be anything; `format` says what.
OPAQUE = frozenset({"application/octet-stream", "text/plain"})
OWN_PARAMETERS = frozenset({"project_id", "kind", "format", "sheet"})
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "文件本身；列名与参数见 GET /v1/uploads/kinds。"
        " / The file itself; columns and options are listed at GET /v1/uploads/kinds.",
        "content": dict.fromkeys([*MEDIA_TYPES, "application/octet-stream"], _BINARY),
    }
}
_ANSWERS = {
    200: {"model": UploadOut, "description": "同一文件已上传 / the same file again"},
    202: {"model": UploadOut, "description": "已接收，由后台读取 / received, read by a worker"},
}
ProjectId = Annotated[str, Query(max_length=64)]
KindName = Annotated[
    str, Query(max_length=64, description="文件类型，见 /v1/uploads/kinds / kind of file")
]


@router.post(
    "",
    status_code=201,
    responses=_ANSWERS,  # type: ignore[arg-type]
    openapi_extra=_BODY,
    summary="上传活动数据 / Upload activity data",
)
async def upload_activity_data(
    request: Request,
    response: Response,
    project_id: ProjectId,
    kind: KindName,
    intake: IntakeDep,
    now: Now,
    principal: Annotated[Principal, Depends(require("reports:write"))],
    format: Annotated[  # noqa: A002 - the parameter's name on the wire
        Format | None,
        Query(description="文件格式；默认按 Content-Type / by default said by the Content-Type"),
    ] = None,
    sheet: Annotated[
        str | None, Query(max_length=31, description="工作表名 / the workbook's sheet")
    ] = None,
) -> UploadOut:
    handler = service.handler_of(intake.kinds, kind)
    format_name = _format(request, handler, format)
    given = {
        name: value for name, value in request.query_params.items() if name not in OWN_PARAMETERS
    }
    async with intake.database.read() as session:
        order = await service.order(
            session,
            project_id=project_id,
            handler=handler,
            format_name=format_name,
            given=given,
            sheet=sheet,
            owner_code=principal.organisation(),
        )
    upload, is_new = await intake.take(
        order,
        request.stream(),
        wants_job="respond-async" in request.headers.get("prefer", "").lower(),
        by=principal.subject,
        now=now,
    )
    response.status_code = 201 if is_new else 200
    if upload.state in WAITING:
        response.status_code = 202
    response.headers["Location"] = f"/v1/uploads/{upload.upload_id}"
    return UploadOut.of(upload)


def _format(request: Request, handler: KindHandler, said: Format | None) -> Format:
    """Return the body's format. Raises UploadFormatUnknown, UploadEncoded."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise UploadEncoded(encoding=encoding[:50])
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    by_type = MEDIA_TYPES.get(media_type)
    found = said or by_type
    is_known = by_type is not None or (said is not None and media_type in {*OPAQUE, ""})
    if found is None or not is_known or found not in handler.formats:
        accepted = [name for name, each in MEDIA_TYPES.items() if each in handler.formats]
        raise UploadFormatUnknown(
            content_type=content_type[:100] or "-", accepted=", ".join(accepted)
        )
    return found


@router.get("", summary="项目的上传文件 / A project's uploads")
async def list_uploads(
    session: ReadSession,
    principal: Authenticated,
    page: PageQuery,
    project_id: ProjectId,
    kind: KindName | None = None,
    state: State | None = None,
) -> Page[UploadOut]:
    await _must_read(session, principal, project_id)
    rows = await service.list_of_project(
        session, project_id, kind=kind, state=state, before=page.after_id, limit=page.rows
    )
    return page.cut(rows, UploadOut.of, key=lambda row: [row.upload_id])


@router.get("/kinds", summary="可上传的文件类型 / Kinds of files")
async def list_upload_kinds(intake: IntakeDep, principal: Authenticated) -> list[UploadKindOut]:
    del principal
    return [UploadKindOut.of(handler) for handler in intake.kinds.values()]


@router.get("/{upload_id}", summary="查询上传文件及进度 / Get an upload and its progress")
async def get_upload(upload_id: UUID, session: ReadSession, principal: Authenticated) -> UploadOut:
    return UploadOut.of(await _readable(session, principal, upload_id))


@router.get("/{upload_id}/problems", summary="文件的全部错误 / All problems of a file")
async def list_upload_problems(
    upload_id: UUID, session: ReadSession, principal: Authenticated, page: PageQuery
) -> Page[UploadProblemOut]:
    await _readable(session, principal, upload_id)
    after = 0 if page.after is None else int(page.after[0])
    rows = await service.problems(session, upload_id, after=after, limit=page.rows)
    return page.cut(rows, UploadProblemOut.of, key=lambda row: [row.problem_no])


@router.get(
    "/{upload_id}/annotated",
    response_class=StreamingResponse,
    responses={200: {"content": dict.fromkeys([*MEDIA_TYPES], _BINARY)}},
    summary="带批注的原文件 / The file with its problems beside its rows",
)
async def get_annotated_upload(
    upload_id: UUID, intake: IntakeDep, principal: Authenticated
) -> StreamingResponse:
    async with intake.database.read() as session:
        upload = await _readable(session, principal, upload_id)
    if upload.state not in (State.STORED, State.REFUSED):
        raise UploadNotStored(upload_id=upload_id, state=upload.state)
    work = TemporaryDirectory(prefix="tht-annotated-")
    try:
        found = await intake.annotated(upload, Path(work.name))
    except BaseException:
        work.cleanup()
        raise
    name = f"{upload_id}-annotated.{found.ending}"
    return StreamingResponse(
        _sent(found.pieces, work),
        media_type=found.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _sent(pieces: Iterator[bytes], work: "TemporaryDirectory[str]") -> Iterator[bytes]:
    """Yield the pieces; the folder they are made from goes with the last."""
    with work:
        yield from pieces


@router.post("/{upload_id}/cancellation", summary="取消读取 / Cancel the reading")
async def cancel_upload(
    upload_id: UUID,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("reports:write"))],
) -> UploadOut:
    upload = await service.get(session, upload_id)
    await projects.get_owned(session, upload.project_id, principal.organisation())
    return UploadOut.of(await service.cancel(session, upload_id, now=now))


async def _readable(session: AsyncReadSession, principal: Principal, upload_id: UUID) -> Upload:
    """Return the upload if the caller may see it. Raises UploadNotFound, Forbidden."""
    upload = await service.get(session, upload_id)
    await _must_read(session, principal, upload.project_id)
    return upload


async def _must_read(session: AsyncReadSession, principal: Principal, project_id: str) -> None:
    if not principal.has("oversight:read"):
        project = await projects.get(session, project_id)
        principal.must_be(project.owner_code)
