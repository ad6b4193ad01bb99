"""HTTP of the buffer (缓冲账户): public, whoever wants to know what stands behind the forests."""

from issuance_svc.buffer import service
from issuance_svc.buffer.schemas import BufferTotalsOut, ProjectBufferOut
from tht_kit.http import ReadSession, new_router
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/buffer", tags=["逆转与缓冲 / Reversals and buffer"])


@router.get("", summary="缓冲账户余额 / The buffer's balance")
async def get_buffer(session: ReadSession) -> BufferTotalsOut:
    return BufferTotalsOut.of(await service.totals(session))


@router.get("/projects", summary="各项目的缓冲 / Each project's part of the buffer")
async def list_buffer_projects(session: ReadSession, page: PageQuery) -> Page[ProjectBufferOut]:
    after = None if page.after is None else str(page.after[0])
    rows = await service.list_projects(session, after=after, limit=page.rows)
    return page.cut(rows, ProjectBufferOut.of_project, key=lambda row: [row.project_id])
