"""HTTP of the bureau's decisions about projects, and of what can come next for one."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from registry_svc.decisions import green_certificates, next_steps, registration, standing
from registry_svc.decisions.schemas import DeregistrationIn, NextStepsOut, ReasonIn, RegistrationIn
from registry_svc.projects.schemas import ProjectDetailOut
from tht_kit.auth import Reader, require
from tht_kit.clock import legal_date
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.principal import Principal
from tht_kit.task_endpoints import TaskOut

router = new_router(prefix="/v1/projects", tags=["项目决定 / Decisions on projects"])

Owner = Annotated[Principal, Depends(require("projects:write"))]
Officer = Annotated[Principal, Depends(require("projects:register"))]


@router.get("/{project_id}/steps", summary="后续步骤 / What can come next, and for whom")
async def list_project_steps(
    project_id: UUID, session: ReadSession, now: Now, reader: Reader
) -> NextStepsOut:
    project, found = await next_steps.list_next(session, project_id, reader=reader, now=now)
    return NextStepsOut.of(project, found, legal_date(now))


@router.post(
    "/{project_id}/registration",
    status_code=202,
    dependencies=[Idempotent],
    summary="提出登记决定，待复核 / Propose the decision on the registration",
)
async def propose_project_registration(
    project_id: UUID, body: RegistrationIn, session: WriteSession, now: Now, officer: Officer
) -> TaskOut:
    task = await registration.propose(
        session,
        project_id,
        is_accepted=body.decision == "register",
        reason=body.reason,
        by=officer,
        now=now,
    )
    return TaskOut.of(task)


@router.post(
    "/{project_id}/suspension",
    status_code=202,
    dependencies=[Idempotent],
    summary="提出暂停，待复核 / Propose to suspend a project",
)
async def propose_project_suspension(
    project_id: UUID, body: ReasonIn, session: WriteSession, now: Now, officer: Officer
) -> TaskOut:
    task = await standing.propose_suspension(
        session, project_id, reason=body.reason, by=officer, now=now
    )
    return TaskOut.of(task)


@router.post(
    "/{project_id}/resumption",
    status_code=202,
    dependencies=[Idempotent],
    summary="提出恢复，待复核 / Propose to resume a project",
)
async def propose_project_resumption(
    project_id: UUID, body: ReasonIn, session: WriteSession, now: Now, officer: Officer
) -> TaskOut:
    task = await standing.propose_resumption(
        session, project_id, reason=body.reason, by=officer, now=now
    )
    return TaskOut.of(task)


@router.post(
    "/{project_id}/deregistration",
    status_code=202,
    dependencies=[Idempotent],
    summary="提出注销，待复核 / Propose to deregister a project for ever",
)
async def propose_project_deregistration(
    project_id: UUID, body: DeregistrationIn, session: WriteSession, now: Now, officer: Officer
) -> TaskOut:
    task = await standing.propose_deregistration(
        session, project_id, ground=body.ground, reason=body.reason, by=officer, now=now
    )
    return TaskOut.of(task)


@router.post(
    "/{project_id}/deregistration-request",
    status_code=202,
    dependencies=[Idempotent],
    summary="业主申请自愿注销 / Ask for one's own project to be deregistered",
)
async def request_project_deregistration(
    project_id: UUID, body: ReasonIn, session: WriteSession, now: Now, owner: Owner
) -> TaskOut:
    task = await standing.request_deregistration(
        session, project_id, reason=body.reason, by=owner, now=now
    )
    return TaskOut.of(task)


@router.post(
    "/{project_id}/green-certificate",
    dependencies=[Idempotent],
    summary="标记已申领绿证 / Flag a project whose electricity carries green certificates",
)
async def report_project_green_certificate(
    project_id: UUID, body: ReasonIn, session: WriteSession, now: Now, officer: Officer
) -> ProjectDetailOut:
    project = await green_certificates.report(
        session, project_id, reason=body.reason, by=officer, now=now
    )
    return ProjectDetailOut.of(project, legal_date(now))


@router.post(
    "/{project_id}/green-certificate/clearance",
    status_code=202,
    dependencies=[Idempotent],
    summary="提出解除绿证标记，待复核 / Propose to lift that flag",
)
async def propose_project_green_certificate_clearance(
    project_id: UUID, body: ReasonIn, session: WriteSession, now: Now, officer: Officer
) -> TaskOut:
    task = await green_certificates.propose_clearance(
        session, project_id, reason=body.reason, by=officer, now=now
    )
    return TaskOut.of(task)
