"""Reading a parcel's outline (地块边界): GeoJSON in a stated coordinate system to CGCS2000.

Edges are straight lines between longitude/latitude positions (RFC 7946, 3.1.1). A projected
outline's long edges get points in between first, so that a straight line of the map stays one.
"""

import asyncio
import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from registry_svc.sites.crs import Coordinates, StatedCrs, read_crs
from registry_svc.sites.errors import CrsRefused, OutlinesInvalid
from registry_svc.sites.rules import Outline, ParcelPlan
from tht_kit.errors import FieldProblem, Text

VERTICES_MAX = 10_000
RINGS_MAX = 1_000
RING_POSITIONS_MIN = 4
POSITION_NUMBERS = range(2, 5)  # longitude, latitude, and what nobody asked for
DECIMAL_PLACES = 9  # of a degree: a tenth of a millimetre
MAP_EDGE_M_MAX = 50.0  # within 0.03 mm of the map's straight line
# China and its seas: also where a longitude and a latitude cannot be mistaken for each other.
LONGITUDES, LATITUDES = (73.0, 135.5), (3.0, 54.0)
DEGREES_MAX = 360.0

GEOD = pyproj.Geod(a=6_378_137.0, rf=298.257222101)  # CGCS2000, GB/T 28584
AREA_STEP_DEGREES = 0.0002  # about 20 m: a geodesic leaves the straight line by micrometres
AREA_STEPS_MAX = 20_000

Rings = list[list[Coordinates]]  # of each part: the shell, then its holes


