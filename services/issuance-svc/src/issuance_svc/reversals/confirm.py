"""Deciding on a reversal: cover first, then the buffer, then the owner's debt; trading is told."""

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.buffer import service as buffer
from issuance_svc.buffer.models import Cancellation
from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind as OrganisationKind
from issuance_svc.projects import service as projects
from issuance_svc.reversals import repository, rules, service
from issuance_svc.reversals.errors import (
    ConfirmerInterested,
    MeasuredLossStands,
    ReversalDecided,
)
from issuance_svc.reversals.models import CORRECTIONS, Kind, Reversal, Status
from issuance_svc.reversals.rules import Loss
from tht_contracts.events.common import Block
from tht_contracts.events.issuance import ReversalKind, ReversalRecorded, ReversalSettled
from tht_kit.clock import legal_date
from tht_kit.outbox import emit


async def confirm(
    session: AsyncSession, reversal_id: UUID, *, officer_code: str, now: datetime
) -> Reversal:
    """Make the reversal a debt of the owner, or of nobody where cover and buffer bear it.

    Raises ReversalNotFound, ReversalDecided, OrganisationUnfit, ConfirmerInterested,
    CorrectionInvalid.
    """
    reversal = await _lock(session, reversal_id)
    if reversal.status != Status.REPORTED:
        raise ReversalDecided(reversal_id=reversal_id, reversal_status=reversal.status)
    await _must_be_independent(session, reversal, officer_code)
    borne = await _bear(session, reversal)
    reversal.covered, reversal.deficit = borne.covered, borne.deficit
    reversal.buffer_t, reversal.debt_t = borne.buffer_t, borne.debt_t
    reversal.confirmed_at = now
    reversal.status = Status.OPEN if borne.debt_t > 0 else Status.SETTLED
    reversal.settled_at = None if borne.debt_t > 0 else now
    await session.flush()
    cancelled = await buffer.cancel(
        session,
        project_id=reversal.project_id,
        quantity_t=borne.buffer_t,
        reversal_id=reversal_id,
        now=now,
    )
    await _tell(session, reversal, cancelled, now=now)
    return reversal


async def _must_be_independent(
    session: AsyncSession, reversal: Reversal, officer_code: str
) -> None:
    await organisations.must_act_as(session, officer_code, OrganisationKind.BUREAU)
    if officer_code == reversal.owner_code:
        raise ConfirmerInterested(organisation_code=officer_code)


async def _lock(session: AsyncSession, reversal_id: UUID) -> Reversal:
    """Return the reversal with its project and itself locked, the project first."""
    found = await service.get(session, reversal_id)
    await projects.lock(session, found.project_id)
    reversal = await repository.find_for_update(session, reversal_id)
    assert reversal is not None, "reversals are never deleted"
    return reversal


async def _bear(session: AsyncSession, reversal: Reversal) -> Loss:
    """Share the loss out. For a correction an equal quantity is owed, and no cover is used (R10).

    What earlier reversals of the project cost already is not owed a second time.
    """
    before = await service.standing(session, reversal.project_id)
    if reversal.kind not in CORRECTIONS:
        return rules.bear(reversal.loss, before)
    await service.must_fit_issuance(session, reversal)
    return rules.correct(int(reversal.loss), before)


async def reject(session: AsyncSession, reversal_id: UUID, *, officer_code: str | None) -> None:
    """End the reversal without a debt; the next issuance is free again.

    Without an officer it is the initiator who takes it back. One that went with its report is
    rejected already: then only its task ends. Raises ReversalNotFound, OrganisationUnfit,
    ConfirmerInterested, MeasuredLossStands.
    """
    reversal = await _lock(session, reversal_id)
    if officer_code is not None:
        await _must_be_independent(session, reversal, officer_code)
    if reversal.status != Status.REPORTED:
        return
    # What was measured stands as long as its report does: neither its owner nor anybody else waves
    # it away, or the loss would be in no number at all.
    if reversal.kind == Kind.MONITORED_LOSS:
        raise MeasuredLossStands(reversal_id=reversal_id, report_id=reversal.report_id)
    reversal.status = Status.REJECTED


async def _tell(
    session: AsyncSession, reversal: Reversal, cancelled: list[Cancellation], *, now: datetime
) -> None:
    concerned = (
        [reversal.issuance_id]
        if reversal.issuance_id is not None
        else await repository.list_issuance_ids(session, reversal.project_id)
    )
    event = ReversalRecorded(
        reversal_id=str(reversal.reversal_id),
        project_id=reversal.project_id,
        owner_code=reversal.owner_code,
        unit_type=cast("Literal['CQCER', 'CCER']", reversal.unit_type),
        kind=cast("ReversalKind", str(reversal.kind)),
        occurred_on=reversal.occurred_on,
        loss_t=format(reversal.loss, "f"),
        covered_t=format(reversal.covered, "f"),
        debt_t=reversal.debt_t,
        buffer_blocks=[
            Block(
                project_id=reversal.project_id,
                vintage=each.vintage,
                start=each.start,
                end=each.end,
            )
            for each in cancelled
        ],
        issuance_ids=[str(found) for found in concerned],
    )
    await emit(session, event, now=now)


async def settled(session: AsyncSession, reversal: Reversal, *, now: datetime) -> None:
    """Close a reversal whose debt has been cancelled, and tell trading to let go."""
    reversal.status, reversal.settled_at = Status.SETTLED, now
    event = ReversalSettled(
        reversal_id=str(reversal.reversal_id),
        project_id=reversal.project_id,
        owner_code=reversal.owner_code,
        debt_t=reversal.debt_t,
        settled_on=legal_date(now),
    )
    await emit(session, event, now=now)
