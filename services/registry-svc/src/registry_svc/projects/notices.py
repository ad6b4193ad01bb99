"""The public notice (公示) of a project and the public's comments on it (R2)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.calendar import service as calendar
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import repository, service
from registry_svc.projects.errors import (
    NoticeClosed,
    NotTheOwner,
    ProjectNotFound,
    ValidatorNotIndependent,
)
from registry_svc.projects.models import Comment, Project
from registry_svc.projects.rules import NOTICE
from tht_kit.clock import legal_date
from tht_kit.ids import new_id


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
    Raises ProjectNotFound, NotTheOwner, ProjectStepRefused, OrganisationUnfit,
    ValidatorNotIndependent (R4), ProjectRuleMissing, MissingCalendarYear.
    """
    project = await service.get_for_update(session, project_id)
    if project.owner_code != owner_code:
        raise NotTheOwner(project_id=project_id)
    change = project.move(NOTICE, by=owner_code, reason=None, now=now)
    await organisations.get_acting_as(
        session, validator_code, Kind.VALIDATOR_VERIFIER, pointer="/validator_code"
    )
    if validator_code in (project.owner_code, project.pdd_author_code):
        raise ValidatorNotIndependent(pointer="/validator_code", validator_code=validator_code)
    rule = await service.get_rule(session, project.unit_type)
    days = await calendar.load(session)
    project.validator_code = validator_code
    project.notice_start = legal_date(now)
    project.notice_end = days.notice_end(project.notice_start, rule.notice_working_days)
    await service.record_step(session, project, change, now=now)
    return await service.get(session, project_id)


async def comment(
    session: AsyncSession, project_id: UUID, *, author_name: str, text: str, now: datetime
) -> Comment:
    """File a comment of the public (公众意见); raises ProjectNotFound, NoticeClosed."""
    project = await repository.find_for_comment(session, project_id)
    if project is None:
        raise ProjectNotFound(project_id=project_id)
    if not project.is_under_notice(legal_date(now)):
        raise NoticeClosed(project_id=project_id)
    filed = Comment(
        comment_id=new_id(),
        project_id=project_id,
        author_name=author_name,
        text=text,
        submitted_at=now,
    )
    repository.add(session, filed)
    return filed
