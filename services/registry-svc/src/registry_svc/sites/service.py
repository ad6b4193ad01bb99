"""Sites: what a project holds (meters, parcels, vehicles), and how it is given back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.sites import overlaps, repository
from registry_svc.sites.errors import OutlinesInvalid, OutlinesMissing, SiteBarred, SiteTaken
from registry_svc.sites.models import Meter, Parcel, Vehicle
from registry_svc.sites.repository import Holder
from registry_svc.sites.rules import ParcelPlan, place_of, problem
from tht_kit.errors import FieldProblem

NUMBERS_SHOWN_MAX = 20

# Where the thing with this index stands in what the owner sent, or a part of it.
PointerOf = Callable[[str, int, str | None], str]


def _in_body(field: str, index: int, part: str | None) -> str:
    return f"/{field}/{index}" + (f"/{part}" if part else "")


async def hold(
    session: AsyncSession,
    project_id: UUID,
    district_code: str,
    meters: Sequence[str],
    parcels: Sequence[ParcelPlan],
    vehicles: Sequence[str] = (),
    *,
    pointer_of: PointerOf = _in_body,
) -> None:
    """Hold the meters, parcels and vehicles for this project, which holds none of them yet.

    Raises OutlinesInvalid for a parcel drawn elsewhere than its district is, SiteTaken (R7),
    ParcelsOverlap (R7) or SiteBarred (R9).
    """
    _refuse_misplaced(district_code, parcels, pointer_of)
    rows = [row_of(parcel) for parcel in parcels]
    wanted: Mapping[str, tuple[Sequence[str], Sequence[Holder]]] = {
        "meters": (meters, await repository.claim_meters(session, project_id, meters)),
        "parcels": (
            [parcel.parcel_no for parcel in parcels],
            await repository.claim_parcels(session, project_id, district_code, rows),
        ),
        "fleet_vehicles": (
            vehicles,
            await repository.claim_vehicles(session, project_id, vehicles),
        ),
    }
    _refuse_held(wanted, pointer_of)
    await overlaps.check(
        session, project_id, parcels, lambda index: pointer_of("parcels", index, "outline")
    )


def _refuse_misplaced(
    district_code: str, parcels: Sequence[ParcelPlan], pointer_of: PointerOf
) -> None:
    place = place_of(district_code)
    (west, east), (south, north) = place.longitudes, place.latitudes
    box = f"{west}–{east}°E, {south}–{north}°N"
    problems = [
        problem(
            pointer_of("parcels", index, "outline"),
            f"边界不在{place.name.zh}（{box}）；请核对坐标系、投影带号与区县代码。",
            f"The outline is not in {place.name.en} ({box}): check the coordinate system, its zone"
            " and the district.",
        )
        for index, parcel in enumerate(parcels)
        if parcel.outline is not None and not place.encloses(parcel.outline.bounds)
    ]
    if problems:
        raise OutlinesInvalid(count=len(problems), errors=problems)


def row_of(parcel: ParcelPlan) -> dict[str, Any]:
    """Return the parcel as the columns it is kept in."""
    outline = parcel.outline
    return {
        "parcel_no": parcel.parcel_no,
        "area_m2": parcel.area_m2,
        "land_use": parcel.land_use,
        "non_forest_since": parcel.non_forest_since,
        "is_wetland": parcel.is_wetland,
        "outline": outline and outline.wkb,
        "bbox": outline and outline.bounds,
        "crs": outline and outline.crs,
        "computed_area_m2": outline and outline.area_m2,
    }


def _refuse_held(
    wanted: Mapping[str, tuple[Sequence[str], Sequence[Holder]]], pointer_of: PointerOf
) -> None:
    problems = [
        found
        for field, (numbers, holders) in wanted.items()
        for found in _held(field, numbers, holders, pointer_of)
    ]
    if not problems:
        return
    is_barred = any(holder.is_deregistered for _, holders in wanted.values() for holder in holders)
    refused = SiteBarred if is_barred else SiteTaken
    raise refused(count=len(problems), errors=problems)


def _held(
    field: str, numbers: Sequence[str], holders: Sequence[Holder], pointer_of: PointerOf
) -> Iterator[FieldProblem]:
    index = {number: position for position, number in enumerate(numbers)}
    # A meter may be held under another spelling of its number.
    for holder in sorted(holders, key=lambda holder: index[holder.number]):
        pointer = pointer_of(field, index[holder.number], None)
        spelt = holder.held_as != holder.number
        as_zh = f"（登记为 {holder.held_as}）" if spelt else ""
        as_en = f" as {holder.held_as}" if spelt else ""
        if holder.is_deregistered:
            yield problem(
                pointer,
                f"{holder.number} 属于已注销项目 {holder.project_id}{as_zh}，永久不得再登记。",
                f"{holder.number} belongs to the deregistered project {holder.project_id}{as_en}:"
                " barred for ever.",
            )
        else:
            yield problem(
                pointer,
                f"{holder.number} 已属于项目 {holder.project_id}{as_zh}。",
                f"{holder.number} is in the project {holder.project_id}{as_en}.",
            )


async def merge(
    session: AsyncSession,
    project_id: UUID,
    district_code: str,
    *,
    meters: Sequence[str] = (),
    parcels: Sequence[ParcelPlan] = (),
    vehicles: Sequence[str] = (),
    pointer_of: PointerOf = _in_body,
) -> int:
    """Let a draft hold these too, replacing parcels of the same number; return how many are new
    or changed. The draft is locked by the caller.

    Raises what `hold` raises.
    """
    own_meters = {meter.meter_no for meter in await meters_of(session, project_id)}
    own_vehicles = {vehicle.plate_no for vehicle in await vehicles_of(session, project_id)}
    own_parcels = await _own_parcels(session, project_id) if parcels else {}
    fresh = {
        "meters": [i for i, number in enumerate(meters) if number not in own_meters],
        "fleet_vehicles": [i for i, number in enumerate(vehicles) if number not in own_vehicles],
        "parcels": [
            i
            for i, parcel in enumerate(parcels)
            if own_parcels.get(parcel.parcel_no) != row_of(parcel)
        ],
    }
    changed = [parcels[i] for i in fresh["parcels"]]
    replaced = [parcel.parcel_no for parcel in changed if parcel.parcel_no in own_parcels]
    await repository.delete_parcels(session, project_id, replaced)
    await hold(
        session,
        project_id,
        district_code,
        [meters[i] for i in fresh["meters"]],
        changed,
        [vehicles[i] for i in fresh["fleet_vehicles"]],
        pointer_of=lambda field, index, part: pointer_of(field, fresh[field][index], part),
    )
    return sum(map(len, fresh.values()))


async def _own_parcels(session: AsyncSession, project_id: UUID) -> dict[str, dict[str, Any]]:
    """Return what the project's parcels are now, as `row_of` says it."""
    return {
        parcel.parcel_no: {name: getattr(parcel, name) for name in repository.PARCEL_COLUMNS}
        for parcel in await repository.list_parcels(session, project_id, drawn=True)
    }


