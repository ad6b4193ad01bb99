"""SQL of the working-day calendar."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.calendar.models import PublishedYear


async def find(session: AsyncSession, year: int) -> PublishedYear | None:
    return await session.get(PublishedYear, year)


async def list_all(session: AsyncSession) -> Sequence[PublishedYear]:
    return (await session.scalars(select(PublishedYear).order_by(PublishedYear.year))).all()


async def insert_new(session: AsyncSession, row: PublishedYear) -> bool:
    """Insert the year; False if it is there already."""
    statement = (
        insert(PublishedYear)
        .values(_columns(row))
        .on_conflict_do_nothing()
        .returning(PublishedYear.year)
    )
    return (await session.execute(statement)).first() is not None


async def replace(session: AsyncSession, row: PublishedYear) -> bool:
    """Write the year as its next version; False if it says nothing new."""
    statement = insert(PublishedYear).values(_columns(row))
    new = statement.excluded
    written = await session.execute(
        statement.on_conflict_do_update(
            index_elements=[PublishedYear.year],
            set_={
                "holidays": new.holidays,
                "makeup_workdays": new.makeup_workdays,
                "source": new.source,
                "version": PublishedYear.version + 1,
                "published_at": new.published_at,
            },
            where=or_(
                PublishedYear.holidays != new.holidays,
                PublishedYear.makeup_workdays != new.makeup_workdays,
                PublishedYear.source != new.source,
            ),
        ).returning(PublishedYear.year)
    )
    return written.first() is not None


def _columns(row: PublishedYear) -> dict[str, object]:
    return {
        "year": row.year,
        "holidays": row.holidays,
        "makeup_workdays": row.makeup_workdays,
        "source": row.source,
        "version": row.version,
        "published_at": row.published_at,
    }
