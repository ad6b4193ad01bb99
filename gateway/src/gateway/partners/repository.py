"""SQL of the partners."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.partners.models import Partner


async def insert_new(session: AsyncSession, partner: Partner) -> bool:
    """Insert the partner; False if its client id is taken (also by a concurrent transaction)."""
    columns = Partner.__table__.columns.keys()
    statement = (
        insert(Partner)
        .values({name: getattr(partner, name) for name in columns})
        .on_conflict_do_nothing()
        .returning(Partner.client_id)
    )
    return (await session.execute(statement)).first() is not None


async def find(session: AsyncSession, client_id: str) -> Partner | None:
    return await session.get(Partner, client_id)


async def find_for_update(session: AsyncSession, client_id: str) -> Partner | None:
    return await session.get(Partner, client_id, with_for_update=True, populate_existing=True)


async def list_after(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[Partner]:
    """Return up to `limit` partners in order of their client ids."""
    statement = select(Partner).order_by(Partner.client_id).limit(limit)
    if after is not None:
        statement = statement.where(Partner.client_id > after)
    return (await session.scalars(statement)).all()
