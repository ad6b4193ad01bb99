"""Counting the owner's cancellations towards the debt, each once, whatever is told again."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service as projects
from issuance_svc.reversals import confirm, repository, service
from issuance_svc.reversals.models import Status
from tht_contracts.events.trading import CreditsRetired


async def lock_projects(session: AsyncSession, reversal_ids: Collection[UUID]) -> None:
    """Lock the projects of the known reversals, in their order."""
    for project_id in await repository.list_projects_of(session, reversal_ids):
        await projects.lock(session, project_id)


async def count(session: AsyncSession, told: CreditsRetired, *, now: datetime) -> None:
    """Count a cancellation that names a reversal. Raises ReversalNotFound."""
    assert told.reversal_id is not None, "asked only for those that name one"
    reversal_id = UUID(told.reversal_id)
    found = await service.get(session, reversal_id)
    await projects.lock(session, found.project_id)
    reversal = await repository.find_for_update(session, reversal_id)
    assert reversal is not None, "reversals are never deleted"
    fresh = await repository.insert_settlement(
        session,
        {
            "retirement_id": UUID(told.retirement_id),
            "reversal_id": reversal_id,
            "quantity_t": told.quantity_t,
            "certificate_id": told.certificate_id,
            "retired_at": told.retired_at,
        },
    )
    if not fresh or reversal.status != Status.OPEN:
        return
    # Trading lets nobody cancel more than is owed; if it ever did, the surplus is not a credit.
    reversal.settled_t = min(reversal.debt_t, reversal.settled_t + told.quantity_t)
    if reversal.settled_t == reversal.debt_t:
        await confirm.settled(session, reversal, now=now)
