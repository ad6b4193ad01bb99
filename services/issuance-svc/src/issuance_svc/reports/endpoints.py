"""HTTP of the monitoring reports (减排量报告)."""

from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.container import BlobsDep
from issuance_svc.projects import service as projects
from issuance_svc.reports import diff, listing, retention, service, submit, workflow
from issuance_svc.reports.models import Report
from issuance_svc.reports.repository import Filters
from issuance_svc.reports.rules import Status
from issuance_svc.reports.schemas import (
    CalculationOut,
    DiffOut,
    FileDeletionIn,
    FileDeletionOut,
    NoticeIn,
    ReportIn,
    ReportOut,
    ReportPublicOut,
    RetentionOut,
    RevisionIn,
    VerifierIn,
)
from tht_kit.auth import Authenticated, authenticated, require
from tht_kit.clock import legal_date
from tht_kit.http import ContainerDep, Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal

router = new_router(prefix="/v1/reports", tags=["减排量报告 / Monitoring reports"])

evidence_router = new_router(prefix="/v1/uploads", tags=["活动数据 / Uploads"])

Owner = Annotated[Principal, Depends(require("reports:write"))]

READERS = ("oversight:read", "issuance:request", "issuance:approve", "reviews:decide")


async def _visitor(request: Request) -> Principal | None:
    """Return who reads, if they say so; raises Unauthenticated for a token that is not valid."""
    return await authenticated(request) if "authorization" in request.headers else None


Visitor = Annotated[Principal | None, Depends(_visitor)]


def reads_all(principal: Principal) -> bool:
    """Say whether the caller oversees all reports."""
    return any(principal.has(scope) for scope in READERS)


async def readable(session: AsyncSession, report_id: UUID, principal: Principal) -> Report:
    """Return the report to its owner, its verifier and the bureau. Raises Forbidden."""
    report = await service.get(session, report_id)
    named = report.verifier_code is not None and principal.organisation_code == report.verifier_code
    if not named and not reads_all(principal):
        project = await projects.get(session, report.project_id)
        principal.must_be(project.owner_code)
    return report


