"""What points-svc listens to: which projects there are, and that credits were issued."""

from points_svc.aggregates import consumers as aggregates
from points_svc.projects import consumers as projects
from tht_contracts.events.issuance import CreditsIssued
from tht_contracts.events.registry import ProjectRegistered, ProjectStatusChanged
from tht_kit.runner import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(
        topic=ProjectRegistered.topic,
        handlers={
            ProjectRegistered: projects.on_projects_registered,
            ProjectStatusChanged: projects.on_projects_status_changed,
        },
        deduplicate=False,
    ),
    Subscription(topic=CreditsIssued.topic, handlers={CreditsIssued: aggregates.on_credits_issued}),
)
