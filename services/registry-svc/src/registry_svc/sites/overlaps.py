"""Land that two parcels both draw (地块重叠): found by bounds in PostgreSQL, measured exactly here.

Safe beside other transactions: parcels are written first, then the places they lie in are locked
in one order, and only then their neighbours are read. Of two projects that draw the same land at
once, the second waits for the first to end and sees what it wrote (READ COMMITTED).
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import numpy as np
import shapely
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.sites import outlines, overlaps_repository
from registry_svc.sites.errors import ParcelsOverlap, SiteBarred
from registry_svc.sites.models import Bounds
from registry_svc.sites.overlaps_repository import Neighbour
from registry_svc.sites.rules import OVERLAP_M2_MAX, ParcelPlan, problem
from tht_kit.errors import FieldProblem

# Places that are locked: cells of half a degree, folded so that no transaction holds more locks
# than this (PostgreSQL keeps them in a table of fixed size).
CELL_DEGREES = 0.5
PLACES = 256
_COLUMN_STEP = 73
M2_PER_SQUARE_DEGREE = 12_364_000_000.0  # at the equator, for a first look only
MEASURED_M2_MIN = 0.001  # a smaller sliver is the rounding of coordinates
PROBLEMS_MAX = 100

Pair = tuple[str, UUID]  # a parcel of ours, a project


@dataclass(slots=True)
class Overlap:
    """What one parcel shares with the parcels of one project."""

    project_name: str
    is_deregistered: bool
    area_m2: float = 0.0
    others: dict[str, float] = field(default_factory=dict)


async def check(
    session: AsyncSession,
    project_id: UUID,
    parcels: Sequence[ParcelPlan],
    pointer_of: Callable[[int], str],
) -> None:
    """Refuse parcels that were just written if they share more than 1 m² with one project's (R7).

    Raises ParcelsOverlap, also for two parcels of this project, and SiteBarred (R9) where the other
    project is deregistered.
    """
    drawn = {parcel.parcel_no: parcel.outline for parcel in parcels if parcel.outline is not None}
    if not drawn:
        return
    await overlaps_repository.lock_places(
        session, places(outline.bounds for outline in drawn.values())
    )
    wkbs = np.array([outline.wkb for outline in drawn.values()], dtype=object)
    shapes = dict(zip(drawn, shapely.from_wkb(wkbs), strict=True))
    found: dict[Pair, Overlap] = {}
    async for portion in overlaps_repository.neighbours(session, project_id, list(drawn)):
        # Two parcels of this file are met twice: the one with the greater number answers.
        wanted = [
            other
            for other in portion
            if other.project_id != project_id
            or other.other_no not in drawn
            or other.other_no < other.parcel_no
        ]
        await asyncio.to_thread(_add, found, wanted, shapes)
    _refuse(found, project_id, [parcel.parcel_no for parcel in parcels], pointer_of)


def places(bounds: Iterable[Bounds]) -> list[int]:
    """Return the numbers of the places that outlines lie in, ascending."""
    found = set()
    for west, south, east, north in bounds:
        for x in range(math.floor(west / CELL_DEGREES), math.floor(east / CELL_DEGREES) + 1):
            for y in range(math.floor(south / CELL_DEGREES), math.floor(north / CELL_DEGREES) + 1):
                found.add((x * _COLUMN_STEP + y) % PLACES)
    return sorted(found)


def _add(
    found: dict[Pair, Overlap],
    portion: Sequence[Neighbour],
    shapes: Mapping[str, shapely.Geometry],
) -> None:
    areas = shared_m2(
        [shapes[other.parcel_no] for other in portion],
        [other.outline for other in portion],
    )
    for other, area in zip(portion, areas, strict=True):
        if area > 0:
            overlap = found.setdefault(
                (other.parcel_no, other.project_id),
                Overlap(other.project_name, other.is_deregistered),
            )
            overlap.area_m2 += area
            overlap.others[other.other_no] = area


def shared_m2(ours: Sequence[shapely.Geometry], theirs: Sequence[bytes]) -> list[float]:
    """Return the area that each of our shapes shares with the outline beside it, m²."""
    own = np.array(ours, dtype=object)
    other = shapely.from_wkb(np.array(theirs, dtype=object))
    areas = np.zeros(len(own))
    meeting = np.flatnonzero(shapely.intersects(own, other))
    shared = shapely.intersection(own[meeting], other[meeting])
    for index, shape in zip(meeting, shared, strict=True):
        # Most neighbours only touch; the ellipsoid is asked where there is an area at all.
        if shape.area * M2_PER_SQUARE_DEGREE >= MEASURED_M2_MIN:
            areas[index] = outlines.area_m2(shape)
    return [float(area) for area in areas]


def _refuse(
    found: Mapping[Pair, Overlap],
    project_id: UUID,
    parcel_nos: Sequence[str],
    pointer_of: Callable[[int], str],
) -> None:
    index = {number: position for position, number in enumerate(parcel_nos)}
    too_large = {
        pair: overlap
        for pair, overlap in sorted(found.items(), key=lambda item: index[item[0][0]])
        if overlap.area_m2 > OVERLAP_M2_MAX
    }
    if not too_large:
        return
    problems = [
        _named(pointer_of(index[parcel_no]), overlap, other_id, is_own=other_id == project_id)
        for (parcel_no, other_id), overlap in list(too_large.items())[:PROBLEMS_MAX]
    ]
    if any(overlap.is_deregistered for overlap in too_large.values()):
        raise SiteBarred(count=len(too_large), errors=problems)
    raise ParcelsOverlap(count=len(too_large), limit=OVERLAP_M2_MAX, errors=problems)


def _named(pointer: str, overlap: Overlap, project_id: UUID, *, is_own: bool) -> FieldProblem:
    largest = max(overlap.others, key=lambda number: overlap.others[number])
    area = Decimal(overlap.area_m2).quantize(Decimal("0.01"))
    count = len(overlap.others)
    more_zh = f"等 {count} 个地块" if count > 1 else ""
    more_en = f" and {count - 1} more" if count > 1 else ""
    if is_own:
        return problem(
            pointer,
            f"与本项目地块 {largest}{more_zh} 重叠 {area} 平方米。",
            f"It overlaps the parcel {largest}{more_en} of this project by {area} m².",
        )
    barred_zh = "；该项目已注销，其土地永久不得再登记" if overlap.is_deregistered else ""
    barred_en = ", deregistered: its land is barred for ever" if overlap.is_deregistered else ""
    return problem(
        pointer,
        f"与项目“{overlap.project_name}”（{project_id}）的地块 {largest}{more_zh}"
        f" 重叠 {area} 平方米{barred_zh}。",
        f"It overlaps the parcel {largest}{more_en} of the project “{overlap.project_name}”"
        f" ({project_id}) by {area} m²{barred_en}.",
    )
