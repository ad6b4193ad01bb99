"""The public figures of points-svc; the sums of the ledger are of one moment."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.citizens import service as citizens
from points_svc.points import service as points

# Fewer people than this are not counted in public (k-anonymity).
CITIZENS_SHOWN_MIN = 10


@dataclass(frozen=True, slots=True)
class PublicTotals:
    citizens: int | None
    trips_accepted: int
    grams_credited: int
    points_issued_tenths: int
    points_redeemed_tenths: int
    points_expired_tenths: int
    ledger_balanced: bool


async def get(session: AsyncSession) -> PublicTotals:
    """Return the totals, with balances, entries and lots compared."""
    people = await citizens.count(session)
    found = await points.get_totals(session)
    return PublicTotals(
        citizens=people if people >= CITIZENS_SHOWN_MIN else None,
        trips_accepted=found.trips_accepted,
        grams_credited=found.credited_g,
        points_issued_tenths=found.earned_tenths,
        points_redeemed_tenths=found.redeemed_tenths,
        points_expired_tenths=found.expired_tenths,
        ledger_balanced=points.is_balanced(found),
    )
