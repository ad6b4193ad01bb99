"""What trading-svc tells: cancellations that settle the debt of a reversal."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reversals import settlement
from issuance_svc.reversals.errors import ReversalNotFound
from tht_contracts.events.trading import CreditsRetired
from tht_kit.events import Received
from tht_kit.runner import PoisonRecord


async def on_credits_retired(
    session: AsyncSession, events: Sequence[Received[CreditsRetired]], *, now: datetime
) -> None:
    """Pass over what was retired for other reasons.

    All projects are locked first, in their order: two batches never cross.
    """
    named = {UUID(event.data.reversal_id) for event in events if event.data.reversal_id is not None}
    await settlement.lock_projects(session, named)
    for index, event in enumerate(events):
        if event.data.reversal_id is None:
            continue
        try:
            await settlement.count(session, event.data, now=now)
        except ReversalNotFound as error:
            raise PoisonRecord(index, f"no reversal {event.data.reversal_id}") from error
