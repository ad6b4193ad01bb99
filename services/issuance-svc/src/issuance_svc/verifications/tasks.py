"""Self-prepared verification: the owner states it, the bureau reviews it (domain rule: small projects).

A four-eyes task of the kit: one person of the platform, the owner's, proposes the conclusion, and a
second one, the bureau's, takes it over. What the owner states has no effect until then.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from issuance_svc.projects import service as projects
from issuance_svc.reports.rules import Status
from issuance_svc.reports.workflow import SELF_PREPARED
from issuance_svc.verifications import comments
from issuance_svc.verifications.errors import NotSelfPrepared
from issuance_svc.verifications.parties import lock_at
from issuance_svc.verifications.service import (
    Opinion,
    conclude,
    must_allow_positive,
    notice_must_be_over,
)
from tht_kit import four_eyes
from tht_kit.errors import Forbidden, Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal


async def propose(
    session: AsyncSession, report_id: UUID, opinion: Opinion, *, by: Principal, now: datetime
) -> Task:
    """State the owner's own verification; it counts once the bureau has approved it.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, NotSelfPrepared,
    NoticeRunning, CommentNotFound, CommentAnswered, TaskPending and what `must_allow_positive`
    raises.
    """
    report, project = await lock_at(session, report_id, Status.NOTICE, step="self-verification")
    projects.must_own(project, by.organisation())
    if report.verification_mode != SELF_PREPARED:
        raise NotSelfPrepared(report_id=report_id, verifier_code=report.verifier_code)
    notice_must_be_over(report, now)
    await comments.answer_all(session, report, opinion.answers, by=by.subject, now=now)
    await must_allow_positive(session, report, project, opinion)
    proposal: dict[str, Any] = {
        "quantity_t": opinion.quantity_t,
        "statement": opinion.statement,
        "criteria": opinion.criteria,
        "scope": opinion.scope,
        "assurance_level": opinion.assurance_level,
    }
    return await four_eyes.propose(
        session, SELF_VERIFICATION, subject=str(report_id), proposal=proposal, by=by, now=now
    )


async def _approve(session: AsyncSession, task: Task, officer: Principal, now: datetime) -> None:
    """Take the owner's verification over as the bureau.

    Raises ReportStepRefused, ProjectInactive, OrganisationUnfit, Forbidden and what
    `must_allow_positive` raises.
    """
    report, project = await lock_at(
        session, UUID(task.subject), Status.NOTICE, step="self-verification"
    )
    officer_code = officer.organisation()
    await organisations.must_act_as(session, officer_code, Kind.BUREAU)
    if officer_code == project.owner_code:
        raise Forbidden(
            reason=Text(
                zh=f"单位 {officer_code} 是本项目的业主，不能复核其核查。",
                en=f"{officer_code} owns the project and cannot review its verification.",
            )
        )
    opinion = Opinion(conclusion="positive", answers=[], **task.proposal)
    await must_allow_positive(session, report, project, opinion)
    await conclude(
        session,
        report,
        project,
        opinion,
        project.owner_code,
        by=task.proposed_by,
        now=now,
        reviewed_by=officer.subject,
    )


SELF_VERIFICATION = TaskKind(
    name="self-prepared-verification",
    title=Text(zh="业主自行编制的核查报告", en="Verification prepared by the owner"),
    scope="reviews:decide",
    approve=_approve,
)

TASKS = (SELF_VERIFICATION,)
