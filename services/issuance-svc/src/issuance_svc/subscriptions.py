"""What issuance-svc listens to: organisations, projects and working days, citizens' aggregates, and
the cancellations that settle what a reversal left.

No inbox: aggregates and cancellations are stored by their id, all else by its version.
"""

from issuance_svc.aggregates.consumers import on_aggregates_closed
from issuance_svc.organisations.consumers import on_organisations_registered
from issuance_svc.projects.consumers import (
    on_calendar_years_published,
    on_projects_registered,
    on_projects_status_changed,
)
from issuance_svc.reversals.consumers import on_credits_retired
from tht_contracts.events.points import AggregateClosed
from tht_contracts.events.registry import (
    CalendarYearPublished,
    OrganisationRegistered,
    ProjectRegistered,
    ProjectStatusChanged,
)
from tht_contracts.events.trading import CreditsRetired
from tht_kit.runner import Subscription

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(
        "registry.organisations",
        {OrganisationRegistered: on_organisations_registered},
        deduplicate=False,
    ),
    Subscription(
        "registry.projects",
        {
            ProjectRegistered: on_projects_registered,
            ProjectStatusChanged: on_projects_status_changed,
        },
        deduplicate=False,
    ),
    Subscription(
        "registry.calendar",
        {CalendarYearPublished: on_calendar_years_published},
        deduplicate=False,
    ),
    Subscription("points.aggregates", {AggregateClosed: on_aggregates_closed}, deduplicate=False),
    Subscription("trading.retirements", {CreditsRetired: on_credits_retired}, deduplicate=False),
)
