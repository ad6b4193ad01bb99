"""Aggregates: credited grams become activity data of an issuance, each trip once for ever (R47)."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.aggregates import repository
from points_svc.aggregates.errors import (
    AggregateEmpty,
    AggregateNotFound,
    AggregatePeriodInvalid,
    AggregateScenarioUnknown,
)
from points_svc.aggregates.models import Aggregate
from points_svc.projects import service as projects
from points_svc.scenarios import service as scenarios
from points_svc.scenarios.rules import Catalogue
from points_svc.trips import repository as trip_rows
from points_svc.trips import service as trips
from points_svc.trips.models import Trip
from points_svc.trips.repository import Gathered
from tht_contracts.events.points import AggregateClosed
from tht_kit.clock import legal_date
from tht_kit.ids import new_id
from tht_kit.outbox import emit


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a trip's grams went, as far as they have got."""

    trip: Trip
    aggregate: Aggregate | None


async def close(
    session: AsyncSession,
    *,
    project_id: str,
    operator_code: str,
    scenario_ids: Sequence[str],
    period_start: date,
    period_end: date,
    now: datetime,
) -> Aggregate:
    """Claim every credited, unclaimed trip of the scenarios and period whose citizen consents.

    Two aggregates at once never claim the same trip: the second waits for the row and passes it by.
    Raises AggregatePeriodInvalid, AggregateScenarioUnknown, AggregateEmpty, ProjectUnknown,
    Forbidden, ProjectNotForCitizens, ProjectClosedToAggregates.
    """
    catalogue = await scenarios.catalogue(session)
    _check(catalogue, scenario_ids, period_start, period_end)
    await projects.check_takes_grams(session, project_id, operator_code)
    aggregate_id = new_id()
    await trip_rows.claim_for_aggregate(
        session,
        aggregate_id=aggregate_id,
        scenario_ids=scenario_ids,
        period_start=period_start,
        period_end=period_end,
        today=legal_date(now),
    )
    groups = await trip_rows.aggregated_by_year(session, aggregate_id)
    if not groups:
        raise AggregateEmpty
    by_vintage_g: Counter[str] = Counter()
    for group in groups:
        by_vintage_g[str(group.year)] += group.grams
    aggregate = await repository.insert_aggregate(
        session,
        {
            "aggregate_id": aggregate_id,
            "project_id": project_id,
            "operator_code": operator_code,
            "scenario_ids": sorted(set(scenario_ids)),
            "period_start": period_start,
            "period_end": period_end,
            "trips": sum(group.trips for group in groups),
            "total_g": sum(by_vintage_g.values()),
            "by_vintage_g": dict(by_vintage_g),
            "factor_versions": sorted({_factor_set(catalogue, group) for group in groups}),
            "evidence_sha256": await _evidence(session, aggregate_id),
            "closed_at": now,
        },
    )
    await emit(session, _closed(aggregate), now=now)
    return aggregate


def _check(
    catalogue: Catalogue, scenario_ids: Sequence[str], period_start: date, period_end: date
) -> None:
    if period_start > period_end:
        raise AggregatePeriodInvalid(
            pointer="/period_start",
            period_start=period_start.isoformat(),
            period_end=period_end.isoformat(),
        )
    unknown = sorted(set(scenario_ids) - set(catalogue.scenarios))
    if unknown:
        raise AggregateScenarioUnknown(pointer="/scenario_ids", scenario_ids=", ".join(unknown))


def _factor_set(catalogue: Catalogue, group: Gathered) -> str:
    version = catalogue.scenarios[group.scenario_id].version(group.scenario_version)
    return version.formula.factor_set


async def _evidence(session: AsyncSession, aggregate_id: UUID) -> bytes:
    """Return SHA-256 over the lines `receipt:grams` in the order of receipts; constant memory."""
    digest = hashlib.sha256()
    async for row in await trip_rows.stream_aggregated(session, aggregate_id):
        digest.update(f"{row.receipt}:{row.credited_g}\n".encode())
    return digest.digest()


def _closed(aggregate: Aggregate) -> AggregateClosed:
    return AggregateClosed(
        aggregate_id=str(aggregate.aggregate_id),
        project_id=aggregate.project_id,
        operator_code=aggregate.operator_code,
        period_start=aggregate.period_start,
        period_end=aggregate.period_end,
        trips=aggregate.trips,
        total_g=aggregate.total_g,
        by_vintage_g=aggregate.by_vintage_g,
        factor_versions=aggregate.factor_versions,
        evidence_sha256=aggregate.evidence_sha256.hex(),
    )


async def record_issuance(
    session: AsyncSession,
    *,
    aggregate_ids: Sequence[UUID],
    issuance_id: str,
    report_id: str,
    blocks: list[dict[str, Any]],
    issued_at: datetime,
) -> None:
    """Note on the aggregates which issuance and serials their grams became."""
    await repository.mark_issued(
        session,
        aggregate_ids,
        issuance_id=issuance_id,
        report_id=report_id,
        blocks=blocks,
        issued_at=issued_at,
    )


async def get(session: AsyncSession, aggregate_id: UUID) -> Aggregate:
    """Return the aggregate; raises AggregateNotFound."""
    aggregate = await repository.find(session, aggregate_id)
    if aggregate is None:
        raise AggregateNotFound(aggregate_id=aggregate_id)
    return aggregate


async def trace(session: AsyncSession, *, partner_id: str, subject: str, receipt: UUID) -> Trace:
    """Return where a citizen's trip went. Raises CitizenNotFound, TripNotFound."""
    trip = await trips.get_trip(session, partner_id=partner_id, subject=subject, receipt=receipt)
    aggregate = None
    if trip.aggregate_id is not None:
        aggregate = await repository.find(session, trip.aggregate_id)
    return Trace(trip, aggregate)
