"""The recall (撤回): an owner takes its project back before it is registered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.projects import service
from registry_svc.projects.errors import NotTheOwner
from registry_svc.projects.models import Project
from registry_svc.projects.rules import RECALL


async def recall(
    session: AsyncSession, project_id: UUID, *, owner_code: str, reason: str, now: datetime
) -> Project:
    """End a project that is not decided on yet (R12); its meters and parcels become free.

    Raises ProjectNotFound, NotTheOwner, ProjectStepRefused.
    """
    project = await service.get_for_update(session, project_id)
    if project.owner_code != owner_code:
        raise NotTheOwner(project_id=project_id)
    change = project.move(RECALL, by=owner_code, reason=reason, now=now)
    await service.record_step(session, project, change, now=now)
    return await service.get(session, project_id)
