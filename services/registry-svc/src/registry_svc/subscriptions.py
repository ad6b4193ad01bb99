"""What registry-svc listens to: issuances, for its public lists and how long evidence is locked."""

from registry_svc.credits.consumers import on_credits_issued
from tht_contracts.events.issuance import CreditsIssued
from tht_kit.runner import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(CreditsIssued.topic, {CreditsIssued: on_credits_issued}),
)
