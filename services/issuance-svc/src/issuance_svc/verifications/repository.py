"""SQL of the verifications."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import DEAD
from issuance_svc.verifications.models import (
    Check,
    CheckRecord,
    Finding,
    FindingEntry,
    ReportComment,
    VerificationOpinion,
)
from issuance_svc.verifications.rules import FindingKind, FindingStatus


async def add(session: AsyncSession, row: object) -> None:
    session.add(row)
    await session.flush()


async def list_comments(
    session: AsyncSession, report_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[ReportComment]:
    """Return up to `limit` comments of a report, oldest first."""
    statement = select(ReportComment).where(ReportComment.report_id == report_id)
    if after is not None:
        statement = statement.where(ReportComment.comment_id > after)
    return (await session.scalars(statement.order_by(ReportComment.comment_id).limit(limit))).all()


async def find_comment(
    session: AsyncSession, report_id: UUID, comment_id: UUID
) -> ReportComment | None:
    """Return the report's comment with its row locked."""
    statement = (
        select(ReportComment)
        .where(ReportComment.report_id == report_id, ReportComment.comment_id == comment_id)
        .with_for_update()
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def list_unanswered(session: AsyncSession, report_id: UUID) -> Sequence[UUID]:
    statement = select(ReportComment.comment_id).where(
        ReportComment.report_id == report_id, ReportComment.answer.is_(None)
    )
    return (await session.scalars(statement.order_by(ReportComment.comment_id))).all()


async def last_finding_number(session: AsyncSession, root_report_id: UUID, kind: str) -> int:
    statement = select(func.max(Finding.number)).where(
        Finding.root_report_id == root_report_id, Finding.kind == kind
    )
    return (await session.execute(statement)).scalar_one() or 0


async def count_findings(session: AsyncSession, root_report_id: UUID) -> int:
    statement = select(func.count()).where(Finding.root_report_id == root_report_id)
    return (await session.execute(statement)).scalar_one()


async def find_finding(session: AsyncSession, finding_id: UUID) -> Finding | None:
    """Return the finding with its row locked."""
    statement = select(Finding).where(Finding.finding_id == finding_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def list_findings(session: AsyncSession, report: Report) -> Sequence[Finding]:
    """Return what was found about the report in all its revisions, and what earlier ones left open.

    Left open are forward actions of the project's other reports, and what was found about a report
    of these days that was withdrawn: submitting afresh does not shake it off.
    """
    withdrawn = and_(
        Report.status.in_(DEAD),
        Report.eligible_start <= report.eligible_end,
        Report.eligible_end >= report.eligible_start,
    )
    left_open = and_(
        Finding.status != FindingStatus.CLOSED,
        or_(Finding.kind == FindingKind.FAR, withdrawn),
        Finding.report_id < report.report_id,
    )
    statement = (
        select(Finding)
        .join(Report, Report.report_id == Finding.report_id)
        .where(
            Finding.project_id == report.project_id,
            or_(Finding.root_report_id == report.root_report_id, left_open),
        )
        .order_by(Finding.finding_id)
    )
    return (await session.scalars(statement)).all()


async def list_entries(
    session: AsyncSession, finding_ids: Sequence[UUID]
) -> Sequence[FindingEntry]:
    statement = select(FindingEntry).where(FindingEntry.finding_id.in_(finding_ids))
    return (
        await session.scalars(statement.order_by(FindingEntry.finding_id, FindingEntry.entry_no))
    ).all()


async def last_entry_no(session: AsyncSession, finding_id: UUID) -> int:
    statement = select(func.max(FindingEntry.entry_no)).where(FindingEntry.finding_id == finding_id)
    return (await session.execute(statement)).scalar_one() or 0


async def corrections(session: AsyncSession, report_id: UUID) -> dict[str, datetime]:
    """Return what the report's closed corrective actions refer to, with the last one's closing."""
    statement = (
        select(Finding.reference, func.max(FindingEntry.said_at).label("closed_at"))
        .join(FindingEntry, FindingEntry.finding_id == Finding.finding_id)
        .where(
            Finding.report_id == report_id,
            Finding.kind == FindingKind.CAR,
            Finding.status == FindingStatus.CLOSED,
            Finding.reference.is_not(None),
            FindingEntry.status == FindingStatus.CLOSED,
        )
        .group_by(Finding.reference)
    )
    return {found.reference: found.closed_at for found in await session.execute(statement)}


async def list_checks(session: AsyncSession, report_id: UUID) -> Sequence[Check]:
    statement = select(Check).where(Check.report_id == report_id)
    return (await session.scalars(statement.order_by(Check.check_no))).all()


async def list_records(session: AsyncSession, report_id: UUID) -> Sequence[CheckRecord]:
    """Return every record of the report's checks, oldest first within each."""
    statement = select(CheckRecord).where(CheckRecord.report_id == report_id)
    return (
        await session.scalars(statement.order_by(CheckRecord.check_no, CheckRecord.record_no))
    ).all()


async def find_opinion(session: AsyncSession, report_id: UUID) -> VerificationOpinion | None:
    return await session.get(VerificationOpinion, report_id)
