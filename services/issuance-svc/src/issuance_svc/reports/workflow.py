"""From REPORTED to VERIFIED: public notice, verification by an independent body, recall."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import service
from issuance_svc.reports.errors import (
    NothingToIssue,
    NoticeRunning,
    QuantityDiffers,
    VerifierUnfit,
)
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from tht_kit.clock import legal_date
from tht_kit.errors import Forbidden, Text

Opinion = Literal["positive", "negative"]


async def start_notice(
    session: AsyncSession,
    report_id: UUID,
    *,
    verifier_code: str,
    owner_code: str,
    by: str,
    now: datetime,
) -> Report:
    """Publish the report for its working days (R2) and name the verifier.

    Raises ReportNotFound, ProjectInactive, Forbidden, NothingToIssue, VerifierUnfit,
    OrganisationUnfit, MissingCalendarYear, ReportStepRefused.
    """
    report, project = await service.lock_active(session, report_id)
    projects.must_own(project, owner_code)
    if report.calculated_t == 0:
        raise NothingToIssue(calculated=format(report.calculated, "f"))
    _must_be_independent(project, verifier_code)
    await organisations.must_act_as(
        session, verifier_code, Kind.VALIDATOR_VERIFIER, pointer="/verifier_code"
    )
    rule = await service.rule_of(session, project.unit_type)
    calendar = await projects.calendar(session)
    report.verifier_code = verifier_code
    report.notice_start = legal_date(now)
    report.notice_end = calendar.notice_end(report.notice_start, rule.notice_working_days)
    await service.move(session, report, Status.NOTICE, step="notice", by=by, now=now)
    return report


def _must_be_independent(project: Project, verifier_code: str) -> None:
    """R4: who validated, owns or wrote the design document may not verify."""
    for code, role in (
        (project.validator_code, Text(zh="审定机构", en="validator")),
        (project.owner_code, Text(zh="业主", en="owner")),
        (project.pdd_author_code, Text(zh="设计文件编制方", en="author of the design document")),
    ):
        if verifier_code == code:
            raise VerifierUnfit(pointer="/verifier_code", verifier_code=code, role=role)


async def verify(
    session: AsyncSession,
    report_id: UUID,
    *,
    opinion: Opinion,
    verified_t: int,
    statement: str,
    verifier_code: str,
    by: str,
    now: datetime,
) -> Report:
    """Take the named verifier's opinion after the notice: VERIFIED, or REJECTED if it is negative.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, VerifierUnfit,
    OrganisationUnfit, NoticeRunning, QuantityDiffers.
    """
    report, project = await service.lock_active(session, report_id)
    positive = opinion == "positive"
    following = Status.VERIFIED if positive else Status.REJECTED
    before = Status(report.status)
    if before is Status.NOTICE:
        _must_be_named(report, verifier_code)
        _must_be_independent(project, verifier_code)
        await organisations.must_act_as(session, verifier_code, Kind.VALIDATOR_VERIFIER)
        _notice_must_be_over(report, now)
        if positive and verified_t != report.calculated_t:
            raise QuantityDiffers(
                pointer="/verified_t", verified_t=verified_t, calculated_t=report.calculated_t
            )
    await service.move(session, report, following, step="verification", by=by, now=now)
    report.opinion, report.statement = opinion, statement
    report.verified_t = verified_t if positive else None
    return report


def _must_be_named(report: Report, verifier_code: str) -> None:
    if report.verifier_code != verifier_code:
        raise Forbidden(
            reason=Text(
                zh=f"本报告的核查机构是 {report.verifier_code}。",
                en=f"The report names {report.verifier_code} as its verifier.",
            )
        )


def _notice_must_be_over(report: Report, now: datetime) -> None:
    today = legal_date(now)
    assert report.notice_end is not None, "set with the status NOTICE"
    if today <= report.notice_end:
        raise NoticeRunning(notice_end=report.notice_end, today=today)


async def recall(
    session: AsyncSession, report_id: UUID, *, owner_code: str, by: str, now: datetime
) -> Report:
    """Take back a report that is not registered yet; its period and aggregates are free again.

    A suspended project's too. Raises ReportNotFound, Forbidden, ReportStepRefused.
    """
    report, project = await service.lock(session, report_id)
    projects.must_own(project, owner_code)
    await service.move(session, report, Status.RECALLED, step="recall", by=by, now=now)
    return report
