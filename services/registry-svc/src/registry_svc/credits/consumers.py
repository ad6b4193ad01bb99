"""What issuance-svc tells: issued credits. Counted once each, by the inbox."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.credits import service
from tht_contracts.events.issuance import CreditsIssued
from tht_kit.clock import legal_date
from tht_kit.events import Received


async def on_credits_issued(
    session: AsyncSession, events: Sequence[Received[CreditsIssued]], *, now: datetime
) -> None:
    del now
    # Sorted by key, so that two batches lock rows alike.
    for event in sorted(events, key=lambda found: found.key):
        await service.add(
            session,
            UUID(event.data.project_id),
            quantity_t=event.data.quantity_t,
            issued_on=legal_date(event.time),
        )
