"""Monitoring reports: looking them up, and the one place where their status changes."""

from collections.abc import Sequence
from datetime import date, datetime
from importlib.resources import files
from typing import Any, cast
from uuid import UUID

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import repository
from issuance_svc.reports.errors import ClaimRuleMissing, ReportNotFound, ReportStepRefused
from issuance_svc.reports.models import ClaimRule, Report, ReportChange
from issuance_svc.reports.rules import DEAD, FOLLOWING, Status
from issuance_svc.uploads import service as uploads
from issuance_svc.uploads.models import Upload
from tht_contracts.events.issuance import ReportStatus, ReportStatusChanged
from tht_kit.outbox import emit


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


async def rule_of(session: AsyncSession, unit_type: str) -> ClaimRule:
    """Return the claim rule of the unit type; raises ClaimRuleMissing, never falls back."""
    rule = await repository.find_rule(session, unit_type)
    if rule is None:
        raise ClaimRuleMissing(unit_type=unit_type)
    return rule


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
        await repository.release_aggregates(session, report.report_id)
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
    event = ReportStatusChanged(
        report_id=str(report.report_id),
        project_id=report.project_id,
        status_before=cast("ReportStatus | None", before and str(before)),
        status=cast("ReportStatus", str(report.status)),
        calculated_t=report.calculated_t,
        version=report.version,
    )
    await emit(session, event, now=now)


async def aggregate_ids(session: AsyncSession, report_id: UUID) -> Sequence[str]:
    """Return the citizens' aggregates that the report claims."""
    return await repository.list_aggregate_ids(session, report_id)


async def evidence(
    session: AsyncSession, report: Report
) -> tuple[Sequence[Upload], Sequence[str], Sequence[ReportChange]]:
    """Return the report's uploads, aggregates and history."""
    upload_ids = await repository.list_upload_ids(session, report.report_id)
    return (
        await uploads.get_all(session, report.project_id, upload_ids),
        await repository.list_aggregate_ids(session, report.report_id),
        await repository.list_changes(session, report.report_id),
    )


async def seed(session: AsyncSession) -> None:
    """Load the packaged claim rules; repeating it changes nothing."""
    text = (files("issuance_svc") / "seeds" / "rules.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - text only
    await repository.insert_rules(session, [_rule(entry) for entry in entries])


def _rule(entry: dict[str, str]) -> dict[str, Any]:
    return {
        **entry,
        "vintage_after": date.fromisoformat(entry["vintage_after"]),
        "lookback_years": int(entry["lookback_years"]),
        "notice_working_days": int(entry["notice_working_days"]),
    }
