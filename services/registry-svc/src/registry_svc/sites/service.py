"""Sites: what a project holds (meters, parcels), and how it is given back."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.sites import repository
from registry_svc.sites.errors import SiteBarred, SiteTaken
from registry_svc.sites.models import Meter, Parcel
from registry_svc.sites.repository import Holder
from registry_svc.sites.rules import ParcelPlan, problem
from tht_kit.errors import FieldProblem


async def hold(
    session: AsyncSession,
    project_id: UUID,
    district_code: str,
    meters: Sequence[str],
    parcels: Sequence[ParcelPlan],
) -> None:
    """Hold the meters and parcels for this project; raises SiteTaken (R7) or SiteBarred (R9)."""
    rows = [
        {
            "project_id": project_id,
            "parcel_no": parcel.parcel_no,
            "district_code": district_code,
            "area_m2": parcel.area_m2,
            "land_use": parcel.land_use,
            "non_forest_since": parcel.non_forest_since,
            "is_wetland": parcel.is_wetland,
        }
        for parcel in parcels
    ]
    of_meters = await repository.claim_meters(session, project_id, meters)
    of_parcels = await repository.claim_parcels(session, district_code, rows)
    problems = [
        *_held("meters", meters, of_meters),
        *_held("parcels", [parcel.parcel_no for parcel in parcels], of_parcels),
    ]
    if not problems:
        return
    is_barred = any(holder.is_deregistered for holder in [*of_meters, *of_parcels])
    refused = SiteBarred if is_barred else SiteTaken
    raise refused(count=len(problems), errors=problems)


async def release(session: AsyncSession, project_id: UUID, now: datetime) -> None:
    """Give everything the project holds back, for other projects."""
    await repository.release(session, project_id, now=now)


async def clear(session: AsyncSession, project_id: UUID) -> None:
    """Forget the site of a draft that is about to hold another one."""
    await repository.clear(session, project_id)


async def meters_of(session: AsyncSession, project_id: UUID) -> Sequence[Meter]:
    """Return the project's meters in order of their numbers, given back or not."""
    return await repository.list_meters(session, project_id)


async def parcels_of(session: AsyncSession, project_id: UUID) -> Sequence[Parcel]:
    """Return the project's parcels in order of their numbers, given back or not."""
    return await repository.list_parcels(session, project_id)


def _held(field: str, numbers: Sequence[str], holders: Sequence[Holder]) -> Iterator[FieldProblem]:
    for holder in holders:
        pointer = f"/{field}/{numbers.index(holder.number)}"
        if holder.is_deregistered:
            yield problem(
                pointer,
                f"{holder.number} 属于已注销项目 {holder.project_id}，永久不得再登记。",
                f"{holder.number} belongs to the deregistered project {holder.project_id}:"
                " barred for ever.",
            )
        else:
            yield problem(
                pointer,
                f"{holder.number} 已属于项目 {holder.project_id}。",
                f"{holder.number} is in the project {holder.project_id}.",
            )
