"""Events of issuance-svc about reversals, in the order in which they happened to a project."""

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
    for index, event in enumerate(events):
        try:
            await service.record(session, event.data, now=now)
        except SerialsElsewhere as error:
            raise PoisonRecord(index, str(error)) from error


async def on_reversals_settled(
    session: AsyncSession, events: Sequence[Received[ReversalSettled]], *, now: datetime
) -> None:
    for event in events:
        await service.release(session, event.data, now=now)
