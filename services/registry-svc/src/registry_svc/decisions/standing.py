"""What may befall a registered project: suspension (暂停), resumption (恢复), deregistration (注销).

One officer proposes, another approves. The owner itself may ask for its deregistration: then one
officer's approval makes the second pair of eyes.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.decisions.errors import GreenCertificateClaimed
from registry_svc.organisations import service as organisations
from registry_svc.organisations import standing as organisation_standing
from registry_svc.organisations.models import Kind
from registry_svc.projects import service
from registry_svc.projects.errors import NotTheOwner
from registry_svc.projects.models import Project, StatusChange
from registry_svc.projects.rules import (
    DEREGISTRATION,
    RESUMPTION,
    SCOPES,
    SUSPENSION,
    Actor,
    Ground,
    ProjectStatus,
    Step,
    check_step,
)
from tht_kit import four_eyes
from tht_kit.clock import legal_date
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal


async def propose_suspension(
    session: AsyncSession, project_id: UUID, *, reason: str, by: Principal, now: datetime
) -> Task:
    """Propose to suspend a registered project: it can neither report nor issue meanwhile.

    Raises OrganisationUnfit unless the officer is of the bureau, ProjectNotFound,
    ProjectStepRefused, TaskPending.
    """
    await _check_officer(session, project_id, SUSPENSION, by)
    return await _propose(session, SUSPENDING, project_id, reason=reason, by=by, now=now)


async def propose_resumption(
    session: AsyncSession, project_id: UUID, *, reason: str, by: Principal, now: datetime
) -> Task:
    """Propose to let a suspended project go on.

    Raises OrganisationUnfit unless the officer is of the bureau (or the owner may not act),
    ProjectNotFound, ProjectStepRefused, GreenCertificateClaimed (R7), TaskPending.
    """
    await _check_fit(session, await _check_officer(session, project_id, RESUMPTION, by))
    return await _propose(session, RESUMING, project_id, reason=reason, by=by, now=now)


async def propose_deregistration(
    session: AsyncSession,
    project_id: UUID,
    *,
    ground: Ground,
    reason: str,
    by: Principal,
    now: datetime,
) -> Task:
    """Propose to deregister a project for ever (R9); falsification also bans its owner (R10).

    Raises OrganisationUnfit unless the officer is of the bureau, ProjectNotFound,
    ProjectStepRefused, TaskPending.
    """
    await _check_officer(session, project_id, DEREGISTRATION, by)
    return await _propose(
        session, DEREGISTERING, project_id, ground=ground, reason=reason, by=by, now=now
    )


async def request_deregistration(
    session: AsyncSession, project_id: UUID, *, reason: str, by: Principal, now: datetime
) -> Task:
    """Ask, as its owner, for the deregistration of a project (自愿注销).

    Raises ProjectNotFound, NotTheOwner, ProjectStepRefused, TaskPending.
    """
    project = await service.get(session, project_id)
    if project.owner_code != by.organisation():
        raise NotTheOwner(project_id=project_id)
    check_step(ProjectStatus(project.status), DEREGISTRATION)
    return await _propose(
        session, DEREGISTERING, project_id, ground=Ground.VOLUNTARY, reason=reason, by=by, now=now
    )


async def _check_officer(
    session: AsyncSession, project_id: UUID, step: Step, by: Principal
) -> Project:
    await organisations.get_acting_as(session, by.organisation(), Kind.BUREAU)
    project = await service.get(session, project_id)
    check_step(ProjectStatus(project.status), step)
    return project


async def _check_fit(session: AsyncSession, project: Project) -> None:
    """What a project needs to go on: an owner that may act, and no green certificates."""
    await organisations.get_acting_as(session, project.owner_code, Kind.OWNER, Kind.OPERATOR)
    if project.green_certificate_claim:
        raise GreenCertificateClaimed(project_id=project.project_id)


async def _propose(
    session: AsyncSession,
    kind: TaskKind,
    project_id: UUID,
    *,
    reason: str,
    by: Principal,
    now: datetime,
    ground: Ground | None = None,
) -> Task:
    proposal = {"reason": reason} if ground is None else {"reason": reason, "ground": ground.value}
    return await four_eyes.propose(
        session, kind, subject=str(project_id), proposal=proposal, note=reason, by=by, now=now
    )


async def _suspend(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    project, change = await _move(session, SUSPENSION, task, by, now)
    await service.record_step(session, project, change, now=now)


async def _resume(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    project, change = await _move(session, RESUMPTION, task, by, now)
    await _check_fit(session, project)
    await service.record_step(session, project, change, now=now)


async def _deregister(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    project, change = await _move(session, DEREGISTRATION, task, by, now)
    ground = Ground(task.proposal["ground"])
    project.deregistration_ground = ground
    project.deregistered_on = legal_date(now)
    if ground is Ground.FALSIFICATION:
        # The same two officers, in the same decision: the owner is banned with its project (R10).
        about_owner = replace(task, subject=project.owner_code)
        await organisation_standing.BAN.approve(session, about_owner, by, now)
    await service.record_step(session, project, change, now=now)


async def _move(
    session: AsyncSession, step: Step, task: Task, by: Principal, now: datetime
) -> tuple[Project, StatusChange]:
    """Take the step that was proposed, if the project still stands where it begins."""
    officer = await organisations.get_acting_as(session, by.organisation(), Kind.BUREAU)
    project = await service.get_for_update(session, UUID(task.subject))
    change = project.move(
        step,
        by=officer.organisation_code,
        reason=task.proposal["reason"],
        task_id=task.task_id,
        now=now,
    )
    return project, change


SUSPENDING = TaskKind(
    name="project-suspension",
    title=Text(zh="暂停项目", en="Suspend a project"),
    scope=SCOPES[Actor.BUREAU],
    approve=_suspend,
)
RESUMING = TaskKind(
    name="project-resumption",
    title=Text(zh="恢复项目", en="Resume a project"),
    scope=SCOPES[Actor.BUREAU],
    approve=_resume,
)
DEREGISTERING = TaskKind(
    name="project-deregistration",
    title=Text(zh="注销项目", en="Deregister a project"),
    scope=SCOPES[Actor.BUREAU],
    approve=_deregister,
)
