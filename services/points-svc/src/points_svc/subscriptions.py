"""What points-svc listens to: that credits were issued out of its aggregates."""

from points_svc.aggregates import consumers as aggregates
from tht_contracts.events.issuance import CreditsIssued
from tht_kit.runner import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(topic=CreditsIssued.topic, handlers={CreditsIssued: aggregates.on_credits_issued}),
)
