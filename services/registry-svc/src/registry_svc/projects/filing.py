"""Filing a project (项目申报): the owner's declaration becomes a draft that holds its site."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies import service as methodologies
from registry_svc.methodologies.models import Methodology, ProjectType
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import plan as plans
from registry_svc.projects import repository, service
from registry_svc.projects.errors import SiteBarred, SiteTaken
from registry_svc.projects.models import Project, ProjectRule
from registry_svc.projects.plan import Conditions, ProjectPlan
from registry_svc.projects.repository import Holder
from registry_svc.projects.rules import ProjectStatus
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, Text
from tht_kit.ids import new_id


async def file(
    session: AsyncSession, *, owner_code: str, plan: ProjectPlan, now: datetime
) -> Project:
    """File a project as a DRAFT.

    Raises OrganisationUnfit unless the owner is a project owner or the operator and the author of
    the design document is registered, MethodologyNotInForce, ProjectRuleMissing,
    ProjectNotEligible (R1, R8, R19), SiteTaken (R7), SiteBarred (R9).
    """
    await organisations.get_acting_as(session, owner_code, Kind.OWNER, Kind.OPERATOR)
    await organisations.get_acting_as(
        session, plan.pdd_author_code, *Kind, pointer="/pdd_author_code"
    )
    methodology = await methodologies.get_in_force(
        session, plan.methodology_code, legal_date(now), pointer="/methodology_code"
    )
    rule = await service.get_rule(session, plan.unit_type)
    plans.check_plan(plan, await _conditions(session, plan, rule, methodology))
    project = _draft(owner_code, plan, methodology, now)
    repository.add(session, project)
    await session.flush()
    await _claim_site(session, project, plan)
    return await service.get(session, project.project_id)


async def _conditions(
    session: AsyncSession, plan: ProjectPlan, rule: ProjectRule, methodology: Methodology
) -> Conditions:
    parcel_rule = await repository.get_parcel_rule(session, plan.construction_start)
    return Conditions(
        project_type=ProjectType(methodology.project_type),
        construction_after=rule.construction_after,
        crediting_years_min=methodology.crediting_years_min,
        crediting_years_max=methodology.crediting_years_max,
        parcel_area_m2_min=parcel_rule.area_m2_min,
        non_forest_years=parcel_rule.non_forest_years,
    )


def _draft(owner_code: str, plan: ProjectPlan, methodology: Methodology, now: datetime) -> Project:
    return Project(
        project_id=new_id(),
        name=plan.name,
        unit_type=plan.unit_type,
        project_type=methodology.project_type,
        scope_code=methodology.scope_code,
        methodology_code=methodology.methodology_code,
        owner_code=owner_code,
        pdd_author_code=plan.pdd_author_code,
        district_code=plan.district_code,
        is_local=plan.is_local,
        construction_start=plan.construction_start,
        operation_date=plan.operation_date,
        crediting_start=plan.crediting_start,
        crediting_end=plan.crediting_end,
        species=plan.species,
        baseline_grid=plan.baseline_grid,
        baseline_factor_year=plan.baseline_factor_year,
        status=ProjectStatus.DRAFT,
        version=1,
        created_at=now,
    )


async def _claim_site(session: AsyncSession, project: Project, plan: ProjectPlan) -> None:
    """Hold the meters and parcels for this project; raises SiteTaken or SiteBarred."""
    parcels = [
        {
            "project_id": project.project_id,
            "parcel_no": parcel.parcel_no,
            "district_code": plan.district_code,
            "area_m2": parcel.area_m2,
            "land_use": parcel.land_use,
            "non_forest_since": parcel.non_forest_since,
            "is_wetland": parcel.is_wetland,
        }
        for parcel in plan.parcels
    ]
    parcel_nos = [parcel.parcel_no for parcel in plan.parcels]
    of_meters = await repository.claim_meters(session, project.project_id, plan.meters)
    of_parcels = await repository.claim_parcels(session, plan.district_code, parcels)
    problems = [
        *_held("meters", plan.meters, of_meters),
        *_held("parcels", parcel_nos, of_parcels),
    ]
    if not problems:
        return
    is_barred = any(holder.is_deregistered for holder in [*of_meters, *of_parcels])
    refused = SiteBarred if is_barred else SiteTaken
    raise refused(count=len(problems), errors=problems)


def _held(field: str, numbers: Sequence[str], holders: Sequence[Holder]) -> Iterator[FieldProblem]:
    for holder in holders:
        pointer = f"/{field}/{numbers.index(holder.number)}"
        if holder.is_deregistered:
            yield FieldProblem(
                pointer,
                Text(
                    zh=f"{holder.number} 属于已注销项目 {holder.project_id}，永久不得再登记。",
                    en=f"{holder.number} belongs to the deregistered project {holder.project_id}:"
                    " barred for ever.",
                ),
            )
        else:
            yield FieldProblem(
                pointer,
                Text(
                    zh=f"{holder.number} 已属于项目 {holder.project_id}。",
                    en=f"{holder.number} is in the project {holder.project_id}.",
                ),
            )
