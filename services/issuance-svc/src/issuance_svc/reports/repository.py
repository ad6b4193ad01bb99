"""SQL of the monitoring reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects.models import Project
from issuance_svc.reports.models import (
    DeletedFile,
    Report,
    ReportAggregate,
    ReportChange,
    ReportSite,
    ReportUpload,
    ReportVerifier,
    Site,
    claim_of,
)
from issuance_svc.reports.rules import DEAD, Status
from issuance_svc.uploads.models import Upload, UploadContent


@dataclass(frozen=True, slots=True)
class Missed:
    """For one unit type: what has waited since this day or longer is overdue."""

    unit_type: str
    notice_ended: date | None
    verified: date | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which reports are listed; None does not filter."""

    status: str | None = None
    project_id: str | None = None
    owner_code: str | None = None
    verifier_code: str | None = None
    methodology_code: str | None = None
    # Only what is under notice on this day.
    notice_on: date | None = None
    overdue: Sequence[Missed] | None = None


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


async def find_after(session: AsyncSession, report: Report) -> Report | None:
    """Return the project's first live report whose period ends later than the given one's."""
    statement = (
        select(Report)
        .where(
            Report.project_id == report.project_id,
            Report.status.not_in(DEAD),
            Report.period_end > report.period_end,
        )
        .order_by(Report.period_end)
        .limit(1)
    )
    return (await session.scalars(statement)).first()


async def list_charged(session: AsyncSession, project_id: str) -> set[str]:
    """Return the reversals whose losses live reports of the project have added back."""
    entry = func.jsonb_array_elements(
        func.coalesce(Report.inputs["charged_losses"], func.jsonb_build_array())
    ).table_valued("value")
    statement = (
        select(entry.c.value.op("->>")("reversal_id"))
        .select_from(Report)
        .join(entry, true())
        .where(Report.project_id == project_id, Report.status.not_in(DEAD))
    )
    return set(await session.scalars(statement))


async def insert_report(
    session: AsyncSession,
    report: Report,
    *,
    upload_ids: Sequence[UUID],
    aggregate_ids: Sequence[str],
    site_keys: Sequence[str],
) -> None:
    """Insert the report and its links in a savepoint, so that a refusal can still be explained."""
    site_nos = await number_sites(session, site_keys)
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
        session.add_all(
            ReportSite(
                report_id=report.report_id,
                site_no=site_no,
                claim=claim_of(site_no, report.eligible_start, report.eligible_end),
            )
            for site_no in site_nos
        )


async def number_sites(session: AsyncSession, site_keys: Sequence[str]) -> Sequence[int]:
    """Return the numbers of the meters and parcels, in order; new ones get theirs here."""
    if not site_keys:
        return []
    rows = [{"site_key": key} for key in sorted(site_keys)]
    await session.execute(insert(Site).on_conflict_do_nothing(), rows)
    statement = select(Site.site_no).where(Site.site_key.in_(site_keys)).order_by(Site.site_no)
    return (await session.scalars(statement)).all()


async def find_same_site(
    session: AsyncSession, site_keys: Sequence[str], report: Report
) -> tuple[Report, str] | None:
    """Return a live report that claims days of one of the sites within the report's, and the site."""
    statement = (
        select(Report, Site.site_key)
        .join(ReportSite, ReportSite.report_id == Report.report_id)
        .join(Site, Site.site_no == ReportSite.site_no)
        .where(
            Site.site_key.in_(site_keys),
            ReportSite.released.is_(False),
            Report.eligible_start <= report.eligible_end,
            Report.eligible_end >= report.eligible_start,
        )
        .order_by(Site.site_key)
    )
    row = (await session.execute(statement.limit(1))).first()
    return None if row is None else (row[0], row[1])


async def list_upload_ids(session: AsyncSession, report_id: UUID) -> Sequence[UUID]:
    statement = select(ReportUpload.upload_id).where(ReportUpload.report_id == report_id)
    return (await session.scalars(statement.order_by(ReportUpload.upload_id))).all()


async def list_aggregate_ids(session: AsyncSession, report_id: UUID) -> Sequence[str]:
    statement = select(ReportAggregate.aggregate_id).where(ReportAggregate.report_id == report_id)
    return (await session.scalars(statement.order_by(ReportAggregate.aggregate_id))).all()


async def list_used(session: AsyncSession, aggregate_ids: Sequence[str]) -> Sequence[str]:
    """Return which of the aggregates a live report claims."""
    statement = select(ReportAggregate.aggregate_id).where(
        ReportAggregate.aggregate_id.in_(aggregate_ids), ReportAggregate.released.is_(False)
    )
    return (await session.scalars(statement)).all()


async def release_claims(session: AsyncSession, report_id: UUID) -> None:
    """Let go of the report's aggregates and sites; its days are free by its status."""
    for model in (ReportAggregate, ReportSite):
        await session.execute(
            update(model).where(model.report_id == report_id).values(released=True)
        )


async def add_verifier(session: AsyncSession, verifier: ReportVerifier) -> None:
    session.add(verifier)
    await session.flush()


