"""Filing a project (项目申报) and amending it while it is a draft; every version is kept."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.districts import service as districts
from registry_svc.methodologies import service as methodologies
from registry_svc.methodologies.models import Methodology, ProjectType
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import near, repository, service
from registry_svc.projects import plan as plans
from registry_svc.projects.errors import ImportsWouldBeLost, ProjectVersionChanged
from registry_svc.projects.models import Project, ProjectRule, ProjectVersion
from registry_svc.projects.plan import Conditions, ProjectPlan
from registry_svc.projects.rules import ProjectStatus
from registry_svc.sites import outlines
from registry_svc.sites import service as sites
from tht_kit.clock import legal_date
from tht_kit.ids import new_id


async def file(
    session: AsyncSession,
    *,
    owner_code: str,
    plan: ProjectPlan,
    declared: dict[str, Any],
    now: datetime,
) -> Project:
    """File a project as a DRAFT; `declared` is the declaration as it was sent, kept as version 1.

    Raises OrganisationUnfit unless the owner is a project owner or the operator and the author of
    the design document is registered, MethodologyNotInForce, ProjectRuleMissing,
    OutlinesInvalid, ProjectNotEligible (R1, R7, R8, R19), SiteTaken, ParcelsOverlap (R7),
    SiteBarred (R9).
    """
    plan = replace(plan, parcels=await outlines.survey(plan.parcels))
    methodology = await _eligible(session, owner_code, plan, now)
    project = Project(
        project_id=new_id(),
        owner_code=owner_code,
        green_certificate_claim=False,
        status=ProjectStatus.DRAFT,
        version=1,
        created_at=now,
    )
    _declare(project, plan, methodology)
    repository.add(session, project)
    await session.flush()
    await _keep(session, project, plan, declared, now)
    return await service.get(session, project.project_id)


async def amend(
    session: AsyncSession,
    project_id: UUID,
    *,
    owner_code: str,
    version: int,
    plan: ProjectPlan,
    declared: dict[str, Any],
    drop_imports: bool,
    now: datetime,
) -> Project:
    """Replace the declaration of a draft whose version the owner has seen; both are kept.

    Raises ProjectNotFound, NotTheOwner, ProjectNotDraft, ProjectVersionChanged, ImportsWouldBeLost
    unless told to `drop_imports`, and what `file` raises; then the draft stays as it was, site
    included.
    """
    project = await service.get_draft_for_update(session, project_id, owner_code=owner_code)
    if project.version != version:
        raise ProjectVersionChanged(
            pointer="header:If-Match", project_id=project_id, version=project.version
        )
    if not drop_imports and await repository.is_from_file(session, project_id, version):
        raise ImportsWouldBeLost(
            pointer="query:drop_imports", project_id=project_id, version=version
        )
    plan = replace(plan, parcels=await outlines.survey(plan.parcels))
    methodology = await _eligible(session, owner_code, plan, now)
    _declare(project, plan, methodology)
    project.version += 1
    await session.flush()
    await sites.clear(session, project_id)
    await _keep(session, project, plan, declared, now)
    return await service.get(session, project_id)


async def _eligible(
    session: AsyncSession, owner_code: str, plan: ProjectPlan, now: datetime
) -> Methodology:
    """Return the plan's methodology once everything about the plan but its site is in order."""
    await organisations.get_acting_as(session, owner_code, Kind.OWNER, Kind.OPERATOR)
    await organisations.get_acting_as(
        session, plan.pdd_author_code, *Kind, pointer="/pdd_author_code"
    )
    await districts.must_be_in_force(
        session, plan.district_code, legal_date(now), pointer="/district_code"
    )
    methodology = await methodologies.get_in_force(
        session, plan.methodology_code, legal_date(now), pointer="/methodology_code"
    )
    rule = await service.get_rule(session, plan.unit_type)
    facts = plans.facts(plan, ProjectType(methodology.project_type))
    plans.check_plan(
        plan,
        await _conditions(session, plan, rule, methodology),
        inapplicable=methodologies.check_applicability(methodology, facts),
    )
    return methodology


async def _conditions(
    session: AsyncSession, plan: ProjectPlan, rule: ProjectRule, methodology: Methodology
) -> Conditions:
    return Conditions(
        project_type=ProjectType(methodology.project_type),
        construction_after=rule.construction_after,
        crediting_years_min=methodology.crediting_years_min,
        crediting_years_max=methodology.crediting_years_max,
        parcels=await service.parcel_conditions(session, plan.construction_start),
    )


def _declare(project: Project, plan: ProjectPlan, methodology: Methodology) -> None:
    project.name = plan.name
    project.unit_type = plan.unit_type
    project.project_type = methodology.project_type
    project.scope_code = methodology.scope_code
    project.methodology_code = methodology.methodology_code
    project.pdd_author_code = plan.pdd_author_code
    project.district_code = plan.district_code
    project.is_local = plan.is_local
    project.construction_start = plan.construction_start
    project.operation_date = plan.operation_date
    project.crediting_start = plan.crediting_start
    project.crediting_end = plan.crediting_end
    project.species = plan.species
    project.baseline_grid = plan.baseline_grid
    project.baseline_factor_year = plan.baseline_factor_year
    project.capacity_kw = plan.capacity_kw
    project.pv_mode = plans.pv_mode(plan, ProjectType(methodology.project_type))
    project.latitude = plan.latitude
    project.longitude = plan.longitude


async def _keep(
    session: AsyncSession,
    project: Project,
    plan: ProjectPlan,
    declared: dict[str, Any],
    now: datetime,
) -> None:
    """Hold the site for the project and keep the version; raises SiteTaken, SiteBarred."""
    await sites.hold(
        session,
        project.project_id,
        plan.district_code,
        plan.meters,
        plan.parcels,
        plan.fleet_vehicles,
    )
    await near.must_not_be_barred(session, project)
    repository.add(
        session,
        ProjectVersion(
            project_id=project.project_id,
            version=project.version,
            declared=declared,
            filed_at=now,
        ),
    )
