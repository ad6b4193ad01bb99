"""HTTP of the documents of projects (项目文件)."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from registry_svc.container import BlobsDep
from registry_svc.documents import rules, service
from registry_svc.documents.rules import DocumentKind
from registry_svc.documents.schemas import DocumentDetailOut, DocumentOut
from tht_kit.auth import Reader, require
from tht_kit.fields import BILINGUAL, Line
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/documents", tags=["项目文件 / Documents"])


def _last_part(value: str) -> str:
    """Return the name without the folders that its sender keeps it in, on either kind of system."""
    name = value.replace("\\", "/").rpartition("/")[2].strip()
    if name in ("", ".", ".."):
        raise PydanticCustomError(
            BILINGUAL, "{en}", {"zh": "这不是文件名", "en": "This is no name of a file"}
        )
    return name


FileName = Annotated[Line, AfterValidator(_last_part)]
Filer = Annotated[Principal, Depends(require("documents:write"))]
_MIB = service.DOCUMENT_BYTES_MAX // 1024 // 1024
_SAME = (
    "同一文件已提交，名称与标题以首次为准 / the same file again:"
    " it keeps the name and the title that it was first filed under"
)
_BODY = {
    "requestBody": {
        "required": True,
        "description": f"文件本身，至多 / the file itself, at most {_MIB} MiB: {rules.ACCEPTED}",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    status_code=201,
    responses={200: {"model": DocumentOut, "description": _SAME}},
    openapi_extra=_BODY,
    summary="提交项目文件 / File a document",
)
async def file_document(
    request: Request,
    response: Response,
    project_id: UUID,
    kind: Annotated[DocumentKind, Query(description="文件种类 / kind of document")],
    title: Annotated[Line, Query(description="标题 / title")],
    file_name: Annotated[
        FileName,
        Query(description="文件名，不含路径 / file name, without a path", examples=["PDD.pdf"]),
    ],
    session: WriteSession,
    blobs: BlobsDep,
    now: Now,
    principal: Filer,
) -> DocumentOut:
    document, is_new = await service.file(
        session,
        blobs,
        project_id=project_id,
        kind=kind,
        title=title,
        file_name=file_name,
        content=request.stream(),
        by=principal,
        now=now,
    )
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/documents/{document.document_id}"
    found, project = await service.get(session, document.document_id, reader=principal)
    return DocumentOut.of(found, project)


@router.get("", summary="项目文件列表 / List the documents of a project")
async def list_documents(
    project_id: UUID, session: ReadSession, page: PageQuery, reader: Reader
) -> Page[DocumentOut]:
    rows, project = await service.list_page(
        session, project_id, reader=reader, after=page.after_id, limit=page.rows
    )
    return page.cut(
        rows, lambda row: DocumentOut.of(row, project), key=lambda row: [row.document_id]
    )


@router.get("/{document_id}", summary="查询项目文件 / Get a document")
async def get_document(
    document_id: UUID, session: ReadSession, reader: Reader
) -> DocumentDetailOut:
    document, project = await service.get(session, document_id, reader=reader)
    shown = DocumentOut.of(document, project).model_dump()
    return DocumentDetailOut(**shown, locked_until=await service.locked_until(session, project))


@router.get(
    "/{document_id}/content",
    response_class=StreamingResponse,
    summary="下载文件 / Download the file",
)
async def get_document_content(
    document_id: UUID, session: ReadSession, blobs: BlobsDep, reader: Reader
) -> Response:
    document, _ = await service.get(session, document_id, reader=reader)
    return StreamingResponse(
        blobs.read(document.sha256),
        media_type=document.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.file_name)}",
            "Content-Length": str(document.size_bytes),
            "ETag": f'"{document.sha256}"',
            # A file is somebody's: a browser must neither guess its type nor run it.
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        },
    )


@router.delete("/{document_id}", status_code=204, summary="撤回文件 / Take a document back")
async def remove_document(
    document_id: UUID, session: WriteSession, now: Now, principal: Filer
) -> None:
    await service.remove(session, document_id, by=principal, now=now)
