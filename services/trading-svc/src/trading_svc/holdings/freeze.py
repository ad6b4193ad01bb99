"""Freezing for the debt of a reversal (R20): exact serials of the liable owner, up to the debt."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from trading_svc.accounts.models import BUFFER_CODE
from trading_svc.holdings import repository, rules, service
from trading_svc.holdings.models import BlockState, Cause
from trading_svc.holdings.movement_repository import Change
from trading_svc.holdings.rules import Span
from trading_svc.holdings.service import Choice


class SerialsElsewhere(Exception):
    """Named buffer units that do not all stand free in the buffer."""


async def freeze(
    session: AsyncSession,
    account_code: str,
    *,
    project_id: UUID,
    quantity_t: int,
    reversal_id: UUID,
    now: datetime,
) -> int:
    """Freeze held units of the project, newest vintages first, and return how many there were.

    The newest first [D]: what a loss undoes is the growth that came last. The caller holds the
    account's lock.
    """
    blocks = await repository.newest_held(
        session, account_code, project_id=project_id, quantity_t=quantity_t
    )
    takes = rules.take_from_head([(block.id, block.span) for block in blocks], quantity_t)
    found = {block.id: block for block in blocks}
    choices = [Choice(found[take.block_id], take.span) for take in takes]
    await _change(
        session,
        choices,
        Cause.FROZEN,
        account_code=account_code,
        before=BlockState.HELD,
        after=BlockState.FROZEN,
        reversal_id=reversal_id,
        now=now,
    )
    return service.total_t(choices)


async def frozen_for(session: AsyncSession, reversal_id: UUID) -> list[Choice]:
    """Return what is kept for the debt; the caller holds the account's lock."""
    blocks = await repository.frozen_for(session, reversal_id)
    return [Choice(block, block.span) for block in blocks]


async def release_above(
    session: AsyncSession, account_code: str, *, reversal_id: UUID, owed_t: int, now: datetime
) -> None:
    """Give back what is frozen beyond what is still owed; the caller holds the account's lock."""
    blocks = await repository.frozen_for(session, reversal_id)
    excess_t = sum(block.span.quantity_t for block in blocks) - owed_t
    takes = rules.take_from_head([(block.id, block.span) for block in blocks], max(0, excess_t))
    found = {block.id: block for block in blocks}
    await _change(
        session,
        [Choice(found[take.block_id], take.span) for take in takes],
        Cause.UNFROZEN,
        account_code=account_code,
        before=BlockState.FROZEN,
        after=BlockState.HELD,
        reversal_id=reversal_id,
        now=now,
    )


async def cancel_buffered(
    session: AsyncSession, spans: Sequence[Span], *, reversal_id: UUID, now: datetime
) -> None:
    """Cancel exactly these buffer units, for ever; raises SerialsElsewhere.

    The caller holds the lock of the buffer's account.
    """
    blocks = await repository.touching(session, spans)
    found = {block.id: block for block in blocks}
    takes = rules.take_named([(block.id, block.span) for block in blocks], spans)
    choices = [Choice(found[take.block_id], take.span) for take in takes]
    free = [
        choice
        for choice in choices
        if (choice.block.account_code, choice.block.state) == (BUFFER_CODE, BlockState.HELD)
    ]
    wanted_t = sum(span.quantity_t for span in spans)
    if service.total_t(free) != wanted_t:
        raise SerialsElsewhere(f"{service.total_t(free)} of {wanted_t} t stand free in the buffer")
    await _change(
        session,
        free,
        Cause.CANCELLED,
        account_code=BUFFER_CODE,
        before=BlockState.HELD,
        after=BlockState.CANCELLED,
        reversal_id=reversal_id,
        now=now,
    )


async def _change(
    session: AsyncSession,
    choices: Sequence[Choice],
    cause: Cause,
    *,
    account_code: str,
    before: BlockState,
    after: BlockState,
    reversal_id: UUID,
    now: datetime,
) -> None:
    if not choices:
        return
    change = Change(
        cause=cause,
        cause_id=reversal_id,
        from_account=account_code,
        to_account=account_code,
        from_state=before,
        to_state=after,
        listing_id=None,
        retirement_id=None,
        reversal_id=None if after == BlockState.HELD else reversal_id,
        now=now,
    )
    await service.move(session, choices, change)
