"""Submitting a report: the period is cut to what may be claimed, quantified, and claimed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import service as claim_rules
from issuance_svc.methodologies.calculation import Declared, Inputs, Outcome, Period
from issuance_svc.methodologies.errors import SamplingRefused
from issuance_svc.methodologies.methodology import Methodology
from issuance_svc.organisations import service as organisations
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import chain, repository, rules, service
from issuance_svc.reports.errors import (
    AggregateUsed,
    CalculationRefused,
    EvidenceDeleted,
    PeriodOverlaps,
    ReportStepRefused,
    ReportSuperseded,
    SiteClaimed,
)
from issuance_svc.reports.models import (
    AGGREGATE_INDEX,
    PERIOD_CONSTRAINT,
    SITE_CONSTRAINT,
    Report,
    claim_of,
)
from issuance_svc.reports.quantify import quantify
from issuance_svc.reports.rules import DEAD, FOLLOWING, REVISABLE, Status
from issuance_svc.reversals import tasks as reversals
from issuance_svc.reviews import service as reviews
from issuance_svc.uploads import service as uploads
from tht_kit.clock import legal_date
from tht_kit.db import constraint_name
from tht_kit.errors import DomainError, Text
from tht_kit.ids import new_id

# What a finished calculation may name as the reason why nothing of it can be claimed.
REFUSALS: dict[str, type[DomainError]] = {SamplingRefused.type: SamplingRefused}


@dataclass(frozen=True, slots=True)
class Submission:
    """What an owner reports for one period."""

    period_start: date
    period_end: date
    upload_ids: Sequence[UUID]
    aggregate_ids: Sequence[str]
    declared: Declared
    notes: str | None


@dataclass(frozen=True, slots=True)
class Quantified:
    """A submission as the methodology computed it; nothing is stored yet."""

    methodology: Methodology
    inputs: Inputs
    outcome: Outcome


async def quantify_submission(
    session: AsyncSession, project: Project, submission: Submission, *, now: datetime
) -> Quantified:
    """Cut the period to what may be claimed and compute it.

    Raises PeriodInvalid, PeriodNotEligible, ClaimRuleMissing, UploadNotFound and what `quantify`
    raises.
    """
    rule = await claim_rules.rule_of(session, project.unit_type)
    start, end = rules.eligible_period(
        rules.Claim(
            start=submission.period_start,
            end=submission.period_end,
            applied_on=legal_date(now),
            crediting_start=project.crediting_start,
            crediting_end=project.crediting_end,
            vintage_after=rule.vintage_after,
            lookback_years=rule.lookback_years,
        )
    )
    await uploads.get_all(session, project.project_id, submission.upload_ids)
    methodology, inputs, outcome = await quantify(
        session,
        project,
        claimed=Period(start=submission.period_start, end=submission.period_end),
        eligible=Period(start=start, end=end),
        upload_ids=submission.upload_ids,
        aggregate_ids=submission.aggregate_ids,
        declared=submission.declared,
    )
    return Quantified(methodology, inputs, outcome)


async def already_claimed(
    session: AsyncSession, project: Project, submission: Submission, done: Quantified
) -> list[DomainError]:
    """Return what of the submission is claimed already, as submitting it now would be refused."""
    draft = _drafted(project, done)
    found: list[DomainError] = []
    if (overlapping := await repository.find_overlapping(session, draft)) is not None:
        found.append(_overlaps(overlapping))
    elif (
        same := await repository.find_same_site(session, site_keys(project, draft), draft)
    ) is not None:
        found.append(_site_claimed(*same))
    if await repository.list_used(session, submission.aggregate_ids):
        found.append(AggregateUsed(pointer="/aggregate_ids"))
    if (later := await chain.find_built_on(session, draft)) is not None:
        found.append(chain.built_on(later, step="submission"))
    return found


async def submit(
    session: AsyncSession,
    *,
    project_id: str,
    submission: Submission,
    owner_code: str,
    submitted_by: str,
    now: datetime,
) -> Report:
    """Quantify the period and store the report as REPORTED; each alarm opens a review.

    A loss opens a reversal (R20).

    Raises ProjectUnknown, ProjectInactive, Forbidden, OrganisationStopped (R10), PeriodInvalid,
    PeriodNotEligible, PeriodOverlaps, ReportBuiltOn, SiteClaimed, AggregateUsed, ClaimRuleMissing,
    CalculationRefused and what `quantify` raises.
    """
    project = await projects.lock(session, project_id)
    projects.must_be_active(project)
    projects.must_own(project, owner_code)
    await organisations.must_not_be_stopped(session, owner_code)
    report = await _computed(session, project, submission, now=now)
    report.root_report_id = report.report_id
    await _store(session, project, report, submission, by=submitted_by, now=now)
    return report


async def revise(
    session: AsyncSession,
    report_id: UUID,
    *,
    submission: Submission,
    owner_code: str,
    submitted_by: str,
    now: datetime,
) -> Report:
    """Submit a report anew as its next revision; the one before lets go of all that it claimed.

    Raises ReportNotFound, ProjectInactive, Forbidden, ReportSuperseded, ReportStepRefused and what
    `submit` raises.
    """
    old, project = await service.lock_active(session, report_id)
    projects.must_own(project, owner_code)
    await organisations.must_not_be_stopped(session, owner_code)
    if old.superseded_by is not None:
        raise ReportSuperseded(report_id=report_id, superseded_by=old.superseded_by)
    before = Status(old.status)
    if before not in REVISABLE:
        following = ", ".join(FOLLOWING[before]) or "-"
        raise ReportStepRefused(status=before, step="revision", following=following)
    report_id_new = new_id()
    old.superseded_by = report_id_new
    if before not in DEAD:
        await chain.must_be_last(session, old, step="revision")
        await service.move(
            session, old, Status.SUPERSEDED, step="revision", by=submitted_by, now=now
        )
    report = await _computed(session, project, submission, now=now)
    report.report_id = report_id_new
    report.root_report_id, report.revises = old.root_report_id, old.report_id
    report.revision = old.revision + 1
    await _store(session, project, report, submission, by=submitted_by, now=now)
    return report


async def _computed(
    session: AsyncSession, project: Project, submission: Submission, *, now: datetime
) -> Report:
    for upload_id in await repository.list_deleted(session, submission.upload_ids):
        index = list(submission.upload_ids).index(upload_id)
        raise EvidenceDeleted(pointer=f"/upload_ids/{index}", upload_id=upload_id)
    done = await quantify_submission(session, project, submission, now=now)
    for refusal in done.outcome.refusals:
        refused = REFUSALS.get(refusal.type, CalculationRefused)
        raise refused(reason=Text(zh=refusal.zh, en=refusal.en))
    report = _drafted(project, done)
    await chain.must_be_last(session, report, step="submission")
    return report


def _drafted(project: Project, done: Quantified) -> Report:
    outcome, inputs = done.outcome, done.inputs
    return Report(
        report_id=new_id(),
        project_id=project.project_id,
        project_no=project.project_no,
        methodology_code=done.methodology.code,
        formula_version=done.methodology.formula_version,
        status=Status.REPORTED,
        version=1,
        period_start=inputs.claimed.start,
        period_end=inputs.claimed.end,
        eligible_start=inputs.eligible.start,
        eligible_end=inputs.eligible.end,
        claim=claim_of(project.project_no, inputs.eligible.start, inputs.eligible.end),
        inputs=inputs.model_dump(mode="json"),
        calculation=outcome.tree.model_dump(mode="json"),
        calculated=outcome.calculated,
        calculated_t=outcome.calculated_t,
        deducted=outcome.deducted,
        buffer_t=outcome.buffer_t,
        loss=outcome.loss,
        flags=[flag.model_dump(mode="json") for flag in outcome.flags],
        vintages=[share.model_dump() for share in outcome.vintages],
        revision=1,
    )


async def _store(
    session: AsyncSession,
    project: Project,
    report: Report,
    submission: Submission,
    *,
    by: str,
    now: datetime,
) -> None:
    report.notes, report.submitted_by, report.submitted_at = submission.notes, by, now
    await _insert(session, project, report, submission)
    await service.record(session, report, before=None, by=by, now=now)
    for flag in report.flags:
        await reviews.open(
            session,
            subject_type=service.SUBJECT,
            subject_id=str(report.report_id),
            project_id=report.project_id,
            code=flag["code"],
            text=Text(zh=flag["zh"], en=flag["en"]),
            details=flag,
            now=now,
            submitted_by=by,
        )
    if report.loss > 0:
        await reversals.open_monitored(
            session,
            project_id=report.project_id,
            report_id=report.report_id,
            loss=report.loss,
            period_end=report.period_end,
            owner_code=project.owner_code,
            by=by,
            now=now,
        )


def site_keys(project: Project, report: Report) -> list[str]:
    """Return the names of the meters and parcels that the report claims, unique over all projects.

    The project's own, and of the meters that replaced them, which have no place in the register,
    those whose data count (R7).
    """

    def named(part: str) -> set[str]:
        return {found["meter_no"] for found in report.inputs[part]}

    successors = named("meters") & (named("meter_months") | named("readings"))
    return [f"meter:{meter_no}" for meter_no in sorted({*project.meters, *successors})] + [
        f"parcel:{project.district_code}:{parcel['parcel_no']}" for parcel in project.parcels
    ]


async def _insert(
    session: AsyncSession, project: Project, report: Report, submission: Submission
) -> None:
    """Store the report; the database itself refuses a second claim of a day or an aggregate."""
    keys = site_keys(project, report)
    try:
        await repository.insert_report(
            session,
            report,
            upload_ids=submission.upload_ids,
            aggregate_ids=submission.aggregate_ids,
            site_keys=keys,
        )
    except IntegrityError as error:
        violated = constraint_name(error)
        if violated == AGGREGATE_INDEX:
            raise AggregateUsed(pointer="/aggregate_ids") from None
        if violated == SITE_CONSTRAINT:
            same = await repository.find_same_site(session, keys, report)
            assert same is not None, "the constraint waited for the other report's commit"
            raise _site_claimed(*same) from None
        if violated != PERIOD_CONSTRAINT:
            raise
        other = await repository.find_overlapping(session, report)
        assert other is not None, "the constraint waited for the other report's commit"
        raise _overlaps(other) from None


def _overlaps(other: Report) -> PeriodOverlaps:
    return PeriodOverlaps(
        pointer="/period_start",
        project_id=other.project_id,
        report_id=other.report_id,
        status=other.status,
        start=other.eligible_start,
        end=other.eligible_end,
    )


def _site_claimed(other: Report, site: str) -> SiteClaimed:
    return SiteClaimed(
        pointer="/period_start",
        project_id=other.project_id,
        report_id=other.report_id,
        status=other.status,
        site=site,
        start=other.eligible_start,
        end=other.eligible_end,
    )
