"""What points-svc tells: closed aggregates."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.aggregates import service
from tht_contracts.events.points import AggregateClosed
from tht_kit.events import Received
from tht_kit.runner import PoisonRecord


async def on_aggregates_closed(
    session: AsyncSession, events: Sequence[Received[AggregateClosed]], *, now: datetime
) -> None:
    del now
    for index, event in enumerate(events):
        _must_add_up(index, event.data)
    await service.store(
        session,
        [{**event.data.model_dump(), "source_event_id": event.event_id} for event in events],
    )


def _must_add_up(index: int, aggregate: AggregateClosed) -> None:
    """Grams by year must be the total: otherwise the record is set aside, not guessed at."""
    years = aggregate.by_vintage_g
    if not all(year.isdecimal() and grams >= 0 for year, grams in years.items()):
        raise PoisonRecord(index, f"by_vintage_g of {aggregate.aggregate_id} is not year -> grams")
    if sum(years.values()) != aggregate.total_g:
        raise PoisonRecord(index, f"by_vintage_g of {aggregate.aggregate_id} is not total_g")
