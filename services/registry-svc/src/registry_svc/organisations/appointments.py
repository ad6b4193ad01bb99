"""Who may be a bureau, an operator or a verification body (授予单位类型): two persons say so.

These kinds decide for or about others; one person alone can neither give nor take them.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import rules, service
from registry_svc.organisations.errors import AppointmentNotNeeded
from registry_svc.organisations.models import Kind
from registry_svc.organisations.service import Hand
from tht_kit import four_eyes
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal


async def propose(
    session: AsyncSession,
    *,
    code: str,
    name: str,
    kinds: Sequence[Kind],
    reason: str,
    by: Principal,
    now: datetime,
) -> Task:
    """Propose the kinds of an organisation, registered already or not.

    Raises OrganisationUnfit unless the caller is of the bureau or the operator,
    OrganisationCodeInvalid, AppointmentNotNeeded where one person is enough, TaskPending.
    """
    await service.must_be_officer(session, by)
    organisation = await service.find(session, code)
    if organisation is None:
        rules.check_code(code, pointer="/organisation_code")
    before = organisation.kinds if organisation is not None else []
    if not service.appointed(before, kinds):
        raise AppointmentNotNeeded(pointer="/kinds", organisation_code=code)
    return await four_eyes.propose(
        session,
        APPOINTMENT,
        subject=code,
        proposal={
            "organisation_code": code,
            "name": name,
            "kinds": sorted(set(kinds)),
            "kinds_before": before,
        },
        note=reason,
        by=by,
        now=now,
    )


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Enter or change the organisation; raises OrganisationUnfit, SubjectRegistered."""
    await service.must_be_officer(session, by)
    put = service.enter if await service.find(session, task.subject) is None else service.change
    await put(
        session,
        code=task.subject,
        name=task.proposal["name"],
        kinds=[Kind(kind) for kind in task.proposal["kinds"]],
        hand=Hand(by=task.proposed_by, reason=task.note, approved_by=by.subject),
        now=now,
    )


APPOINTMENT = TaskKind(
    name="organisation-appointment",
    title=Text(
        zh="授予或撤销主管部门、运营方、审定核查机构类型",
        en="Make or unmake a bureau, an operator or a verification body",
    ),
    scope="organisations:approve",
    approve=_approve,
)
