"""HTTP of the tree inventories: what a file came to, and what was odd in it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from issuance_svc.inventories import service
from issuance_svc.inventories.schemas import RemarkOut, StandOut
from issuance_svc.projects import service as projects
from issuance_svc.uploads import service as uploads
from tht_kit.auth import Authenticated
from tht_kit.db import AsyncReadSession
from tht_kit.http import ReadSession, new_router
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/uploads", tags=["活动数据 / Activity data"])

READERS = ("oversight:read", "reports:verify")


@router.get(
    "/{upload_id}/remarks",
    summary="单木调查中的异常及其处理 / What is odd in a tree inventory and how it was counted",
)
async def list_inventory_remarks(
    upload_id: UUID,
    session: ReadSession,
    principal: Authenticated,
    page: PageQuery,
    code: Annotated[str | None, Query(max_length=32, description="种类 / code")] = None,
) -> Page[RemarkOut]:
    await _must_read(session, principal, upload_id)
    after = 0 if page.after is None else int(page.after[0])
    rows = await service.remarks(session, upload_id, code=code, after=after, limit=page.rows)
    return page.cut(rows, RemarkOut.of, key=lambda row: [row.remark_no])


@router.get(
    "/{upload_id}/stands",
    summary="单木调查汇总的样地值 / What the plots of a tree inventory came to",
)
async def list_inventory_stands(
    upload_id: UUID, session: ReadSession, principal: Authenticated, page: PageQuery
) -> Page[StandOut]:
    await _must_read(session, principal, upload_id)
    after = None
    if page.after is not None:
        plot_no, day, group_key = page.after
        after = [plot_no, date.fromisoformat(day), group_key]
    rows = await service.stands_of(session, upload_id, after=after, limit=page.rows)
    return page.cut(
        rows, StandOut.of, key=lambda row: [row.plot_no, row.measured_on, row.group_key]
    )


async def _must_read(session: AsyncReadSession, principal: Principal, upload_id: UUID) -> None:
    """Raise UploadNotFound, or Forbidden unless the caller may see the file."""
    upload = await uploads.get(session, upload_id)
    if not any(principal.has(scope) for scope in READERS):
        project = await projects.get(session, upload.project_id)
        principal.must_be(project.owner_code)
