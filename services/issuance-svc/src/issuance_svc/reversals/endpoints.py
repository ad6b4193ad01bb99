"""HTTP of the reversals (逆转): reporting them, and the public record."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from issuance_svc.buffer import service as buffer
from issuance_svc.projects import service as projects
from issuance_svc.reversals import service, tasks
from issuance_svc.reversals.models import Status
from issuance_svc.reversals.schemas import (
    ReportedOut,
    ReversalDetailOut,
    ReversalIn,
    ReversalOut,
    StandingOut,
)
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/reversals", tags=["逆转与缓冲 / Reversals and buffer"])


@router.post(
    "",
    status_code=202,
    dependencies=[Idempotent],
    summary="报告逆转，待另一人确认 / Report a reversal; another person confirms it",
)
async def report_reversal(
    body: ReversalIn,
    session: WriteSession,
    now: Now,
    principal: Annotated[Principal, Depends(require("reversals:write"))],
    response: Response,
) -> ReportedOut:
    reversal, task = await tasks.report(session, body.project_id, body.told, by=principal, now=now)
    response.headers["Location"] = f"/v1/reversals/{reversal.reversal_id}"
    return ReportedOut(reversal=ReversalOut.of(reversal), task_id=task.task_id)


@router.get("", summary="逆转公示 / The public list of reversals, newest first")
async def list_reversals(
    session: ReadSession,
    page: PageQuery,
    project_id: Annotated[str | None, Query(max_length=64)] = None,
    status: Annotated[Status | None, Query()] = None,
) -> Page[ReversalOut]:
    rows = await service.list_page(
        session, project_id=project_id, status=status, after=page.after_id, limit=page.rows
    )
    return page.cut(rows, ReversalOut.of, key=lambda row: [row.reversal_id])


@router.get(
    "/standings/{project_id}",
    summary="项目的担保状况 / What stands behind a project's credits",
)
async def get_standing(
    project_id: Annotated[str, Path(max_length=64)], session: ReadSession
) -> StandingOut:
    await projects.get(session, project_id)
    found = await service.standing(session, project_id)
    return StandingOut.of(project_id, found, await service.owed_t(session, project_id))


@router.get("/{reversal_id}", summary="查询逆转 / Get a reversal")
async def get_reversal(reversal_id: UUID, session: ReadSession) -> ReversalDetailOut:
    found = await service.get(session, reversal_id)
    return ReversalDetailOut.with_parts(
        found,
        await buffer.cancelled_for(session, reversal_id),
        await service.settlements_of(session, reversal_id),
    )
