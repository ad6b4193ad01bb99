"""Trips: a partner's batch becomes verdicts, grams and points in one transaction.

The order of work: what is decided already needs no lock and writes nothing (a resend); the rest is
judged under the locks of its citizens, each touched day is settled as a set, and claims, trips and
postings are written together.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.citizens import service as citizens
from points_svc.citizens.models import Purpose
from points_svc.points import service as points
from points_svc.scenarios import service as scenarios
from points_svc.trips import repository, settling
from points_svc.trips.decode import Item, MalformedItem, TripItem
from points_svc.trips.errors import TripNotFound
from points_svc.trips.judging import Decision, Judge
from points_svc.trips.models import Stored, Trip
from points_svc.trips.repository import Claim, NewTrip
from points_svc.trips.rules import RuleHit
from points_svc.trips.settling import Change
from tht_contracts.events.points import TripBatchCredited
from tht_kit.ids import new_id
from tht_kit.outbox import emit

Verdict = Literal["accepted", "duplicate", "conflict", "rejected", "quarantined"]
VERDICTS: dict[Stored, Verdict] = {
    Stored.ACCEPTED: "accepted",
    Stored.REJECTED: "rejected",
    Stored.QUARANTINED: "quarantined",
}


@dataclass(frozen=True, slots=True)
class First:
    """The first decision about an id that came again."""

    verdict: Verdict
    receipt: UUID
    reason: str | None
    credited_g: int
    points_tenths: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict of one item of a batch."""

    item: Item
    verdict: Verdict
    receipt: UUID | None
    credited_g: int = 0
    points_tenths: int = 0
    reason: str | None = None
    rule: RuleHit | None = None
    first: First | None = None
    differing_fields: list[str] | None = None


@dataclass(slots=True)
class _Work:
    """A batch on its way: answers by index, which items still wait, what it changed of earlier trips."""

    items: Sequence[Item]
    answers: dict[int, Answer] = field(default_factory=dict)
    changes: Sequence[Change] = ()

    def waiting(self) -> list[tuple[int, Item]]:
        return [(i, item) for i, item in enumerate(self.items) if i not in self.answers]


@dataclass(frozen=True, slots=True)
class Batch:
    """A decided batch: one answer per item, in the order they were sent."""

    batch_id: UUID
    answers: list[Answer]

    def count(self, verdict: Verdict) -> int:
        return sum(answer.verdict == verdict for answer in self.answers)


async def ingest(
    session: AsyncSession, *, partner_id: str, items: Sequence[Item], now: datetime
) -> Batch:
    """Decide a batch. Sending an item again changes nothing and is answered with its first verdict.

    Raises LostRace (retried at the edge), ProgrammeRuleMissing.
    """
    batch_id = new_id()
    work = _Work(items)
    for index, item in enumerate(items):
        if item.event_id is None:
            work.answers[index] = _anonymous(item)
    await _answer_known(session, work, partner_id)
    decided = await _decide(session, work, partner_id=partner_id, batch_id=batch_id, now=now)
    batch = Batch(batch_id, [work.answers[index] for index in range(len(items))])
    if decided:
        await emit(session, _event(batch, partner_id, work.changes), now=now)
    return batch


def _anonymous(item: Item) -> Answer:
    """Answer an item without a readable id: nothing can be remembered of it."""
    return Answer(item, "rejected", None, reason="MALFORMED")


async def _answer_known(session: AsyncSession, work: _Work, partner_id: str) -> None:
    """Answer the items whose event id has been decided before."""
    waiting = work.waiting()
    event_ids = {item.event_id for _, item in waiting if item.event_id is not None}
    claims = await repository.find_claims(session, partner_id, event_ids)
    known = [(i, item, claims[item.event_id]) for i, item in waiting if item.event_id in claims]
    await _answer_again(session, work, partner_id, known)


async def _answer_again(
    session: AsyncSession,
    work: _Work,
    partner_id: str,
    known: Sequence[tuple[int, Item, Claim]],
) -> None:
    """Answer items that repeat a decided event: duplicate, or conflict with what differs."""
    differing = [(i, item, c) for i, item, c in known if item.content_sha256 != c.content_sha256]
    fields = await _differences(session, partner_id, [(item, c) for _, item, c in differing])
    for index, item, claim in known:
        first = First(
            VERDICTS[claim.verdict],
            claim.receipt,
            claim.reason,
            claim.credited_g,
            claim.points_tenths,
        )
        work.answers[index] = Answer(item, "duplicate", claim.receipt, first=first)
    for (index, _, _), names in zip(differing, fields, strict=True):
        work.answers[index] = replace(
            work.answers[index], verdict="conflict", differing_fields=names
        )


