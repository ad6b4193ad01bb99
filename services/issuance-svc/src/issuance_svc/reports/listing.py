"""Lists of reports: what everybody may see, and what a party sees beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import service as claim_rules
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import repository, service
from issuance_svc.reports.deadlines import Deadlines, deadlines_of, overdue_since
from issuance_svc.reports.errors import ReportNotFound
from issuance_svc.reports.models import Report
from issuance_svc.reports.repository import Filters, Missed


@dataclass(frozen=True, slots=True)
class Entry:
    """One report of a list."""

    report: Report
    project: Project
    deadlines: Deadlines


async def list_page(
    session: AsyncSession,
    filters: Filters,
    *,
    is_overdue: bool,
    reader_code: str | None,
    reads_all: bool,
    today: date,
    after: UUID | None,
    limit: int,
) -> Sequence[Entry]:
    """Return up to `limit` reports that the reader may see, newest first."""
    calendar = await projects.calendar(session)
    rules = {rule.unit_type: rule for rule in await claim_rules.list_all(session)}
    if is_overdue:
        missed = [
            Missed(
                unit_type=rule.unit_type,
                notice_ended=overdue_since(calendar, today, rule.verification_working_days),
                verified=overdue_since(calendar, today, rule.decision_working_days),
            )
            for rule in rules.values()
        ]
        filters = replace(filters, overdue=missed)
    rows = await repository.list_after(
        session,
        filters,
        reader_code=reader_code,
        reads_all=reads_all,
        after=after,
        limit=limit,
    )
    return [
        Entry(report, project, deadlines_of(report, rules.get(project.unit_type), calendar, today))
        for report, project in rows
    ]


async def get_public(session: AsyncSession, report_id: UUID, *, today: date) -> Entry:
    """Return a report that has been under notice, for everybody; raises ReportNotFound."""
    report = await service.get(session, report_id)
    if report.notice_start is None:
        raise ReportNotFound(report_id=report_id)
    project = await projects.get(session, report.project_id)
    rule = await claim_rules.find(session, project.unit_type)
    calendar = await projects.calendar(session)
    return Entry(report, project, deadlines_of(report, rule, calendar, today))
