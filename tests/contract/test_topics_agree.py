"""deploy/kafka/topics.yaml, the event classes and the services' subscriptions say the same."""

import importlib
from pathlib import Path

import pytest

from tht_contracts.registry import EVENTS
from tht_kit.events import Event
from tht_kit.runner import Subscription
from tht_kit.topics import read_file

TOPICS = read_file(Path(__file__).resolve().parents[2] / "deploy/kafka/topics.yaml").topics
SERVICES = ["registry-svc", "issuance-svc", "trading-svc", "points-svc"]


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_every_event_travels_on_a_declared_topic_of_its_owner_and_key(event: type[Event]):
    topic = TOPICS[event.topic]
    assert (topic.owner, topic.key) == (event.owner, event.key_field)


@pytest.mark.parametrize("service", SERVICES)
def test_every_subscribed_topic_has_the_groups_dead_letter_topic(service: str):
    module = importlib.import_module(f"{service.replace('-', '_')}.subscriptions")
    subscriptions: list[Subscription] = module.SUBSCRIPTIONS
    for subscription in subscriptions:
        assert service in TOPICS[subscription.topic].consumers, subscription.topic


def test_no_service_is_a_consumer_of_its_own_events():
    for name, topic in TOPICS.items():
        assert topic.owner not in topic.consumers, name
