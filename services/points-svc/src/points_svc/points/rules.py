"""The points ledger of one citizen: lots, postings and balances, in tenths of a point and grams.

A posting names the account debited, the account credited and one amount, so nothing can be posted
that does not sum to zero (docs/decisions/0007). What a citizen owns is the sum of the lots' rests.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from points_svc.points.errors import PointsInsufficient


class Side(StrEnum):
    """The accounts that stand with each citizen; the system's are summed over citizens."""

    PROGRAMME = "programme"  # where points and grams come from
    CITIZEN = "citizen"  # what the citizen can spend, now or when it becomes available
    RECEIVABLE = "receivable"  # points spent whose earning was reversed: future earns pay them
    REDEEMED = "redeemed"
    EXPIRED = "expired"


class Kind(StrEnum):
    EARN = "earn"
    REVERSE = "reverse"
    SETTLE = "settle"
    REDEEM = "redeem"
    EXPIRE = "expire"


@dataclass(slots=True)
class Lot:
    """Points of one earning, with their day of expiry; `remaining` is what is not spent yet."""

    lot_id: UUID
    expires_on: date
    available_at: datetime
    earned_tenths: int
    remaining_tenths: int

    def spendable(self, *, today: date, now: datetime) -> int:
        usable = self.available_at <= now and today <= self.expires_on
        return self.remaining_tenths if usable else 0


@dataclass(slots=True)
class Account:
    """A citizen's balances. available - receivable = earned - redeemed - expired, always."""

    citizen_id: UUID
    available_tenths: int = 0
    receivable_tenths: int = 0
    earned_tenths: int = 0
    redeemed_tenths: int = 0
    expired_tenths: int = 0
    credited_g: int = 0
    trips_accepted: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    kind: Kind
    debit: Side
    credit: Side
    tenths: int
    grams: int
    source_id: UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """How much of a lot a spending took: the stored allocation."""

    lot: Lot
    tenths: int


@dataclass(slots=True)
class Book:
    """One citizen's account and lots while a transaction holds them; collects what it posts."""

    account: Account
    lots: dict[UUID, Lot] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)

    def earn(
        self, source_id: UUID, *, tenths: int, grams: int, expires_on: date, available_at: datetime
    ) -> None:
        """Credit an earning (or more of it) to its lot; a debt of earlier reversals is paid first."""
        self._post(Kind.EARN, Side.PROGRAMME, Side.CITIZEN, tenths, grams, source_id)
        self.account.earned_tenths += tenths
        self.account.available_tenths += tenths
        self.account.credited_g += grams
        if tenths == 0:
            return
        lot = self.lots.setdefault(source_id, Lot(source_id, expires_on, available_at, 0, 0))
        lot.earned_tenths += tenths
        lot.remaining_tenths += tenths
        self.touched.add(source_id)
        self._settle(lot)

    def _settle(self, lot: Lot) -> None:
        owed = min(self.account.receivable_tenths, lot.remaining_tenths)
        if owed:
            self._take(lot, owed)
            self._post(Kind.SETTLE, Side.CITIZEN, Side.RECEIVABLE, owed, 0, lot.lot_id)
            self.account.receivable_tenths -= owed

    def reverse(self, source_id: UUID, *, tenths: int, grams: int) -> None:
        """Take back part of an earning: from its own lot, then the others, the rest is owed."""
        own = self.lots.get(source_id)
        if own is not None:
            own.earned_tenths -= tenths
            self.touched.add(source_id)
        covered = 0
        for lot in self._own_first(source_id):
            part = min(tenths - covered, lot.remaining_tenths)
            if part:
                self._take(lot, part)
                covered += part
        self._post(Kind.REVERSE, Side.CITIZEN, Side.PROGRAMME, covered, grams, source_id)
        owed = tenths - covered
        if owed:
            self._post(Kind.REVERSE, Side.RECEIVABLE, Side.PROGRAMME, owed, 0, source_id)
            self.account.receivable_tenths += owed
        self.account.earned_tenths -= tenths
        self.account.credited_g -= grams

    def redeem(self, source_id: UUID, *, tenths: int, today: date, now: datetime) -> list[Taken]:
        """Spend from the lots, earliest expiry first; expired and pending ones do not count.

        Raises PointsInsufficient.
        """
        spendable = sum(lot.spendable(today=today, now=now) for lot in self.lots.values())
        if spendable < tenths:
            raise PointsInsufficient(needed=in_points(tenths), available=in_points(spendable))
        taken: list[Taken] = []
        left = tenths
        for lot in self._by_expiry():
            part = min(left, lot.spendable(today=today, now=now))
            if part:
                self._take(lot, part)
                taken.append(Taken(lot, part))
                left -= part
        self._post(Kind.REDEEM, Side.CITIZEN, Side.REDEEMED, tenths, 0, source_id)
        self.account.redeemed_tenths += tenths
        return taken

    def _own_first(self, source_id: UUID) -> list[Lot]:
        return sorted(self._by_expiry(), key=lambda lot: lot.lot_id != source_id)

    def _by_expiry(self) -> list[Lot]:
        return sorted(self.lots.values(), key=lambda lot: (lot.expires_on, lot.lot_id))

    def _take(self, lot: Lot, tenths: int) -> None:
        lot.remaining_tenths -= tenths
        self.account.available_tenths -= tenths
        self.touched.add(lot.lot_id)

    def _post(
        self, kind: Kind, debit: Side, credit: Side, tenths: int, grams: int, source_id: UUID
    ) -> None:
        assert tenths >= 0, "amounts are positive, the sides say which way"
        assert grams >= 0, "amounts are positive, the sides say which way"
        if tenths or grams:
            self.postings.append(Posting(kind, debit, credit, tenths, grams, source_id))


def in_points(tenths: int) -> str:
    """Return tenths as points with one decimal: 209 -> 20.9."""
    return f"{tenths // 10}.{tenths % 10}"


def expiry_day(earned_on: date, valid_years: int) -> date:
    """Return 31 December of the year so many years after the earning, the last day of use."""
    return date(earned_on.year + valid_years, 12, 31)
