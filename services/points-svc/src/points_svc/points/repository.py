"""SQL of the points ledger: set-based, a few statements for any number of citizens.

Locks and writes are INSERT ... ON CONFLICT in the order of the citizens' ids: no deadlock between
two batches, and each statement works as it stands on a distributed table.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.base import one_of
from points_svc.points.models import AccountRow, LotRow
from points_svc.points.rules import Account, Book, Lot
from tht_kit.ids import new_id

_LOCK = text(
    """
    INSERT INTO accounts (citizen_id)
    SELECT citizen_id FROM unnest(CAST(:citizen_ids AS uuid[])) AS citizen_id ORDER BY citizen_id
    ON CONFLICT (citizen_id) DO UPDATE SET revision = accounts.revision + 1
    RETURNING citizen_id, available_tenths, receivable_tenths, earned_tenths, redeemed_tenths,
              expired_tenths, credited_g, trips_accepted
    """
)

_POST = text(
    """
    WITH posted AS (
        INSERT INTO entries (citizen_id, entry_id, transaction_id, kind, debit, credit, tenths,
                             grams, source_id, posted_at)
        SELECT citizen_id, entry_id, CAST(:transaction_id AS uuid), kind, debit, credit, tenths,
               grams, source_id, CAST(:now AS timestamptz)
        FROM unnest(CAST(:entry_citizens AS uuid[]), CAST(:entry_ids AS uuid[]),
                    CAST(:kinds AS text[]), CAST(:debits AS text[]), CAST(:credits AS text[]),
                    CAST(:tenths AS bigint[]), CAST(:grams AS bigint[]),
                    CAST(:sources AS uuid[]))
            AS e (citizen_id, entry_id, kind, debit, credit, tenths, grams, source_id)
    ), kept AS (
        INSERT INTO lots (citizen_id, expires_on, lot_id, available_at, earned_tenths,
                          remaining_tenths)
        SELECT * FROM unnest(CAST(:lot_citizens AS uuid[]), CAST(:lot_expiries AS date[]),
                             CAST(:lot_ids AS uuid[]), CAST(:lot_available AS timestamptz[]),
                             CAST(:lot_earned AS bigint[]), CAST(:lot_remaining AS bigint[]))
        ON CONFLICT (citizen_id, expires_on, lot_id) DO UPDATE
            SET earned_tenths = excluded.earned_tenths,
                remaining_tenths = excluded.remaining_tenths
    )
    INSERT INTO accounts (citizen_id, available_tenths, receivable_tenths, earned_tenths,
                          redeemed_tenths, expired_tenths, credited_g, trips_accepted)
    SELECT * FROM unnest(CAST(:citizens AS uuid[]), CAST(:available AS bigint[]),
                         CAST(:receivable AS bigint[]), CAST(:earned AS bigint[]),
                         CAST(:redeemed AS bigint[]), CAST(:expired AS bigint[]),
                         CAST(:credited AS bigint[]), CAST(:accepted AS bigint[]))
    ON CONFLICT (citizen_id) DO UPDATE
        SET available_tenths = excluded.available_tenths,
            receivable_tenths = excluded.receivable_tenths,
            earned_tenths = excluded.earned_tenths,
            redeemed_tenths = excluded.redeemed_tenths,
            expired_tenths = excluded.expired_tenths,
            credited_g = excluded.credited_g,
            trips_accepted = excluded.trips_accepted
    """
)


async def lock_accounts(
    session: AsyncSession, citizen_ids: Collection[UUID]
) -> dict[UUID, Account]:
    """Lock the citizens' accounts until the transaction ends, in the order of their ids."""
    if not citizen_ids:
        return {}
    rows = await session.execute(_LOCK, {"citizen_ids": sorted(citizen_ids)})
    return {row.citizen_id: Account(*row) for row in rows}


async def lots_with_rest(session: AsyncSession, citizen_ids: Collection[UUID]) -> Sequence[LotRow]:
    """Return the citizens' lots that are not spent yet."""
    statement = select(LotRow).where(
        one_of(LotRow.citizen_id, citizen_ids), LotRow.remaining_tenths > 0
    )
    return (await session.scalars(statement)).all()


