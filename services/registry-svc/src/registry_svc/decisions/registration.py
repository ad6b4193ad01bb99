"""The bureau's decision (登记): one officer proposes it, another approves; a number, or a refusal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.decisions.errors import GreenCertificateClaimed, ProjectNumbersExhausted
from registry_svc.methodologies import service as methodologies
from registry_svc.methodologies.models import Methodology
from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import near, repository, service
from registry_svc.projects.models import PROJECT_NO_MAX, Project
from registry_svc.projects.rules import (
    REFUSAL,
    REGISTRATION,
    SCOPES,
    Actor,
    ProjectStatus,
    check_step,
)
from tht_contracts.events.registry import ProjectRegistered
from tht_kit import four_eyes
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, InvalidRequest, Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.outbox import emit
from tht_kit.principal import Principal


async def propose(
    session: AsyncSession,
    project_id: UUID,
    *,
    is_accepted: bool,
    reason: str | None,
    by: Principal,
    now: datetime,
) -> Task:
    """Propose to register a validated project or to refuse it with a reason, overdue or not.

    Raises OrganisationUnfit unless the officer is of the bureau (or the owner may not act),
    ProjectNotFound, ProjectStepRefused, InvalidRequest for a refusal without a reason,
    MethodologyNotInForce once its transition window is over, GreenCertificateClaimed (R7),
    SiteBarred beside a deregistered solar project (R9), TaskPending.
    """
    await organisations.get_acting_as(session, by.organisation(), Kind.BUREAU)
    project = await service.get(session, project_id)
    await _check(session, project, is_accepted=is_accepted, now=now)
    beside = await near.near(session, project)
    if not is_accepted and reason is None:
        why = Text(zh="不予登记须说明理由。", en="A refusal needs a reason.")
        raise InvalidRequest(count=1, errors=[FieldProblem("/reason", why)])
    return await four_eyes.propose(
        session,
        KIND,
        subject=str(project_id),
        proposal={
            "decision": "register" if is_accepted else "refuse",
            "reason": reason,
            "near_projects": [other.shown() for other in beside],
        },
        note=reason,
        by=by,
        now=now,
    )


async def _check(
    session: AsyncSession, project: Project, *, is_accepted: bool, now: datetime
) -> None:
    check_step(ProjectStatus(project.status), REGISTRATION if is_accepted else REFUSAL)
    if not is_accepted:
        return
    await organisations.get_acting_as(session, project.owner_code, Kind.OWNER, Kind.OPERATOR)
    await methodologies.get_registrable(session, project.methodology_code, legal_date(now))
    if project.green_certificate_claim:
        raise GreenCertificateClaimed(project_id=project.project_id)
    await near.must_not_be_barred(session, project)


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Carry the decision out; what would have refused the proposal refuses the approval too.

    Raises ProjectNumbersExhausted as well.
    """
    officer = await organisations.get_acting_as(session, by.organisation(), Kind.BUREAU)
    project = await service.get_for_update(session, UUID(task.subject))
    is_accepted = task.proposal["decision"] == "register"
    await _check(session, project, is_accepted=is_accepted, now=now)
    project_no = await _next_no(session) if is_accepted else None
    change = project.move(
        REGISTRATION if is_accepted else REFUSAL,
        by=officer.organisation_code,
        reason=task.proposal["reason"],
        task_id=task.task_id,
        now=now,
    )
    project.decided_on = legal_date(now)
    if is_accepted:
        project.project_no, project.registered_on = project_no, project.decided_on
        # Before the change of status, so that a consumer knows the project when that arrives.
        await _tell(session, project, now)
    await service.record_step(session, project, change, now=now)


async def _next_no(session: AsyncSession) -> int:
    project_no = await repository.next_project_no(session)
    if project_no is None:
        raise ProjectNumbersExhausted(last=PROJECT_NO_MAX)
    return project_no


async def _tell(session: AsyncSession, project: Project, now: datetime) -> None:
    registered = await service.get(session, project.project_id)
    methodology = await methodologies.get(session, project.methodology_code)
    await emit(session, _registered(registered, methodology), now=now)


def _registered(project: Project, methodology: Methodology) -> ProjectRegistered:
    return ProjectRegistered.model_validate(
        {
            "project_id": str(project.project_id),
            "project_no": project.project_no,
            "name": project.name,
            "unit_type": project.unit_type,
            "project_type": project.project_type,
            "scope_code": project.scope_code,
            "methodology_code": project.methodology_code,
            "owner_code": project.owner_code,
            "validator_code": project.validator_code,
            "pdd_author_code": project.pdd_author_code,
            "district_code": project.district_code,
            "is_local": project.is_local,
            "construction_start": project.construction_start,
            "operation_date": project.operation_date,
            "crediting_start": project.crediting_start,
            "crediting_end": project.crediting_end,
            "meters": [meter.meter_no for meter in project.meters],
            "parcels": [
                {"parcel_no": parcel.parcel_no, "area_m2": str(parcel.counted_area_m2)}
                for parcel in project.parcels
            ],
            "species": project.species,
            "baseline_grid": project.baseline_grid,
            "baseline_factor_year": project.baseline_factor_year,
            "registered_on": project.registered_on,
            "version": project.version,
            "capacity_kw": None if project.capacity_kw is None else str(project.capacity_kw),
            "pv_mode": project.pv_mode,
            "latitude": None if project.latitude is None else str(project.latitude),
            "longitude": None if project.longitude is None else str(project.longitude),
            "non_permanence": methodology.non_permanence,
            "third_party_required": methodology.third_party_required,
        }
    )


KIND = TaskKind(
    name="project-registration",
    title=Text(zh="项目登记决定", en="Decision on a registration"),
    scope=SCOPES[Actor.BUREAU],
    approve=_approve,
)
