"""SQL of the reversals."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reversals.models import (
    CORRECTIONS,
    Backing,
    Kind,
    Reversal,
    Settlement,
    Status,
)

CONFIRMED = (Status.OPEN, Status.SETTLED)


async def add(session: AsyncSession, row: Reversal | Backing) -> None:
    session.add(row)
    await session.flush()


async def find(session: AsyncSession, reversal_id: UUID) -> Reversal | None:
    return await session.get(Reversal, reversal_id)


async def list_projects_of(session: AsyncSession, reversal_ids: Collection[UUID]) -> Sequence[str]:
    statement = select(Reversal.project_id).where(Reversal.reversal_id.in_(reversal_ids))
    return (await session.scalars(statement.distinct().order_by(Reversal.project_id))).all()


async def find_for_update(session: AsyncSession, reversal_id: UUID) -> Reversal | None:
    """Return the reversal with its row locked until the transaction ends."""
    statement = select(Reversal).where(Reversal.reversal_id == reversal_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def find_unsettled(session: AsyncSession, project_id: str) -> Reversal | None:
    """Return a reversal of the project that waits for its decision or is owed for."""
    statement = select(Reversal).where(
        Reversal.project_id == project_id,
        Reversal.status.in_((Status.REPORTED, Status.OPEN)),
    )
    return (await session.scalars(statement.order_by(Reversal.reversal_id).limit(1))).first()


async def list_lost(session: AsyncSession, project_id: str, until: date) -> Sequence[Reversal]:
    """Return the confirmed losses of stock that somebody reported, up to a day, in their order."""
    statement = select(Reversal).where(
        Reversal.project_id == project_id,
        Reversal.status.in_(CONFIRMED),
        Reversal.kind.not_in((*CORRECTIONS, Kind.MONITORED_LOSS)),
        Reversal.occurred_on <= until,
    )
    order = (Reversal.occurred_on, Reversal.reversal_id)
    return (await session.scalars(statement.order_by(*order))).all()


async def find_of_report(session: AsyncSession, report_id: UUID) -> Reversal | None:
    statement = select(Reversal).where(
        Reversal.report_id == report_id, Reversal.status != Status.REJECTED
    )
    return (await session.scalars(statement)).first()


async def borne(session: AsyncSession, project_id: str) -> tuple[Decimal, int]:
    """Return the deficits that confirmed reversals left, and the units they cost."""
    statement = select(
        func.coalesce(func.sum(Reversal.deficit), 0),
        func.coalesce(func.sum(Reversal.debt_t + Reversal.buffer_t), 0),
    ).where(Reversal.project_id == project_id, Reversal.status.in_(CONFIRMED))
    deficit, units_t = (await session.execute(statement)).one()
    return Decimal(deficit), int(units_t)


async def owed_t(session: AsyncSession, project_id: str) -> int:
    statement = select(func.coalesce(func.sum(Reversal.debt_t - Reversal.settled_t), 0)).where(
        Reversal.project_id == project_id, Reversal.status == Status.OPEN
    )
    return int((await session.execute(statement)).scalar_one())


async def backed(session: AsyncSession, project_id: str) -> tuple[Decimal, Decimal, int]:
    """Return what issuances kept back, what regrew before them, and what they issued."""
    statement = select(
        func.coalesce(func.sum(Backing.deducted), 0),
        func.coalesce(func.sum(Backing.regrown), 0),
        func.coalesce(func.sum(Backing.quantity_t), 0),
    ).where(Backing.project_id == project_id)
    deducted, regrown, quantity_t = (await session.execute(statement)).one()
    return Decimal(deducted), Decimal(regrown), int(quantity_t)


async def list_taken_back(
    session: AsyncSession, project_id: str
) -> Sequence[tuple[Backing, Decimal]]:
    """Return the issuances of which confirmed corrections took something back, and how much."""
    statement = (
        select(Backing, func.sum(Reversal.loss))
        .join(Reversal, Reversal.issuance_id == Backing.issuance_id)
        .where(Backing.project_id == project_id, Reversal.status.in_(CONFIRMED))
        .group_by(Backing.issuance_id)
        .order_by(Backing.issuance_id)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def find_backing(session: AsyncSession, issuance_id: UUID) -> Backing | None:
    return await session.get(Backing, issuance_id)


async def list_issuance_ids(session: AsyncSession, project_id: str) -> Sequence[UUID]:
    statement = select(Backing.issuance_id).where(
        Backing.project_id == project_id, Backing.quantity_t > 0
    )
    return (await session.scalars(statement.order_by(Backing.issuance_id))).all()


async def corrected_t(session: AsyncSession, issuance_id: UUID, *, besides: UUID) -> int:
    """Return what other corrections, reported or confirmed, take back of an issuance."""
    statement = select(func.coalesce(func.sum(Reversal.loss), 0)).where(
        Reversal.issuance_id == issuance_id,
        Reversal.status != Status.REJECTED,
        Reversal.reversal_id != besides,
    )
    return int((await session.execute(statement)).scalar_one())


async def insert_settlement(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Insert the cancellation and say whether it was new."""
    statement = (
        insert(Settlement)
        .values(values)
        .on_conflict_do_nothing()
        .returning(Settlement.retirement_id)
    )
    return (await session.execute(statement)).first() is not None


async def list_settlements(session: AsyncSession, reversal_id: UUID) -> Sequence[Settlement]:
    statement = select(Settlement).where(Settlement.reversal_id == reversal_id)
    return (await session.scalars(statement.order_by(Settlement.retirement_id))).all()


async def list_after(
    session: AsyncSession,
    *,
    project_id: str | None,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Reversal]:
    """Return up to `limit` reversals, newest first."""
    statement = select(Reversal).order_by(Reversal.reversal_id.desc()).limit(limit)
    if project_id is not None:
        statement = statement.where(Reversal.project_id == project_id)
    if status is not None:
        statement = statement.where(Reversal.status == status)
    if after is not None:
        statement = statement.where(Reversal.reversal_id < after)
    return (await session.scalars(statement)).all()
