"""SQL of the holdings. Blocks begin in `issue` and change in movement_repository only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT8RANGE, Range, array, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.holdings.models import Block, BlockState, Cause, Lineage, Lot, ProjectState
from trading_svc.holdings.rules import Span

AnySession = AsyncSession | AsyncReadSession
SUSPENDED = "SUSPENDED"


def as_range(span: Span) -> Range[int]:
    return Range(span.first, span.last + 1, bounds="[)")


def as_span(found: Range[int]) -> Span:
    assert found.lower is not None, "no block is open below"
    assert found.upper is not None, "no block is open above"
    return Span(found.lower, found.upper - 1)


@dataclass(frozen=True, slots=True)
class HeldBlock:
    """A block as it stood when it was read, with the lot it is a part of."""

    id: UUID
    span: Span
    account_code: str
    state: str
    frozen: bool
    listing_id: UUID | None
    retirement_id: UUID | None
    reversal_id: UUID | None
    acquired_seq: int
    acquired_at: datetime
    lot: Lot


# R20: a suspension reaches the project owner's own units; those that others bought stay free. What
# is kept for the debt of a reversal is frozen by its state.
_FROZEN = or_(
    Block.state == BlockState.FROZEN,
    and_(
        Block.state.not_in((BlockState.RETIRED, BlockState.CANCELLED)),
        Lot.owner_code == Block.account_code,
        func.coalesce(ProjectState.status, "") == SUSPENDED,
    ),
)


def _blocks() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Block.id,
            Block.block,
            Block.account_code,
            Block.state,
            _FROZEN.label("frozen"),
            Block.listing_id,
            Block.retirement_id,
            Block.reversal_id,
            Block.acquired_seq,
            Block.acquired_at,
            Lot,
        )
        .join(Lot, Lot.id == Block.lot_id)
        .outerjoin(ProjectState, ProjectState.project_id == Block.project_id)
    )


async def _read(session: AnySession, statement: Select[*tuple[Any, ...]]) -> list[HeldBlock]:
    rows = (await session.execute(statement)).all()
    return [HeldBlock(row[0], as_span(row[1]), *row[2:]) for row in rows]


async def head_of_held(
    session: AsyncSession,
    account_code: str,
    *,
    quantity_t: int,
    project_id: UUID | None,
    vintage: int | None,
    unit_type: str | None,
    frozen_too: bool,
    after: tuple[int, int] | None,
    limit: int,
) -> list[HeldBlock]:
    """Return the held blocks that a quantity takes, in the order of use, looking at `limit` blocks.

    As many blocks as `limit` mean that more may follow after the last one.
    """
    order = (Block.acquired_seq, func.lower(Block.block))
    head = (
        select(Block.id, Block.acquired_seq, order[1].label("first"), _quantity().label("size_t"))
        .join(Lot, Lot.id == Block.lot_id)
        .outerjoin(ProjectState, ProjectState.project_id == Block.project_id)
        .where(*_held(account_code, project_id, vintage, unit_type, frozen_too=frozen_too))
        .order_by(*order)
        .limit(limit)
    )
    if after is not None:
        head = head.where(tuple_(*order) > tuple_(*map(literal, after)))
    # Limited first and summed afterwards: an account of ten million blocks reads a hundred.
    found = head.subquery()
    in_order = (found.c.acquired_seq, found.c.first)
    before_t = func.sum(found.c.size_t).over(order_by=in_order) - found.c.size_t
    counted = select(found.c.id, before_t.label("before_t")).subquery()
    statement = (
        _blocks()
        .join(counted, counted.c.id == Block.id)
        .where(counted.c.before_t < quantity_t)
        .order_by(*order)
    )
    return await _read(session, statement)


def _held(
    account_code: str,
    project_id: UUID | None,
    vintage: int | None,
    unit_type: str | None,
    *,
    frozen_too: bool,
) -> list[ColumnElement[bool]]:
    conditions = [Block.account_code == account_code, Block.state == BlockState.HELD]
    if project_id is not None:
        conditions.append(Block.project_id == project_id)
    if vintage is not None:
        conditions.append(Block.vintage == vintage)
    if unit_type is not None:
        conditions.append(Lot.unit_type == unit_type)
    if not frozen_too:
        conditions.append(~_FROZEN)
    return conditions


async def available_t(
    session: AsyncSession,
    account_code: str,
    *,
    project_id: UUID | None,
    vintage: int | None,
    unit_type: str | None,
) -> int:
    """Return the tonnes that are held and not frozen."""
    statement = (
        select(func.coalesce(func.sum(_quantity()), 0))
        .join(Lot, Lot.id == Block.lot_id)
        .outerjoin(ProjectState, ProjectState.project_id == Block.project_id)
        .where(*_held(account_code, project_id, vintage, unit_type, frozen_too=False))
    )
    return int((await session.execute(statement)).scalar_one())


def _quantity() -> Any:
    return func.upper(Block.block) - func.lower(Block.block)


async def touching(
    session: AnySession, spans: Collection[Span], *, limit: int | None = None
) -> list[HeldBlock]:
    """Return the blocks that hold any number of the spans, in the order of their numbers."""
    wanted = array([cast(as_range(span), INT8RANGE) for span in spans])
    statement = (
        _blocks()
        .where(Block.block.op("&&")(any_(wanted)))
        .order_by(func.lower(Block.block))
        .limit(limit)
    )
    return await _read(session, statement)


async def of_listing(session: AsyncSession, listing_id: UUID) -> list[HeldBlock]:
    """Return the blocks reserved for a listing, in the order in which they are to be sold."""
    statement = (
        _blocks()
        .where(Block.state == BlockState.RESERVED, Block.listing_id == listing_id)
        .order_by(Block.acquired_seq, func.lower(Block.block))
    )
    return await _read(session, statement)


async def newest_held(
    session: AsyncSession, account_code: str, *, project_id: UUID, quantity_t: int
) -> list[HeldBlock]:
    """Return the account's held blocks of the project that a quantity takes, newest vintage first."""
    order = (Block.vintage.desc(), Block.acquired_seq.desc(), func.lower(Block.block))
    before_t = func.sum(_quantity()).over(order_by=order) - _quantity()
    counted = (
        select(Block.id, before_t.label("before_t"))
        .where(*_held(account_code, project_id, None, None, frozen_too=True))
        .subquery()
    )
    statement = (
        _blocks()
        .join(counted, counted.c.id == Block.id)
        .where(counted.c.before_t < quantity_t)
        .order_by(*order)
    )
    return await _read(session, statement)


