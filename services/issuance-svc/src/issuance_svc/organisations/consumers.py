"""What registry-svc tells of organisations. Older versions change nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import service
from tht_contracts.events.registry import OrganisationRegistered
from tht_kit.events import Received

COPIED = {"organisation_code", "kinds", "status", "version", "banned_until"}


async def on_organisations_registered(
    session: AsyncSession, events: Sequence[Received[OrganisationRegistered]], *, now: datetime
) -> None:
    del now
    # Sorted by key, so that two batches lock rows alike.
    ordered = sorted(events, key=lambda found: found.key)
    await service.store(session, [_copied(event.data) for event in ordered])


def _copied(told: OrganisationRegistered) -> dict[str, Any]:
    competence = None if told.competence is None else told.competence.model_dump(mode="json")
    return told.model_dump(include=COPIED) | {"competence": competence}
