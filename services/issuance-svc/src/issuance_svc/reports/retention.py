"""How long the evidence of a project is kept (R11): until its last issuance plus ten years."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import service as claim_rules
from issuance_svc.projects import service as projects
from issuance_svc.reports import repository
from issuance_svc.reports.errors import EvidenceLocked
from issuance_svc.reports.models import DeletedFile
from issuance_svc.uploads import service as uploads
from issuance_svc.uploads.errors import UploadNotStored
from issuance_svc.uploads.rules import State
from tht_kit.blobs import Blobs
from tht_kit.clock import legal_date
from tht_kit.db import Database
from tht_kit.errors import Text

_OPEN = Text(zh="报告了结之后", en="its reports are settled")


async def retention_until(session: AsyncSession, project_id: str) -> date | None:
    """Return the last day on which the raw data of the project are locked; None before any issuance.

    Raises ProjectUnknown, ClaimRuleMissing.
    """
    project = await projects.get(session, project_id)
    issued_at = await repository.last_issued_at(session, project_id)
    if issued_at is None:
        return None
    rule = await claim_rules.rule_of(session, project.unit_type)
    return years_after(legal_date(issued_at), rule.retention_years)


async def must_be_deletable(session: AsyncSession, project_id: str, *, now: datetime) -> None:
    """Raise EvidenceLocked while the project's evidence is locked.

    That is before the retention's end, and as long as a report that may still be issued rests on it.
    """
    until = await retention_until(session, project_id)
    project = await projects.get(session, project_id)
    rule = await claim_rules.rule_of(session, project.unit_type)
    if until is not None and legal_date(now) <= until:
        raise EvidenceLocked(project_id=project_id, until=until, years=rule.retention_years)
    rests_on_it = repository.has_live if until is None else repository.has_issuable
    if await rests_on_it(session, project_id):
        raise EvidenceLocked(project_id=project_id, until=_OPEN, years=rule.retention_years)


async def drop_bytes(
    database: Database, blobs: Blobs, deleted: DeletedFile, *, now: datetime
) -> None:
    """Remove the bytes of a file whose deletion is committed, unless somebody needs them by now.

    Before the commit it would be too soon: a transaction that fails would leave a file that is
    known and cannot be read. What stops in between leaves bytes behind; the next call removes them.
    """
    async with database.write() as session:
        try:
            await _lock_deletable(session, deleted.sha256, now=now)
        except EvidenceLocked:
            return
        if not await repository.has_uploads_since(session, deleted.sha256, deleted.deleted_at):
            await blobs.delete(deleted.sha256)


async def _lock_deletable(session: AsyncSession, sha256: str, *, now: datetime) -> None:
    """Lock all projects that gave the bytes and raise EvidenceLocked unless each allows it."""
    for project_id in await repository.list_projects_with(session, sha256):
        # The lock keeps a report from resting on the file in this very moment.
        await projects.lock(session, project_id)
        await must_be_deletable(session, project_id, now=now)


async def delete_file(
    session: AsyncSession,
    upload_id: UUID,
    *,
    reason: str,
    owner_code: str,
    by: str,
    now: datetime,
) -> DeletedFile:
    """Note that a file's bytes are deleted; after the commit `drop_bytes` does it. What it told stays in reports.

    The same bytes may serve several projects: each must allow it. Raises UploadNotFound, Forbidden,
    UploadNotStored, EvidenceLocked.
    """
    upload = await uploads.get(session, upload_id)
    await projects.get_owned(session, upload.project_id, owner_code)
    if upload.state != State.STORED:
        raise UploadNotStored(upload_id=upload_id, state=upload.state)
    known = await repository.find_deleted(session, upload_id)
    if known is not None:
        return known
    await _lock_deletable(session, upload.sha256, now=now)
    deleted = DeletedFile(
        upload_id=upload_id,
        sha256=upload.sha256,
        reason=reason,
        deleted_by=by,
        deleted_at=now,
    )
    await repository.add_deleted(session, deleted)
    return deleted


def years_after(day: date, years: int) -> date:
    """Return the same day of a later year; 29 February gives 1 March, the later day."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
