"""What registry-svc tells: projects and calendar years. Older versions change nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.projects import service
from tht_contracts.events.registry import (
    CalendarYearPublished,
    ProjectRegistered,
    ProjectStatusChanged,
)
from tht_kit.events import Received


async def on_projects_registered(
    session: AsyncSession, events: Sequence[Received[ProjectRegistered]], *, now: datetime
) -> None:
    del now
    for event in sorted(events, key=lambda found: found.key):
        await service.store(session, event.data.model_dump())


async def on_projects_status_changed(
    session: AsyncSession, events: Sequence[Received[ProjectStatusChanged]], *, now: datetime
) -> None:
    del now
    # Sorted by key (stable, so each project keeps its order): two batches lock rows alike.
    for event in sorted(events, key=lambda found: found.key):
        changed = event.data
        await service.change_status(
            session,
            changed.project_id,
            status=changed.status,
            reason=changed.reason,
            version=changed.version,
        )


async def on_calendar_years_published(
    session: AsyncSession, events: Sequence[Received[CalendarYearPublished]], *, now: datetime
) -> None:
    del now
    for event in sorted(events, key=lambda found: found.key):
        await service.store_year(session, event.data.model_dump())
