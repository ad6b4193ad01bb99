"""SQL of the issuances and serials."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.issuances.models import (
    ExternalOrigin,
    Issuance,
    IssuanceStatus,
    IssuedBlock,
    OriginSeries,
    SerialLine,
    place_of,
)
from issuance_svc.projects.models import Project
from issuance_svc.reports.models import Report, claim_of
from issuance_svc.reports.rules import DEAD

# What one foreign serial can have become is bounded, so that a public question stays small.
ORIGINS_MAX = 100


@dataclass(frozen=True, slots=True)
class Totals:
    """What has been issued so far."""

    issued_t: int
    issuances: int
    by_project_type: dict[str, int]


async def find(session: AsyncSession, issuance_id: UUID) -> Issuance | None:
    return await session.get(Issuance, issuance_id)


async def find_for_update(session: AsyncSession, issuance_id: UUID) -> Issuance | None:
    """Return the issuance with its row locked until the transaction ends."""
    statement = select(Issuance).where(Issuance.issuance_id == issuance_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def insert_issuance(session: AsyncSession, issuance: Issuance) -> None:
    session.add(issuance)
    await session.flush()


async def last_batch_no(session: AsyncSession, project_id: str) -> int:
    """Return the project's last batch number, 0 before the first; its project row is locked."""
    statement = select(func.max(Issuance.batch_no)).where(Issuance.project_id == project_id)
    return (await session.execute(statement)).scalar_one() or 0


async def draw_serials(session: AsyncSession, quantity_t: int) -> int:
    """Take a contiguous range off the global line and return its first number.

    The counter's row stays locked until the transaction ends: an issuance that fails gives its
    numbers back, so the line has no gap.
    """
    statement = (
        update(SerialLine)
        .where(SerialLine.line_id == 1)
        .values(next_serial=SerialLine.next_serial + quantity_t)
        .returning(SerialLine.next_serial - quantity_t)
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).scalar_one()


async def insert_blocks(session: AsyncSession, blocks: Sequence[IssuedBlock]) -> None:
    session.add_all(blocks)
    await session.flush()


async def list_blocks(session: AsyncSession, issuance_ids: Sequence[UUID]) -> Sequence[IssuedBlock]:
    statement = select(IssuedBlock).where(IssuedBlock.issuance_id.in_(issuance_ids))
    return (
        await session.scalars(
            statement.order_by(IssuedBlock.issuance_id, func.lower(IssuedBlock.block))
        )
    ).all()


async def find_block(session: AsyncSession, number: int) -> IssuedBlock | None:
    """Return the issued block that holds the number."""
    statement = select(IssuedBlock).where(IssuedBlock.block.contains(cast(number, BigInteger)))
    return (await session.scalars(statement)).first()


async def list_after(
    session: AsyncSession, *, project_id: str | None, after: UUID | None, limit: int
) -> Sequence[Issuance]:
    """Return up to `limit` issuances, newest first."""
    statement = select(Issuance).order_by(Issuance.issuance_id.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(Issuance.project_id == project_id)
    if after is not None:
        statement = statement.where(Issuance.issuance_id < after)
    return (await session.scalars(statement)).all()


async def lock_series(session: AsyncSession, series: str) -> int:
    """Return the number of a foreign series, its row locked until the transaction ends."""
    statement = insert(OriginSeries).values(series=series)
    locked = statement.on_conflict_do_update(
        index_elements=["series"], set_={"series": statement.excluded.series}
    )
    return (await session.execute(locked.returning(OriginSeries.series_no))).scalar_one()


async def insert_origin(session: AsyncSession, origin: ExternalOrigin) -> None:
    """Insert the claim in a savepoint, so that a refusal can still be explained."""
    async with session.begin_nested():
        session.add(origin)
        await session.flush()


async def find_origin(session: AsyncSession, origin_id: UUID) -> ExternalOrigin | None:
    return await session.get(ExternalOrigin, origin_id)


async def lock_origin(session: AsyncSession, origin_id: UUID) -> ExternalOrigin:
    """Return a known claim with its row locked until the transaction ends."""
    statement = (
        select(ExternalOrigin).where(ExternalOrigin.origin_id == origin_id).with_for_update()
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def find_origin_at(session: AsyncSession, place: Range[Decimal]) -> ExternalOrigin | None:
    """Return a live claim that shares a number with the place."""
    statement = select(ExternalOrigin).where(
        ExternalOrigin.place.overlaps(place), ExternalOrigin.status != IssuanceStatus.REJECTED
    )
    return (await session.scalars(statement.limit(1))).first()


async def list_origins_of(
    session: AsyncSession, series: str, start: int | None, end: int | None
) -> Sequence[ExternalOrigin]:
    """Return the live claims on numbers of a series, in their order."""
    known = await session.scalars(select(OriginSeries).where(OriginSeries.series == series))
    found = known.first()
    if found is None:
        return []
    statement = (
        select(ExternalOrigin)
        .where(
            ExternalOrigin.place.overlaps(place_of(found.series_no, start, end)),
            ExternalOrigin.status != IssuanceStatus.REJECTED,
        )
        .order_by(ExternalOrigin.origin_id)
        .limit(ORIGINS_MAX)
    )
    return (await session.scalars(statement)).all()


async def find_origin_within(
    session: AsyncSession, project_id: str, start: date, end: date
) -> ExternalOrigin | None:
    """Return a live external batch of the project that covers any of the days."""
    statement = select(ExternalOrigin).where(
        ExternalOrigin.project_id == project_id,
        ExternalOrigin.status != IssuanceStatus.REJECTED,
        ExternalOrigin.period_start <= end,
        ExternalOrigin.period_end >= start,
    )
    return (await session.scalars(statement.limit(1))).first()


async def find_report_within(
    session: AsyncSession, project: Project, start: date, end: date
) -> Report | None:
    """Return a live report of the project that claims any of the days."""
    statement = select(Report).where(
        Report.claim.overlaps(claim_of(project.project_no, start, end)),
        Report.status.not_in(DEAD),
    )
    return (await session.scalars(statement.limit(1))).first()


async def totals(session: AsyncSession) -> Totals:
    statement = (
        select(Issuance.project_type, func.sum(Issuance.quantity_t), func.count())
        .where(Issuance.status == IssuanceStatus.ISSUED)
        .group_by(Issuance.project_type)
        .order_by(Issuance.project_type)
    )
    rows = (await session.execute(statement)).all()
    by_project_type = {project_type: int(issued_t) for project_type, issued_t, _ in rows}
    return Totals(
        issued_t=sum(by_project_type.values()),
        issuances=sum(count for _, _, count in rows),
        by_project_type=by_project_type,
    )
