"""Rules of a site, pure: what a parcel must be (R19), and how a vehicle is written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tht_kit.errors import FieldProblem, Text

FEBRUARY, LEAP_DAY = 2, 29
# Days that an owner can mean. No project or forest before 1900 has a record of its own, and the rule
# rows begin there; crediting counts on for a century at most, so that after 2200 is a slip of a key.
EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2200, 12, 31)
M2_PER_HECTARE = M2_PER_15_MU = Decimal(10_000)
# A Chinese vehicle's plate (号牌号码), GA 36: 渝A12345, 渝AD12345.
PLATE = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z]"
    r"[0-9A-HJ-NP-Z]{4,5}[0-9A-HJ-NP-Z挂学警]"
)
_PLATE = re.compile(PLATE)


class LandUse(StrEnum):
    """What a parcel was before it was planted, or is planted as."""

    SUITABLE_BARREN_LAND = "suitable_barren_land"  # 宜林荒山荒地
    ABANDONED_FARMLAND = "abandoned_farmland"  # 退耕、撂荒地
    CLEARED_LAND = "cleared_land"  # 采伐、火烧迹地
    OTHER_NON_FOREST_LAND = "other_non_forest_land"  # 其他非林地
    ECONOMIC_FOREST = "economic_forest"  # 经济林
    GREENING_LAND = "greening_land"  # 道路、城镇绿化用地


INELIGIBLE_LAND = frozenset({LandUse.ECONOMIC_FOREST, LandUse.GREENING_LAND})


@dataclass(frozen=True, slots=True)
class Place:
    """A bounding box, in degrees."""

    name: Text
    longitudes: tuple[Decimal, Decimal]
    latitudes: tuple[Decimal, Decimal]

    def holds(self, longitude: Decimal, latitude: Decimal) -> bool:
        west, east = self.longitudes
        south, north = self.latitudes
        return west <= longitude <= east and south <= latitude <= north

    def encloses(self, bounds: tuple[float, float, float, float]) -> bool:
        """Say whether west, south, east and north (degrees) all lie inside."""
        west, south, east, north = (Decimal(repr(bound)) for bound in bounds)
        return self.holds(west, south) and self.holds(east, north)


CHONGQING_CODES = "50"  # the first two digits of its district codes, GB/T 2260
# The country's bounding box (曾母暗沙 to 漠河, 帕米尔 to 黑瞎子岛), rounded outwards; grade D.
CHINA = Place(
    Text(zh="中国境内", en="China"),
    longitudes=(Decimal("73.45"), Decimal("135.10")),
    latitudes=(Decimal("3.85"), Decimal("53.57")),
)
# The city's, 105.28 to 110.20 east and 28.16 to 32.22 north, by 0.05 degrees outwards; grade D.
CHONGQING = Place(
    Text(zh="重庆市范围内", en="Chongqing"),
    longitudes=(Decimal("105.23"), Decimal("110.25")),
    latitudes=(Decimal("28.11"), Decimal("32.27")),
)


def place_of(district_code: str) -> Place:
    """Return where a project of the district must lie: other provinces are not known so closely."""
    return CHONGQING if district_code.startswith(CHONGQING_CODES) else CHINA


def meter_key(meter_no: str) -> str:
    """Return what two spellings of one meter's number have in common.

    Capitals and digits, without what separates them and without zeros in front: nameplates and
    spreadsheets pad numbers and drop the padding again, and no maker tells two meters by it.
    """
    return re.sub("[^0-9A-Z]", "", meter_no.upper()).lstrip("0")


# A declared area may differ from the outline's by this part of the outline's.
AREA_TOLERANCE = Decimal("0.01")
# Land that two projects both draw: more than this is one place twice, not an uneven border (R7).
OVERLAP_M2_MAX = Decimal(1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An outline (边界) as its owner gives it: GeoJSON, and the coordinate system it is in."""

    geometry: Mapping[str, Any]
    crs: str


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline as the register keeps it: CGCS2000 longitude and latitude, and its true areas."""

    wkb: bytes
    bounds: tuple[float, float, float, float]  # west, south, east, north, degrees
    crs: str  # what it was stated in
    area_m2: Decimal
    smallest_part_m2: Decimal


@dataclass(frozen=True, slots=True)
class ParcelPlan:
    """A parcel as its owner declares it."""

    parcel_no: str
    area_m2: Decimal
    land_use: LandUse
    non_forest_since: date
    is_wetland: bool
    drawn: Drawn | None = None
    outline: Outline | None = None  # what `drawn` turned out to be


@dataclass(frozen=True, slots=True)
class ParcelConditions:
    """What every parcel of one project must be, as plain values."""

    construction_start: date
    area_m2_min: Decimal
    non_forest_years: int


def anniversary(day: date, years: int) -> date:
    """Return the day `years` later; 29 February becomes 1 March in a common year."""
    if (day.month, day.day) == (FEBRUARY, LEAP_DAY):
        return (day - timedelta(days=1)).replace(year=day.year + years) + timedelta(days=1)
    return day.replace(year=day.year + years)


def parcel_problems(
    pointer: str, parcel: ParcelPlan, conditions: ParcelConditions
) -> Iterator[FieldProblem]:
    """R19: size, wetland, kind of land, and how long it has not been forest."""
    yield from _area_problems(pointer, parcel, conditions.area_m2_min)
    if parcel.is_wetland:
        yield problem(f"{pointer}/is_wetland", "湿地不得造林。", "A wetland is not eligible.")
    if parcel.land_use in INELIGIBLE_LAND:
        yield problem(
            f"{pointer}/land_use",
            "经济林和道路、城镇绿化用地不符合条件。",
            "Economic forest and the greening of roads and towns are not eligible.",
        )
    years = conditions.non_forest_years
    if not EARLIEST_DAY <= parcel.non_forest_since <= LATEST_DAY:
        yield problem(
            f"{pointer}/non_forest_since",
            f"日期须在 {EARLIEST_DAY} 至 {LATEST_DAY} 之间。",
            f"The day must lie between {EARLIEST_DAY} and {LATEST_DAY}.",
        )
    elif anniversary(parcel.non_forest_since, years) > conditions.construction_start:
        yield problem(
            f"{pointer}/non_forest_since",
            f"造林开始前须至少 {years} 年为非林地。",
            f"The land must have been without forest for {years} years before planting.",
        )


def _area_problems(pointer: str, parcel: ParcelPlan, minimum: Decimal) -> Iterator[FieldProblem]:
    """The least area of each contiguous piece, and of the declared area that it is the drawn one."""
    outline = parcel.outline
    if outline is None:
        if parcel.area_m2 < minimum:
            yield problem(
                f"{pointer}/area_m2",
                f"地块面积须不小于 {minimum} 平方米。",
                f"A parcel must have at least {minimum} m².",
            )
        return
    if outline.smallest_part_m2 < minimum:
        yield problem(
            f"{pointer}/outline",
            f"每片连续土地须不小于 {minimum} 平方米；按边界计算，最小一片为"
            f" {outline.smallest_part_m2} 平方米。",
            f"Each contiguous piece must have at least {minimum} m²; by its outline the smallest"
            f" has {outline.smallest_part_m2} m².",
        )
    if not _agree(parcel.area_m2, outline.area_m2):
        unit = _other_unit(parcel.area_m2, outline.area_m2)
        yield problem(
            f"{pointer}/area_m2",
            f"申报面积 {parcel.area_m2} 与边界计算面积 {outline.area_m2} 平方米相差超过 1%；"
            f"请更正其一。{unit.zh}",
            f"The declared {parcel.area_m2} m² differ by more than 1 % from the"
            f" {outline.area_m2} m² of its outline: correct one of them.{unit.en}",
        )


def _agree(declared: Decimal, computed: Decimal) -> bool:
    return abs(declared - computed) <= computed * AREA_TOLERANCE


def _other_unit(declared: Decimal, computed: Decimal) -> Text:
    """Say it where the declared number is the outline's area in another unit."""
    if _agree(declared * M2_PER_HECTARE, computed):
        return Text(zh="申报值像是公顷数。", en=" It looks like hectares.")
    if _agree(declared * M2_PER_15_MU / 15, computed):
        return Text(zh="申报值像是亩数。", en=" It looks like mu (亩).")
    return Text(zh="", en="")


def is_plate(text: str) -> bool:
    """Say whether the text is a vehicle's plate."""
    return _PLATE.fullmatch(text) is not None


def problem(pointer: str, zh: str, en: str) -> FieldProblem:
    return FieldProblem(pointer, Text(zh=zh, en=en))
