"""Projects: reading them, and the one way a step of the status machine is written down."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.projects import repository
from registry_svc.projects.errors import (
    NotTheOwner,
    ProjectNotDraft,
    ProjectNotFound,
    ProjectRuleMissing,
)
from registry_svc.projects.models import (
    Comment,
    Project,
    ProjectRule,
    ProjectVersion,
    StatusChange,
)
from registry_svc.projects.rules import NAMES, OVERSIGHT, RELEASING, ProjectStatus
from registry_svc.sites import service as sites
from registry_svc.sites.rules import ParcelConditions
from tht_contracts.events.registry import ProjectStatusChanged
from tht_kit.outbox import emit
from tht_kit.principal import Principal


async def get(session: AsyncSession, project_id: UUID) -> Project:
    """Return the project with its site, validation and history; raises ProjectNotFound."""
    project = await repository.find(session, project_id)
    if project is None:
        raise ProjectNotFound(project_id=project_id)
    return project


async def get_visible(
    session: AsyncSession, project_id: UUID, *, reader: Principal | None
) -> Project:
    """Return the project as `get` does; raises ProjectNotFound also for a draft of others."""
    project = await get(session, project_id)
    if not project.is_published and not is_party(project, reader):
        raise ProjectNotFound(project_id=project_id)
    return project


def is_party(project: Project, reader: Principal | None) -> bool:
    """Say whether the reader may see what of the project is not public."""
    return reader is not None and (
        reader.has(OVERSIGHT) or reader.organisation_code in project.parties
    )


async def get_for_update(session: AsyncSession, project_id: UUID) -> Project:
    """Return the project, locked for a step; raises ProjectNotFound."""
    project = await repository.find_for_update(session, project_id)
    if project is None:
        raise ProjectNotFound(project_id=project_id)
    return project


async def get_draft_for_update(
    session: AsyncSession, project_id: UUID, *, owner_code: str
) -> Project:
    """Return a draft, locked for its owner's change.

    Raises ProjectNotFound, NotTheOwner, ProjectNotDraft.
    """
    project = await get_for_update(session, project_id)
    if project.owner_code != owner_code:
        raise NotTheOwner(project_id=project_id)
    if project.status != ProjectStatus.DRAFT:
        raise ProjectNotDraft(project_id=project_id, status=NAMES[ProjectStatus(project.status)])
    return project


async def parcel_conditions(session: AsyncSession, construction_start: date) -> ParcelConditions:
    """Return what the parcels of a project must be that was started on the day (R19)."""
    rule = await repository.get_parcel_rule(session, construction_start)
    return ParcelConditions(
        construction_start=construction_start,
        area_m2_min=rule.area_m2_min,
        non_forest_years=rule.non_forest_years,
    )


def keep_version(
    session: AsyncSession, project: Project, declared: dict[str, Any], now: datetime
) -> None:
    """Keep a change of a draft as its next version."""
    project.version += 1
    repository.add(
        session,
        ProjectVersion(
            project_id=project.project_id,
            version=project.version,
            declared=declared,
            filed_at=now,
        ),
    )


async def list_comments_page(
    session: AsyncSession,
    project_id: UUID,
    *,
    reader: Principal | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Comment]:
    """Return up to `limit` comments of the project, oldest first; raises ProjectNotFound."""
    await get_visible(session, project_id, reader=reader)
    return await repository.list_comments(session, project_id, after=after, limit=limit)


async def list_versions(
    session: AsyncSession, project_id: UUID, *, reader: Principal | None
) -> Sequence[ProjectVersion]:
    """Return every declaration of the project, oldest first; raises ProjectNotFound."""
    await get_visible(session, project_id, reader=reader)
    return await repository.list_versions(session, project_id)


async def count_by_status(session: AsyncSession) -> dict[ProjectStatus, int]:
    """Return how many projects are at each status, zeros included."""
    counted = await repository.count_by_status(session)
    return {status: counted.get(status, 0) for status in ProjectStatus}


async def get_rule(session: AsyncSession, unit_type: str) -> ProjectRule:
    """Return the registration rule of the unit; raises ProjectRuleMissing."""
    rule = await repository.find_project_rule(session, unit_type)
    if rule is None:
        raise ProjectRuleMissing(unit_type=unit_type)
    return rule


async def record_step(
    session: AsyncSession, project: Project, change: StatusChange, *, now: datetime
) -> None:
    """Write a step that `Project.move` took into the history and tell the others."""
    repository.add(session, change)
    if project.status in RELEASING:
        await sites.release(session, project.project_id, now)
    event = ProjectStatusChanged.model_validate(
        {
            "project_id": str(project.project_id),
            "status_before": change.status_before,
            "status": change.status,
            "reason": change.reason,
            "version": change.version,
            "deregistration_ground": project.deregistration_ground,
        }
    )
    await emit(session, event, now=now)
