"""What aggregates learn from others: that their grams were issued."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.aggregates import service
from tht_contracts.events.issuance import CreditsIssued
from tht_kit.events import Received
from tht_kit.runner import PoisonRecord


async def on_credits_issued(
    session: AsyncSession, events: Sequence[Received[CreditsIssued]], *, now: datetime
) -> None:
    """Record the issuances that claim aggregates; issuances of other projects pass by."""
    del now
    for index, event in enumerate(events):
        issued = event.data
        if not issued.aggregate_ids:
            continue
        try:
            aggregate_ids = [UUID(aggregate_id) for aggregate_id in issued.aggregate_ids]
        except ValueError:
            raise PoisonRecord(index, "aggregate_ids holds something that is no id") from None
        await service.record_issuance(
            session,
            aggregate_ids=aggregate_ids,
            issuance_id=issued.issuance_id,
            report_id=issued.report_id,
            blocks=[block.model_dump(mode="json") for block in issued.blocks],
            issued_at=event.time,
        )
