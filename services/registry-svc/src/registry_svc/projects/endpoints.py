"""HTTP of the projects (项目): filing, notice, comments, validation, registration, recall."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from registry_svc.methodologies.models import ProjectType
from registry_svc.projects import filing, notices, recall, registration, service, validation
from registry_svc.projects.rules import ProjectStatus
from registry_svc.projects.schemas import (
    CommentIn,
    CommentOut,
    NoticeIn,
    ProjectDetailOut,
    ProjectIn,
    ProjectOut,
    RecallIn,
    RegistrationIn,
    ValidationIn,
)
from tht_kit.auth import Principal, require
from tht_kit.clock import legal_date
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery

router = new_router(prefix="/v1/projects", tags=["项目 / Projects"])

Owner = Annotated[Principal, Depends(require("projects:write"))]
Validator = Annotated[Principal, Depends(require("projects:validate"))]
Officer = Annotated[Principal, Depends(require("projects:register"))]


@router.post("", status_code=201, dependencies=[Idempotent], summary="项目申报 / File a project")
async def file_project(
    body: ProjectIn, session: WriteSession, now: Now, owner: Owner, response: Response
) -> ProjectDetailOut:
    project = await filing.file(
        session,
        owner_code=owner.organisation(),
        plan=body.plan(),
        declared=body.declared(),
        now=now,
    )
    response.headers["Location"] = f"/v1/projects/{project.project_id}"
    response.headers["ETag"] = f'"{project.version}"'
    return ProjectDetailOut.of(project, legal_date(now))


@router.get("", summary="项目列表 / List projects")
async def list_projects(
    session: ReadSession,
    page: PageQuery,
    now: Now,
    status: Annotated[ProjectStatus | None, Query(description="状态 / status")] = None,
    project_type: Annotated[ProjectType | None, Query(description="类型 / type")] = None,
    owner_code: Annotated[str | None, Query(max_length=64, description="业主 / owner")] = None,
) -> Page[ProjectOut]:
    rows = await service.list_page(
        session,
        status=status,
        project_type=project_type,
        owner_code=owner_code,
        after=page.after_id,
        limit=page.rows,
    )
    today = legal_date(now)
    return page.cut(rows, lambda row: ProjectOut.of(row, today), key=lambda row: [row.project_id])


@router.get("/{project_id}", summary="查询项目 / Get a project")
async def get_project(project_id: UUID, session: ReadSession, now: Now) -> ProjectDetailOut:
    return ProjectDetailOut.of(await service.get(session, project_id), legal_date(now))


@router.post(
    "/{project_id}/notice",
    dependencies=[Idempotent],
    summary="提交公示 / Put a project under public notice",
)
async def open_project_notice(
    project_id: UUID, body: NoticeIn, session: WriteSession, now: Now, owner: Owner
) -> ProjectDetailOut:
    project = await notices.open_notice(
        session,
        project_id,
        owner_code=owner.organisation(),
        validator_code=body.validator_code,
        now=now,
    )
    return ProjectDetailOut.of(project, legal_date(now))


@router.post(
    "/{project_id}/comments", status_code=201, summary="提交公示意见 / Comment on a notice"
)
async def comment_on_project(
    project_id: UUID, body: CommentIn, session: WriteSession, now: Now
) -> CommentOut:
    filed = await notices.comment(
        session, project_id, author_name=body.author_name, text=body.text, now=now
    )
    return CommentOut.of(filed)


@router.get("/{project_id}/comments", summary="公示意见列表 / List the comments of a project")
async def list_project_comments(
    project_id: UUID, session: ReadSession, page: PageQuery
) -> Page[CommentOut]:
    rows = await service.list_comments_page(
        session, project_id, after=page.after_id, limit=page.rows
    )
    return page.cut(rows, CommentOut.of, key=lambda row: [row.comment_id])


@router.post(
    "/{project_id}/validation",
    dependencies=[Idempotent],
    summary="提交审定报告 / Submit the validation report",
)
async def validate_project(
    project_id: UUID, body: ValidationIn, session: WriteSession, now: Now, validator: Validator
) -> ProjectDetailOut:
    project = await validation.validate(
        session,
        project_id,
        validator_code=validator.organisation(),
        conclusion=body.conclusion,
        sections=body.sections.model_dump(),
        answers=[(found.comment_id, found.answer) for found in body.comment_answers],
        now=now,
    )
    return ProjectDetailOut.of(project, legal_date(now))


@router.post(
    "/{project_id}/registration",
    dependencies=[Idempotent],
    summary="登记决定 / Decide on the registration",
)
async def decide_on_project(
    project_id: UUID, body: RegistrationIn, session: WriteSession, now: Now, officer: Officer
) -> ProjectDetailOut:
    project = await registration.decide(
        session,
        project_id,
        officer_code=officer.organisation(),
        is_accepted=body.decision == "register",
        reason=body.reason,
        now=now,
    )
    return ProjectDetailOut.of(project, legal_date(now))


@router.post(
    "/{project_id}/recall",
    dependencies=[Idempotent],
    summary="撤回项目 / Recall a project before its registration",
)
async def recall_project(
    project_id: UUID, body: RecallIn, session: WriteSession, now: Now, owner: Owner
) -> ProjectDetailOut:
    project = await recall.recall(
        session, project_id, owner_code=owner.organisation(), reason=body.reason, now=now
    )
    return ProjectDetailOut.of(project, legal_date(now))