async def _differences(
    session: AsyncSession, partner_id: str, pairs: Sequence[tuple[Item, Claim]]
) -> list[list[str] | None]:
    """Name the fields in which items differ from what their id first said; None if that is not kept."""
    if not pairs:
        return []
    stored = await repository.trips_by_receipt(
        session, {(c.citizen_id, c.receipt) for _, c in pairs if c.citizen_id is not None}
    )
    subjects = {item.subject for item, _ in pairs if isinstance(item, TripItem)}
    known = await citizens.resolve(session, partner_id, subjects)
    return [
        None
        if isinstance(item, MalformedItem) or (trip := stored.get(claim.receipt)) is None
        else _differing(item, trip, known.get(item.subject))
        for item, claim in pairs
    ]


def _differing(item: TripItem, trip: Trip, citizen_id: UUID | None) -> list[str]:
    pairs = {
        "trip_id": (item.trip_id, trip.trip_id),
        "scenario_id": (item.scenario_id, trip.scenario_id),
        "subject": (citizen_id, trip.citizen_id),
        "start_time": (item.start, trip.start_time),
        "end_time": (item.last_moment, trip.end_time),
        "distance_m": (item.distance_m, trip.distance_m),
        "distance_method": (item.distance_method, trip.distance_method),
        "steps": (item.steps, trip.steps),
        "start": (item.start_cell, trip.start_cell),
        "end": (item.end_cell, trip.end_cell),
    }
    names = [name for name, (now, then) in pairs.items() if now != then]
    # Of a position only its cell is kept: within the cell, all that can be said is which it may be.
    return names or [name for name in ("duration_s", "start", "end") if _given(item, name)]


def _given(item: TripItem, name: str) -> bool:
    cells = {"start": item.start_cell, "end": item.end_cell, "duration_s": item.duration_s}
    return cells[name] is not None


async def _decide(
    session: AsyncSession, work: _Work, *, partner_id: str, batch_id: UUID, now: datetime
) -> bool:
    """Judge, settle and write what nobody has decided yet; False if that is nothing."""
    waiting = work.waiting()
    if not waiting:
        return False
    subjects = {item.subject for _, item in waiting if isinstance(item, TripItem)}
    by_subject = await citizens.resolve(session, partner_id, subjects)
    books = await points.lock(session, set(by_subject.values()))
    # Under the locks: whoever decided one of these meanwhile has committed.
    await _answer_known(session, work, partner_id)
    judge = Judge(
        partner_id=partner_id,
        now=now,
        catalogue=await scenarios.catalogue(session),
        citizens=by_subject,
        consents=await citizens.consented(session, books, Purpose.CREDIT, now=now),
    )
    decisions = await _judge_all(session, work, judge)
    accepted = [found for found in decisions.values() if found.verdict is Stored.ACCEPTED]
    changes = work.changes = await settling.settle(
        session, accepted, partner_id=partner_id, catalogue=judge.catalogue
    )
    await repository.insert_batch(
        session,
        partner_id=partner_id,
        claims=map(_claim, decisions.values()),
        live=_live(decisions.values()),
        trips=[_trip(found) for found in decisions.values() if found.keeps_trip],
        now=now,
    )
    await settling.post(
        session,
        accepted,
        changes,
        books=books,
        catalogue=judge.catalogue,
        transaction_id=batch_id,
        now=now,
    )
    _answer_decided(work, decisions)
    return bool(decisions)


async def _judge_all(session: AsyncSession, work: _Work, judge: Judge) -> dict[str, Decision]:
    """Judge the waiting items in order; those that repeat a trip or another item are answered."""
    waiting = work.waiting()
    trip_ids = {item.trip_id for _, item in waiting if isinstance(item, TripItem)}
    live = await repository.find_live(session, judge.partner_id, trip_ids)
    claims = await repository.find_claims(session, judge.partner_id, set(live.values()))
    decisions: dict[str, Decision] = {}
    for index, item in waiting:
        assert item.event_id is not None
        if item.event_id in decisions:
            continue  # the same id twice in one batch: answered once the first has its outcome
        if isinstance(item, TripItem) and item.trip_id in live:
            standing = live[item.trip_id]
            if standing in claims:
                await _answer_again(
                    session, work, judge.partner_id, [(index, item, claims[standing])]
                )
            continue
        decision = judge.judge(item)
        decisions[item.event_id] = decision
        if isinstance(item, TripItem) and decision.guards_trip:
            live[item.trip_id] = item.event_id
    return decisions


