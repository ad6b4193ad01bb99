"""The bureau's decision (登记): a number in the register, or a refusal with its reason."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import service as organisations
from registry_svc.organisations.models import Kind
from registry_svc.projects import repository, service
from registry_svc.projects.errors import ProjectNumbersExhausted
from registry_svc.projects.models import PROJECT_NO_MAX, Project
from registry_svc.projects.rules import REFUSAL, REGISTRATION, ProjectStatus, check_step
from tht_contracts.events.registry import ProjectRegistered
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, InvalidRequest, Text
from tht_kit.outbox import emit


async def decide(
    session: AsyncSession,
    project_id: UUID,
    *,
    officer_code: str,
    is_accepted: bool,
    reason: str | None,
    now: datetime,
) -> Project:
    """Register a validated project, or refuse it with a reason. Overdue decisions stay possible.

    Raises OrganisationUnfit unless the officer is of the bureau, ProjectNotFound,
    ProjectStepRefused, InvalidRequest for a refusal without a reason, ProjectNumbersExhausted.
    """
    await organisations.get_acting_as(session, officer_code, Kind.BUREAU)
    project = await service.get_for_update(session, project_id)
    # R12 knows other ways to these states (a resumed project, a negative validation): not here.
    check_step(ProjectStatus(project.status), REGISTRATION)
    project.decided_on = legal_date(now)
    if is_accepted:
        await _register(session, project, officer_code, now)
    else:
        await _refuse(session, project, officer_code, reason, now)
    return await service.get(session, project_id)


async def _register(
    session: AsyncSession, project: Project, officer_code: str, now: datetime
) -> None:
    project_no = await repository.next_project_no(session)
    if project_no is None:
        raise ProjectNumbersExhausted(last=PROJECT_NO_MAX)
    change = project.move(REGISTRATION, by=officer_code, reason=None, now=now)
    project.project_no = project_no
    project.registered_on = project.decided_on
    # Before the change of status, so that a consumer knows the project when that arrives.
    registered = await service.get(session, project.project_id)
    await emit(session, _registered(registered), now=now)
    await service.record_step(session, project, change, now=now)


async def _refuse(
    session: AsyncSession,
    project: Project,
    officer_code: str,
    reason: str | None,
    now: datetime,
) -> None:
    if reason is None:
        why = Text(zh="不予登记须说明理由。", en="A refusal needs a reason.")
        raise InvalidRequest(count=1, errors=[FieldProblem("/reason", why)])
    change = project.move(REFUSAL, by=officer_code, reason=reason, now=now)
    await service.record_step(session, project, change, now=now)


def _registered(project: Project) -> ProjectRegistered:
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
                {"parcel_no": parcel.parcel_no, "area_m2": str(parcel.area_m2)}
                for parcel in project.parcels
            ],
            "species": project.species,
            "baseline_grid": project.baseline_grid,
            "baseline_factor_year": project.baseline_factor_year,
            "registered_on": project.registered_on,
            "version": project.version,
        }
    )
