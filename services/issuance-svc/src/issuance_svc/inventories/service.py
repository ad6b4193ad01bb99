"""Tree inventories: the stands that a quantification counts, and what was odd in the file."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.inventories import repository
from issuance_svc.inventories.models import InventoryRemark, StandRow


async def stands(
    session: AsyncSession, upload_ids: Sequence[UUID], *, limit: int
) -> Sequence[StandRow]:
    """Return the stands of the uploads."""
    return await repository.list_stands(session, upload_ids, limit=limit)


async def stands_of(
    session: AsyncSession, upload_id: UUID, *, after: Sequence[Any] | None, limit: int
) -> Sequence[StandRow]:
    """Return a page of the stands of one upload."""
    return await repository.list_stands_after(session, upload_id, after=after, limit=limit)


async def remarks(
    session: AsyncSession, upload_id: UUID, *, code: str | None, after: int, limit: int
) -> Sequence[InventoryRemark]:
    """Return a page of the remarks on one upload."""
    return await repository.list_remarks(session, upload_id, code=code, after=after, limit=limit)
