"""Projects as far as citizens' grams may go into them."""

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.projects import repository
from points_svc.projects.errors import (
    ProjectClosedToAggregates,
    ProjectNotForCitizens,
    ProjectUnknown,
)
from points_svc.projects.models import CITIZEN_TRAVEL, REGISTERED
from tht_kit.errors import Forbidden, Text


async def check_takes_grams(session: AsyncSession, project_id: str, operator_code: str) -> None:
    """Check that the operator may gather citizens' grams for the project: a claim is for ever.

    Raises ProjectUnknown, Forbidden, ProjectNotForCitizens, ProjectClosedToAggregates.
    """
    project = await repository.find(session, project_id)
    pointer = "/project_id"
    if project is None:
        raise ProjectUnknown(pointer=pointer, project_id=project_id)
    if project.owner_code != operator_code:
        raise Forbidden(
            pointer=pointer,
            reason=Text(
                zh=f"项目 {project_id} 不属于单位 {operator_code}。",
                en=f"The project {project_id} does not belong to {operator_code}.",
            ),
        )
    if project.project_type != CITIZEN_TRAVEL:
        raise ProjectNotForCitizens(
            pointer=pointer,
            project_id=project_id,
            project_type=project.project_type,
            wanted=CITIZEN_TRAVEL,
        )
    if project.status != REGISTERED:
        raise ProjectClosedToAggregates(
            pointer=pointer, project_id=project_id, status=project.status
        )


async def store(
    session: AsyncSession, project_id: str, *, project_type: str, owner_code: str, version: int
) -> None:
    """Store what a registration event says of a project; registered means REGISTERED."""
    await repository.upsert(
        session,
        project_id,
        project_type=project_type,
        owner_code=owner_code,
        status=REGISTERED,
        version=version,
    )


async def change_status(
    session: AsyncSession, project_id: str, *, status: str, version: int
) -> None:
    """Follow the status of a registered project; steps before the registration are passed over."""
    await repository.set_status(session, project_id, status=status, version=version)