@router.post(
    "", status_code=201, dependencies=[Idempotent], summary="提交减排量报告 / Submit a report"
)
async def submit_report(
    body: ReportIn, session: WriteSession, now: Now, principal: Owner, response: Response
) -> ReportOut:
    report = await submit.submit(
        session,
        project_id=body.project_id,
        submission=body.submission(),
        owner_code=principal.organisation(),
        submitted_by=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/reports/{report.report_id}"
    return ReportOut.of(report, await service.show(session, report, today=legal_date(now)))


@router.get(
    "", summary="报告列表：公示过的对公众可见 / List reports: those once under notice are public"
)
async def list_reports(
    session: ReadSession,
    page: PageQuery,
    now: Now,
    principal: Visitor,
    status: Annotated[Status | None, Query(description="状态 / status")] = None,
    project_id: Annotated[str | None, Query(max_length=64, description="项目 / project")] = None,
    owner_code: Annotated[str | None, Query(max_length=64, description="业主 / owner")] = None,
    verifier_code: Annotated[
        str | None, Query(max_length=64, description="核查机构 / verifier")
    ] = None,
    methodology_code: Annotated[
        str | None, Query(max_length=64, description="方法学 / methodology")
    ] = None,
    under_notice: Annotated[
        bool, Query(description="只列公示中的 / only what is under notice today")
    ] = False,
    overdue: Annotated[
        bool, Query(description="只列逾期未办的 / only what waits beyond its deadline")
    ] = False,
) -> Page[ReportPublicOut]:
    today = legal_date(now)
    rows = await listing.list_page(
        session,
        Filters(
            status=status,
            project_id=project_id,
            owner_code=owner_code,
            verifier_code=verifier_code,
            methodology_code=methodology_code,
            notice_on=today if under_notice else None,
        ),
        is_overdue=overdue,
        reader_code=principal.organisation_code if principal else None,
        reads_all=principal is not None and reads_all(principal),
        today=today,
        after=page.after_id,
        limit=page.rows,
    )
    return page.cut(rows, ReportPublicOut.of, key=lambda row: [row.report.report_id])


@router.get("/{report_id}", summary="查询报告 / Get a report")
async def get_report(
    report_id: UUID, session: ReadSession, now: Now, principal: Authenticated
) -> ReportOut:
    report = await readable(session, report_id, principal)
    return ReportOut.of(report, await service.show(session, report, today=legal_date(now)))


@router.get("/{report_id}/notice", summary="公示内容（公开）/ The public notice of a report")
async def get_report_notice(report_id: UUID, session: ReadSession, now: Now) -> ReportPublicOut:
    return ReportPublicOut.of(await listing.get_public(session, report_id, today=legal_date(now)))


@router.get(
    "/{report_id}/calculation", summary="计算过程，逐步可复算 / How the number was calculated"
)
async def get_calculation(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> CalculationOut:
    return CalculationOut.of(await readable(session, report_id, principal))


@router.get("/{report_id}/diff", summary="与另一修订版的差异 / What changed between two revisions")
async def get_report_diff(
    report_id: UUID,
    session: ReadSession,
    principal: Authenticated,
    against: Annotated[
        UUID | None,
        Query(
            description="另一修订版，默认为其前一版 / another revision, by default the one before"
        ),
    ] = None,
) -> DiffOut:
    report = await readable(session, report_id, principal)
    return DiffOut.of(await diff.compare(session, report, against))


@router.get(
    "/{report_id}/retention", summary="证据保存期限 / How long the evidence is locked (R11)"
)
async def get_report_retention(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> RetentionOut:
    report = await readable(session, report_id, principal)
    until = await retention.retention_until(session, report.project_id)
    return RetentionOut(project_id=report.project_id, locked_until=until)


@router.post(
    "/{report_id}/revisions",
    status_code=201,
    dependencies=[Idempotent],
    summary="重新提交为下一修订版 / Submit anew as the next revision",
)
async def revise_report(
    report_id: UUID,
    body: RevisionIn,
    session: WriteSession,
    now: Now,
    principal: Owner,
    response: Response,
) -> ReportOut:
    report = await submit.revise(
        session,
        report_id,
        submission=body.submission(),
        owner_code=principal.organisation(),
        submitted_by=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/reports/{report.report_id}"
    return ReportOut.of(report, await service.show(session, report, today=legal_date(now)))


@router.post(
    "/{report_id}/notice",
    dependencies=[Idempotent],
    summary="公示报告并指定核查机构 / Publish the report and name its verifier",
)
async def start_report_notice(
    report_id: UUID, body: NoticeIn, session: WriteSession, now: Now, principal: Owner
) -> ReportOut:
    report = await workflow.start_notice(
        session,
        report_id,
        verifier_code=body.verifier_code,
        owner_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return ReportOut.of(report, await service.show(session, report, today=legal_date(now)))


@router.post(
    "/{report_id}/verifier",
    dependencies=[Idempotent],
    summary="更换核查机构，须说明理由 / Name another verifier, with the reason",
)
async def replace_report_verifier(
    report_id: UUID, body: VerifierIn, session: WriteSession, now: Now, principal: Owner
) -> ReportOut:
    report = await workflow.replace_verifier(
        session,
        report_id,
        verifier_code=body.verifier_code,
        reason=body.reason,
        owner_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return ReportOut.of(report, await service.show(session, report, today=legal_date(now)))


@router.post("/{report_id}/recall", dependencies=[Idempotent], summary="撤回报告 / Recall a report")
async def recall_report(
    report_id: UUID, session: WriteSession, now: Now, principal: Owner
) -> ReportOut:
    report = await workflow.recall(
        session,
        report_id,
        owner_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return ReportOut.of(report, await service.show(session, report, today=legal_date(now)))


@evidence_router.post(
    "/{upload_id}/file-deletion",
    dependencies=[Idempotent],
    summary="保存期满后删除原始文件 / Delete a file after its retention (R11)",
)
async def delete_evidence(
    upload_id: UUID,
    body: FileDeletionIn,
    session: WriteSession,
    blobs: BlobsDep,
    container: ContainerDep,
    afterwards: BackgroundTasks,
    now: Now,
    principal: Owner,
) -> FileDeletionOut:
    deleted = await retention.delete_file(
        session,
        upload_id,
        reason=body.reason,
        owner_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    # Runs after the answer, and so after the commit; never when the commit fails.
    afterwards.add_task(retention.drop_bytes, container.database, blobs, deleted, now=now)
    return FileDeletionOut.model_validate(deleted)
