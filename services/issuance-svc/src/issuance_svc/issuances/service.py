"""Issuing: one officer asks, another approves, a range of the global line becomes credits."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.buffer import service as buffer
from issuance_svc.buffer.rules import shares
from issuance_svc.issuances import repository, serials
from issuance_svc.issuances.errors import (
    BatchNumbersExhausted,
    DeficitChanged,
    FourEyes,
    IssuanceDecided,
    IssuanceNotFound,
    OfficerInterested,
    PeriodIssuedElsewhere,
    SerialInvalid,
    SerialNotFound,
)
from issuance_svc.issuances.models import BUFFER, OWNER, Issuance, IssuanceStatus, IssuedBlock
from issuance_svc.issuances.repository import Totals
from issuance_svc.issuances.serials import SerialRange
from issuance_svc.methodologies.calculation import VintageShare
from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project
from issuance_svc.reports import chain
from issuance_svc.reports import service as reports
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from issuance_svc.reversals import service as reversals
from issuance_svc.reversals.rules import Growth
from tht_contracts.events import issuance as events
from tht_contracts.events.registry import ProjectType
from tht_kit.errors import Text
from tht_kit.ids import new_id
from tht_kit.outbox import emit


async def request(
    session: AsyncSession, report_id: UUID, *, officer_code: str, by: str, now: datetime
) -> Issuance:
    """Register the verified reductions and open the four-eyes task.

    A deficit of the project regrows first: then less is issued than was verified, and the rest is
    withheld. Raises ReportNotFound, ProjectInactive, OrganisationUnfit, OfficerInterested,
    ReversalOpen, ReportBasisChanged, PeriodIssuedElsewhere, ReportStepRefused.
    """
    report, project = await reports.lock_active(session, report_id)
    await must_be_bureau(session, officer_code, project)
    await reports.move(
        session, report, Status.REGISTERED_ER, step="issuance-request", by=by, now=now
    )
    await reversals.must_be_clear(session, project.project_id)
    await chain.must_stand_on_its_basis(session, report)
    await must_not_be_external(
        session, project.project_id, report.eligible_start, report.eligible_end
    )
    growth = await _growth(session, report)
    verified_t = _verified_t(report)
    issuance = Issuance(
        issuance_id=new_id(),
        report_id=report.report_id,
        origin_id=None,
        project_id=project.project_id,
        project_type=project.project_type,
        status=IssuanceStatus.PENDING,
        quantity_t=growth.issuable_t,
        buffer_t=_buffer_t(report, growth.issuable_t),
        withheld_t=verified_t - growth.issuable_t,
        period_start=report.eligible_start,
        period_end=report.eligible_end,
        requested_by=by,
        requested_at=now,
    )
    await repository.insert_issuance(session, issuance)
    return issuance


def _verified_t(report: Report) -> int:
    assert report.verified_t is not None, "a report that is VERIFIED has its quantity"
    return report.verified_t


async def _growth(session: AsyncSession, report: Report) -> Growth:
    return await reversals.growth(
        session,
        report.project_id,
        verified_t=_verified_t(report),
        calculated=report.calculated,
        deducted=report.deducted,
    )


def _buffer_t(report: Report, issuable_t: int) -> int:
    """Return the buffer's part: the owner's is rounded down, so that both add up (R20)."""
    verified_t = _verified_t(report)
    return issuable_t - issuable_t * (verified_t - report.buffer_t) // verified_t


async def approve(
    session: AsyncSession, issuance_id: UUID, *, officer_code: str, by: str, now: datetime
) -> tuple[Issuance, Sequence[IssuedBlock]]:
    """Issue: draw the serials, split them by vintage, tell the others; all in one transaction.

    Raises IssuanceNotFound, IssuanceDecided, OrganisationUnfit, OfficerInterested, FourEyes,
    ProjectInactive, ReversalOpen, ReportBasisChanged, DeficitChanged, BatchNumbersExhausted.
    """
    issuance, report, project = await _lock(session, issuance_id)
    projects.must_be_active(project)
    await must_be_bureau(session, officer_code, project)
    if issuance.requested_by == by:
        raise FourEyes(subject=by)
    await reversals.must_be_clear(session, project.project_id)
    await chain.must_stand_on_its_basis(session, report)
    growth = await _growth(session, report)
    if growth.issuable_t != issuance.quantity_t:
        raise DeficitChanged(asked_t=issuance.quantity_t, issuable_t=growth.issuable_t)
    if issuance.quantity_t > 0:
        issuance.batch_no = await next_batch_no(session, project.project_id)
    issuance.status = IssuanceStatus.ISSUED
    issuance.decided_by, issuance.decided_at = by, now
    await reports.move(session, report, Status.ISSUED, step="approval", by=by, now=now)
    vintages = [VintageShare.model_validate(share) for share in report.vintages]
    blocks = await write_blocks(
        session,
        issuance,
        project,
        vintages,
        deducted=growth.deducted,
        regrown=growth.regrown,
        now=now,
    )
    return issuance, blocks


async def next_batch_no(session: AsyncSession, project_id: str) -> int:
    """Return the project's next batch number, its row being locked; raises BatchNumbersExhausted."""
    batch_no = await repository.last_batch_no(session, project_id) + 1
    if batch_no > serials.BATCH_NO_MAX:
        raise BatchNumbersExhausted(project_id=project_id, limit=serials.BATCH_NO_MAX)
    return batch_no


