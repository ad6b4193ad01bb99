"""What trading-svc listens to."""

from tht_contracts.events.issuance import CreditsIssued, ReversalRecorded, ReversalSettled
from tht_contracts.events.registry import OrganisationRegistered, ProjectStatusChanged
from tht_kit.runner import Subscription
from trading_svc.accounts import consumers as accounts
from trading_svc.holdings import consumers as holdings
from trading_svc.reversals import consumers as reversals

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(OrganisationRegistered.topic, {OrganisationRegistered: accounts.on_organisations}),
    Subscription(ProjectStatusChanged.topic, {ProjectStatusChanged: holdings.on_project_status}),
    Subscription(
        CreditsIssued.topic,
        {
            CreditsIssued: holdings.on_credits_issued,
            ReversalRecorded: reversals.on_reversals_recorded,
            ReversalSettled: reversals.on_reversals_settled,
        },
    ),
)
