"""SQL of the projects' read model."""

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.projects.models import Project


async def upsert(
    session: AsyncSession,
    project_id: str,
    *,
    project_type: str,
    owner_code: str,
    status: str,
    version: int,
) -> None:
    """Store the project; an event older than what is stored changes nothing."""
    values = {
        "project_type": project_type,
        "owner_code": owner_code,
        "status": status,
        "version": version,
    }
    await session.execute(
        insert(Project)
        .values(project_id=project_id, **values)
        .on_conflict_do_update(
            index_elements=["project_id"], set_=values, where=Project.version < version
        )
    )


async def set_status(session: AsyncSession, project_id: str, *, status: str, version: int) -> None:
    """Change the status of a known project; an older event changes nothing."""
    await session.execute(
        update(Project)
        .where(Project.project_id == project_id, Project.version < version)
        .values(status=status, version=version)
    )


async def find(session: AsyncSession, project_id: str) -> Project | None:
    return await session.get(Project, project_id)
