"""The public notice (公示) of a project, naming its validator (R2)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.calendar import service as calendar
from registry_svc.methodologies import service as methodologies
from registry_svc.methodologies.models import ProjectType
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import holding, service
from registry_svc.projects import plan as plans
from registry_svc.projects.errors import (
    NotTheOwner,
    ProjectNotEligible,
    ValidatorNotIndependent,
)
from registry_svc.projects.models import Project
from registry_svc.projects.rules import NOTICE
from registry_svc.sites import service as sites
from tht_kit.clock import legal_date


async def open_notice(
    session: AsyncSession,
    project_id: UUID,
    *,
    owner_code: str,
    validator_code: str,
    now: datetime,
) -> Project:
    """Put the project under public notice from today on, naming its validator.

    The last day is fixed here: a later change of the calendar does not move a published notice.
    Raises ProjectNotFound, NotTheOwner, ProjectStepRefused, OrganisationUnfit (also for an owner
    that may not act), VerifierNotCompetent,
    ValidatorNotIndependent (R4), OutlinesMissing, ProjectNotEligible for a site that was imported
    since the filing, ProjectRuleMissing, MissingCalendarYear.
    """
    project = await service.get_for_update(session, project_id)
    if project.owner_code != owner_code:
        raise NotTheOwner(project_id=project_id)
    await organisations.get_acting_as(session, owner_code, Kind.OWNER, Kind.OPERATOR)
    change = project.move(NOTICE, by=owner_code, reason=None, now=now)
    await organisations.get_competent_verifier(
        session,
        validator_code,
        scope_code=project.scope_code,
        day=legal_date(now),
        pointer="/validator_code",
    )
    if validator_code in (project.owner_code, project.pdd_author_code):
        raise ValidatorNotIndependent(pointer="/validator_code", validator_code=validator_code)
    if project.project_type == ProjectType.AFFORESTATION:
        await sites.must_be_drawn(session, project_id)
    await _must_be_applicable(session, project)
    rule = await service.get_rule(session, project.unit_type)
    days = await calendar.load(session)
    project.validator_code = validator_code
    project.notice_start = legal_date(now)
    project.notice_end = days.notice_end(project.notice_start, rule.notice_working_days)
    await service.record_step(session, project, change, now=now)
    return await service.get(session, project_id)


async def _must_be_applicable(session: AsyncSession, project: Project) -> None:
    """Ask the methodology again: files may have brought a draft what it was not filed with."""
    methodology = await methodologies.get(session, project.methodology_code)
    held = holding.plan_of(
        project,
        meters=await sites.meters_of(session, project.project_id),
        parcels=await sites.parcels_of(session, project.project_id),
        vehicles=await sites.vehicles_of(session, project.project_id),
    )
    problems = methodologies.check_applicability(
        methodology, plans.facts(held, ProjectType(project.project_type))
    )
    if problems:
        raise ProjectNotEligible(count=len(problems), errors=problems)
