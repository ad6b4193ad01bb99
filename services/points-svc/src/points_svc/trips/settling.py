"""The settlement of citizen-days: what each trip is credited, and the postings that follow.

A late arrival may change what an earlier trip of the same day is worth; the difference is posted as
a further earning or as a reversal of the same source, so any order of arrival ends in the same
credit per trip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.points import service as points
from points_svc.points.rules import Book, expiry_day
from points_svc.scenarios.rules import Catalogue
from points_svc.trips import repository, rules
from points_svc.trips.decode import TripItem
from points_svc.trips.judging import Decision, day_trip, in_day
from points_svc.trips.repository import NewCredit
from points_svc.trips.rules import DayTrip, Outcome
from tht_kit.clock import legal_midnight

Day = tuple[UUID, date]


@dataclass(frozen=True, slots=True)
class Change:
    """A stored trip whose credit is no longer what the day's set of trips gives it."""

    citizen_id: UUID
    day: date
    receipt: UUID
    scenario_id: str
    before: Outcome
    after: Outcome


async def settle(
    session: AsyncSession,
    accepted: Sequence[Decision],
    *,
    partner_id: str,
    catalogue: Catalogue,
) -> list[Change]:
    """Settle every day that the accepted items touch; fills in their outcomes.

    Returns the stored trips whose credit changes. The citizens must be locked.
    """
    new: dict[Day, list[DayTrip]] = {}
    decisions = {decision.receipt: decision for decision in accepted}
    for decision in accepted:
        assert decision.citizen_id is not None
        assert decision.day is not None
        trip = day_trip(decision, partner_id=partner_id, catalogue=catalogue)
        new.setdefault((decision.citizen_id, decision.day), []).append(trip)
    midnights = _days_touched(new)
    stored = await repository.accepted_by_day(session, midnights)
    changes: list[Change] = []
    for key, midnight in midnights.items():
        citizen_id, day = key
        rows = {row.receipt: row for row in stored[key] if row.day == day}
        todays = [*map(_stored(catalogue), rows.values()), *new.get(key, ())]
        yesterdays = [_stored(catalogue)(row) for row in stored[key] if row.day != day]
        yesterdays += [
            trip
            for trip in new.get((citizen_id, day - timedelta(days=1)), ())
            if rules.reaches_into(trip, midnight)
        ]
        cap = catalogue.programme("citizen_day_cap_g", day)
        for receipt, outcome in rules.settle_day(todays, yesterdays, cap).items():
            if receipt in decisions:
                decision = decisions[receipt]
                decision.outcome, decision.rule = outcome, outcome.rule
                decision.reason = outcome.reason
            elif (change := _change(rows[receipt], outcome)) is not None:
                changes.append(change)
    return changes


def _days_touched(new: Mapping[Day, Sequence[DayTrip]]) -> dict[Day, datetime]:
    """Return the citizen-days to settle with their first moments: a trip past midnight touches two."""
    midnights: dict[Day, datetime] = {}
    for (citizen_id, day), trips in new.items():
        midnights[citizen_id, day] = legal_midnight(day)
        tomorrow = rules.day_after(day)
        midnight = legal_midnight(tomorrow)
        if any(rules.reaches_into(trip, midnight) for trip in trips):
            midnights[citizen_id, tomorrow] = midnight
    return midnights


def _stored(catalogue: Catalogue) -> Any:
    def of(row: Any) -> DayTrip:
        scenario = catalogue.scenarios[row.scenario_id]
        fixed = None
        if row.aggregate_id is not None:
            fixed = Outcome(row.credited_g, row.points_tenths, row.reason)
        return in_day(
            scenario,
            scenario.version(row.scenario_version),
            receipt=row.receipt,
            partner_id=row.partner_id,
            trip_id=row.trip_id,
            start=row.start_time,
            end=row.end_time,
            distance_m=row.distance_m,
            steps=row.steps,
            fixed=fixed,
        )

    return of


def _change(row: Any, after: Outcome) -> Change | None:
    before = Outcome(row.credited_g, row.points_tenths, row.reason)
    if (before.grams, before.tenths, before.reason) == (after.grams, after.tenths, after.reason):
        return None
    return Change(row.citizen_id, row.day, row.receipt, row.scenario_id, before, after)


async def post(
    session: AsyncSession,
    accepted: Sequence[Decision],
    changes: Sequence[Change],
    *,
    books: Mapping[UUID, Book],
    catalogue: Catalogue,
    transaction_id: UUID,
    now: datetime,
) -> None:
    """Post the outcomes to the citizens' books and write what changed."""
    if changes:
        changed = [books[citizen_id] for citizen_id in {change.citizen_id for change in changes}]
        named = {(change.citizen_id, change.receipt) for change in changes}
        await points.open_lots(session, changed, named=named)
    touched: dict[UUID, Book] = {}
    for decision in accepted:
        assert isinstance(decision.item, TripItem)
        assert decision.citizen_id is not None
        assert decision.day is not None
        book = touched.setdefault(decision.citizen_id, books[decision.citizen_id])
        book.account.trips_accepted += 1
        _earn(
            book,
            decision.receipt,
            decision.item.scenario_id,
            decision.day,
            decision.outcome,
            catalogue,
            now,
        )
    for change in changes:
        book = touched.setdefault(change.citizen_id, books[change.citizen_id])
        _adjust(book, change, catalogue, now)
    if changes:
        await repository.change_credits(session, [_new_credit(change) for change in changes])
    if touched:
        await points.post(session, touched.values(), transaction_id=transaction_id, now=now)


def _new_credit(change: Change) -> NewCredit:
    return NewCredit(
        change.citizen_id,
        change.day,
        change.receipt,
        credited_g=change.after.grams,
        points_tenths=change.after.tenths,
        reason=change.after.reason,
        rule=change.after.rule,
    )


def _adjust(book: Book, change: Change, catalogue: Catalogue, now: datetime) -> None:
    tenths = change.after.tenths - change.before.tenths
    grams = change.after.grams - change.before.grams
    more = Outcome(max(0, grams), max(0, tenths))
    _earn(book, change.receipt, change.scenario_id, change.day, more, catalogue, now)
    if tenths < 0 or grams < 0:
        book.reverse(change.receipt, tenths=max(0, -tenths), grams=max(0, -grams))


def _earn(
    book: Book,
    receipt: UUID,
    scenario_id: str,
    day: date,
    outcome: Outcome,
    catalogue: Catalogue,
    now: datetime,
) -> None:
    if not (outcome.grams or outcome.tenths):
        return
    valid_years = catalogue.programme("points_valid_years", day).value
    pending = timedelta(days=catalogue.scenarios[scenario_id].pending_days)
    book.earn(
        receipt,
        tenths=outcome.tenths,
        grams=outcome.grams,
        expires_on=expiry_day(day, valid_years),
        available_at=now + pending,
    )
