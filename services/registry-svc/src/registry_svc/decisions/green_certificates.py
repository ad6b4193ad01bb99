"""Green certificates (绿证): electricity that carries them must not earn reductions too (R7)."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.decisions import standing
from registry_svc.decisions.errors import GreenCertificateFlagged, GreenCertificateUnclaimed
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import service
from registry_svc.projects.models import Project
from registry_svc.projects.rules import ENDED, SCOPES, Actor, ProjectStatus
from tht_kit import four_eyes
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind, TaskPending
from tht_kit.principal import Principal


async def report(
    session: AsyncSession, project_id: UUID, *, reason: str, by: Principal, now: datetime
) -> Project:
    """Flag a project for whose electricity green certificates are claimed.

    One officer is enough to stop a registration; suspending a project that is registered already is
    proposed in the same breath, for another officer to approve, unless a suspension waits already.
    Raises OrganisationUnfit unless the officer is of the bureau, ProjectNotFound,
    GreenCertificateFlagged.
    """
    await organisations.get_acting_as(session, by.organisation(), Kind.BUREAU)
    project = await service.get_for_update(session, project_id)
    if project.green_certificate_claim or project.status in ENDED:
        raise GreenCertificateFlagged(project_id=project_id)
    project.green_certificate_claim = True
    if project.status == ProjectStatus.REGISTERED:
        # Whatever ground a waiting suspension was proposed on, the flag stands by itself.
        with suppress(TaskPending):
            await standing.propose_suspension(session, project_id, reason=reason, by=by, now=now)
    return await service.get(session, project_id)


async def propose_clearance(
    session: AsyncSession, project_id: UUID, *, reason: str, by: Principal, now: datetime
) -> Task:
    """Propose to lift the flag: no green certificates are claimed after all.

    Raises OrganisationUnfit unless the officer is of the bureau, ProjectNotFound,
    GreenCertificateUnclaimed, TaskPending.
    """
    await organisations.get_acting_as(session, by.organisation(), Kind.BUREAU)
    _check_flag(await service.get(session, project_id))
    return await four_eyes.propose(
        session,
        CLEARANCE,
        subject=str(project_id),
        proposal={"reason": reason},
        note=reason,
        by=by,
        now=now,
    )


def _check_flag(project: Project) -> None:
    if not project.green_certificate_claim:
        raise GreenCertificateUnclaimed(project_id=project.project_id)


async def _clear(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    del now
    await organisations.get_acting_as(session, by.organisation(), Kind.BUREAU)
    project = await service.get_for_update(session, UUID(task.subject))
    _check_flag(project)
    project.green_certificate_claim = False


CLEARANCE = TaskKind(
    name="project-green-certificate-clearance",
    title=Text(zh="解除绿证标记", en="Lift the flag of green certificates"),
    scope=SCOPES[Actor.BUREAU],
    approve=_clear,
)
