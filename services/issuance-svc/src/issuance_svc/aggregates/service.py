"""Aggregates of citizens' reductions, as activity data of a report."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.aggregates import repository
from issuance_svc.aggregates.errors import AggregateForeign, AggregateUnknown
from issuance_svc.aggregates.models import Aggregate


async def store(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store closed aggregates; one that is known already is left as it is."""
    await repository.insert_new(session, rows)


async def get_all(
    session: AsyncSession, project_id: str, aggregate_ids: Sequence[str], *, owner_code: str
) -> Sequence[Aggregate]:
    """Return the project's aggregates of these ids, which its owner must have closed.

    Raises AggregateUnknown, AggregateForeign.
    """
    found = await repository.list_of_project(session, project_id, aggregate_ids)
    known = {aggregate.aggregate_id: aggregate for aggregate in found}
    for index, aggregate_id in enumerate(aggregate_ids):
        pointer = f"/aggregate_ids/{index}"
        if aggregate_id not in known:
            raise AggregateUnknown(
                pointer=pointer, project_id=project_id, aggregate_id=aggregate_id
            )
        operator_code = known[aggregate_id].operator_code
        if operator_code != owner_code:
            raise AggregateForeign(
                pointer=pointer,
                aggregate_id=aggregate_id,
                operator_code=operator_code,
                owner_code=owner_code,
            )
    return found