async def lots_of(session: AsyncSession, lots: Collection[tuple[UUID, UUID]]) -> Sequence[LotRow]:
    """Return the named lots, given as (citizen, lot), also those that are spent."""
    statement = select(LotRow).where(
        one_of(LotRow.citizen_id, {citizen_id for citizen_id, _ in lots}),
        one_of(LotRow.lot_id, {lot_id for _, lot_id in lots}),
    )
    return (await session.scalars(statement)).all()


async def post(
    session: AsyncSession, books: Iterable[Book], *, transaction_id: UUID, now: datetime
) -> None:
    """Write what the books hold: entries, lots and the new balances."""
    ordered = sorted(books, key=lambda book: book.account.citizen_id)
    columns = _entry_columns(ordered) | _lot_columns(ordered) | _account_columns(ordered)
    await session.execute(_POST, columns | {"transaction_id": transaction_id, "now": now})


def _entry_columns(books: list[Book]) -> dict[str, list[Any]]:
    found = [(book.account.citizen_id, posting) for book in books for posting in book.postings]
    return {
        "entry_citizens": [citizen_id for citizen_id, _ in found],
        "entry_ids": [new_id() for _ in found],
        "kinds": [str(posting.kind) for _, posting in found],
        "debits": [str(posting.debit) for _, posting in found],
        "credits": [str(posting.credit) for _, posting in found],
        "tenths": [posting.tenths for _, posting in found],
        "grams": [posting.grams for _, posting in found],
        "sources": [posting.source_id for _, posting in found],
    }


def _lot_columns(books: list[Book]) -> dict[str, list[Any]]:
    found: list[tuple[UUID, Lot]] = [
        (book.account.citizen_id, book.lots[lot_id])
        for book in books
        for lot_id in sorted(book.touched)
    ]
    return {
        "lot_citizens": [citizen_id for citizen_id, _ in found],
        "lot_expiries": [lot.expires_on for _, lot in found],
        "lot_ids": [lot.lot_id for _, lot in found],
        "lot_available": [lot.available_at for _, lot in found],
        "lot_earned": [lot.earned_tenths for _, lot in found],
        "lot_remaining": [lot.remaining_tenths for _, lot in found],
    }


def _account_columns(books: list[Book]) -> dict[str, list[Any]]:
    accounts = [book.account for book in books]
    return {
        "citizens": [account.citizen_id for account in accounts],
        "available": [account.available_tenths for account in accounts],
        "receivable": [account.receivable_tenths for account in accounts],
        "earned": [account.earned_tenths for account in accounts],
        "redeemed": [account.redeemed_tenths for account in accounts],
        "expired": [account.expired_tenths for account in accounts],
        "credited": [account.credited_g for account in accounts],
        "accepted": [account.trips_accepted for account in accounts],
    }


async def find_account(session: AsyncSession, citizen_id: UUID) -> AccountRow | None:
    return await session.get(AccountRow, citizen_id)


@dataclass(frozen=True, slots=True)
class ExpiryGroup:
    """What is left of all lots that end on one day; `pending` is not available yet."""

    expires_on: date
    pending: bool
    remaining_tenths: int


async def remaining_by_expiry(
    session: AsyncSession, citizen_id: UUID, *, now: datetime
) -> list[ExpiryGroup]:
    pending = LotRow.available_at > now
    statement = (
        select(LotRow.expires_on, pending, func.sum(LotRow.remaining_tenths))
        .where(LotRow.citizen_id == citizen_id, LotRow.remaining_tenths > 0)
        .group_by(LotRow.expires_on, pending)
        .order_by(LotRow.expires_on, pending)
    )
    return [ExpiryGroup(row[0], row[1], int(row[2])) for row in await session.execute(statement)]


@dataclass(frozen=True, slots=True)
class Totals:
    """The ledger as three independent sums: balances, entries, lots."""

    trips_accepted: int
    available_tenths: int
    receivable_tenths: int
    earned_tenths: int
    redeemed_tenths: int
    expired_tenths: int
    credited_g: int
    lots_tenths: int
    entries: dict[tuple[str, str], tuple[int, int]]


