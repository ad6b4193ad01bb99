"""SQL of the monitoring reports."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reports.models import (
    ClaimRule,
    Report,
    ReportAggregate,
    ReportChange,
    ReportUpload,
)
from issuance_svc.reports.rules import DEAD


async def find_rule(session: AsyncSession, unit_type: str) -> ClaimRule | None:
    return await session.get(ClaimRule, unit_type)


async def insert_rules(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rules that are not there yet; a changed one stays as an administrator left it."""
    await session.execute(insert(ClaimRule).on_conflict_do_nothing(), list(rows))


async def find(session: AsyncSession, report_id: UUID) -> Report | None:
    return await session.get(Report, report_id)


async def find_for_update(session: AsyncSession, report_id: UUID) -> Report | None:
    """Return the report with its row locked until the transaction ends."""
    statement = select(Report).where(Report.report_id == report_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def find_overlapping(session: AsyncSession, report: Report) -> Report | None:
    """Return a live report of the project whose days overlap the given one's."""
    statement = select(Report).where(
        Report.claim.overlaps(report.claim),
        Report.status.not_in(DEAD),
        Report.report_id != report.report_id,
    )
    return (await session.scalars(statement.limit(1))).first()


async def find_before(session: AsyncSession, project_id: str, start: date) -> Report | None:
    """Return the project's last live report whose period ends before the day."""
    statement = (
        select(Report)
        .where(
            Report.project_id == project_id,
            Report.status.not_in(DEAD),
            Report.period_end < start,
        )
        .order_by(Report.period_end.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).first()


async def insert_report(
    session: AsyncSession,
    report: Report,
    *,
    upload_ids: Sequence[UUID],
    aggregate_ids: Sequence[str],
) -> None:
    """Insert the report and its links in a savepoint, so that a refusal can still be explained."""
    async with session.begin_nested():
        session.add(report)
        await session.flush()
        session.add_all(
            ReportUpload(report_id=report.report_id, upload_id=upload_id)
            for upload_id in upload_ids
        )
        session.add_all(
            ReportAggregate(report_id=report.report_id, aggregate_id=aggregate_id)
            for aggregate_id in sorted(aggregate_ids)
        )


async def list_upload_ids(session: AsyncSession, report_id: UUID) -> Sequence[UUID]:
    statement = select(ReportUpload.upload_id).where(ReportUpload.report_id == report_id)
    return (await session.scalars(statement.order_by(ReportUpload.upload_id))).all()


async def list_aggregate_ids(session: AsyncSession, report_id: UUID) -> Sequence[str]:
    statement = select(ReportAggregate.aggregate_id).where(ReportAggregate.report_id == report_id)
    return (await session.scalars(statement.order_by(ReportAggregate.aggregate_id))).all()


async def release_aggregates(session: AsyncSession, report_id: UUID) -> None:
    await session.execute(
        update(ReportAggregate).where(ReportAggregate.report_id == report_id).values(released=True)
    )


async def add_change(session: AsyncSession, change: ReportChange) -> None:
    session.add(change)
    await session.flush()


async def list_changes(session: AsyncSession, report_id: UUID) -> Sequence[ReportChange]:
    statement = select(ReportChange).where(ReportChange.report_id == report_id)
    return (await session.scalars(statement.order_by(ReportChange.version))).all()
