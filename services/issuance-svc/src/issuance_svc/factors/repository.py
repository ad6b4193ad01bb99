"""SQL of the factors."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.factors.models import Factor
from issuance_svc.methodologies.calculation import FactorNeed


async def insert_missing(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows whose id is not there yet."""
    await session.execute(insert(Factor).on_conflict_do_nothing(), list(rows))


async def list_all(session: AsyncSession) -> Sequence[Factor]:
    return (await session.scalars(select(Factor).order_by(Factor.factor_id))).all()


async def list_newest(session: AsyncSession, needs: Sequence[FactorNeed]) -> Sequence[Factor]:
    """Return the newest version of every factor that one of the needs names exactly."""
    wanted = [
        and_(
            Factor.kind == need.kind,
            Factor.region.is_not_distinct_from(need.region),
            Factor.subject.is_not_distinct_from(need.subject),
            Factor.year.is_not_distinct_from(need.year),
        )
        for need in needs
    ]
    if not wanted:
        return []
    place = (Factor.kind, Factor.region, Factor.subject, Factor.year)
    statement = select(Factor).where(or_(*wanted)).order_by(*place, Factor.version.desc())
    newest = statement.ext(distinct_on(*place))
    return (await session.scalars(newest)).all()


async def list_after(
    session: AsyncSession,
    *,
    kind: str | None,
    region: str | None,
    year: int | None,
    after: str | None,
    limit: int,
) -> Sequence[Factor]:
    """Return up to `limit` factors in order of their ids."""
    statement = select(Factor).order_by(Factor.factor_id).limit(limit)
    if kind is not None:
        statement = statement.where(Factor.kind == kind)
    if region is not None:
        statement = statement.where(Factor.region == region)
    if year is not None:
        statement = statement.where(Factor.year == year)
    if after is not None:
        statement = statement.where(Factor.factor_id > after)
    return (await session.scalars(statement)).all()
