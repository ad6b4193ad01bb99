"""Aggregates of citizens' reductions, as activity data of a report."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.aggregates import repository
from issuance_svc.aggregates.errors import AggregateUnknown
from issuance_svc.aggregates.models import Aggregate


async def store(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store closed aggregates; one that is known already is left as it is."""
    await repository.insert_new(session, rows)


async def get_all(
    session: AsyncSession, project_id: str, aggregate_ids: Sequence[str]
) -> Sequence[Aggregate]:
    """Return the project's aggregates of these ids; raises AggregateUnknown."""
    found = await repository.list_of_project(session, project_id, aggregate_ids)
    known = {aggregate.aggregate_id for aggregate in found}
    for index, aggregate_id in enumerate(aggregate_ids):
        if aggregate_id not in known:
            raise AggregateUnknown(
                pointer=f"/aggregate_ids/{index}",
                project_id=project_id,
                aggregate_id=aggregate_id,
            )
    return found
