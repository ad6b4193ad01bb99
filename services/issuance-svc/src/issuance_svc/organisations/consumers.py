"""What registry-svc tells of organisations. Older versions change nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import service
from tht_contracts.events.registry import OrganisationRegistered
from tht_kit.events import Received

COPIED = {"organisation_code", "kinds", "status", "version"}


async def on_organisations_registered(
    session: AsyncSession, events: Sequence[Received[OrganisationRegistered]], *, now: datetime
) -> None:
    del now
    # Sorted by key, so that two batches lock rows alike.
    ordered = sorted(events, key=lambda found: found.key)
    await service.store(session, [event.data.model_dump(include=COPIED) for event in ordered])
