"""SQL of the methodologies."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies.models import Methodology


async def insert_new(session: AsyncSession, columns: dict[str, Any]) -> bool:
    """Insert a methodology; False if its code is published already."""
    statement = (
        insert(Methodology)
        .values(columns)
        .on_conflict_do_nothing()
        .returning(Methodology.methodology_code)
    )
    return (await session.execute(statement)).first() is not None


async def find(session: AsyncSession, methodology_code: str) -> Methodology | None:
    return await session.get(Methodology, methodology_code)


async def list_after(
    session: AsyncSession, *, after: str | None, limit: int
) -> Sequence[Methodology]:
    """Return up to `limit` methodologies in order of their codes."""
    statement = select(Methodology).order_by(Methodology.methodology_code).limit(limit)
    if after is not None:
        statement = statement.where(Methodology.methodology_code > after)
    return (await session.scalars(statement)).all()
