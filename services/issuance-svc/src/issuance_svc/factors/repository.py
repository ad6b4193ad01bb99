"""SQL of the factors."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.factors.models import Factor, FactorKind
from issuance_svc.factors.rules import Place


async def insert_missing(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows whose id is not there yet."""
    await session.execute(insert(Factor).on_conflict_do_nothing(), list(rows))


async def upsert_kinds(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store the kinds as they are packaged now."""
    statement = insert(FactorKind)
    changed = {
        name: statement.excluded[name]
        for name in ("name_zh", "name_en", "unit", "dimension", "used_for", "parts", "instead")
    }
    statement = statement.on_conflict_do_update(index_elements=["kind"], set_=changed)
    await session.execute(statement, list(rows))


async def insert_version(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Insert the version and say whether it is the first of its number.

    Of two at once the second waits for the first, then finds it there.
    """
    statement = insert(Factor).values(values).on_conflict_do_nothing().returning(Factor.factor_id)
    return (await session.execute(statement)).first() is not None


async def list_all(session: AsyncSession) -> Sequence[Factor]:
    return (await session.scalars(select(Factor).order_by(Factor.factor_id))).all()


async def list_kinds(session: AsyncSession) -> Sequence[FactorKind]:
    return (await session.scalars(select(FactorKind).order_by(FactorKind.kind))).all()


async def find(session: AsyncSession, factor_id: str) -> Factor | None:
    return await session.get(Factor, factor_id)


async def list_versions(session: AsyncSession, places: Sequence[Place]) -> Sequence[Factor]:
    """Return every version of every place, oldest first."""
    wanted = [
        and_(
            Factor.kind == place.kind,
            Factor.region.is_not_distinct_from(place.region),
            Factor.subject.is_not_distinct_from(place.subject),
            Factor.year.is_not_distinct_from(place.year),
        )
        for place in places
    ]
    if not wanted:
        return []
    statement = select(Factor).where(or_(*wanted)).order_by(Factor.version)
    return (await session.scalars(statement)).all()


async def list_after(
    session: AsyncSession,
    *,
    kind: str | None,
    region: str | None,
    year: int | None,
    subject: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Factor]:
    """Return up to `limit` factors in order of their ids."""
    statement = select(Factor).order_by(Factor.factor_id).limit(limit)
    for column, value in (
        (Factor.kind, kind),
        (Factor.region, region),
        (Factor.year, year),
        (Factor.subject, subject),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(Factor.factor_id > after)
    return (await session.scalars(statement)).all()
