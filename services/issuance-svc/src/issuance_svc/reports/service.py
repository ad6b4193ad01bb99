"""Monitoring reports: looking them up, and the one place where their status changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import service as claim_rules
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import repository
from issuance_svc.reports.deadlines import Deadlines, deadlines_of
from issuance_svc.reports.errors import ReportNotFound, ReportStepRefused
from issuance_svc.reports.models import Report, ReportChange, ReportVerifier
from issuance_svc.reports.rules import DEAD, FOLLOWING, Status
from issuance_svc.reversals import service as reversals
from issuance_svc.reviews import service as reviews
from issuance_svc.reviews.models import Review
from issuance_svc.uploads import service as uploads
from issuance_svc.uploads.models import Upload
from tht_contracts.events.issuance import ReportStatus, ReportStatusChanged
from tht_kit.outbox import emit

# What reviews of a report name as their kind of subject.
SUBJECT = "report"


async def get(session: AsyncSession, report_id: UUID) -> Report:
    """Return the report; raises ReportNotFound."""
    report = await repository.find(session, report_id)
    if report is None:
        raise ReportNotFound(report_id=report_id)
    return report


async def lock(session: AsyncSession, report_id: UUID) -> tuple[Report, Project]:
    """Return the report and its project with both rows locked, the project first.

    The project may be in any status: a step back is never closed. Raises ReportNotFound.
    """
    report = await get(session, report_id)
    project = await projects.lock(session, report.project_id)
    locked = await repository.find_for_update(session, report_id)
    assert locked is not None, "reports are never deleted"
    return locked, project


async def lock_active(session: AsyncSession, report_id: UUID) -> tuple[Report, Project]:
    """Return the report and its project, locked, for a step towards issuance.

    Raises ReportNotFound, ProjectInactive.
    """
    report, project = await lock(session, report_id)
    projects.must_be_active(project)
    return report, project


async def move(
    session: AsyncSession, report: Report, status: Status, *, step: str, by: str, now: datetime
) -> None:
    """Bring the locked report to its next status and tell the others; raises ReportStepRefused."""
    before = Status(report.status)
    if status not in FOLLOWING[before]:
        following = ", ".join(FOLLOWING[before]) or "-"
        raise ReportStepRefused(status=before, step=step, following=following)
    report.status = status
    report.version += 1
    if status in DEAD:
        await repository.release_claims(session, report.report_id)
        await reviews.lapse(session, subject_type=SUBJECT, subject_id=str(report.report_id))
        await reversals.withdraw_of_report(session, report.report_id)
    await record(session, report, before=before, by=by, now=now)


async def record(
    session: AsyncSession, report: Report, *, before: Status | None, by: str, now: datetime
) -> None:
    """Write the report's new status into its history and the outbox."""
    change = ReportChange(
        report_id=report.report_id,
        version=report.version,
        status=report.status,
        changed_by=by,
        changed_at=now,
    )
    await repository.add_change(session, change)
    superseded = report.status == Status.SUPERSEDED
    # To the outside a replaced report is one that its owner took back: readers of the first version
    # know no other word, and newer ones find its successor.
    told = Status.RECALLED if superseded else report.status
    event = ReportStatusChanged(
        report_id=str(report.report_id),
        project_id=report.project_id,
        status_before=cast("ReportStatus | None", before and str(before)),
        status=cast("ReportStatus", str(told)),
        calculated_t=report.calculated_t,
        version=report.version,
        superseded_by=str(report.superseded_by) if superseded else None,
    )
    await emit(session, event, now=now)


async def aggregate_ids(session: AsyncSession, report_id: UUID) -> Sequence[str]:
    """Return the citizens' aggregates that the report claims."""
    return await repository.list_aggregate_ids(session, report_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown beside a report's own fields: where it comes from and where it stands."""

    uploads: Sequence[Upload]
    aggregate_ids: Sequence[str]
    history: Sequence[ReportChange]
    verifiers: Sequence[ReportVerifier]
    revisions: Sequence[Report]
    reviews: Sequence[Review]
    deadlines: Deadlines


async def show(session: AsyncSession, report: Report, *, today: date) -> Shown:
    """Return the report's evidence, history, verifiers, reviews and deadlines."""
    upload_ids = await repository.list_upload_ids(session, report.report_id)
    project = await projects.get(session, report.project_id)
    rule = await claim_rules.find(session, project.unit_type)
    return Shown(
        uploads=await uploads.get_all(session, report.project_id, upload_ids),
        aggregate_ids=await repository.list_aggregate_ids(session, report.report_id),
        history=await repository.list_changes(session, report.report_id),
        verifiers=await repository.list_verifiers(session, report.report_id),
        revisions=await repository.list_revisions(session, report.root_report_id),
        reviews=await reviews.list_about(
            session, subject_type=SUBJECT, subject_id=str(report.report_id)
        ),
        deadlines=deadlines_of(report, rule, await projects.calendar(session), today),
    )
