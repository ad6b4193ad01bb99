"""Filing a project (项目申报): the owner's declaration becomes a draft that holds its site."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies import service as methodologies
from registry_svc.methodologies.models import Methodology, ProjectType
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import plan as plans
from registry_svc.projects import repository, service
from registry_svc.projects.models import Project, ProjectRule
from registry_svc.projects.plan import Conditions, ProjectPlan
from registry_svc.projects.rules import ProjectStatus
from registry_svc.sites import service as sites
from registry_svc.sites.rules import ParcelConditions
from tht_kit.clock import legal_date
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
    await sites.hold(session, project.project_id, plan.district_code, plan.meters, plan.parcels)
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
        parcels=ParcelConditions(
            construction_start=plan.construction_start,
            area_m2_min=parcel_rule.area_m2_min,
            non_forest_years=parcel_rule.non_forest_years,
        ),
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
