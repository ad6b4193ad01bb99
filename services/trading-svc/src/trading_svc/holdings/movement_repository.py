"""The one statement by which blocks move: set-based, with the lineage it leaves behind."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import UtcDateTime
from trading_svc.holdings.models import BlockState, Cause
from trading_svc.holdings.rules import Plan


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the spans that move."""

    cause: Cause
    cause_id: UUID
    from_account: str
    to_account: str
    from_state: BlockState
    to_state: BlockState
    listing_id: UUID | None
    retirement_id: UUID | None
    now: datetime
    reversal_id: UUID | None = None


# Parents shrink before children are born: the join makes each birth wait for its parent's row, and
# the exclusion constraint would refuse it otherwise. A span that stays in its account keeps its
# place in the order of use; one that changes hands is acquired now.
_APPLY = text(
    """
    WITH drawn AS (
        SELECT CASE WHEN :to_account <> :from_account THEN nextval('acquisitions') END AS seq
    ), whole AS (
        UPDATE blocks b
        SET account_code = :to_account, state = :to_state,
            listing_id = :listing_id, retirement_id = :retirement_id,
            reversal_id = :reversal_id,
            acquired_seq = coalesce(drawn.seq, b.acquired_seq),
            acquired_at = CASE WHEN drawn.seq IS NULL THEN b.acquired_at ELSE :now END
        FROM drawn,
            unnest(:whole_ids, :whole_firsts, :whole_lasts) AS w(id, first, last)
        WHERE b.id = w.id AND b.block = int8range(w.first, w.last + 1)
            AND b.account_code = :from_account AND b.state = :from_state
        RETURNING b.id, b.block
    ), shrunk AS (
        UPDATE blocks b
        SET block = int8range(s.first, s.last + 1)
        FROM unnest(:shrunk_ids, :shrunk_firsts, :shrunk_lasts) AS s(id, first, last)
        WHERE b.id = s.id AND b.block @> int8range(s.first, s.last + 1)
            AND b.account_code = :from_account AND b.state = :from_state
        RETURNING b.id, b.lot_id, b.project_id, b.vintage, b.listing_id, b.reversal_id,
            b.acquired_seq, b.acquired_at
    ), born AS (
        INSERT INTO blocks (id, block, lot_id, account_code, project_id, vintage, state,
            listing_id, retirement_id, reversal_id, acquired_seq, acquired_at)
        SELECT n.id, int8range(n.first, n.last + 1), p.lot_id,
            CASE WHEN n.moves THEN :to_account ELSE :from_account END,
            p.project_id, p.vintage,
            CASE WHEN n.moves THEN :to_state ELSE :from_state END,
            CASE WHEN n.moves THEN :listing_id ELSE p.listing_id END,
            CASE WHEN n.moves THEN :retirement_id END,
            CASE WHEN n.moves THEN :reversal_id ELSE p.reversal_id END,
            CASE WHEN n.moves THEN coalesce(drawn.seq, p.acquired_seq) ELSE p.acquired_seq END,
            CASE WHEN n.moves AND drawn.seq IS NOT NULL THEN :now ELSE p.acquired_at END
        FROM drawn, shrunk p
        JOIN unnest(:born_ids, :born_parents, :born_firsts, :born_lasts, :born_moves)
            AS n(id, parent_id, first, last, moves) ON n.parent_id = p.id
        RETURNING id, block
    ), logged AS (
        INSERT INTO lineage (block, parent_block_id, child_block_id, cause, cause_id,
            from_account, to_account, from_state, to_state, at)
        SELECT block, id, id, :cause, :cause_id,
            :from_account, :to_account, :from_state, :to_state, :now
        FROM whole
        UNION ALL
        SELECT born.block, n.parent_id, n.id, CASE WHEN n.moves THEN :cause ELSE 'split' END,
            :cause_id, :from_account, CASE WHEN n.moves THEN :to_account ELSE :from_account END,
            :from_state, CASE WHEN n.moves THEN :to_state ELSE :from_state END, :now
        FROM born
        JOIN unnest(:born_ids, :born_parents, :born_moves) AS n(id, parent_id, moves)
            ON n.id = born.id
        RETURNING 1
    )
    SELECT count(*) FROM logged
    """
).bindparams(
    *(
        bindparam(name, type_=Text)
        for name in ("cause", "from_account", "to_account", "from_state", "to_state")
    ),
    *(
        bindparam(name, type_=Uuid)
        for name in ("cause_id", "listing_id", "retirement_id", "reversal_id")
    ),
    bindparam("now", type_=UtcDateTime),
    *(
        bindparam(name, type_=ARRAY(Uuid))
        for name in ("whole_ids", "shrunk_ids", "born_ids", "born_parents")
    ),
    *(
        bindparam(f"{kind}_{end}", type_=ARRAY(BigInteger))
        for kind in ("whole", "shrunk", "born")
        for end in ("firsts", "lasts")
    ),
    bindparam("born_moves", type_=ARRAY(Boolean)),
)


async def apply(session: AsyncSession, plan: Plan, change: Change) -> None:
    """Carry out a planned movement and write its lineage, in one statement.

    The caller holds the lock under which the plan was made; a row that is not as planned is a bug.
    """
    written = await session.execute(
        _APPLY,
        {
            "cause": change.cause,
            "cause_id": change.cause_id,
            "from_account": change.from_account,
            "to_account": change.to_account,
            "from_state": change.from_state,
            "to_state": change.to_state,
            "listing_id": change.listing_id,
            "retirement_id": change.retirement_id,
            "reversal_id": change.reversal_id,
            "now": change.now,
            "whole_ids": [take.block_id for take in plan.whole],
            "whole_firsts": [take.span.first for take in plan.whole],
            "whole_lasts": [take.span.last for take in plan.whole],
            "shrunk_ids": [take.block_id for take in plan.shrunk],
            "shrunk_firsts": [take.span.first for take in plan.shrunk],
            "shrunk_lasts": [take.span.last for take in plan.shrunk],
            "born_ids": [birth.block_id for birth in plan.born],
            "born_parents": [birth.parent_id for birth in plan.born],
            "born_firsts": [birth.span.first for birth in plan.born],
            "born_lasts": [birth.span.last for birth in plan.born],
            "born_moves": [birth.moves for birth in plan.born],
        },
    )
    expected = len(plan.whole) + len(plan.born)
    if (found := written.scalar_one()) != expected:
        raise RuntimeError(f"{found} of {expected} blocks moved: the plan was made without a lock")
