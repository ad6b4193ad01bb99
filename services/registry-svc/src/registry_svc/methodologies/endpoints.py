"""HTTP of the methodologies (方法学)."""

from typing import Annotated

from fastapi import Depends, Query, Response

from registry_svc.methodologies import drafting, publication, service
from registry_svc.methodologies.models import MethodologyStatus, ProjectType
from registry_svc.methodologies.schemas import (
    ApplicabilityOut,
    FactsIn,
    MethodologyIn,
    MethodologyOut,
    MethodologyPlanIn,
    MethodologyRecordOut,
    PanelIn,
    PanelOut,
    PublicationIn,
    StepRecordOut,
    WithdrawalIn,
)
from tht_kit.auth import require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from tht_kit.task_endpoints import TaskOut

router = new_router(prefix="/v1/methodologies", tags=["方法学 / Methodologies"])
Writer = Annotated[Principal, Depends(require("methodologies:write"))]


@router.get("", summary="方法学列表 / List methodologies")
async def list_methodologies(
    session: ReadSession,
    page: PageQuery,
    status: Annotated[
        MethodologyStatus | None,
        Query(description="状态，默认已发布与已废止 / status; by default published and withdrawn"),
    ] = None,
    project_type: Annotated[ProjectType | None, Query(description="项目类型 / type")] = None,
    series: Annotated[
        str | None, Query(max_length=32, description="不含版本的编号 / code without version")
    ] = None,
) -> Page[MethodologyOut]:
    rows = await service.list_page(
        session,
        status=status,
        project_type=project_type,
        series=series,
        after=page.after_text,
        limit=page.rows,
    )
    return page.cut(rows, MethodologyOut.of, key=lambda row: [row.methodology_code])


@router.get(
    "/{methodology_code}",
    summary="查询方法学及其评审与变更 / Get a methodology with its panels and steps",
)
async def get_methodology(methodology_code: str, session: ReadSession) -> MethodologyRecordOut:
    methodology = await service.get(session, methodology_code)
    return MethodologyRecordOut.with_record(
        methodology,
        await service.list_panels(session, methodology_code),
        await service.list_steps(session, methodology_code),
    )


@router.get(
    "/{methodology_code}/history",
    dependencies=[Depends(require("oversight:read"))],
    summary="方法学变更历史 / Every step of a version: who, when, what",
)
async def get_methodology_history(
    methodology_code: str, session: ReadSession
) -> list[StepRecordOut]:
    await service.get(session, methodology_code)
    return [StepRecordOut.of(step) for step in await service.list_steps(session, methodology_code)]


@router.post(
    "/{methodology_code}/applicability-check",
    summary="试算适用性 / Try the applicability rules on facts; nothing is stored",
)
async def check_methodology_applicability(
    methodology_code: str, body: FactsIn, session: ReadSession
) -> ApplicabilityOut:
    methodology = await service.get(session, methodology_code)
    problems = service.check_written(methodology, body.facts)
    return ApplicabilityOut.of(methodology, problems)


@router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    summary="起草方法学版本 / Draft a version of a methodology",
)
async def draft_methodology(
    body: MethodologyIn, session: WriteSession, now: Now, response: Response, principal: Writer
) -> MethodologyOut:
    methodology = await drafting.draft(
        session, body.methodology_code, plan=body.plan(), by=principal, now=now
    )
    response.headers["Location"] = f"/v1/methodologies/{methodology.methodology_code}"
    return MethodologyOut.of(methodology)


@router.put(
    "/{methodology_code}",
    summary="修改草案（已评审的须重新评审）/ Amend a draft; a reviewed one needs a new review",
)
async def amend_methodology(
    methodology_code: str,
    body: MethodologyPlanIn,
    session: WriteSession,
    now: Now,
    principal: Writer,
) -> MethodologyOut:
    methodology = await drafting.amend(
        session, methodology_code, plan=body.plan(), by=principal, now=now
    )
    return MethodologyOut.of(methodology)


@router.post(
    "/{methodology_code}/review",
    status_code=201,
    dependencies=[Idempotent],
    summary="记录专家评审 / Record the vote of the expert panel",
)
async def review_methodology(
    methodology_code: str, body: PanelIn, session: WriteSession, now: Now, principal: Writer
) -> PanelOut:
    panel = await drafting.review(
        session,
        methodology_code,
        held_on=body.held_on,
        members=[part.member() for part in body.members],
        minutes=body.minutes,
        by=principal,
        now=now,
    )
    return PanelOut.of(panel)


@router.post(
    "/{methodology_code}/publication",
    status_code=202,
    dependencies=[Idempotent],
    summary="提请发布（双人复核）/ Propose the publication (four eyes)",
)
async def propose_methodology_publication(
    methodology_code: str, body: PublicationIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    task = await publication.propose(
        session,
        methodology_code,
        transition_until=body.transition_until,
        note=body.note,
        by=principal,
        now=now,
    )
    return TaskOut.of(task)


@router.post(
    "/{methodology_code}/withdrawal",
    status_code=202,
    dependencies=[Idempotent],
    summary="提请废止（双人复核）/ Propose the withdrawal (four eyes)",
)
async def propose_methodology_withdrawal(
    methodology_code: str, body: WithdrawalIn, session: WriteSession, now: Now, principal: Writer
) -> TaskOut:
    task = await publication.propose_withdrawal(
        session,
        methodology_code,
        transition_until=body.transition_until,
        reason=body.reason,
        by=principal,
        now=now,
    )
    return TaskOut.of(task)
