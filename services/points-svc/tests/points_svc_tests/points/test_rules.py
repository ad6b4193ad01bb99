"""The book of one citizen: whatever happens, nothing appears and nothing vanishes."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_svc.points.errors import PointsInsufficient
from points_svc.points.rules import Account, Book, Kind, Side, expiry_day, in_points

NOW = datetime(2026, 7, 17, 2, tzinfo=UTC)
TODAY = date(2026, 7, 17)
ME = UUID(int=1)


def source(number):
    return UUID(int=1000 + number)


def book(*earned, expires_on=date(2027, 12, 31), available_at=NOW):
    made = Book(Account(ME))
    for number, tenths in enumerate(earned):
        made.earn(
            source(number),
            tenths=tenths,
            grams=tenths * 11,
            expires_on=expires_on,
            available_at=available_at,
        )
    return made


def check(made):
    """Recompute everything the book says from its postings and lots."""
    account = made.account
    sides = dict.fromkeys(Side, 0)
    for posting in made.postings:
        sides[posting.debit] -= posting.tenths
        sides[posting.credit] += posting.tenths
        assert posting.tenths + posting.grams > 0
    assert sum(sides.values()) == 0
    assert sides[Side.CITIZEN] == account.available_tenths
    assert -sides[Side.RECEIVABLE] == account.receivable_tenths
    assert sides[Side.REDEEMED] == account.redeemed_tenths
    assert account.available_tenths == sum(lot.remaining_tenths for lot in made.lots.values())
    assert (
        account.available_tenths - account.receivable_tenths
        == account.earned_tenths - account.redeemed_tenths - account.expired_tenths
    )
    for lot in made.lots.values():
        assert 0 <= lot.remaining_tenths <= lot.earned_tenths
    assert min(account.available_tenths, account.receivable_tenths) == 0


def test_points_are_spent_by_earliest_expiry():
    made = book(30, expires_on=date(2027, 12, 31))
    made.earn(source(9), tenths=20, grams=1, expires_on=date(2026, 12, 31), available_at=NOW)
    taken = made.redeem(source(50), tenths=25, today=TODAY, now=NOW)
    assert [(part.lot.lot_id, part.tenths) for part in taken] == [(source(9), 20), (source(0), 5)]


@pytest.mark.parametrize(
    "fields", [{"expires_on": TODAY - timedelta(days=1)}, {"available_at": NOW + timedelta(1)}]
)
def test_expired_and_pending_points_do_not_count(fields):
    made = book(30, **fields)
    with pytest.raises(PointsInsufficient, match=r"3\.0 points and 0\.0 are available"):
        made.redeem(source(50), tenths=30, today=TODAY, now=NOW)


def test_a_refused_spending_changes_nothing():
    made = book(19, 8)
    with pytest.raises(PointsInsufficient):
        made.redeem(source(50), tenths=28, today=TODAY, now=NOW)
    assert made.account.available_tenths == 27
    assert [posting.kind for posting in made.postings] == [Kind.EARN, Kind.EARN]


def test_a_reversal_takes_from_its_own_lot_first():
    made = book(10, 20)
    made.reverse(source(1), tenths=15, grams=100)
    assert made.lots[source(0)].remaining_tenths == 10
    assert made.lots[source(1)].remaining_tenths == 5


@pytest.mark.parametrize(("tenths", "shown"), [(0, "0.0"), (9, "0.9"), (209, "20.9")])
def test_tenths_are_shown_as_points(tenths, shown):
    assert in_points(tenths) == shown


def test_points_last_until_the_end_of_the_year_after():
    assert expiry_day(date(2026, 1, 1), 1) == date(2027, 12, 31)
    assert expiry_day(date(2026, 12, 31), 1) == date(2027, 12, 31)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(0, 5), st.integers(1, 300)),
        st.tuples(st.just("reverse"), st.integers(0, 5), st.integers(1, 100)),
        st.tuples(st.just("redeem"), st.integers(0, 5), st.integers(1, 250)),
    ),
    max_size=40,
)


@given(steps)
def test_any_history_of_earning_reversing_and_spending_conserves(history):
    made = Book(Account(ME))
    earned = dict.fromkeys(map(source, range(6)), 0)
    for number, (act, which, amount) in enumerate(history):
        name = source(which)
        if act == "earn":
            made.earn(
                name,
                tenths=amount,
                grams=amount,
                expires_on=date(2027 + which % 2, 12, 31),
                available_at=NOW,
            )
            earned[name] += amount
        elif act == "reverse":
            part = earned[name] * amount // 100
            made.reverse(name, tenths=part, grams=part)
            earned[name] -= part
        else:
            spendable = made.account.available_tenths
            if spendable >= amount:
                made.redeem(source(100 + number), tenths=amount, today=TODAY, now=NOW)
            else:
                with pytest.raises(PointsInsufficient):
                    made.redeem(source(100 + number), tenths=amount, today=TODAY, now=NOW)
        check(made)
        assert made.account.earned_tenths == sum(earned.values())
        assert made.account.credited_g == sum(earned.values())
