"""Following a reversal that issuance-svc confirmed: flag, cancel the buffer's part, freeze, release."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.issuance import ReversalRecorded, ReversalSettled
from tht_contracts.events.trading import BufferChanged
from tht_kit.outbox import emit
from trading_svc.accounts import service as accounts
from trading_svc.accounts.models import BUFFER_CODE
from trading_svc.debts import service as debts
from trading_svc.debts.models import Debt
from trading_svc.holdings import freeze
from trading_svc.holdings.rules import Span
from trading_svc.market import recall


async def lock(session: AsyncSession, owner_codes: Sequence[str], *, now: datetime) -> None:
    """Lock the accounts of the owners and the buffer's at once, in their order."""
    codes = sorted(set(owner_codes))
    await accounts.announce(session, codes, now=now)
    await accounts.lock_all(session, [*codes, BUFFER_CODE])


async def record(session: AsyncSession, told: ReversalRecorded, *, now: datetime) -> None:
    """Flag the units, cancel the named buffer units and freeze the owner's up to the debt.

    Units that others hold, or that are retired, stay as they are. The same reversal again changes
    nothing. The caller holds the locks (`lock`). Raises SerialsElsewhere.
    """
    debt = await debts.record(session, told, now=now)
    if debt is None:
        return
    if told.buffer_blocks:
        await _cancel_buffered(session, told, now=now)
    await _freeze(session, debt, now=now)


async def _cancel_buffered(session: AsyncSession, told: ReversalRecorded, *, now: datetime) -> None:
    spans = [Span(block.start, block.end) for block in told.buffer_blocks]
    await freeze.cancel_buffered(session, spans, reversal_id=UUID(told.reversal_id), now=now)
    changed = BufferChanged(
        account_code=BUFFER_CODE,
        cause="cancelled",
        cause_id=told.reversal_id,
        quantity_t=sum(span.quantity_t for span in spans),
        blocks=told.buffer_blocks,
    )
    await emit(session, changed, now=now)


async def _freeze(session: AsyncSession, debt: Debt, *, now: datetime) -> None:
    """Freeze what is held; where that is short, take listings off the market and freeze those too.

    A sale that commits first is valid: its units are the buyer's then. One that comes second finds
    its listing gone.
    """
    if debt.debt_t == 0:
        return
    listed = await recall.lock_listed(
        session, seller_code=debt.owner_code, project_id=debt.project_id
    )
    missing_t = debt.debt_t
    for after_recall in (False, True):
        if after_recall and missing_t > 0:
            await recall.recall(
                session, listed, seller_code=debt.owner_code, quantity_t=missing_t, now=now
            )
        if missing_t > 0:
            missing_t -= await freeze.freeze(
                session,
                debt.owner_code,
                project_id=debt.project_id,
                quantity_t=missing_t,
                reversal_id=debt.reversal_id,
                now=now,
            )


async def release(session: AsyncSession, told: ReversalSettled, *, now: datetime) -> None:
    """Let go of whatever is still frozen for a debt that issuance-svc counts as settled.

    The caller holds the locks (`lock`).
    """
    await freeze.release_above(
        session, told.owner_code, reversal_id=UUID(told.reversal_id), owed_t=0, now=now
    )
