"""The runner's decisions about one batch, on a real database; the bus laws try the rest."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from tht_kit.bus import BusMisconfigured, Delivered, Transient
from tht_kit.bus_inprocess import InProcessBus
from tht_kit.clock import FakeClock
from tht_kit.db import Database
from tht_kit.ids import new_id
from tht_kit.outbox import outbox
from tht_kit.runner import Consumer, PoisonRecord, Subscription, TooManyDeadLetters

from .sample import (
    LEDGER,
    NOW,
    TOPIC,
    NoSuchThing,
    ThingMade,
    ThingSold,
    delivered,
    made,
    sold,
)

GROUP = "reader-svc"


async def post(session: Any, events: Sequence[Any], *, now: Any) -> None:
    await session.execute(sa.insert(LEDGER), [{"n": found.data.n} for found in events])


def consumer(database: Database, handlers: Any = None, **more: Any) -> Consumer:
    subscription = Subscription(
        TOPIC, handlers or {ThingMade: post}, deduplicate=more.pop("deduplicate", True)
    )
    return Consumer(database, InProcessBus(), GROUP, [subscription], FakeClock(NOW), **more)


async def ledger(database: Database) -> list[int]:
    async with database.read() as session:
        return sorted((await session.execute(sa.select(LEDGER.c.n))).scalars())


async def letters(database: Database) -> list[dict[str, Any]]:
    query = sa.select(outbox).where(outbox.c.topic == f"{TOPIC}.dlq.{GROUP}")
    async with database.read() as session:
        return [dict(row) for row in (await session.execute(query)).mappings()]


async def test_handlers_get_runs_of_consecutive_events_of_their_class(database: Database):
    calls: list[tuple[str, list[int]]] = []

    def noting(name: str) -> Any:
        async def note(session: Any, events: Sequence[Any], *, now: Any) -> None:
            calls.append((name, [found.data.n for found in events]))
            assert now == NOW

        return note

    both = {ThingMade: noting("made"), ThingSold: noting("sold")}
    batch = delivered(made(1), made(2), sold(3), made(4), sold(5), sold(6))
    await consumer(database, both).handle(batch)
    assert calls == [("made", [1, 2]), ("sold", [3]), ("made", [4]), ("sold", [5, 6])]


async def test_types_without_a_handler_are_passed_over(database: Database):
    await consumer(database).handle(delivered(sold(1), made(2), sold(3)))
    assert await ledger(database) == [2]
    assert await letters(database) == []


async def test_an_event_twice_in_one_batch_counts_once(database: Database):
    twice = new_id()
    await consumer(database).handle(delivered(made(1, event_id=twice), made(1, event_id=twice)))
    assert await ledger(database) == [1]


async def test_a_known_event_is_dropped_for_its_group_only(database: Database):
    batch = delivered(made(1))
    first = consumer(database)
    await first.handle(batch)
    await first.handle(batch)
    assert await ledger(database) == [1]
    other = Consumer(
        database,
        InProcessBus(),
        "other-svc",
        [Subscription(TOPIC, {ThingMade: post})],
        FakeClock(NOW),
    )
    await other.handle(batch)
    assert await ledger(database) == [1, 1]


async def test_without_deduplication_the_handler_sees_repeats(database: Database):
    batch = delivered(made(1))
    reader = consumer(database, deduplicate=False)
    await reader.handle(batch)
    await reader.handle(batch)
    assert await ledger(database) == [1, 1]


async def test_a_domain_error_puts_aside_the_one_event_it_is_about(database: Database):
    async def choosy(session: Any, events: Sequence[Any], *, now: Any) -> None:
        for found in events:
            if found.data.n in (2, 4):
                raise NoSuchThing(n=found.data.n)
        await post(session, events, now=now)

    batch = delivered(*[made(n) for n in range(6)])
    await consumer(database, {ThingMade: choosy}).handle(batch)
    assert await ledger(database) == [0, 1, 3, 5]
    found = await letters(database)
    assert [letter["headers"]["dlq_reason"] for letter in found] == [
        "refused: no-such-thing: There is no 2",
        "refused: no-such-thing: There is no 4",
    ]
    assert [letter["headers"]["dlq_position"] for letter in found] == ["0:2", "0:4"]
    assert [letter["key"] for letter in found] == ["a", "a"]


async def test_several_poisoned_records_each_go_aside_and_the_rest_is_one_transaction(
    database: Database,
):
    async def choosy(session: Any, events: Sequence[Any], *, now: Any) -> None:
        await post(session, events, now=now)
        for index, found in enumerate(events):
            if found.data.n % 3 == 0:
                raise PoisonRecord(index, f"{found.data.n} is divisible")

    await consumer(database, {ThingMade: choosy}).handle(delivered(*[made(n) for n in range(7)]))
    assert await ledger(database) == [1, 2, 4, 5]
    reasons = [letter["headers"]["dlq_reason"] for letter in await letters(database)]
    assert reasons == [f"refused: {n} is divisible" for n in (0, 3, 6)]


async def test_a_put_aside_event_is_not_remembered_so_it_can_be_sent_again(database: Database):
    refuse = [True]

    async def choosy(session: Any, events: Sequence[Any], *, now: Any) -> None:
        if refuse:
            refuse.pop()
            raise PoisonRecord(0, "not today")
        await post(session, events, now=now)

    reader = consumer(database, {ThingMade: choosy})
    [record] = delivered(made(1))
    await reader.handle([record])
    assert await ledger(database) == []
    await reader.handle([record._replace(position="0:7")])
    assert await ledger(database) == [1]


async def test_bytes_that_postgresql_cannot_store_as_text_are_kept_readable(database: Database):
    strange = Delivered(
        TOPIC, 0, "0:0", b"\x00\xff", b"\x00\xfe", (("x", b"\x00\xff"), ("dlq_group", b"forged"))
    )
    await consumer(database).handle([strange])
    [letter] = await letters(database)
    assert letter["key"] == "\\x00\\xff"
    assert letter["body"] == b"\x00\xfe"
    assert letter["headers"]["x"] == "\\x00\\xff"
    assert letter["headers"]["dlq_group"] == GROUP


async def test_a_transient_error_undoes_everything_and_is_named(database: Database):
    async def cut(session: Any, events: Sequence[Any], *, now: Any) -> None:
        await post(session, events, now=now)
        await session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    bad = delivered(made(9))[0]._replace(value=b"junk")
    with pytest.raises(Transient):
        await consumer(database, {ThingMade: cut}).handle([bad, *delivered(made(1))])
    assert await ledger(database) == []
    assert await letters(database) == [], "dead letters leave with the batch, not before it"


async def test_an_unknown_error_of_a_handler_passes_through(database: Database):
    async def broken(session: Any, events: Sequence[Any], *, now: Any) -> None:
        await post(session, events, now=now)
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        await consumer(database, {ThingMade: broken}).handle(delivered(made(1)))
    assert await ledger(database) == []


async def test_a_broken_constraint_is_unknown_not_transient(database: Database):
    async def wrong(session: Any, events: Sequence[Any], *, now: Any) -> None:
        await session.execute(sa.insert(LEDGER), {"n": None})

    with pytest.raises(sa.exc.IntegrityError):
        await consumer(database, {ThingMade: wrong}).handle(delivered(made(1)))


async def test_the_limit_of_dead_letters_counts_over_restarts_and_stops_before_the_batch(
    database: Database,
):
    bad = [found._replace(value=b"junk") for found in delivered(*[made(n) for n in range(4)])]
    good = delivered(*[made(n) for n in range(5)])[4]
    await consumer(database, dead_letters_max=3).handle(bad[:3])
    restarted = consumer(database, dead_letters_max=3)
    with pytest.raises(TooManyDeadLetters, match="more than 3 records of sample"):
        await restarted.handle([bad[3], good])
    assert await ledger(database) == []
    assert len(await letters(database)) == 3
    await restarted.handle(bad[:3])  # a repeat makes no new letters
    assert len(await letters(database)) == 3


async def test_a_parked_record_is_a_dead_letter_with_the_error(database: Database):
    [record] = delivered(made(1))
    await consumer(database).park(record, KeyError("a bug"))
    [letter] = await letters(database)
    assert letter["headers"]["dlq_reason"] == "KeyError: 'a bug'"
    assert letter["body"] == record.value


def test_a_handler_for_a_class_of_another_topic_is_refused():
    with pytest.raises(BusMisconfigured, match=r"travels on sample\.things, not on other\.things"):
        Subscription("other.things", {ThingMade: post})


def test_one_topic_twice_in_a_group_is_refused(database: Database):
    twice = [Subscription(TOPIC, {ThingMade: post}), Subscription(TOPIC, {ThingSold: post})]
    with pytest.raises(BusMisconfigured, match="subscribes to a topic twice"):
        Consumer(database, InProcessBus(), GROUP, twice, FakeClock(NOW))


def test_one_group_twice_on_a_bus_is_refused(database: Database):
    bus = InProcessBus()
    subscriptions = [Subscription(TOPIC, {ThingMade: post})]
    Consumer(database, bus, GROUP, subscriptions, FakeClock(NOW))
    with pytest.raises(BusMisconfigured, match="declared twice"):
        Consumer(database, bus, GROUP, subscriptions, FakeClock(NOW))
