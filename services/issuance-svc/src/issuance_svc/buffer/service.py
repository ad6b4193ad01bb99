"""The buffer: a project's own units that can do nothing but be cancelled when a reversal comes.

Each project's part covers its own reversals only; nobody pays for another's loss [D].
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.buffer import repository
from issuance_svc.buffer.models import Cancellation, Deposit
from issuance_svc.buffer.repository import ProjectBalance


async def deposit(
    session: AsyncSession,
    *,
    project_id: str,
    issuance_id: UUID,
    blocks: Sequence[tuple[int, int, int]],
    now: datetime,
) -> None:
    """Remember what an issuance put into the buffer: (vintage, first serial, tonnes) each."""
    deposits = [
        Deposit(
            issuance_id=issuance_id,
            vintage=vintage,
            project_id=project_id,
            block=Range(start, start + quantity_t, bounds="[)"),
            quantity_t=quantity_t,
            cancelled_t=0,
            deposited_at=now,
        )
        for vintage, start, quantity_t in blocks
    ]
    await repository.insert(session, deposits)


async def available_t(session: AsyncSession, project_id: str) -> int:
    """Return what is left; exact for a caller that holds the project's lock."""
    return await repository.left_t(session, project_id)


async def cancel(
    session: AsyncSession, *, project_id: str, quantity_t: int, reversal_id: UUID, now: datetime
) -> list[Cancellation]:
    """Take a quantity that is there out of the buffer for ever, oldest vintage first, from its head.

    The caller holds the project's lock and has asked what is available.
    """
    cancelled: list[Cancellation] = []
    missing_t = quantity_t
    for found in await repository.lock_left(session, project_id):
        if missing_t == 0:
            break
        taken_t = min(missing_t, found.quantity_t - found.cancelled_t)
        start = found.next_serial
        cancelled.append(
            Cancellation(
                reversal_id=reversal_id,
                issuance_id=found.issuance_id,
                vintage=found.vintage,
                block=Range(start, start + taken_t, bounds="[)"),
                quantity_t=taken_t,
                cancelled_at=now,
            )
        )
        found.cancelled_t += taken_t
        missing_t -= taken_t
    assert missing_t == 0, f"the buffer lacks {missing_t} t"
    await repository.insert(session, cancelled)
    return cancelled


async def cancelled_for(session: AsyncSession, reversal_id: UUID) -> Sequence[Cancellation]:
    """Return the serials that covered a reversal, in their order."""
    return await repository.list_cancelled(session, reversal_id)


async def totals(session: AsyncSession) -> tuple[int, int]:
    """Return what was ever deposited and what was cancelled, in tonnes."""
    return await repository.total(session)


async def list_projects(
    session: AsyncSession, *, after: str | None, limit: int
) -> list[ProjectBalance]:
    """Return the projects' parts of the buffer."""
    return await repository.balances(session, after=after, limit=limit)
