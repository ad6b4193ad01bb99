from sqlalchemy import text

from issuance_svc_tests.factories import aggregate
from tht_kit.ids import new_id


async def test_an_aggregate_is_stored_once(deliver, count_rows):
    closed, event_id = aggregate(), new_id()
    await deliver(closed, event_id=event_id)
    await deliver(closed, event_id=event_id)
    await deliver(closed)
    assert await count_rows("aggregates") == 1


async def test_grams_that_do_not_add_up_are_set_aside(deliver, database, count_rows):
    await deliver(aggregate(total_g=5))
    await deliver(aggregate(by_vintage_g={"-5": 10, "2025": 1}))
    assert await count_rows("aggregates") == 0
    async with database.read() as session:
        letters = (await session.execute(text("SELECT topic, headers FROM outbox"))).all()
    assert [letter.topic for letter in letters] == ["points.aggregates.dlq.issuance-svc"] * 2
    assert "is not total_g" in letters[0].headers["dlq_reason"]