class OutlineWrong(Exception):
    """What is wrong with one outline, and how to mend it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh=zh, en=en)


async def survey(parcels: Sequence[ParcelPlan]) -> list[ParcelPlan]:
    """Return the parcels with the outlines that were drawn for them.

    Raises OutlinesInvalid naming every wrong one.
    """
    if all(parcel.drawn is None for parcel in parcels):
        return list(parcels)
    return await asyncio.to_thread(_survey, parcels)


def _survey(parcels: Sequence[ParcelPlan]) -> list[ParcelPlan]:
    problems: list[FieldProblem] = []
    surveyed = []
    known: dict[str, StatedCrs] = {}
    for index, parcel in enumerate(parcels):
        if parcel.drawn is not None:
            try:
                stated = parcel.drawn.crs
                known[stated] = known.get(stated) or read_crs(stated)
                outline = read_outline(parcel.drawn.geometry, known[stated])
                parcel = replace(parcel, outline=outline)  # noqa: PLW2901 - the same, surveyed
            except OutlineWrong as wrong:
                problems.append(FieldProblem(f"/parcels/{index}/outline/geometry", wrong.text))
            except CrsRefused as refused:
                text = Text(*(refused.detail.render(lang, refused.params) for lang in ("zh", "en")))
                problems.append(FieldProblem(f"/parcels/{index}/outline/crs", text))
        surveyed.append(parcel)
    if problems:
        raise OutlinesInvalid(count=len(problems), errors=problems)
    return surveyed


def read_outline(geometry: object, crs: StatedCrs) -> Outline:
    """Return the outline that a GeoJSON Polygon or MultiPolygon draws; any ring order is taken.

    Raises OutlineWrong.
    """
    drawn = [[_transformed(ring, crs) for ring in part] for part in _rings(geometry)]
    shape = _shape(drawn)
    parts = [area_m2(part) for part in shapely.get_parts(shape)]
    return Outline(
        wkb=shapely.to_wkb(shape),
        bounds=tuple(shapely.bounds(shape).tolist()),
        crs=crs.name,
        area_m2=_rounded(math.fsum(parts)),
        smallest_part_m2=_rounded(min(parts)),
    )


def area_m2(shape: BaseGeometry) -> float:
    """Return the area on the CGCS2000 ellipsoid, m², by Karney (2013); edges straight in degrees."""
    step = max(AREA_STEP_DEGREES, shape.length / AREA_STEPS_MAX)
    total = 0.0
    for part in shapely.get_parts(shapely.segmentize(shape, step)):
        if part.geom_type != "Polygon":
            continue  # an intersection may come with points and lines, which have no area
        total += _ring_m2(part.exterior) - sum(map(_ring_m2, part.interiors))
    return total


def _ring_m2(ring: BaseGeometry) -> float:
    coordinates = shapely.get_coordinates(ring)
    area, _ = GEOD.polygon_area_perimeter(coordinates[:, 0], coordinates[:, 1])
    return abs(float(area))


def _rounded(area: float) -> Decimal:
    return Decimal(repr(area)).quantize(Decimal("0.01"))


def _rings(geometry: object) -> Rings:
    """Return the rings as numbers. Raises OutlineWrong."""
    if not isinstance(geometry, Mapping) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        found = geometry.get("type") if isinstance(geometry, Mapping) else None
        raise OutlineWrong(
            f"须为 Polygon 或 MultiPolygon，实为 {_shown(found)}。",
            f"It must be a Polygon or a MultiPolygon, not {_shown(found)}.",
        )
    coordinates = geometry.get("coordinates")
    parts: Any = [coordinates] if geometry["type"] == "Polygon" else coordinates
    if not _is_list(parts) or not all(_is_list(part) for part in parts):
        raise OutlineWrong(
            "coordinates 为空，或层数与类型不符。",
            "Its coordinates are empty, or nested otherwise than its type says.",
        )
    if sum(map(len, parts)) > RINGS_MAX:
        raise OutlineWrong(
            f"超过 {RINGS_MAX} 个环；请拆成几个地块。",
            f"It has more than {RINGS_MAX} rings: split it.",
        )
    rings = [[_ring(ring) for ring in part] for part in parts]
    vertices = sum(len(ring) for part in rings for ring in part)
    if vertices > VERTICES_MAX:
        raise OutlineWrong(
            f"有 {vertices} 个顶点，至多 {VERTICES_MAX} 个；请抽稀，或拆成几个地块。",
            f"It has {vertices} positions and may have {VERTICES_MAX}: simplify it, or split it.",
        )
    return rings


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0


def _ring(ring: object) -> Coordinates:
    if not isinstance(ring, list | tuple) or len(ring) < RING_POSITIONS_MIN:
        raise OutlineWrong(
            f"每个环至少 {RING_POSITIONS_MIN} 个点（首尾为同一点）。",
            f"A ring has at least {RING_POSITIONS_MIN} positions, the last one being the first.",
        )
    coordinates = np.array([_position(position) for position in ring], dtype=np.float64)
    if not (coordinates[0] == coordinates[-1]).all():
        raise OutlineWrong(
            f"环未闭合：首点 {_at(coordinates[0])}，末点 {_at(coordinates[-1])}；"
            "请在末尾重复首点。",
            f"A ring is open: it starts at {_at(coordinates[0])} and ends at"
            f" {_at(coordinates[-1])}. Repeat the first position at its end.",
        )
    return coordinates


def _position(position: object) -> tuple[float, float]:
    if isinstance(position, list | tuple) and len(position) in POSITION_NUMBERS:
        east, north = position[:2]
        if all(type(number) in (int, float) for number in (east, north)):
            try:
                pair = float(east), float(north)
            except OverflowError:
                pair = math.inf, math.inf
            if all(map(math.isfinite, pair)):
                return pair
    raise OutlineWrong(
        f"坐标点 {_shown(position)} 不是 [经度, 纬度] 或 [东, 北] 的两个有限数。",
        f"The position {_shown(position)} is not two finite numbers: [longitude, latitude] or"
        " [east, north].",
    )


def _transformed(ring: Coordinates, crs: StatedCrs) -> Coordinates:
    """Return the ring in degrees, to a tenth of a millimetre. Raises OutlineWrong."""
    if crs.transformer is not None:
        line = shapely.segmentize(shapely.linestrings(ring), MAP_EDGE_M_MAX)
        ring = shapely.get_coordinates(line)
    degrees = crs.to_cgcs2000(ring).round(DECIMAL_PLACES)
    inside = _within(degrees[:, 0], LONGITUDES) & _within(degrees[:, 1], LATITUDES)
    if inside.all():
        return degrees
    first = int(np.argmin(inside))
    raise _misplaced(ring[first], crs)


def _within(values: Any, bounds: tuple[float, float]) -> Any:
    return (values >= bounds[0]) & (values <= bounds[1])


def _misplaced(given: Coordinates, crs: StatedCrs) -> OutlineWrong:
    """Return why a position is not in China."""
    east, north = given.tolist()
    at = _at(given)
    if crs.transformer is not None:
        return OutlineWrong(
            f"点 {at} 按 {crs.name} 换算后不在中国境内；请核对投影带号、中央经线，"
            "以及东坐标是否带带号，并以 [东, 北] 的顺序给出。",
            f"The position {at} is outside China in {crs.name}: check the zone, its central"
            " meridian and whether eastings carry the zone's number, and give [east, north].",
        )
    if abs(east) > DEGREES_MAX or abs(north) > DEGREES_MAX:
        return OutlineWrong(
            f"点 {at} 不是经纬度，像是以米为单位的投影坐标；请注明其投影坐标系。",
            f"The position {at} is no longitude and latitude; it looks like metres of a map"
            " projection: state that coordinate system.",
        )
    if _within(north, LONGITUDES) and _within(east, LATITUDES):
        return OutlineWrong(
            f"点 {at} 的经度与纬度颠倒了；请以 [经度, 纬度] 的顺序给出。",
            f"The position {at} has longitude and latitude swapped: give [longitude, latitude].",
        )
    return OutlineWrong(
        f"点 {at} 不在中国境内；请核对坐标与坐标系。",
        f"The position {at} is outside China: check the numbers and the coordinate system.",
    )


_WHY_INVALID = {
    "Self-intersection": ("边界自相交", "its boundary crosses itself"),
    "Ring Self-intersection": ("一个环与自身相接或相交", "a ring touches or crosses itself"),
    "Hole lies outside shell": ("孔洞在外环之外", "a hole lies outside its shell"),
    "Holes are nested": ("孔洞套孔洞", "one hole lies in another"),
    "Interior is disconnected": ("孔洞把地块切断", "its holes cut it into pieces"),
    "Nested shells": ("一个面在另一个面之内", "one part lies in another"),
    "Duplicate Rings": ("有重复的环", "two rings are the same"),
    "Too few points in geometry component": ("环退化为线", "a ring encloses nothing"),
}


def _shape(drawn: Iterable[Sequence[Coordinates]]) -> BaseGeometry:
    """Return the valid polygon of the rings, shells counter-clockwise. Raises OutlineWrong."""
    parts = [shapely.Polygon(rings[0], rings[1:]) for rings in drawn]
    shape: BaseGeometry = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    if not shapely.is_valid(shape):
        kind, _, place = shapely.is_valid_reason(shape).partition("[")
        zh, en = _WHY_INVALID.get(kind.strip(), ("几何无效", kind.strip()))
        where = ", ".join(place.rstrip("]").split())
        raise OutlineWrong(
            f"{zh}（经纬度 {where} 附近）；请改正边界。", f"Near {where} {en}: mend the boundary."
        )
    if shape.area == 0:
        raise OutlineWrong("面积为零。", "It has no area.")
    return shapely.orient_polygons(shape, exterior_cw=False)


def _at(coordinates: Coordinates) -> str:
    return f"[{coordinates[0]:.10g}, {coordinates[1]:.10g}]"


def _shown(value: object) -> str:
    return reprlib.repr(value)[:60]  # however deep it is nested
