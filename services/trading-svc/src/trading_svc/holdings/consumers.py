"""Events that bring credits in (issuance-svc) and that suspend projects (registry-svc)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tht_contracts.events.issuance import CreditsIssued
from tht_contracts.events.registry import ProjectStatusChanged
from tht_kit.events import Received
from tht_kit.runner import PoisonRecord
from trading_svc.holdings import issue


async def on_credits_issued(
    session: AsyncSession, events: Sequence[Received[CreditsIssued]], *, now: datetime
) -> None:
    """Credit the owners' accounts, once per issuance."""
    try:
        await issue.credit(session, [(event.data, event.time) for event in events], now=now)
    except issue.IssuanceRefused as error:
        raise PoisonRecord(error.index, error.reason) from error


async def on_project_status(
    session: AsyncSession, events: Sequence[Received[ProjectStatusChanged]], *, now: datetime
) -> None:
    """Remember which projects are suspended: their owner's units are frozen meanwhile."""
    del now
    await issue.note_project_states(session, [event.data for event in events])
