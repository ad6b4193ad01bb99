"""What trading-svc listens to."""

from tht_contracts.events.issuance import CreditsIssued
from tht_contracts.events.registry import OrganisationRegistered, ProjectStatusChanged
from tht_kit.runner import Subscription
from trading_svc.accounts import consumers as accounts
from trading_svc.holdings import consumers as holdings

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(OrganisationRegistered.topic, {OrganisationRegistered: accounts.on_organisations}),
    Subscription(ProjectStatusChanged.topic, {ProjectStatusChanged: holdings.on_project_status}),
    Subscription(CreditsIssued.topic, {CreditsIssued: holdings.on_credits_issued}),
)
