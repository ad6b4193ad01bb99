"""What aggregates learn from others: that their grams were issued."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.aggregates import service
from tht_contracts.events.issuance import CreditsIssued
from tht_kit.events import Received


async def on_credits_issued(
    session: AsyncSession, events: Sequence[Received[CreditsIssued]], *, now: datetime
) -> None:
    del now
    await service.record_issuances(session, events)
