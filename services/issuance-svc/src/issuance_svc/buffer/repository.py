"""SQL of the buffer."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.buffer.models import Cancellation, Deposit


@dataclass(frozen=True, slots=True)
class ProjectBalance:
    """The buffer units of one project."""

    project_id: str
    deposited_t: int
    cancelled_t: int

    @property
    def balance_t(self) -> int:
        return self.deposited_t - self.cancelled_t


async def insert(session: AsyncSession, rows: Sequence[Deposit | Cancellation]) -> None:
    session.add_all(rows)
    await session.flush()


async def lock_left(session: AsyncSession, project_id: str) -> Sequence[Deposit]:
    """Return the project's deposits with units left, locked, oldest vintage first."""
    statement = (
        select(Deposit)
        .where(Deposit.project_id == project_id, Deposit.cancelled_t < Deposit.quantity_t)
        .order_by(Deposit.vintage, func.lower(Deposit.block))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def left_t(session: AsyncSession, project_id: str) -> int:
    """Return the project's units that are left, in tonnes."""
    statement = select(func.coalesce(func.sum(Deposit.quantity_t - Deposit.cancelled_t), 0)).where(
        Deposit.project_id == project_id
    )
    return int((await session.execute(statement)).scalar_one())


async def list_cancelled(session: AsyncSession, reversal_id: UUID) -> Sequence[Cancellation]:
    statement = select(Cancellation).where(Cancellation.reversal_id == reversal_id)
    return (await session.scalars(statement.order_by(func.lower(Cancellation.block)))).all()


async def balances(session: AsyncSession, *, after: str | None, limit: int) -> list[ProjectBalance]:
    """Return what each project has and had in the buffer, in the order of the projects' ids."""
    statement = (
        select(Deposit.project_id, func.sum(Deposit.quantity_t), func.sum(Deposit.cancelled_t))
        .group_by(Deposit.project_id)
        .order_by(Deposit.project_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Deposit.project_id > after)
    rows = (await session.execute(statement)).all()
    return [ProjectBalance(row[0], int(row[1]), int(row[2])) for row in rows]


async def total(session: AsyncSession) -> tuple[int, int]:
    """Return what was ever deposited and what was cancelled, in tonnes."""
    statement = select(
        func.coalesce(func.sum(Deposit.quantity_t), 0),
        func.coalesce(func.sum(Deposit.cancelled_t), 0),
    )
    deposited_t, cancelled_t = (await session.execute(statement)).one()
    return int(deposited_t), int(cancelled_t)
