"""Debts of reversals as trading keeps them: what is owed, what was cancelled for it, what is flagged."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.issuance import ReversalRecorded
from trading_svc.debts import repository
from trading_svc.debts.errors import DebtNotFound, DebtSmaller
from trading_svc.debts.models import Debt
from trading_svc.debts.repository import AnySession


async def record(session: AsyncSession, told: ReversalRecorded, *, now: datetime) -> Debt | None:
    """Store a confirmed reversal and flag its issuances; None if it is known already."""
    debt = Debt(
        reversal_id=UUID(told.reversal_id),
        project_id=UUID(told.project_id),
        owner_code=told.owner_code,
        unit_type=told.unit_type,
        kind=told.kind,
        occurred_on=told.occurred_on,
        loss_t=told.loss_t,
        debt_t=told.debt_t,
        settled_t=0,
        recorded_at=now,
        settled_at=now if told.debt_t == 0 else None,
    )
    if not await repository.insert_new(session, debt):
        return None
    await repository.flag(session, debt.reversal_id, {UUID(found) for found in told.issuance_ids})
    return debt


async def lock_owed(session: AsyncSession, reversal_id: UUID, *, owner_code: str) -> Debt:
    """Return the owner's debt, locked; the caller holds the account's lock. Raises DebtNotFound."""
    debt = await repository.lock(session, reversal_id)
    if debt is None or debt.owner_code != owner_code or debt.debt_t == 0:
        raise DebtNotFound(
            pointer="/reversal_id", organisation_code=owner_code, reversal_id=reversal_id
        )
    return debt


async def lock(session: AsyncSession, reversal_id: UUID) -> Debt | None:
    """Return the debt, locked; the caller holds the lock of its owner's account."""
    return await repository.lock(session, reversal_id)


def settle(debt: Debt, quantity_t: int, *, now: datetime) -> None:
    """Count cancelled units towards the locked debt; raises DebtSmaller."""
    if quantity_t > debt.owed_t:
        raise DebtSmaller(
            pointer="/quantity_t",
            reversal_id=debt.reversal_id,
            owed_t=debt.owed_t,
            quantity_t=quantity_t,
        )
    debt.settled_t += quantity_t
    if debt.owed_t == 0:
        debt.settled_at = now


async def find(session: AnySession, reversal_id: UUID) -> Debt | None:
    return await repository.find(session, reversal_id)


async def flags_of(session: AnySession, issuance_ids: Collection[UUID]) -> dict[UUID, list[Debt]]:
    """Return the reversals that concern the units of each issuance; most have none."""
    found: dict[UUID, list[Debt]] = {}
    for issuance_id, debt in await repository.flags_of(session, set(issuance_ids)):
        found.setdefault(issuance_id, []).append(debt)
    return found