async def list_verifiers(session: AsyncSession, report_id: UUID) -> Sequence[ReportVerifier]:
    statement = select(ReportVerifier).where(ReportVerifier.report_id == report_id)
    return (await session.scalars(statement.order_by(ReportVerifier.position))).all()


async def list_revisions(session: AsyncSession, root_report_id: UUID) -> Sequence[Report]:
    """Return the report in all its revisions, the first one first."""
    statement = select(Report).where(Report.root_report_id == root_report_id)
    return (await session.scalars(statement.order_by(Report.revision))).all()


async def last_issued_at(session: AsyncSession, project_id: str) -> datetime | None:
    """Return the moment of the project's last issuance."""
    statement = (
        select(func.max(ReportChange.changed_at))
        .join(Report, Report.report_id == ReportChange.report_id)
        .where(Report.project_id == project_id, ReportChange.status == Status.ISSUED)
    )
    return (await session.execute(statement)).scalar_one()


async def has_live(session: AsyncSession, project_id: str) -> bool:
    """Say whether a report of the project still claims its period."""
    statement = select(Report.report_id).where(
        Report.project_id == project_id, Report.status.not_in(DEAD)
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def has_issuable(session: AsyncSession, project_id: str) -> bool:
    """Say whether a report of the project may still be issued; one with a loss never is."""
    statement = select(Report.report_id).where(
        Report.project_id == project_id,
        Report.status.not_in((*DEAD, Status.ISSUED)),
        Report.calculated_t > 0,
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def list_projects_with(session: AsyncSession, sha256: str) -> Sequence[str]:
    """Return the projects that gave a file with these bytes, which are kept once for all of them."""
    statement = select(Upload.project_id).where(Upload.sha256 == sha256).distinct()
    return (await session.scalars(statement.order_by(Upload.project_id))).all()


async def has_uploads_since(session: AsyncSession, sha256: str, since: datetime) -> bool:
    """Say whether the same bytes were given again after a moment."""
    statement = select(Upload.upload_id).where(Upload.sha256 == sha256, Upload.uploaded_at > since)
    return (await session.execute(statement.limit(1))).first() is not None


async def find_deleted(session: AsyncSession, upload_id: UUID) -> DeletedFile | None:
    return await session.get(DeletedFile, upload_id)


async def list_deleted(session: AsyncSession, upload_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Return which of the uploads' files were deleted."""
    statement = select(DeletedFile.upload_id).where(DeletedFile.upload_id.in_(upload_ids))
    return (await session.scalars(statement.order_by(DeletedFile.upload_id))).all()


async def add_deleted(session: AsyncSession, deleted: DeletedFile) -> None:
    """Note that a file is deleted, and drop the bytes of one from before the store of blobs."""
    session.add(deleted)
    await session.flush()
    await session.execute(delete(UploadContent).where(UploadContent.sha256 == deleted.sha256))


async def list_after(
    session: AsyncSession,
    filters: Filters,
    *,
    reader_code: str | None,
    reads_all: bool,
    after: UUID | None,
    limit: int,
) -> Sequence[tuple[Report, Project]]:
    """Return up to `limit` reports with their projects, newest first.

    Everybody sees what has been under notice; an owner and a verifier also what is theirs.
    """
    visible: ColumnElement[bool] = true() if reads_all else Report.notice_start.is_not(None)
    if reader_code is not None:
        visible = or_(
            visible, Project.owner_code == reader_code, Report.verifier_code == reader_code
        )
    statement = (
        select(Report, Project)
        .join(Project, Project.project_id == Report.project_id)
        .where(visible)
        .order_by(Report.report_id.desc())
        .limit(limit)
    )
    for column, value in (
        (Report.status, filters.status),
        (Report.project_id, filters.project_id),
        (Project.owner_code, filters.owner_code),
        (Report.verifier_code, filters.verifier_code),
        (Report.methodology_code, filters.methodology_code),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if filters.notice_on is not None:
        statement = statement.where(
            Report.status == Status.NOTICE,
            Report.notice_start <= filters.notice_on,
            Report.notice_end >= filters.notice_on,
        )
    if filters.overdue is not None:
        statement = statement.where(or_(false(), *map(_missed, filters.overdue)))
    if after is not None:
        statement = statement.where(Report.report_id < after)
    return [(row[0], row[1]) for row in await session.execute(statement)]


def _missed(missed: Missed) -> ColumnElement[bool]:
    waiting = []
    if missed.notice_ended is not None:
        waiting.append(
            and_(Report.status == Status.NOTICE, Report.notice_end <= missed.notice_ended)
        )
    if missed.verified is not None:
        registering = (Status.VERIFIED, Status.REGISTERED_ER)
        waiting.append(and_(Report.status.in_(registering), Report.verified_on <= missed.verified))
    return and_(Project.unit_type == missed.unit_type, or_(false(), *waiting))


async def add_change(session: AsyncSession, change: ReportChange) -> None:
    session.add(change)
    await session.flush()


async def list_changes(session: AsyncSession, report_id: UUID) -> Sequence[ReportChange]:
    statement = select(ReportChange).where(ReportChange.report_id == report_id)
    return (await session.scalars(statement.order_by(ReportChange.version))).all()
