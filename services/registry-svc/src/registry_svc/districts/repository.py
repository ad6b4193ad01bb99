"""SQL of the districts."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.districts.models import District


async def find(session: AsyncSession, district_code: str) -> District | None:
    return await session.get(District, district_code)


async def insert_missing(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the districts that are not there; one that the bureau changed stays as it is."""
    await session.execute(insert(District).values(list(rows)).on_conflict_do_nothing())


async def replace(session: AsyncSession, values: dict[str, Any]) -> District:
    """Write the district as its next version."""
    statement = insert(District).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=[District.district_code],
        set_={
            **{name: statement.excluded[name] for name in values if name != "district_code"},
            "version": District.version + 1,
        },
    )
    written = await session.scalars(
        statement.returning(District).execution_options(populate_existing=True)
    )
    return written.one()


async def list_after(
    session: AsyncSession, *, on: date | None, after: str | None, limit: int
) -> Sequence[District]:
    """Return up to `limit` districts in order of their codes, those in force on the day."""
    statement = select(District).order_by(District.district_code).limit(limit)
    if on is not None:
        statement = statement.where(
            District.valid_from <= on,
            or_(District.valid_until.is_(None), District.valid_until >= on),
        )
    if after is not None:
        statement = statement.where(District.district_code > after)
    return (await session.scalars(statement)).all()
