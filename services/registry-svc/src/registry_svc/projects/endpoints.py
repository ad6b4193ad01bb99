"""HTTP of the projects (项目): filing, notice, comments, validation, the bureau's decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Response

from registry_svc.projects import (
    comments,
    filing,
    notices,
    recall,
    service,
    validation,
)
from registry_svc.projects.errors import ProjectVersionMissing
from registry_svc.projects.schemas import (
    AnswerIn,
    CommentIn,
    CommentOut,
    NoticeIn,
    ProjectDetailOut,
    ProjectIn,
    RecallIn,
    ValidationIn,
    VersionOut,
    VersionsOut,
)
from tht_kit.auth import Reader, require
from tht_kit.clock import legal_date
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import KEY_CHARS_MAX, Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

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


@router.get("/{project_id}", summary="查询项目 / Get a project")
async def get_project(
    project_id: UUID, session: ReadSession, now: Now, response: Response, reader: Reader
) -> ProjectDetailOut:
    project = await service.get_visible(session, project_id, reader=reader)
    response.headers["ETag"] = f'"{project.version}"'
    return ProjectDetailOut.of(project, legal_date(now))


@router.put("/{project_id}", summary="修改草稿 / Amend a draft")
async def amend_project(
    project_id: UUID,
    body: ProjectIn,
    session: WriteSession,
    now: Now,
    owner: Owner,
    response: Response,
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match", max_length=64, description="所依据的版本 / the ETag it is based on"
        ),
    ] = None,
    drop_imports: Annotated[
        bool, Query(description="确认丢弃已导入的内容 / replace also what was imported from files")
    ] = False,
) -> ProjectDetailOut:
    project = await filing.amend(
        session,
        project_id,
        owner_code=owner.organisation(),
        version=_version(if_match),
        plan=body.plan(),
        declared=body.declared(),
        drop_imports=drop_imports,
        now=now,
    )
    response.headers["ETag"] = f'"{project.version}"'
    return ProjectDetailOut.of(project, legal_date(now))


def _version(if_match: str | None) -> int:
    """Return the version that If-Match names, 0 if it is none; raises ProjectVersionMissing."""
    if if_match is None:
        raise ProjectVersionMissing(pointer="header:If-Match")
    digits = if_match.strip().removeprefix('"').removesuffix('"')
    return int(digits) if digits.isascii() and digits.isdigit() else 0


@router.get("/{project_id}/versions", summary="申报的各个版本 / Every version of a declaration")
async def list_project_versions(
    project_id: UUID, session: ReadSession, reader: Reader
) -> VersionsOut:
    found = await service.list_versions(session, project_id, reader=reader)
    return VersionsOut(items=[VersionOut.model_validate(version) for version in found])


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
    project_id: UUID,
    body: CommentIn,
    session: WriteSession,
    now: Now,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=KEY_CHARS_MAX,
            pattern=r"^[\x20-\x7e]+$",
            description="可选，重试沿用 / optional, kept when retrying",
        ),
    ] = None,
) -> CommentOut:
    filed = await comments.comment(
        session,
        project_id,
        author_name=body.author_name,
        text=body.text,
        key=idempotency_key,
        now=now,
    )
    return CommentOut.of(filed)


@router.get("/{project_id}/comments", summary="公示意见列表 / List the comments of a project")
async def list_project_comments(
    project_id: UUID, session: ReadSession, page: PageQuery, reader: Reader
) -> Page[CommentOut]:
    rows = await service.list_comments_page(
        session, project_id, reader=reader, after=page.after_id, limit=page.rows
    )
    return page.cut(rows, CommentOut.of, key=lambda row: [row.comment_id])


@router.post(
    "/{project_id}/comments/{comment_id}/answer",
    dependencies=[Idempotent],
    summary="答复公示意见 / Answer a comment",
)
async def answer_project_comment(
    project_id: UUID,
    comment_id: UUID,
    body: AnswerIn,
    session: WriteSession,
    now: Now,
    validator: Validator,
) -> CommentOut:
    answered = await comments.answer(
        session,
        project_id,
        comment_id,
        validator_code=validator.organisation(),
        text=body.answer,
        now=now,
    )
    return CommentOut.of(answered)


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
