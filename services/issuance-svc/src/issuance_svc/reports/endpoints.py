"""HTTP of the monitoring reports (减排量报告)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service as projects
from issuance_svc.reports import service, workflow
from issuance_svc.reports.models import Report
from issuance_svc.reports.schemas import (
    CalculationOut,
    NoticeIn,
    ReportIn,
    ReportOut,
    VerificationIn,
)
from issuance_svc.reports.submit import submit
from tht_kit.auth import Authenticated, Principal, require
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent

router = new_router(prefix="/v1/reports", tags=["减排量报告 / Monitoring reports"])

Owner = Annotated[Principal, Depends(require("reports:write"))]
Verifier = Annotated[Principal, Depends(require("reports:verify"))]

READERS = ("oversight:read", "issuance:request", "issuance:approve")


@router.post(
    "", status_code=201, dependencies=[Idempotent], summary="提交减排量报告 / Submit a report"
)
async def submit_report(
    body: ReportIn, session: WriteSession, now: Now, principal: Owner, response: Response
) -> ReportOut:
    report = await submit(
        session,
        project_id=body.project_id,
        period_start=body.period_start,
        period_end=body.period_end,
        upload_ids=list(dict.fromkeys(body.upload_ids)),
        aggregate_ids=list(dict.fromkeys(body.aggregate_ids)),
        baseline_t=body.baseline_t,
        fire_occurred=body.fire_occurred,
        notes=body.notes,
        owner_code=principal.organisation(),
        submitted_by=principal.subject,
        now=now,
    )
    response.headers["Location"] = f"/v1/reports/{report.report_id}"
    return ReportOut.of(report, await service.evidence(session, report))


@router.get("/{report_id}", summary="查询报告 / Get a report")
async def get_report(report_id: UUID, session: ReadSession, principal: Authenticated) -> ReportOut:
    report = await _readable(session, report_id, principal)
    return ReportOut.of(report, await service.evidence(session, report))


@router.get(
    "/{report_id}/calculation", summary="计算过程，逐步可复算 / How the number was calculated"
)
async def get_calculation(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> CalculationOut:
    return CalculationOut.of(await _readable(session, report_id, principal))


async def _readable(session: AsyncSession, report_id: UUID, principal: Principal) -> Report:
    """Return the report to its owner, its verifier and the bureau. Raises Forbidden."""
    report = await service.get(session, report_id)
    named = report.verifier_code is not None and principal.organisation_code == report.verifier_code
    if not named and not any(principal.has(scope) for scope in READERS):
        project = await projects.get(session, report.project_id)
        principal.must_be(project.owner_code)
    return report


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
    return ReportOut.of(report, await service.evidence(session, report))


@router.post(
    "/{report_id}/verification",
    dependencies=[Idempotent],
    summary="核查意见 / Give the verifier's opinion",
)
async def verify_report(
    report_id: UUID, body: VerificationIn, session: WriteSession, now: Now, principal: Verifier
) -> ReportOut:
    report = await workflow.verify(
        session,
        report_id,
        opinion=body.opinion,
        verified_t=body.verified_t,
        statement=body.statement,
        verifier_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return ReportOut.of(report, await service.evidence(session, report))


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
    return ReportOut.of(report, await service.evidence(session, report))
