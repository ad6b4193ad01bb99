"""Who verifies a report, what still stands in the way of an opinion, and the opinion itself."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects.models import Project
from issuance_svc.reports import fitness
from issuance_svc.reports import service as reports
from issuance_svc.reports.errors import ReportStepRefused
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import FOLLOWING, Status
from issuance_svc.reports.workflow import SELF_PREPARED
from issuance_svc.verifications import checks, comments, findings, repository
from issuance_svc.verifications.comments import Answer
from issuance_svc.verifications.errors import NoticeRunning, OpinionIncomplete, QuantityDiffers
from issuance_svc.verifications.models import VerificationOpinion
from issuance_svc.verifications.parties import must_be_named
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, Text

Conclusion = Literal["positive", "negative"]
Assurance = Literal["reasonable", "limited"]
# Fewer say nothing of what was verified, against what and with which result [D].
STATEMENT_CHARS_MIN = 20
FOLLOWS: dict[Conclusion, Status] = {"positive": Status.VERIFIED, "negative": Status.REJECTED}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a verifier states."""

    conclusion: Conclusion
    quantity_t: int
    statement: str
    criteria: str | None
    scope: str | None
    assurance_level: Assurance | None
    answers: list[Answer]


async def give_opinion(
    session: AsyncSession,
    report_id: UUID,
    opinion: Opinion,
    *,
    verifier_code: str,
    by: str,
    now: datetime,
) -> Report:
    """Take the named verifier's opinion after the notice: VERIFIED, or REJECTED if it is negative.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, VerifierUnfit,
    OrganisationUnfit, VerifierIncompetent, NoticeRunning, CommentNotFound, CommentAnswered and, for
    a positive one, what `must_allow_positive` raises.
    """
    report, project = await reports.lock_active(session, report_id)
    if report.status == Status.NOTICE:
        if report.verification_mode == SELF_PREPARED:
            raise ReportStepRefused(
                status=report.status, step="verification", following="self-verification"
            )
        must_be_named(report, verifier_code)
        await fitness.must_be_fit(session, project, verifier_code, today=legal_date(now))
        notice_must_be_over(report, now)
        await comments.answer_all(session, report, opinion.answers, by=by, now=now)
        if opinion.conclusion == "positive":
            await must_allow_positive(session, report, project, opinion)
    await conclude(session, report, project, opinion, verifier_code, by=by, now=now)
    return report


async def must_allow_positive(
    session: AsyncSession, report: Report, project: Project, opinion: Opinion
) -> None:
    """Raise OpinionIncomplete, QuantityDiffers, ReportCommentsUnanswered, FindingsOpen,
    ChecksIncomplete or MisstatementMaterial where a positive opinion is not possible.
    """
    must_be_complete(opinion)
    if opinion.quantity_t != report.calculated_t:
        raise QuantityDiffers(
            pointer="/verified_t",
            verified_t=opinion.quantity_t,
            calculated_t=report.calculated_t,
        )
    await comments.must_be_answered(session, report)
    await findings.must_be_closed(session, report)
    await checks.must_be_done(session, report)
    await checks.must_be_immaterial(session, report, project)


def must_be_complete(opinion: Opinion) -> None:
    """Raise OpinionIncomplete naming all that an assurance statement lacks (ISO 14064-3)."""
    needed = Text(zh="肯定意见须写明", en="A positive opinion states it")
    problems = [
        FieldProblem(f"/{name}", needed)
        for name in ("criteria", "scope", "assurance_level")
        if not getattr(opinion, name)
    ]
    if len("".join(opinion.statement.split())) < STATEMENT_CHARS_MIN:
        few = Text(
            zh=f"少于 {STATEMENT_CHARS_MIN} 个字（空白不计）",
            en=f"It has fewer than {STATEMENT_CHARS_MIN} characters, blanks not counted",
        )
        problems.append(FieldProblem("/statement", few))
    if problems:
        raise OpinionIncomplete(count=len(problems), errors=problems)


async def conclude(
    session: AsyncSession,
    report: Report,
    project: Project,
    opinion: Opinion,
    body_code: str,
    *,
    by: str,
    now: datetime,
    reviewed_by: str | None = None,
) -> None:
    """Write the opinion down and take the report's step; raises ReportStepRefused."""
    is_positive = opinion.conclusion == "positive"
    today = legal_date(now)
    following = FOLLOWS[opinion.conclusion]
    before = Status(report.status)
    if before is not Status.NOTICE:
        raise ReportStepRefused(
            status=before, step="verification", following=", ".join(FOLLOWING[before]) or "-"
        )
    report.opinion, report.statement = opinion.conclusion, opinion.statement
    report.verified_t = opinion.quantity_t if is_positive else None
    report.verified_on = today
    await reports.move(
        session, report, following, step="verification", by=reviewed_by or by, now=now
    )
    stated = VerificationOpinion(
        report_id=report.report_id,
        body_code=body_code,
        mode=report.verification_mode,
        criteria=opinion.criteria or f"{report.methodology_code} ({report.formula_version})",
        scope=opinion.scope or f"{project.name}: {report.eligible_start} / {report.eligible_end}",
        assurance_level=opinion.assurance_level or "reasonable",
        quantity_t=opinion.quantity_t,
        period_start=report.eligible_start,
        period_end=report.eligible_end,
        conclusion=opinion.conclusion,
        statement=opinion.statement,
        misstated_t=await checks.misstated_t(session, report),
        given_by=by,
        given_on=today,
        reviewed_by=reviewed_by,
    )
    await repository.add(session, stated)


def notice_must_be_over(report: Report, now: datetime) -> None:
    """Raise NoticeRunning on the notice's last day and before."""
    today = legal_date(now)
    assert report.notice_end is not None, "set with the status NOTICE"
    if today <= report.notice_end:
        raise NoticeRunning(notice_end=report.notice_end, today=today)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a verification stands."""

    report: Report
    opinion: VerificationOpinion | None
    comments_unanswered: int
    findings_open: list[str]
    checks_planned: int
    checks_recorded: int
    misstated_t: Decimal
    materiality_pct: Decimal
    materiality_grade: str
    is_material: bool


async def workspace(session: AsyncSession, report: Report, project: Project) -> Workspace:
    """Return where the verification of a report stands."""
    sampling = await checks.sampling(session, report, project)
    return Workspace(
        report=report,
        opinion=await repository.find_opinion(session, report.report_id),
        comments_unanswered=len(await repository.list_unanswered(session, report.report_id)),
        findings_open=[found.name for found in await findings.list_blocking(session, report)],
        checks_planned=len(sampling.items),
        checks_recorded=sum(bool(item.records) for item in sampling.items),
        misstated_t=sampling.misstated_t,
        materiality_pct=sampling.materiality_pct,
        materiality_grade=sampling.materiality_grade,
        is_material=sampling.is_material,
    )
