"""What an owner declares, and whether it is eligible, pure (R1, R8, R19)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from registry_svc.methodologies.models import ProjectType
from registry_svc.projects.errors import ProjectNotEligible
from tht_kit.errors import FieldProblem, Text

FEBRUARY, LEAP_DAY = 2, 29
CHONGQING = "50"  # the first two digits of its district codes, GB/T 2260


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
    parcel_no: str
    area_m2: Decimal
    land_use: LandUse
    non_forest_since: date
    is_wetland: bool


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """What the owner declares in the design document (项目设计文件)."""

    name: str
    unit_type: str
    methodology_code: str
    pdd_author_code: str
    district_code: str
    construction_start: date
    operation_date: date
    crediting_start: date
    crediting_end: date
    meters: Sequence[str]
    parcels: Sequence[ParcelPlan]
    species: str | None
    baseline_grid: str | None
    baseline_factor_year: int | None

    @property
    def is_local(self) -> bool:
        return self.district_code.startswith(CHONGQING)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The rule rows that apply to one plan, as plain values."""

    project_type: ProjectType
    construction_after: date
    crediting_years_min: int
    crediting_years_max: int
    parcel_area_m2_min: Decimal
    non_forest_years: int


def check_plan(plan: ProjectPlan, conditions: Conditions) -> None:
    """Raise ProjectNotEligible naming every condition that the plan fails."""
    problems = [
        *_dates(plan, conditions),
        *_site(plan, conditions.project_type),
        *_repeated(plan),
        *(
            problem
            for index, parcel in enumerate(plan.parcels)
            for problem in _parcel(f"/parcels/{index}", parcel, plan.construction_start, conditions)
        ),
    ]
    if problems:
        raise ProjectNotEligible(count=len(problems), errors=problems)


def anniversary(day: date, years: int) -> date:
    """Return the day `years` later; 29 February becomes 1 March in a common year."""
    if (day.month, day.day) == (FEBRUARY, LEAP_DAY):
        return (day - timedelta(days=1)).replace(year=day.year + years) + timedelta(days=1)
    return day.replace(year=day.year + years)


def crediting_bounds(start: date, years_min: int, years_max: int) -> tuple[date, date]:
    """Return the first and the last day on which a crediting period (计入期) may end (R8)."""
    one_day = timedelta(days=1)
    return anniversary(start, years_min) - one_day, anniversary(start, years_max) - one_day


def _dates(plan: ProjectPlan, conditions: Conditions) -> Iterator[FieldProblem]:
    after = conditions.construction_after
    if plan.construction_start <= after:
        yield _problem(
            "/construction_start",
            f"开工日期须晚于 {after}。",
            f"Construction must have started after {after}.",
        )
    if plan.operation_date < plan.construction_start:
        yield _problem(
            "/operation_date",
            "投运日期不能早于开工日期。",
            "Operation cannot begin before construction.",
        )
    if plan.crediting_start < plan.operation_date:
        yield _problem(
            "/crediting_start",
            "计入期不能早于投运日期。",
            "The crediting period cannot start before operation.",
        )
    earliest, latest = crediting_bounds(
        plan.crediting_start, conditions.crediting_years_min, conditions.crediting_years_max
    )
    if not earliest <= plan.crediting_end <= latest:
        yield _problem(
            "/crediting_end",
            f"计入期截止日须在 {earliest} 至 {latest} 之间"
            f"（{conditions.crediting_years_min} 至 {conditions.crediting_years_max} 年）。",
            f"The crediting period must end between {earliest} and {latest}"
            f" ({conditions.crediting_years_min} to {conditions.crediting_years_max} years).",
        )


# What each type of project must declare; everything else of these it must leave empty.
_DECLARES: Mapping[ProjectType, frozenset[str]] = {
    ProjectType.DISTRIBUTED_PV: frozenset({"meters", "baseline_grid", "baseline_factor_year"}),
    ProjectType.AFFORESTATION: frozenset({"parcels", "species"}),
    ProjectType.CITIZEN_TRAVEL: frozenset(),
}
_SITE_FIELDS = ("meters", "parcels", "species", "baseline_grid", "baseline_factor_year")


def _site(plan: ProjectPlan, project_type: ProjectType) -> Iterator[FieldProblem]:
    for field in _SITE_FIELDS:
        is_given = bool(getattr(plan, field))
        if is_given == (field in _DECLARES[project_type]):
            continue
        if is_given:
            yield _problem(
                f"/{field}",
                f"此类项目（{project_type}）不填此项。",
                f"A {project_type} project does not have this.",
            )
        else:
            yield _problem(
                f"/{field}",
                f"此类项目（{project_type}）必须填写此项。",
                f"A {project_type} project must state this.",
            )


def _repeated(plan: ProjectPlan) -> Iterator[FieldProblem]:
    parcel_nos = [parcel.parcel_no for parcel in plan.parcels]
    for field, numbers in (("meters", plan.meters), ("parcels", parcel_nos)):
        for index, number in enumerate(numbers):
            if number in numbers[:index]:
                yield _problem(
                    f"/{field}/{index}", f"{number} 重复。", f"{number} is listed twice."
                )


def _parcel(
    pointer: str, parcel: ParcelPlan, construction_start: date, conditions: Conditions
) -> Iterator[FieldProblem]:
    """R19: size, wetland, kind of land, and how long it has not been forest."""
    minimum = conditions.parcel_area_m2_min
    if parcel.area_m2 < minimum:
        yield _problem(
            f"{pointer}/area_m2",
            f"地块面积须不小于 {minimum} 平方米。",
            f"A parcel must have at least {minimum} m².",
        )
    if parcel.is_wetland:
        yield _problem(
            f"{pointer}/is_wetland",
            "湿地不得造林。",
            "A wetland is not eligible.",
        )
    if parcel.land_use in INELIGIBLE_LAND:
        yield _problem(
            f"{pointer}/land_use",
            "经济林和道路、城镇绿化用地不符合条件。",
            "Economic forest and the greening of roads and towns are not eligible.",
        )
    years = conditions.non_forest_years
    if anniversary(parcel.non_forest_since, years) > construction_start:
        yield _problem(
            f"{pointer}/non_forest_since",
            f"造林开始前须至少 {years} 年为非林地。",
            f"The land must have been without forest for {years} years before planting.",
        )


def _problem(pointer: str, zh: str, en: str) -> FieldProblem:
    return FieldProblem(pointer, Text(zh=zh, en=en))
