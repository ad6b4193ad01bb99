"""From REPORTED to NOTICE: public notice, the verifier and its replacement; recall."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import service as claim_rules
from issuance_svc.organisations import service as organisations
from issuance_svc.projects import service as projects
from issuance_svc.reports import chain, fitness, repository, service
from issuance_svc.reports.errors import (
    NothingToIssue,
    ReportStepRefused,
    VerifierNeeded,
    VerifierUnchanged,
)
from issuance_svc.reports.models import Report, ReportVerifier
from issuance_svc.reports.rules import DEAD, FOLLOWING, Status
from issuance_svc.reviews import service as reviews
from tht_kit.clock import legal_date

THIRD_PARTY = "third_party"
SELF_PREPARED = "self_prepared"


async def start_notice(
    session: AsyncSession,
    report_id: UUID,
    *,
    verifier_code: str | None,
    owner_code: str,
    by: str,
    now: datetime,
) -> Report:
    """Publish the report for its working days (R2) and name the verifier.

    Without a verifier the owner prepares the verification itself, where the methodology lets it.
    Raises ReportNotFound, ProjectInactive, Forbidden, OrganisationStopped, NothingToIssue,
    ReviewsUnsettled, VerifierNeeded, VerifierUnfit, OrganisationUnfit, VerifierIncompetent, MissingCalendarYear,
    ReportStepRefused.
    """
    report, project = await service.lock_active(session, report_id)
    projects.must_own(project, owner_code)
    await organisations.must_not_be_stopped(session, owner_code)
    if report.calculated_t == 0:
        raise NothingToIssue(calculated=format(report.calculated, "f"))
    if report.status == Status.REPORTED:
        await reviews.must_be_accepted(
            session, subject_type=service.SUBJECT, subject_id=str(report_id)
        )
    today = legal_date(now)
    if verifier_code is not None:
        await fitness.must_be_fit(
            session, project, verifier_code, today=today, pointer="/verifier_code"
        )
    elif project.third_party_required:
        raise VerifierNeeded(pointer="/verifier_code", methodology_code=project.methodology_code)
    rule = await claim_rules.rule_of(session, project.unit_type)
    calendar = await projects.calendar(session)
    report.verifier_code = verifier_code
    report.verification_mode = SELF_PREPARED if verifier_code is None else THIRD_PARTY
    report.notice_start = today
    report.notice_end = calendar.notice_end(report.notice_start, rule.notice_working_days)
    await service.move(session, report, Status.NOTICE, step="notice", by=by, now=now)
    if verifier_code is not None:
        await _name(session, report, verifier_code, reason=None, by=by, now=now)
    return report


async def replace_verifier(
    session: AsyncSession,
    report_id: UUID,
    *,
    verifier_code: str,
    reason: str,
    owner_code: str,
    by: str,
    now: datetime,
) -> Report:
    """Name another verifier before the first has given its opinion; the notice goes on.

    Its findings stay, and the new verifier closes them. Raises ReportNotFound, ProjectInactive,
    Forbidden, ReportStepRefused, VerifierUnchanged, VerifierUnfit, OrganisationUnfit,
    VerifierIncompetent.
    """
    report, project = await service.lock_active(session, report_id)
    projects.must_own(project, owner_code)
    status = Status(report.status)
    if status is not Status.NOTICE or report.verification_mode != THIRD_PARTY:
        following = ", ".join(FOLLOWING[status]) or "-"
        raise ReportStepRefused(status=status, step="verifier", following=following)
    if verifier_code == report.verifier_code:
        raise VerifierUnchanged(pointer="/verifier_code", verifier_code=verifier_code)
    await fitness.must_be_fit(
        session, project, verifier_code, today=legal_date(now), pointer="/verifier_code"
    )
    report.verifier_code = verifier_code
    await _name(session, report, verifier_code, reason=reason, by=by, now=now)
    return report


async def _name(
    session: AsyncSession,
    report: Report,
    verifier_code: str,
    *,
    reason: str | None,
    by: str,
    now: datetime,
) -> None:
    before = await repository.list_verifiers(session, report.report_id)
    named = ReportVerifier(
        report_id=report.report_id,
        position=len(before) + 1,
        verifier_code=verifier_code,
        reason=reason,
        named_by=by,
        named_at=now,
    )
    await repository.add_verifier(session, named)


async def recall(
    session: AsyncSession, report_id: UUID, *, owner_code: str, by: str, now: datetime
) -> Report:
    """Take back a report that is not registered yet; its period and aggregates are free again.

    A suspended project's too. Raises ReportNotFound, Forbidden, ReportBuiltOn, ReportStepRefused.
    """
    report, project = await service.lock(session, report_id)
    projects.must_own(project, owner_code)
    if report.status not in DEAD:
        await chain.must_be_last(session, report, step="recall")
    await service.move(session, report, Status.RECALLED, step="recall", by=by, now=now)
    return report
