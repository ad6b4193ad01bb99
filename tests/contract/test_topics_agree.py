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


def test_every_declared_topic_carries_an_event():
    assert set(TOPICS) == {event.topic for event in EVENTS.values()}


@pytest.mark.parametrize("service", SERVICES)
def test_a_group_is_a_consumer_of_exactly_the_topics_it_subscribes_to(service: str):
    module = importlib.import_module(f"{service.replace('-', '_')}.subscriptions")
    subscriptions: list[Subscription] = module.SUBSCRIPTIONS
    declared = {name for name, topic in TOPICS.items() if service in topic.consumers}
    assert declared == {subscription.topic for subscription in subscriptions}


def test_only_services_with_subscriptions_are_consumers():
    for name, topic in TOPICS.items():
        assert set(topic.consumers) <= set(SERVICES), name


def test_no_service_is_a_consumer_of_its_own_events():
    for name, topic in TOPICS.items():
        assert topic.owner not in topic.consumers, name
