"""SQL of the projects beside a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies.models import ProjectType
from registry_svc.projects.models import Project
from registry_svc.projects.rules import ProjectStatus

# A draft is nobody's business yet, and what was recalled or rejected stands nowhere.
_STANDS_NOWHERE = (ProjectStatus.DRAFT, ProjectStatus.RECALLED, ProjectStatus.REJECTED)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A solar project and where it is, in degrees."""

    project_id: UUID
    name: str
    status: str
    latitude: Decimal
    longitude: Decimal


async def neighbours(
    session: AsyncSession,
    project_id: UUID,
    latitudes: tuple[Decimal, Decimal],
    longitudes: tuple[Decimal, Decimal],
) -> Sequence[Neighbour]:
    """Return the other solar projects inside a box, in order of their ids."""
    statement = (
        select(
            Project.project_id, Project.name, Project.status, Project.latitude, Project.longitude
        )
        .where(
            Project.project_id != project_id,
            Project.project_type == ProjectType.DISTRIBUTED_PV,
            Project.status.not_in(_STANDS_NOWHERE),
            Project.latitude.between(*latitudes),
            Project.longitude.between(*longitudes),
        )
        .order_by(Project.project_id)
    )
    return [
        Neighbour(found, name, status, latitude, longitude)
        for found, name, status, latitude, longitude in await session.execute(statement)
        if latitude is not None and longitude is not None
    ]
