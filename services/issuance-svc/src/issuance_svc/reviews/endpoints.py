"""HTTP of the reviews (异常复核)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service as projects
from issuance_svc.reviews import service
from issuance_svc.reviews.models import ReviewStatus
from issuance_svc.reviews.schemas import ReviewDecisionIn, ReviewOut
from tht_kit.auth import Authenticated, require
from tht_kit.errors import Forbidden, Text
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/reviews", tags=["异常复核 / Reviews"])

Reviewer = Annotated[Principal, Depends(require("reviews:decide"))]

READERS = ("reviews:decide", "oversight:read")


@router.get("", summary="复核列表；业主须指定自己的项目 / List reviews; owners name their project")
async def list_reviews(
    session: ReadSession,
    page: PageQuery,
    principal: Authenticated,
    status: Annotated[ReviewStatus | None, Query(description="状态 / status")] = None,
    project_id: Annotated[str | None, Query(max_length=64, description="项目 / project")] = None,
    subject_type: Annotated[
        str | None, Query(max_length=64, description="对象种类 / kind of subject")
    ] = None,
    subject_id: Annotated[str | None, Query(max_length=64, description="对象 / subject")] = None,
    code: Annotated[str | None, Query(max_length=64, description="异常代码 / alarm")] = None,
) -> Page[ReviewOut]:
    await _must_read(session, principal, project_id)
    rows = await service.list_page(
        session,
        status=status,
        project_id=project_id,
        subject_type=subject_type,
        subject_id=subject_id,
        code=code,
        after=page.after_id,
        limit=page.rows,
    )
    return page.cut(rows, ReviewOut.of, key=lambda row: [row.review_id])


@router.get("/{review_id}", summary="查询复核 / Get a review")
async def get_review(review_id: UUID, session: ReadSession, principal: Authenticated) -> ReviewOut:
    review = await service.get(session, review_id)
    await _must_read(session, principal, review.project_id)
    return ReviewOut.of(review)


async def _must_read(session: AsyncSession, principal: Principal, project_id: str | None) -> None:
    """Let the bureau read everything and an owner its own project's. Raises Forbidden."""
    if any(principal.has(scope) for scope in READERS):
        return
    if project_id is None:
        raise Forbidden(
            reason=Text(
                zh="全部复核只对主管部门可见，请用 project_id 指定自己的项目。",
                en="The bureau sees all reviews; name your own project with project_id.",
            )
        )
    principal.must_be((await projects.get(session, project_id)).owner_code)


@router.post(
    "/{review_id}/decision",
    dependencies=[Idempotent],
    summary="接受或否决异常，须说明理由 / Accept or reject an alarm, with the reason",
)
async def decide_review(
    review_id: UUID, body: ReviewDecisionIn, session: WriteSession, now: Now, principal: Reviewer
) -> ReviewOut:
    review = await service.decide(
        session,
        review_id,
        decision=body.decision,
        comment=body.comment,
        officer_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return ReviewOut.of(review)
