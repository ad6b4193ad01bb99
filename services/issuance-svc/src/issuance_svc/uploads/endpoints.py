"""HTTP of the uploads (活动数据)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from issuance_svc.projects import service as projects
from issuance_svc.uploads import service
from issuance_svc.uploads.errors import UploadNotCsv, UploadTooLarge
from issuance_svc.uploads.parsing import (
    METER_COLUMNS,
    PLOT_COLUMNS,
    PLOT_VALUE_COLUMNS,
    Kind,
)
from issuance_svc.uploads.schemas import UploadOut
from tht_kit.auth import Authenticated, Principal, require
from tht_kit.http import Now, ReadSession, WriteSession, new_router

UPLOAD_MIB_MAX = 64

router = new_router(prefix="/v1/uploads", tags=["活动数据 / Activity data"])

_COLUMNS = (
    f"meter_readings: {', '.join(METER_COLUMNS)} (calibration: valid, late, missing). "
    f"plot_inventory: {', '.join(PLOT_COLUMNS)}, {' 或/or '.join(PLOT_VALUE_COLUMNS)}."
)
_BODY = {
    "requestBody": {
        "required": True,
        "description": f"CSV，UTF-8，至多 / at most {UPLOAD_MIB_MAX} MiB. {_COLUMNS}",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


@router.post(
    "",
    status_code=201,
    responses={200: {"model": UploadOut, "description": "同一文件已上传 / the same file again"}},
    openapi_extra=_BODY,
    summary="上传活动数据 / Upload activity data",
)
async def upload_activity_data(
    request: Request,
    response: Response,
    project_id: Annotated[str, Query(max_length=64)],
    kind: Annotated[Kind, Query(description="文件类型 / kind of file")],
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("reports:write"))],
) -> UploadOut:
    upload, is_new = await service.store(
        session,
        project_id=project_id,
        kind=kind,
        content=await _body(request),
        owner_code=principal.organisation(),
        uploaded_by=principal.subject,
        now=now,
    )
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/uploads/{upload.upload_id}"
    return UploadOut.of(upload)


async def _body(request: Request) -> bytes:
    """Return the body, read no further than the limit. Raises UploadNotCsv, UploadTooLarge."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "text/csv":
        raise UploadNotCsv(content_type=content_type[:100] or "-")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > UPLOAD_MIB_MAX * 1024 * 1024:
            raise UploadTooLarge(limit_mib=UPLOAD_MIB_MAX)
    return bytes(content)


@router.get("/{upload_id}", summary="查询上传文件 / Get an upload")
async def get_upload(upload_id: UUID, session: ReadSession, principal: Authenticated) -> UploadOut:
    upload = await service.get(session, upload_id)
    if not principal.has("oversight:read"):
        project = await projects.get(session, upload.project_id)
        principal.must_be(project.owner_code)
    return UploadOut.of(upload)
