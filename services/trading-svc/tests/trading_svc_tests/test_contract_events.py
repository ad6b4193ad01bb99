"""What this service emits is declared, and every event it may be sent can be taken."""

import pytest

from tht_contracts.examples import EXAMPLES
from tht_contracts.registry import EVENTS
from trading_svc.subscriptions import SUBSCRIPTIONS
from trading_svc_tests.factories import PV_OWNER, STEEL

OWN = {name for name, event in EVENTS.items() if event.owner == "trading-svc"}
TAKEN = {cls for subscription in SUBSCRIPTIONS for cls in subscription.handlers}


async def test_every_event_of_the_service_is_emitted_and_valid(world, events):
    await world.usual_parties()
    issued = await world.issue(100)
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 50)).json()["listing_id"]
    await world.buy(listing, 20, by=STEEL)
    await world.obligation(STEEL, 2024, 1_000)
    await world.retire(PV_OWNER, 5)
    await world.deliver(world.buffered(10, 1))
    emitted = await events()  # decodes each body with its class
    assert {event.event_type for event in emitted} == OWN


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if type(e) in TAKEN], ids=lambda example: example.event_type
)
async def test_every_example_of_a_subscribed_event_is_taken(world, example):
    await world.deliver(example)
    assert await world.dead_letters() == []


def test_every_subscribed_class_has_an_example():
    assert {type(example) for example in EXAMPLES} >= TAKEN
