"""The public lists of projects (项目公开目录): searched, paged, and whole for an export."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.listings import repository
from registry_svc.listings.repository import Filters, Listed
from tht_kit.db import Database

EXPORT_PAGE_ROWS = 500


async def list_page(
    session: AsyncSession, filters: Filters, *, after: UUID | None, limit: int
) -> Sequence[Listed]:
    """Return up to `limit` rows that come after `after`, newest first."""
    return await repository.list_after(session, filters, after=after, limit=limit)


async def pages(database: Database, filters: Filters) -> AsyncIterator[Sequence[Listed]]:
    """Yield all that the filters leave, a page at a time and a transaction each.

    A slow reader holds no connection; what is filed meanwhile is newer than what was read.
    """
    after: UUID | None = None
    while True:
        async with database.read() as session:
            rows = await repository.list_after(
                session, filters, after=after, limit=EXPORT_PAGE_ROWS
            )
        if rows:
            yield rows
        if len(rows) < EXPORT_PAGE_ROWS:
            return
        after = rows[-1].project.project_id
