"""What an owner declares, and whether it is eligible, pure (R1, R8, R19)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from registry_svc.methodologies.models import ProjectType
from registry_svc.projects.errors import ProjectNotEligible
from registry_svc.projects.rules import PvMode
from registry_svc.sites.rules import (
    CHONGQING_CODES,
    ParcelConditions,
    ParcelPlan,
    anniversary,
    meter_key,
    parcel_problems,
    place_of,
)
from tht_kit.errors import FieldProblem, Text

COORDINATE_DECIMALS_MIN = 6


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
    fleet_vehicles: Sequence[str]
    species: str | None
    baseline_grid: str | None
    baseline_factor_year: int | None
    capacity_kw: Decimal | None
    pv_mode: PvMode | None
    latitude: Decimal | None
    longitude: Decimal | None
    green_certificate_claim: bool

    @property
    def is_local(self) -> bool:
        return self.district_code.startswith(CHONGQING_CODES)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The rule rows that apply to one plan, as plain values."""

    project_type: ProjectType
    construction_after: date
    crediting_years_min: int
    crediting_years_max: int
    parcels: ParcelConditions


def check_plan(
    plan: ProjectPlan, conditions: Conditions, *, inapplicable: Sequence[FieldProblem]
) -> None:
    """Raise ProjectNotEligible naming every condition that the plan fails.

    `inapplicable` is what the methodology's own rules say of the plan's facts; a place that a
    condition of the platform names already is not named twice.
    """
    problems = [
        *_dates(plan, conditions),
        *_site(plan, conditions.project_type),
        *_coordinates(plan, conditions.project_type),
        *_green_certificates(plan),
        *_repeated(plan),
        *(
            problem
            for index, parcel in enumerate(plan.parcels)
            for problem in parcel_problems(f"/parcels/{index}", parcel, conditions.parcels)
        ),
    ]
    named = {problem.pointer for problem in problems}
    problems += [problem for problem in inapplicable if problem.pointer not in named]
    if problems:
        raise ProjectNotEligible(count=len(problems), errors=problems)


def facts(plan: ProjectPlan, project_type: ProjectType) -> dict[str, object]:
    """Return what a methodology's applicability rules may ask of a project, by field name."""
    return {
        "unit_type": plan.unit_type,
        "project_type": project_type.value,
        "district_code": plan.district_code,
        "is_local": plan.is_local,
        "construction_start": plan.construction_start,
        "operation_date": plan.operation_date,
        "crediting_start": plan.crediting_start,
        "crediting_end": plan.crediting_end,
        "species": plan.species,
        "baseline_grid": plan.baseline_grid,
        "baseline_factor_year": plan.baseline_factor_year,
        "capacity_kw": plan.capacity_kw,
        "pv_mode": pv_mode(plan, project_type),
        "latitude": plan.latitude,
        "longitude": plan.longitude,
        "green_certificate_claim": plan.green_certificate_claim,
        "meters_count": len(plan.meters),
        "vehicles_count": len(plan.fleet_vehicles),
        "parcels_count": len(plan.parcels),
        "area_m2": sum((parcel.area_m2 for parcel in plan.parcels), start=Decimal(0)),
        "land_use": [parcel.land_use.value for parcel in plan.parcels],
    }


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
    ProjectType.DISTRIBUTED_PV: frozenset(
        {
            "meters",
            "baseline_grid",
            "baseline_factor_year",
            "capacity_kw",
            "latitude",
            "longitude",
        }
    ),
    ProjectType.AFFORESTATION: frozenset({"parcels", "species"}),
    ProjectType.CITIZEN_TRAVEL: frozenset(),
}
# What it may declare or leave empty.
_MAY_DECLARE: Mapping[ProjectType, frozenset[str]] = {
    ProjectType.DISTRIBUTED_PV: frozenset({"pv_mode"}),
    ProjectType.AFFORESTATION: frozenset({"latitude", "longitude"}),
    ProjectType.CITIZEN_TRAVEL: frozenset({"fleet_vehicles"}),
}
_SITE_FIELDS = (
    "meters",
    "parcels",
    "fleet_vehicles",
    "species",
    "baseline_grid",
    "baseline_factor_year",
    "capacity_kw",
    "pv_mode",
    "latitude",
    "longitude",
)


def _site(plan: ProjectPlan, project_type: ProjectType) -> Iterator[FieldProblem]:
    for field in _SITE_FIELDS:
        is_given = getattr(plan, field) not in (None, [], "")
        if field in _MAY_DECLARE[project_type]:
            continue
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


def _coordinates(plan: ProjectPlan, project_type: ProjectType) -> Iterator[FieldProblem]:
    """At least six decimals, as the validation of CCER-01-002 asks, and where the district is."""
    place = place_of(plan.district_code)
    for field, value, (low, high) in (
        ("latitude", plan.latitude, place.latitudes),
        ("longitude", plan.longitude, place.longitudes),
    ):
        if value is None:
            continue
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or exponent > -COORDINATE_DECIMALS_MIN:
            yield _problem(
                f"/{field}",
                f"坐标须至少写到小数点后 {COORDINATE_DECIMALS_MIN} 位。",
                f"A coordinate needs at least {COORDINATE_DECIMALS_MIN} decimals.",
            )
        if not low <= value <= high:
            yield _problem(
                f"/{field}",
                f"坐标须在{place.name.zh}（{low} 至 {high} 度）。",
                f"The coordinate must lie in {place.name.en} ({low} to {high} degrees).",
            )
    if "latitude" in _DECLARES[project_type]:
        return
    if (plan.latitude is None) != (plan.longitude is None):
        yield _problem(
            "/longitude" if plan.longitude is None else "/latitude",
            "经度和纬度须同时填写。",
            "Latitude and longitude are stated together.",
        )


def _green_certificates(plan: ProjectPlan) -> Iterator[FieldProblem]:
    if plan.green_certificate_claim:
        yield _problem(
            "/green_certificate_claim",
            "电量已申领绿证的，不得再申请减排量（同一电量不得重复获益）。",
            "Electricity that carries green certificates is not eligible: it would count twice.",
        )


def pv_mode(plan: ProjectPlan, project_type: ProjectType) -> PvMode | None:
    """Return where the electricity goes: to the grid unless the owner says otherwise."""
    if project_type is not ProjectType.DISTRIBUTED_PV:
        return None
    return plan.pv_mode or PvMode.GRID_CONNECTED


def _repeated(plan: ProjectPlan) -> Iterator[FieldProblem]:
    parcel_nos = [parcel.parcel_no for parcel in plan.parcels]
    listed = {
        "meters": (plan.meters, [meter_key(number) for number in plan.meters]),
        "parcels": (parcel_nos, parcel_nos),
        "fleet_vehicles": (plan.fleet_vehicles, plan.fleet_vehicles),
    }
    for field, (numbers, keys) in listed.items():
        for index, number in enumerate(numbers):
            if keys[index] in keys[:index]:
                yield _problem(
                    f"/{field}/{index}", f"{number} 重复。", f"{number} is listed twice."
                )


def _problem(pointer: str, zh: str, en: str) -> FieldProblem:
    return FieldProblem(pointer, Text(zh=zh, en=en))