async def write_blocks(
    session: AsyncSession,
    issuance: Issuance,
    project: Project,
    vintages: Sequence[VintageShare],
    *,
    deducted: Decimal,
    regrown: Decimal,
    now: datetime,
) -> list[IssuedBlock]:
    """Draw the serials of a decided issuance, split them, remember what backs them, tell the others."""
    await reversals.back(
        session,
        issuance_id=issuance.issuance_id,
        project_id=project.project_id,
        quantity_t=issuance.quantity_t,
        deducted=deducted,
        regrown=regrown,
        now=now,
    )
    if issuance.quantity_t == 0:
        return []
    # Last, because every other issuance waits for this row until the commit.
    start = await repository.draw_serials(session, issuance.quantity_t)
    blocks = _blocks(issuance, project, vintages, start)
    await repository.insert_blocks(session, blocks)
    kept = [(b.vintage, b.start, b.quantity_t) for b in blocks if b.account == BUFFER]
    await buffer.deposit(
        session,
        project_id=project.project_id,
        issuance_id=issuance.issuance_id,
        blocks=kept,
        now=now,
    )
    await _tell(session, issuance, project, blocks, now=now)
    return blocks


async def must_not_be_external(
    session: AsyncSession, project_id: str, start: date, end: date
) -> None:
    """Raise PeriodIssuedElsewhere where an external batch of the project covers any of the days."""
    origin = await repository.find_origin_within(session, project_id, start, end)
    if origin is not None:
        raise PeriodIssuedElsewhere(
            project_id=project_id,
            start=origin.period_start,
            end=origin.period_end,
            source=Text(zh=f"外部批次 {origin.serial}", en=f"the external batch {origin.serial}"),
        )


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
    await must_be_bureau(session, officer_code, project)
    issuance.status, issuance.comment = IssuanceStatus.REJECTED, comment
    issuance.decided_by, issuance.decided_at = by, now
    await reports.move(session, report, Status.VERIFIED, step="rejection", by=by, now=now)
    return issuance


async def _lock(session: AsyncSession, issuance_id: UUID) -> tuple[Issuance, Report, Project]:
    """Lock project, report and issuance in this order; raises IssuanceDecided."""
    found = await get(session, issuance_id)
    if found.report_id is None:
        raise IssuanceDecided(issuance_id=issuance_id, status=found.status)
    report, project = await reports.lock(session, found.report_id)
    issuance = await repository.find_for_update(session, issuance_id)
    assert issuance is not None, "issuances are never deleted"
    if issuance.status != IssuanceStatus.PENDING:
        raise IssuanceDecided(issuance_id=issuance_id, status=issuance.status)
    return issuance, report, project


async def must_be_bureau(session: AsyncSession, officer_code: str, project: Project) -> None:
    """A scope alone issues nothing: the officer acts for a bureau that does not own the project.

    Raises OrganisationUnfit, OfficerInterested.
    """
    await organisations.must_act_as(session, officer_code, Kind.BUREAU)
    if officer_code == project.owner_code:
        raise OfficerInterested(organisation_code=officer_code)


def _blocks(
    issuance: Issuance, project: Project, vintages: Sequence[VintageShare], start: int
) -> list[IssuedBlock]:
    """Cut the drawn range into vintages, in order, each into owner and buffer, without a gap."""
    assert issuance.batch_no is not None, "drawn before the serials"
    issued_t = shares([share.quantity_t for share in vintages], issuance.quantity_t)
    kept_t = shares(issued_t, issuance.buffer_t)
    blocks: list[IssuedBlock] = []
    for share, whole_t, buffer_t in zip(vintages, issued_t, kept_t, strict=True):
        for account, quantity_t in ((OWNER, whole_t - buffer_t), (BUFFER, buffer_t)):
            if quantity_t == 0:
                continue
            serial = SerialRange(
                unit_type=project.unit_type,
                scope_code=project.scope_code,
                project_no=project.project_no,
                vintage=share.vintage,
                batch_no=issuance.batch_no,
                start=start,
                end=start + quantity_t - 1,
            )
            blocks.append(
                IssuedBlock(
                    issuance_id=issuance.issuance_id,
                    vintage=share.vintage,
                    account=account,
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
    project: Project,
    blocks: Sequence[IssuedBlock],
    *,
    now: datetime,
) -> None:
    assert issuance.batch_no is not None
    claimed: Sequence[str] = ()
    if issuance.report_id is not None:
        claimed = await reports.aggregate_ids(session, issuance.report_id)
    event = events.CreditsIssued(
        issuance_id=str(issuance.issuance_id),
        report_id=str(issuance.report_id or issuance.origin_id),
        project_id=project.project_id,
        project_no=project.project_no,
        project_name=project.name,
        project_type=cast("ProjectType", project.project_type),
        unit_type=cast("Literal['CQCER', 'CCER']", project.unit_type),
        scope_code=project.scope_code,
        methodology_code=project.methodology_code,
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
                vintage=block.vintage,
                start=block.start,
                end=block.end,
                serial=block.serial,
                account=cast("Literal['owner', 'buffer']", block.account),
            )
            for block in blocks
        ],
        aggregate_ids=list(claimed),
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