async def release(session: AsyncSession, project_id: UUID, now: datetime) -> None:
    """Give everything the project holds back, for other projects."""
    await repository.release(session, project_id, now=now)


async def clear(session: AsyncSession, project_id: UUID) -> None:
    """Forget the site of a draft that is about to hold another one."""
    await repository.clear(session, project_id)


async def must_be_drawn(session: AsyncSession, project_id: UUID) -> None:
    """Raise OutlinesMissing unless every parcel of the project has an outline."""
    missing = [
        parcel.parcel_no
        for parcel in await repository.list_parcels(session, project_id)
        if parcel.computed_area_m2 is None
    ]
    if missing:
        raise OutlinesMissing(
            count=len(missing),
            parcel_nos=", ".join(missing[:NUMBERS_SHOWN_MAX]),
            project_id=project_id,
        )


async def meters_of(session: AsyncSession, project_id: UUID) -> Sequence[Meter]:
    """Return the project's meters in order of their numbers, given back or not."""
    return await repository.list_meters(session, project_id)


async def vehicles_of(session: AsyncSession, project_id: UUID) -> Sequence[Vehicle]:
    """Return the project's vehicles in order of their plates, given back or not."""
    return await repository.list_vehicles(session, project_id)


async def parcels_of(session: AsyncSession, project_id: UUID) -> Sequence[Parcel]:
    """Return the project's parcels in order of their numbers, given back or not."""
    return await repository.list_parcels(session, project_id)
