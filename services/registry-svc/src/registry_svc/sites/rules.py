"""Rules of a site, pure: what a parcel must be (R19)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from tht_kit.errors import FieldProblem, Text

FEBRUARY, LEAP_DAY = 2, 29


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
class ParcelPlan:
    """A parcel as its owner declares it."""

    parcel_no: str
    area_m2: Decimal
    land_use: LandUse
    non_forest_since: date
    is_wetland: bool


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
    minimum = conditions.area_m2_min
    if parcel.area_m2 < minimum:
        yield problem(
            f"{pointer}/area_m2",
            f"地块面积须不小于 {minimum} 平方米。",
            f"A parcel must have at least {minimum} m².",
        )
    if parcel.is_wetland:
        yield problem(f"{pointer}/is_wetland", "湿地不得造林。", "A wetland is not eligible.")
    if parcel.land_use in INELIGIBLE_LAND:
        yield problem(
            f"{pointer}/land_use",
            "经济林和道路、城镇绿化用地不符合条件。",
            "Economic forest and the greening of roads and towns are not eligible.",
        )
    years = conditions.non_forest_years
    if anniversary(parcel.non_forest_since, years) > conditions.construction_start:
        yield problem(
            f"{pointer}/non_forest_since",
            f"造林开始前须至少 {years} 年为非林地。",
            f"The land must have been without forest for {years} years before planting.",
        )


def problem(pointer: str, zh: str, en: str) -> FieldProblem:
    return FieldProblem(pointer, Text(zh=zh, en=en))