async def frozen_for(session: AnySession, reversal_id: UUID) -> list[HeldBlock]:
    """Return the blocks kept for the debt of a reversal, in the order of their numbers."""
    statement = (
        _blocks()
        .where(Block.state == BlockState.FROZEN, Block.reversal_id == reversal_id)
        .order_by(func.lower(Block.block))
    )
    return await _read(session, statement)


async def of_retirement(session: AnySession, retirement_id: UUID) -> list[HeldBlock]:
    statement = (
        _blocks()
        .where(Block.state == BlockState.RETIRED, Block.retirement_id == retirement_id)
        .order_by(func.lower(Block.block))
    )
    return await _read(session, statement)


async def of_account(
    session: AnySession, account_code: str, *, after_first: int | None, limit: int
) -> list[HeldBlock]:
    statement = (
        _blocks()
        .where(Block.account_code == account_code)
        .order_by(func.lower(Block.block))
        .limit(limit)
    )
    if after_first is not None:
        statement = statement.where(func.lower(Block.block) > after_first)
    return await _read(session, statement)


async def lots_touching(session: AsyncSession, spans: Collection[Span]) -> Sequence[Lot]:
    wanted = array([cast(as_range(span), INT8RANGE) for span in spans])
    return (await session.scalars(select(Lot).where(Lot.serials.op("&&")(any_(wanted))))).all()


async def lots_of(session: AsyncSession, issuance_ids: Collection[UUID]) -> Sequence[Lot]:
    return (await session.scalars(select(Lot).where(Lot.issuance_id.in_(issuance_ids)))).all()


async def issue(session: AsyncSession, lots: Sequence[Lot], blocks: Sequence[Block]) -> None:
    """Write issued lots, their first blocks and the first line of their lineage."""
    session.add_all(lots)
    await session.flush()
    await session.execute(
        insert(Block).values(acquired_seq=func.nextval("acquisitions")),
        [
            {
                "id": block.id,
                "block": block.block,
                "lot_id": block.lot_id,
                "account_code": block.account_code,
                "project_id": block.project_id,
                "vintage": block.vintage,
                "state": BlockState.HELD,
                "acquired_at": block.acquired_at,
            }
            for block in blocks
        ],
    )
    issuances = {lot.id: lot.issuance_id for lot in lots}
    await session.execute(
        insert(Lineage),
        [
            {
                "block": block.block,
                "child_block_id": block.id,
                "cause": Cause.ISSUED,
                "cause_id": issuances[block.lot_id],
                "to_account": block.account_code,
                "to_state": BlockState.HELD,
                "at": block.acquired_at,
            }
            for block in blocks
        ],
    )


async def copy_project_states(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    statement = insert(ProjectState)
    excluded = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ProjectState.project_id],
            set_={"status": excluded.status, "version": excluded.version},
            where=ProjectState.version < excluded.version,
        ),
        rows,
    )


_TRAILS = text(
    """
    WITH RECURSIVE trail AS (
        SELECT w.block_id AS root, w.number, l.seq, l.parent_block_id
        FROM unnest(:block_ids, :numbers) AS w(block_id, number)
        JOIN lineage l ON l.child_block_id = w.block_id AND l.block @> w.number
        UNION
        SELECT t.root, t.number, p.seq, p.parent_block_id
        FROM trail t
        JOIN lineage p ON p.child_block_id = t.parent_block_id
            AND p.seq < t.seq AND p.block @> t.number
    )
    SELECT root, seq FROM trail
    """
).bindparams(
    bindparam("block_ids", type_=ARRAY(Uuid)), bindparam("numbers", type_=ARRAY(BigInteger))
)


async def trails(
    session: AnySession, places: Sequence[tuple[UUID, int]]
) -> dict[UUID, list[Lineage]]:
    """Return every movement of one serial of each block, from its issue to where it stands."""
    ids, numbers = [block_id for block_id, _ in places], [number for _, number in places]
    rows = (await session.execute(_TRAILS, {"block_ids": ids, "numbers": numbers})).all()
    wanted = {row.seq for row in rows}
    steps = await session.scalars(select(Lineage).where(Lineage.seq.in_(wanted)))
    by_seq = {step.seq: step for step in steps}
    found: dict[UUID, list[Lineage]] = {block_id: [] for block_id in ids}
    for row in sorted(rows, key=lambda each: each.seq):
        found[row.root].append(by_seq[row.seq])
    return found
