"""What has been issued of a project, as the registry's public lists and its archive need it."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.credits import repository
from registry_svc.credits.models import ProjectCredits


async def add(session: AsyncSession, project_id: UUID, *, quantity_t: int, issued_on: date) -> None:
    """Count one more issuance of the project."""
    await repository.add(session, project_id, quantity_t=quantity_t, issued_on=issued_on)


async def of_project(session: AsyncSession, project_id: UUID) -> ProjectCredits | None:
    """Return what was issued of the project, None before its first issuance."""
    return await repository.find(session, project_id)
