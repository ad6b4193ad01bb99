"""What registry-svc tells of projects. Older versions change nothing, so that no inbox is needed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.projects import service
from tht_contracts.events.registry import ProjectRegistered, ProjectStatusChanged
from tht_kit.events import Received


async def on_projects_registered(
    session: AsyncSession, events: Sequence[Received[ProjectRegistered]], *, now: datetime
) -> None:
    del now
    # Sorted by key (stable, so each project keeps its order): two batches lock rows alike.
    for event in sorted(events, key=lambda found: found.key):
        project = event.data
        await service.store(
            session,
            project.project_id,
            project_type=project.project_type,
            owner_code=project.owner_code,
            version=project.version,
        )


async def on_projects_status_changed(
    session: AsyncSession, events: Sequence[Received[ProjectStatusChanged]], *, now: datetime
) -> None:
    del now
    for event in sorted(events, key=lambda found: found.key):
        changed = event.data
        await service.change_status(
            session, changed.project_id, status=changed.status, version=changed.version
        )
