"""What this service emits is what the contracts declare; what it listens to, it can take."""

from sqlalchemy import text

from points_svc.subscriptions import SUBSCRIPTIONS
from points_svc_tests.aggregates.test_endpoints import delivered
from points_svc_tests.factories import MOBILITY, at, bike
from tht_contracts.examples import EXAMPLES
from tht_contracts.registry import EVENTS

OWN = {name for name, event in EVENTS.items() if event.owner == "points-svc"}


async def test_every_event_of_the_service_is_emitted_and_names_no_citizen(
    app, events, container, project
):
    subject, token = await app.rider()
    await app.send(bike(token, at("2026-07-10 08:00"), 3200))
    reward_id = await app.coupon(points_tenths=10)
    assert (await app.redeem(subject, reward_id)).status_code == 201
    made = (await app.aggregate("2026-07-01", "2026-07-31")).json()
    emitted = [
        event
        for key in (MOBILITY, reward_id, made["aggregate_id"])
        for event in await events(key)  # decodes each body with its class
    ]
    assert {event.event_type for event in emitted} == OWN
    async with container.database.read() as session:
        bodies = b"".join(await session.scalars(text("SELECT body FROM outbox")))
        citizens = await session.scalars(text("SELECT citizen_id::text FROM citizens"))
        for name in (*citizens, subject, token):
            assert name.encode() not in bodies


async def test_every_example_of_the_topics_it_reads_is_taken(consumer, container):
    handled = {event for found in SUBSCRIPTIONS for event in found.handlers}
    examples = [example for example in EXAMPLES if type(example) in handled]
    assert {type(example) for example in examples} == handled
    for number, example in enumerate(examples):
        await consumer.handle([delivered(example, str(number))])
    async with container.database.read() as session:
        letters = text("SELECT count(*) FROM outbox WHERE type = 'dead-letter'")
        assert (await session.execute(letters)).scalar_one() == 0