def _answer_decided(work: _Work, decisions: dict[str, Decision]) -> None:
    """Answer the items decided now, and those of the same batch that repeat one of them."""
    by_trip = {
        found.item.trip_id: found
        for found in decisions.values()
        if isinstance(found.item, TripItem) and found.guards_trip
    }
    for index, item in work.waiting():
        assert item.event_id is not None
        found = decisions.get(item.event_id)
        if found is None:
            assert isinstance(item, TripItem)
            found = by_trip[item.trip_id]
        work.answers[index] = _own(found) if item is found.item else _repeated(item, found)


def _own(found: Decision) -> Answer:
    return Answer(
        found.item,
        VERDICTS[found.verdict],
        found.receipt,
        found.outcome.grams,
        found.outcome.tenths,
        found.reason,
        found.rule,
    )


def _repeated(item: Item, found: Decision) -> Answer:
    first = First(
        VERDICTS[found.verdict],
        found.receipt,
        found.reason,
        found.outcome.grams,
        found.outcome.tenths,
    )
    if item.content_sha256 == found.item.content_sha256:
        return Answer(item, "duplicate", found.receipt, first=first)
    names = None
    if isinstance(item, TripItem) and isinstance(found.item, TripItem) and found.keeps_trip:
        names = _differing(item, _as_trip(found), _citizen_of(item, found))
    return Answer(item, "conflict", found.receipt, first=first, differing_fields=names)


def _citizen_of(item: TripItem, found: Decision) -> UUID | None:
    assert isinstance(found.item, TripItem)
    return found.citizen_id if item.subject == found.item.subject else None


def _as_trip(found: Decision) -> Trip:
    row = _trip(found)
    return Trip(**{name: getattr(row, name) for name in NewTrip.__dataclass_fields__})


def _claim(found: Decision) -> Claim:
    assert found.item.event_id is not None
    return Claim(
        event_id=found.item.event_id,
        citizen_id=found.citizen_id,
        receipt=found.receipt,
        content_sha256=found.item.content_sha256,
        credited_g=found.outcome.grams,
        points_tenths=found.outcome.tenths,
        verdict=found.verdict,
        reason=found.reason,
    )


def _live(decisions: Collection[Decision]) -> dict[str, str]:
    return {
        found.item.trip_id: found.item.event_id
        for found in decisions
        if isinstance(found.item, TripItem) and found.guards_trip
    }


def _trip(found: Decision) -> NewTrip:
    item = found.item
    assert isinstance(item, TripItem)
    assert found.citizen_id is not None
    assert found.day is not None
    return NewTrip(
        citizen_id=found.citizen_id,
        day=found.day,
        receipt=found.receipt,
        event_id=item.event_id,
        trip_id=item.trip_id,
        scenario_id=item.scenario_id,
        scenario_version=found.version,
        start_time=item.start,
        end_time=item.last_moment,
        distance_m=item.distance_m,
        distance_method=item.distance_method,
        steps=item.steps,
        start_cell=item.start_cell,
        end_cell=item.end_cell,
        verdict=found.verdict,
        reason=found.reason,
        rule=found.rule,
        credited_g=found.outcome.grams,
        points_tenths=found.outcome.tenths,
    )


def _event(batch: Batch, partner_id: str, changes: Sequence[Change]) -> TripBatchCredited:
    return TripBatchCredited(
        batch_id=str(batch.batch_id),
        partner_id=partner_id,
        accepted=batch.count("accepted"),
        duplicate=batch.count("duplicate"),
        conflict=batch.count("conflict"),
        rejected=batch.count("rejected"),
        quarantined=batch.count("quarantined"),
        credited_g=sum(answer.credited_g for answer in batch.answers),
        credited_tenths=sum(answer.points_tenths for answer in batch.answers),
        adjusted_g=sum(change.after.grams - change.before.grams for change in changes),
        adjusted_tenths=sum(change.after.tenths - change.before.tenths for change in changes),
    )


async def get_trip(session: AsyncSession, *, partner_id: str, subject: str, receipt: UUID) -> Trip:
    """Return one trip of a citizen, as far as the partner may see it.

    Raises CitizenNotFound, TripNotFound.
    """
    known = await citizens.get_subject(session, partner_id, subject)
    trip = await repository.find_trip(session, known.citizen_id, receipt)
    if trip is None or not (known.is_own_app or trip.partner_id == partner_id):
        raise TripNotFound(receipt=receipt)
    return trip


async def list_trips(
    session: AsyncSession,
    *,
    partner_id: str,
    subject: str,
    before: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Trip]:
    """Return up to `limit` trips of a citizen, newest day first; to a partner those it sent.

    Raises CitizenNotFound.
    """
    known = await citizens.get_subject(session, partner_id, subject)
    return await repository.list_before(
        session,
        known.citizen_id,
        sent_by=None if known.is_own_app else partner_id,
        before=before,
        limit=limit,
    )
