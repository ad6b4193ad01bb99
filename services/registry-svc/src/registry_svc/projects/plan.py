"""What an owner declares, and whether it is eligible, pure (R1, R8, R19)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from registry_svc.methodologies.models import ProjectType
from registry_svc.projects.errors import ProjectNotEligible
from registry_svc.sites.rules import (
    ParcelConditions,
    ParcelPlan,
    anniversary,
    parcel_problems,
)
from tht_kit.errors import FieldProblem, Text

CHONGQING = "50"  # the first two digits of its district codes, GB/T 2260


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
    parcels: ParcelConditions


def check_plan(plan: ProjectPlan, conditions: Conditions) -> None:
    """Raise ProjectNotEligible naming every condition that the plan fails."""
    problems = [
        *_dates(plan, conditions),
        *_site(plan, conditions.project_type),
        *_repeated(plan),
        *(
            problem
            for index, parcel in enumerate(plan.parcels)
            for problem in parcel_problems(f"/parcels/{index}", parcel, conditions.parcels)
        ),
    ]
    if problems:
        raise ProjectNotEligible(count=len(problems), errors=problems)


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


def _problem(pointer: str, zh: str, en: str) -> FieldProblem:
    return FieldProblem(pointer, Text(zh=zh, en=en))