# One statement, so one snapshot: sums of several statements could be of different moments.
_TOTALS = text(
    """
    SELECT a.*,
           (SELECT coalesce(sum(remaining_tenths), 0) FROM lots) AS lots_tenths,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(debit, credit, tenths, grams)), '[]')
            FROM (SELECT debit, credit, sum(tenths) AS tenths, sum(grams) AS grams
                  FROM entries GROUP BY debit, credit) AS moved) AS moved
    FROM (SELECT coalesce(sum(trips_accepted), 0) AS trips_accepted,
                 coalesce(sum(available_tenths), 0) AS available_tenths,
                 coalesce(sum(receivable_tenths), 0) AS receivable_tenths,
                 coalesce(sum(earned_tenths), 0) AS earned_tenths,
                 coalesce(sum(redeemed_tenths), 0) AS redeemed_tenths,
                 coalesce(sum(expired_tenths), 0) AS expired_tenths,
                 coalesce(sum(credited_g), 0) AS credited_g
          FROM accounts) AS a
    """
).columns(moved=JSONB)


async def totals(session: AsyncSession) -> Totals:
    found = (await session.execute(_TOTALS)).one()._asdict()
    moved = found.pop("moved")
    return Totals(
        **{name: int(total) for name, total in found.items()},
        entries={(debit, credit): (tenths, grams) for debit, credit, tenths, grams in moved},
    )


# Each query lists citizens for whom the ledger does not agree with itself; all must be empty.
INVARIANTS = {
    "balance is the sum of the lots": """
        SELECT a.citizen_id FROM accounts a LEFT JOIN (
            SELECT citizen_id, sum(remaining_tenths) AS tenths FROM lots GROUP BY citizen_id
        ) l USING (citizen_id) WHERE a.available_tenths <> coalesce(l.tenths, 0)
    """,
    "balance is the sum of the entries": """
        SELECT a.citizen_id FROM accounts a LEFT JOIN (
            SELECT citizen_id,
                   sum(CASE WHEN credit = 'citizen' THEN tenths ELSE 0 END)
                   - sum(CASE WHEN debit = 'citizen' THEN tenths ELSE 0 END) AS tenths,
                   sum(CASE WHEN credit = 'citizen' THEN grams ELSE 0 END)
                   - sum(CASE WHEN debit = 'citizen' THEN grams ELSE 0 END) AS grams,
                   sum(CASE WHEN debit = 'receivable' THEN tenths ELSE 0 END)
                   - sum(CASE WHEN credit = 'receivable' THEN tenths ELSE 0 END) AS owed
            FROM entries GROUP BY citizen_id
        ) e USING (citizen_id)
        WHERE a.available_tenths <> coalesce(e.tenths, 0)
           OR a.credited_g <> coalesce(e.grams, 0)
           OR a.receivable_tenths <> coalesce(e.owed, 0)
    """,
    "credited grams are the sum of the trips": """
        SELECT a.citizen_id FROM accounts a LEFT JOIN (
            SELECT citizen_id, sum(credited_g) AS grams, sum(points_tenths) AS tenths,
                   count(*) FILTER (WHERE verdict = 'A') AS accepted
            FROM trips GROUP BY citizen_id
        ) t USING (citizen_id)
        WHERE a.credited_g <> coalesce(t.grams, 0) OR a.earned_tenths <> coalesce(t.tenths, 0)
           OR a.trips_accepted <> coalesce(t.accepted, 0)
    """,
    "no lot without an account": """
        SELECT l.citizen_id FROM lots l LEFT JOIN accounts a USING (citizen_id)
        WHERE a.citizen_id IS NULL
    """,
    "allocations are what redemptions cost": """
        SELECT r.citizen_id FROM redemptions r LEFT JOIN (
            SELECT citizen_id, redemption_id, sum(tenths) AS tenths
            FROM redemption_lots GROUP BY citizen_id, redemption_id
        ) l USING (citizen_id, redemption_id) WHERE r.points_tenths <> coalesce(l.tenths, 0)
    """,
}


async def violations(session: AsyncSession) -> dict[str, int]:
    """Return how many citizens break each invariant: a reconciliation over the whole ledger."""
    found = {}
    for name, query in INVARIANTS.items():
        counted = text(f"SELECT count(*) FROM ({query}) AS broken")  # noqa: S608 - our own text
        found[name] = (await session.execute(counted)).scalar_one()
    return found
