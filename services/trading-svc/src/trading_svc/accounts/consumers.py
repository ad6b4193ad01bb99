"""Events of registry-svc that open accounts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.registry import OrganisationRegistered
from tht_kit.events import Received
from trading_svc.accounts import service


async def on_organisations(
    session: AsyncSession, events: Sequence[Received[OrganisationRegistered]], *, now: datetime
) -> None:
    await service.copy_organisations(session, [event.data for event in events], now=now)
