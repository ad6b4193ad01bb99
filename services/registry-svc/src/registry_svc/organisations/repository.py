"""SQL of the organisations."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations.models import Organisation


async def insert_new(session: AsyncSession, organisation: Organisation) -> bool:
    """Insert the organisation; False if its code is taken (also by a concurrent transaction)."""
    statement = (
        insert(Organisation)
        .values(
            organisation_code=organisation.organisation_code,
            name=organisation.name,
            kinds=organisation.kinds,
            status=organisation.status,
            version=organisation.version,
            registered_at=organisation.registered_at,
        )
        .on_conflict_do_nothing()
        .returning(Organisation.organisation_code)
    )
    return (await session.execute(statement)).first() is not None


async def find(session: AsyncSession, organisation_code: str) -> Organisation | None:
    return await session.get(Organisation, organisation_code)


async def find_for_update(session: AsyncSession, organisation_code: str) -> Organisation | None:
    return await session.get(Organisation, organisation_code, with_for_update=True)


async def list_after(
    session: AsyncSession, *, kind: str | None, after: str | None, limit: int
) -> Sequence[Organisation]:
    """Return up to `limit` organisations in order of their codes."""
    statement = select(Organisation).order_by(Organisation.organisation_code).limit(limit)
    if kind is not None:
        statement = statement.where(Organisation.kinds.contains([kind]))
    if after is not None:
        statement = statement.where(Organisation.organisation_code > after)
    return (await session.scalars(statement)).all()


async def count(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(Organisation))).scalar_one()
