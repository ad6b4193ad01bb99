"""Events of issuance-svc about reversals, in the order in which they happened to a project.

A batch holds events of many owners. The accounts of all of them are locked first, together: two
batches that concern the same owners wait for each other and never cross.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.issuance import ReversalRecorded, ReversalSettled
from tht_kit.events import Received
from tht_kit.runner import PoisonRecord
from trading_svc.holdings.freeze import SerialsElsewhere
from trading_svc.reversals import service


async def on_reversals_recorded(
    session: AsyncSession, events: Sequence[Received[ReversalRecorded]], *, now: datetime
) -> None:
    await service.lock(session, [event.data.owner_code for event in events], now=now)
    for index, event in enumerate(events):
        try:
            await service.record(session, event.data, now=now)
        except SerialsElsewhere as error:
            raise PoisonRecord(index, str(error)) from error


async def on_reversals_settled(
    session: AsyncSession, events: Sequence[Received[ReversalSettled]], *, now: datetime
) -> None:
    await service.lock(session, [event.data.owner_code for event in events], now=now)
    for event in events:
        await service.release(session, event.data, now=now)
