"""HTTP of the verification (核查): comments, findings, sampling plan, opinion."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service as projects
from issuance_svc.reports import service as reports
from issuance_svc.reports.endpoints import readable
from issuance_svc.reports.models import Report
from issuance_svc.reports.schemas import ReportOut
from issuance_svc.verifications import checks, comments, findings, service, tasks
from issuance_svc.verifications.comments import Answer
from issuance_svc.verifications.findings import Said
from issuance_svc.verifications.schemas import (
    AnswerIn,
    CheckRecordIn,
    CommentIn,
    CommentOut,
    FindingAnswerIn,
    FindingIn,
    FindingJudgementIn,
    FindingOut,
    FindingsOut,
    SamplingOut,
    SamplingPlanIn,
    SelfVerificationIn,
    VerificationIn,
    VerificationOut,
)
from tht_kit.auth import Authenticated, require
from tht_kit.clock import legal_date
from tht_kit.errors import Forbidden, Text
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery
from tht_kit.principal import Principal
from tht_kit.task_endpoints import TaskOut

router = new_router(prefix="/v1/reports", tags=["核查 / Verification"])

Owner = Annotated[Principal, Depends(require("reports:write"))]
Verifier = Annotated[Principal, Depends(require("reports:verify"))]

PARTY_SCOPES = ("reports:verify", "reports:write")


def _party(principal: Authenticated) -> Principal:
    """Return the caller, an owner or a verifier. Raises Forbidden."""
    if not any(principal.has(scope) for scope in PARTY_SCOPES):
        raise Forbidden(
            reason=Text(
                zh="凭据缺少权限范围 reports:verify 或 reports:write。",
                en="The credential lacks the scopes reports:verify and reports:write.",
            )
        )
    return principal


Party = Annotated[Principal, Depends(_party)]
CheckNo = Annotated[int, Path(ge=1, le=checks.CHECKS_MAX)]


@router.get("/{report_id}/verification", summary="核查进展与意见 / Where a verification stands")
async def get_verification(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> VerificationOut:
    report = await readable(session, report_id, principal)
    project = await projects.get(session, report.project_id)
    return VerificationOut.of(await service.workspace(session, report, project))


@router.post(
    "/{report_id}/verification",
    dependencies=[Idempotent],
    summary="核查意见 / Give the verifier's opinion",
)
async def verify_report(
    report_id: UUID, body: VerificationIn, session: WriteSession, now: Now, principal: Verifier
) -> ReportOut:
    report = await service.give_opinion(
        session,
        report_id,
        body.stated(),
        verifier_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return ReportOut.of(report, await reports.show(session, report, today=legal_date(now)))


@router.post(
    "/{report_id}/self-verification",
    status_code=202,
    dependencies=[Idempotent],
    summary="业主自行编制的核查，待主管部门复核 / The owner's own verification, for the bureau to review",
)
async def propose_self_verification(
    report_id: UUID, body: SelfVerificationIn, session: WriteSession, now: Now, principal: Owner
) -> TaskOut:
    return TaskOut.of(await tasks.propose(session, report_id, body.stated(), by=principal, now=now))


@router.post(
    "/{report_id}/comments",
    status_code=201,
    summary="对报告公示提意见 / Comment on a report's notice",
)
async def comment_on_report(
    report_id: UUID, body: CommentIn, session: WriteSession, now: Now
) -> CommentOut:
    filed = await comments.comment(
        session, report_id, author_name=body.author_name, text=body.text, now=now
    )
    return CommentOut.of(filed)


@router.get("/{report_id}/comments", summary="公示意见与答复 / Comments on a report, with answers")
async def list_report_comments(
    report_id: UUID, session: ReadSession, page: PageQuery
) -> Page[CommentOut]:
    rows = await comments.list_page(session, report_id, after=page.after_id, limit=page.rows)
    return page.cut(rows, CommentOut.of, key=lambda row: [row.comment_id])


@router.post(
    "/{report_id}/comments/{comment_id}/answer",
    dependencies=[Idempotent],
    summary="答复意见（业主或核查机构）/ Answer a comment, as owner or verifier",
)
async def answer_report_comment(
    report_id: UUID,
    comment_id: UUID,
    body: AnswerIn,
    session: WriteSession,
    now: Now,
    principal: Party,
) -> CommentOut:
    answered = await comments.answer(
        session,
        report_id,
        Answer(comment_id, body.answer),
        organisation_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return CommentOut.of(answered)


@router.get("/{report_id}/findings", summary="核查发现项 / Findings of the verification")
async def list_findings(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> FindingsOut:
    report = await readable(session, report_id, principal)
    threads = await findings.list_threads(session, report)
    return FindingsOut(items=[FindingOut.of(thread) for thread in threads])


@router.post(
    "/{report_id}/findings",
    status_code=201,
    dependencies=[Idempotent],
    summary="提出发现项（核查机构）/ Raise a finding, as the verifier",
)
async def raise_finding(
    report_id: UUID, body: FindingIn, session: WriteSession, now: Now, principal: Verifier
) -> FindingOut:
    thread = await findings.raise_finding(
        session,
        report_id,
        kind=body.kind,
        reference=body.reference,
        said=_said(principal, body.text),
        now=now,
    )
    return FindingOut.of(thread)


def _said(principal: Principal, text: str) -> Said:
    return Said(text=text, organisation_code=principal.organisation(), by=principal.subject)


@router.post(
    "/{report_id}/findings/{finding_id}/answer",
    dependencies=[Idempotent],
    summary="答复发现项（业主）/ Answer a finding, as the owner",
)
async def answer_finding(
    report_id: UUID,
    finding_id: UUID,
    body: FindingAnswerIn,
    session: WriteSession,
    now: Now,
    principal: Owner,
) -> FindingOut:
    said = Said(
        text=body.text,
        organisation_code=principal.organisation(),
        by=principal.subject,
        upload_ids=list(dict.fromkeys(body.upload_ids)),
        document_ids=list(dict.fromkeys(body.document_ids)),
    )
    return FindingOut.of(await findings.answer(session, report_id, finding_id, said, now=now))


@router.post(
    "/{report_id}/findings/{finding_id}/acceptance",
    dependencies=[Idempotent],
    summary="接受答复并关闭（核查机构）/ Accept the answer and close the finding",
)
async def accept_finding(
    report_id: UUID,
    finding_id: UUID,
    body: FindingJudgementIn,
    session: WriteSession,
    now: Now,
    principal: Verifier,
) -> FindingOut:
    said = _said(principal, body.text)
    return FindingOut.of(await findings.close(session, report_id, finding_id, said, now=now))


@router.post(
    "/{report_id}/findings/{finding_id}/return",
    dependencies=[Idempotent],
    summary="退回答复（核查机构）/ Return the answer",
)
async def return_finding(
    report_id: UUID,
    finding_id: UUID,
    body: FindingJudgementIn,
    session: WriteSession,
    now: Now,
    principal: Verifier,
) -> FindingOut:
    said = _said(principal, body.text)
    return FindingOut.of(await findings.send_back(session, report_id, finding_id, said, now=now))


@router.get(
    "/{report_id}/sampling-plan", summary="抽样方案与重要性 / Sampling plan and materiality"
)
async def get_sampling_plan(
    report_id: UUID, session: ReadSession, principal: Authenticated
) -> SamplingOut:
    report = await readable(session, report_id, principal)
    return await _sampling(session, report)


async def _sampling(session: AsyncSession, report: Report) -> SamplingOut:
    project = await projects.get(session, report.project_id)
    return SamplingOut.of(await checks.sampling(session, report, project))


@router.post(
    "/{report_id}/sampling-plan",
    status_code=201,
    dependencies=[Idempotent],
    summary="列入抽样方案 / Add items to the sampling plan",
)
async def extend_sampling_plan(
    report_id: UUID, body: SamplingPlanIn, session: WriteSession, now: Now, principal: Party
) -> SamplingOut:
    report, _ = await checks.plan(
        session,
        report_id,
        body.planned(),
        organisation_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return await _sampling(session, report)


@router.post(
    "/{report_id}/sampling-plan/{check_no}/records",
    status_code=201,
    dependencies=[Idempotent],
    summary="记录核查结果 / Record what was found at an item",
)
async def record_check(
    report_id: UUID,
    check_no: CheckNo,
    body: CheckRecordIn,
    session: WriteSession,
    now: Now,
    principal: Party,
) -> SamplingOut:
    report, _ = await checks.record(
        session,
        report_id,
        check_no,
        result=body.result,
        misstatement_t=body.misstatement_t,
        note=body.note,
        organisation_code=principal.organisation(),
        by=principal.subject,
        now=now,
    )
    return await _sampling(session, report)
