"""The points ledger: locking citizens' books, posting to them, reading balances."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.citizens import service as citizens
from points_svc.points import repository
from points_svc.points.models import LotRow
from points_svc.points.repository import Totals
from points_svc.points.rules import Account, Book, Lot, Side
from tht_kit.clock import legal_date


@dataclass(frozen=True, slots=True)
class Statement:
    """What a citizen owns at a moment."""

    account: Account
    available_tenths: int
    pending_tenths: int
    expired_tenths: int
    expiring: tuple[tuple[date, int], ...]


async def lock(session: AsyncSession, citizen_ids: Collection[UUID]) -> dict[UUID, Book]:
    """Lock the citizens and return their books, without lots; see `open_lots`."""
    accounts = await repository.lock_accounts(session, citizen_ids)
    return {citizen_id: Book(account) for citizen_id, account in accounts.items()}


async def open_lots(
    session: AsyncSession, books: Iterable[Book], *, named: Collection[tuple[UUID, UUID]] = ()
) -> None:
    """Read the unspent lots of the locked books, and the named ones even if they are spent."""
    by_citizen = {book.account.citizen_id: book for book in books}
    rows = list(await repository.lots_with_rest(session, by_citizen))
    if named:
        rows += await repository.lots_of(session, named)
    for row in rows:
        by_citizen[row.citizen_id].lots[row.lot_id] = _lot(row)


def _lot(row: LotRow) -> Lot:
    return Lot(
        row.lot_id, row.expires_on, row.available_at, row.earned_tenths, row.remaining_tenths
    )


async def post(
    session: AsyncSession, books: Iterable[Book], *, transaction_id: UUID, now: datetime
) -> None:
    """Write the books' postings, lots and balances under one transaction id."""
    await repository.post(session, books, transaction_id=transaction_id, now=now)


async def get_statement(
    session: AsyncSession, *, partner_id: str, subject: str, now: datetime
) -> Statement:
    """Return the citizen's balances. Raises CitizenNotFound, CitizenOfAnotherApp."""
    citizen_id = await citizens.get_citizen(session, partner_id, subject)
    row = await repository.find_account(session, citizen_id)
    account = Account(citizen_id)
    if row is not None:
        account = Account(
            citizen_id,
            row.available_tenths,
            row.receivable_tenths,
            row.earned_tenths,
            row.redeemed_tenths,
            row.expired_tenths,
            row.credited_g,
            row.trips_accepted,
        )
    today = legal_date(now)
    groups = await repository.remaining_by_expiry(session, citizen_id, now=now)
    live = [group for group in groups if group.expires_on >= today]
    usable = [group for group in live if not group.pending]
    return Statement(
        account=account,
        available_tenths=sum(group.remaining_tenths for group in usable),
        pending_tenths=sum(group.remaining_tenths for group in live if group.pending),
        expired_tenths=sum(group.remaining_tenths for group in groups if group.expires_on < today),
        expiring=tuple((group.expires_on, group.remaining_tenths) for group in usable),
    )


async def get_totals(session: AsyncSession) -> Totals:
    return await repository.totals(session)


def is_balanced(found: Totals) -> bool:
    """Say whether balances, entries and lots, summed independently, tell the same story."""

    def moved(debit: Side, credit: Side) -> int:
        return found.entries.get((debit, credit), (0, 0))[0]

    def net_grams() -> int:
        earned = found.entries.get((Side.PROGRAMME, Side.CITIZEN), (0, 0))[1]
        return earned - found.entries.get((Side.CITIZEN, Side.PROGRAMME), (0, 0))[1]

    earned = (
        moved(Side.PROGRAMME, Side.CITIZEN)
        - moved(Side.CITIZEN, Side.PROGRAMME)
        - moved(Side.RECEIVABLE, Side.PROGRAMME)
    )
    owed = moved(Side.RECEIVABLE, Side.PROGRAMME) - moved(Side.CITIZEN, Side.RECEIVABLE)
    return (
        found.earned_tenths == earned
        and found.redeemed_tenths == moved(Side.CITIZEN, Side.REDEEMED)
        and found.expired_tenths == moved(Side.CITIZEN, Side.EXPIRED)
        and found.receivable_tenths == owed
        and found.available_tenths == found.lots_tenths
        and found.credited_g == net_grams()
    )
