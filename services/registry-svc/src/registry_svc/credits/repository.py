"""SQL of the projects' credits."""

from datetime import date
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.credits.models import ProjectCredits


async def find(session: AsyncSession, project_id: UUID) -> ProjectCredits | None:
    return await session.get(ProjectCredits, project_id)


async def add(session: AsyncSession, project_id: UUID, *, quantity_t: int, issued_on: date) -> None:
    """Count one more issuance of the project."""
    statement = insert(ProjectCredits).values(
        project_id=project_id, issued_t=quantity_t, batches=1, last_issued_on=issued_on
    )
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ProjectCredits.project_id],
            set_={
                "issued_t": ProjectCredits.issued_t + new.issued_t,
                "batches": ProjectCredits.batches + 1,
                "last_issued_on": func.greatest(ProjectCredits.last_issued_on, new.last_issued_on),
            },
        )
    )
