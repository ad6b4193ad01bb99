"""Issuing: one officer asks, another approves, a range of the global line becomes credits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.issuances import repository, serials
from issuance_svc.issuances.errors import (
    BatchNumbersExhausted,
    FourEyes,
    IssuanceDecided,
    IssuanceNotFound,
    OfficerInterested,
    SerialInvalid,
    SerialNotFound,
)
from issuance_svc.issuances.models import Issuance, IssuanceStatus, IssuedBlock
from issuance_svc.issuances.repository import Totals
from issuance_svc.issuances.serials import SerialRange
from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import service as reports
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from tht_contracts.events import issuance as events
from tht_contracts.events.registry import ProjectType
from tht_kit.ids import new_id
from tht_kit.outbox import emit


async def request(
    session: AsyncSession, report_id: UUID, *, officer_code: str, by: str, now: datetime
) -> Issuance:
    """Register the verified reductions and open the four-eyes task.

    Raises ReportNotFound, ProjectInactive, OrganisationUnfit, OfficerInterested, ReportStepRefused.
    """
    report, project = await reports.lock_active(session, report_id)
    await _must_be_bureau(session, officer_code, project)
    await reports.move(
        session, report, Status.REGISTERED_ER, step="issuance-request", by=by, now=now
    )
    assert report.verified_t is not None, "a report that is VERIFIED has its quantity"
    issuance = Issuance(
        issuance_id=new_id(),
        report_id=report.report_id,
        project_id=project.project_id,
        project_type=project.project_type,
        status=IssuanceStatus.PENDING,
        quantity_t=report.verified_t,
        period_start=report.eligible_start,
        period_end=report.eligible_end,
        requested_by=by,
        requested_at=now,
    )
    await repository.insert_issuance(session, issuance)
    return issuance


async def approve(
    session: AsyncSession, issuance_id: UUID, *, officer_code: str, by: str, now: datetime
) -> tuple[Issuance, Sequence[IssuedBlock]]:
    """Issue: draw the serials, split them by vintage, tell the others; all in one transaction.

    Raises IssuanceNotFound, IssuanceDecided, OrganisationUnfit, OfficerInterested, FourEyes,
    ProjectInactive, BatchNumbersExhausted.
    """
    issuance, report, project = await _lock(session, issuance_id)
    projects.must_be_active(project)
    await _must_be_bureau(session, officer_code, project)
    if issuance.requested_by == by:
        raise FourEyes(subject=by)
    batch_no = await repository.last_batch_no(session, project.project_id) + 1
    if batch_no > serials.BATCH_NO_MAX:
        raise BatchNumbersExhausted(project_id=project.project_id, limit=serials.BATCH_NO_MAX)
    issuance.status, issuance.batch_no = IssuanceStatus.ISSUED, batch_no
    issuance.decided_by, issuance.decided_at = by, now
    await reports.move(session, report, Status.ISSUED, step="approval", by=by, now=now)
    # Last, because every other issuance waits for this row until the commit.
    start = await repository.draw_serials(session, issuance.quantity_t)
    blocks = _blocks(issuance, report, project, start)
    await repository.insert_blocks(session, blocks)
    await _tell(session, issuance, report, project, blocks, now=now)
    return issuance, blocks


async def reject(
    session: AsyncSession,
    issuance_id: UUID,
    *,
    comment: str,
    officer_code: str,
    by: str,
    now: datetime,
) -> Issuance:
    """End the task without credits; the report is VERIFIED again and can be asked for anew.

    A suspended project's too. Raises IssuanceNotFound, IssuanceDecided, OrganisationUnfit,
    OfficerInterested.
    """
    issuance, report, project = await _lock(session, issuance_id)
    await _must_be_bureau(session, officer_code, project)
    issuance.status, issuance.comment = IssuanceStatus.REJECTED, comment
    issuance.decided_by, issuance.decided_at = by, now
    await reports.move(session, report, Status.VERIFIED, step="rejection", by=by, now=now)
    return issuance


async def _lock(session: AsyncSession, issuance_id: UUID) -> tuple[Issuance, Report, Project]:
    """Lock project, report and issuance in this order; raises IssuanceDecided."""
    found = await get(session, issuance_id)
    report, project = await reports.lock(session, found.report_id)
    issuance = await repository.find_for_update(session, issuance_id)
    assert issuance is not None, "issuances are never deleted"
    if issuance.status != IssuanceStatus.PENDING:
        raise IssuanceDecided(issuance_id=issuance_id, status=issuance.status)
    return issuance, report, project


async def _must_be_bureau(session: AsyncSession, officer_code: str, project: Project) -> None:
    """A scope alone issues nothing: the officer acts for a bureau that does not own the project.

    Raises OrganisationUnfit, OfficerInterested.
    """
    await organisations.must_act_as(session, officer_code, Kind.BUREAU)
    if officer_code == project.owner_code:
        raise OfficerInterested(organisation_code=officer_code)


def _blocks(issuance: Issuance, report: Report, project: Project, start: int) -> list[IssuedBlock]:
    """Cut the drawn range into vintages, in order, without a gap."""
    assert issuance.batch_no is not None, "drawn before the serials"
    blocks: list[IssuedBlock] = []
    for share in report.vintages:
        quantity_t = share["quantity_t"]
        if quantity_t == 0:
            continue
        serial = SerialRange(
            unit_type=project.unit_type,
            scope_code=project.scope_code,
            project_no=project.project_no,
            vintage=share["vintage"],
            batch_no=issuance.batch_no,
            start=start,
            end=start + quantity_t - 1,
        )
        blocks.append(
            IssuedBlock(
                issuance_id=issuance.issuance_id,
                vintage=share["vintage"],
                block=Range(start, start + quantity_t, bounds="[)"),
                quantity_t=quantity_t,
                serial=serial.render(),
            )
        )
        start += quantity_t
    assert sum(block.quantity_t for block in blocks) == issuance.quantity_t, "R5"
    return blocks


async def _tell(
    session: AsyncSession,
    issuance: Issuance,
    report: Report,
    project: Project,
    blocks: Sequence[IssuedBlock],
    *,
    now: datetime,
) -> None:
    assert issuance.batch_no is not None
    event = events.CreditsIssued(
        issuance_id=str(issuance.issuance_id),
        report_id=str(report.report_id),
        project_id=project.project_id,
        project_no=project.project_no,
        project_name=project.name,
        project_type=cast("ProjectType", project.project_type),
        unit_type=cast("Literal['CQCER', 'CCER']", project.unit_type),
        scope_code=project.scope_code,
        methodology_code=report.methodology_code,
        district_code=project.district_code,
        is_local=project.is_local,
        owner_code=project.owner_code,
        operation_date=project.operation_date,
        registered_on=project.registered_on,
        batch_no=issuance.batch_no,
        period_start=issuance.period_start,
        period_end=issuance.period_end,
        quantity_t=issuance.quantity_t,
        blocks=[
            events.IssuedBlock(
                vintage=block.vintage, start=block.start, end=block.end, serial=block.serial
            )
            for block in blocks
        ],
        aggregate_ids=list(await reports.aggregate_ids(session, report.report_id)),
    )
    await emit(session, event, now=now)


async def get(session: AsyncSession, issuance_id: UUID) -> Issuance:
    """Return the issuance; raises IssuanceNotFound."""
    issuance = await repository.find(session, issuance_id)
    if issuance is None:
        raise IssuanceNotFound(issuance_id=issuance_id)
    return issuance


async def list_page(
    session: AsyncSession, *, project_id: str | None, after: UUID | None, limit: int
) -> Sequence[Issuance]:
    """Return up to `limit` issuances after the given one."""
    return await repository.list_after(session, project_id=project_id, after=after, limit=limit)


async def blocks_of(
    session: AsyncSession, issuances: Sequence[Issuance]
) -> dict[UUID, list[IssuedBlock]]:
    """Return the blocks of each issuance, in order of vintage."""
    found: dict[UUID, list[IssuedBlock]] = {issuance.issuance_id: [] for issuance in issuances}
    for block in await repository.list_blocks(session, list(found)):
        found[block.issuance_id].append(block)
    return found


async def look_up(session: AsyncSession, text: str) -> tuple[int, int, IssuedBlock, Issuance]:
    """Return the range that a number or a serial's text names, its block and its issuance.

    A serial of a part of a block (after splits) is found too, if its words fit. Raises
    SerialInvalid, SerialNotFound.
    """
    number = serials.parse_number(text)
    named = serials.parse(text) if number is None else None
    start, end = (named.start, named.end) if named else (number or 0, number or 0)
    block = await repository.find_block(session, start)
    if block is None or block.end < end:
        raise SerialNotFound(given=text)
    if named is not None:
        issued = serials.parse(block.serial)
        words = (issued.unit_type, issued.scope_code, issued.project_no, issued.vintage)
        if (named.unit_type, named.scope_code, named.project_no, named.vintage) != words:
            raise SerialInvalid(given=text)
        if named.batch_no != issued.batch_no:
            raise SerialInvalid(given=text)
    return start, end, block, await get(session, block.issuance_id)


async def totals(session: AsyncSession) -> Totals:
    """Return what has been issued so far."""
    return await repository.totals(session)
