"""Whether an organisation may act: suspension (暂停), resumption (恢复), ban (禁入, R10)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import repository, rules, service
from registry_svc.organisations.errors import (
    BanRuleMissing,
    OrganisationBanned,
    StandingRefused,
)
from registry_svc.organisations.models import (
    FALSIFICATION,
    Action,
    Kind,
    Organisation,
    OrganisationStatus,
)
from registry_svc.organisations.service import Hand
from tht_kit import four_eyes
from tht_kit.clock import legal_date
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal

ACTIVE, SUSPENDED = OrganisationStatus.ACTIVE, OrganisationStatus.SUSPENDED


async def propose(
    session: AsyncSession, kind: TaskKind, code: str, *, reason: str, by: Principal, now: datetime
) -> Task:
    """Propose to suspend, resume or ban an organisation; what the decision would refuse is now.

    Raises OrganisationUnfit unless the caller is of the bureau or the operator,
    OrganisationNotFound, StandingRefused, OrganisationBanned, BanRuleMissing, TaskPending.
    """
    await service.must_be_officer(session, by)
    organisation = await service.get_for_update(session, code)
    await _CHECKS[kind.name](session, organisation, now)
    return await four_eyes.propose(
        session, kind, subject=code, proposal={}, note=reason, by=by, now=now
    )


async def _check_suspension(
    session: AsyncSession, organisation: Organisation, now: datetime
) -> None:
    del session, now
    _must_be_stoppable(organisation)
    if organisation.status != ACTIVE:
        raise _refused(organisation, "已暂停。", "it is suspended already.")


async def _check_resumption(
    session: AsyncSession, organisation: Organisation, now: datetime
) -> None:
    del session
    if organisation.status != SUSPENDED:
        raise _refused(organisation, "未被暂停。", "it is not suspended.")
    if organisation.is_banned(legal_date(now)):
        raise OrganisationBanned(
            organisation_code=organisation.organisation_code,
            banned_until=organisation.banned_until,
        )


async def _check_ban(session: AsyncSession, organisation: Organisation, now: datetime) -> None:
    _must_be_stoppable(organisation)
    await _ban_years(session, now)


def _must_be_stoppable(organisation: Organisation) -> None:
    if Kind.BUREAU in organisation.kinds:
        raise _refused(
            organisation,
            "主管部门不能被平台暂停或禁入。",
            "the authority itself cannot be suspended or banned here.",
        )


def _refused(organisation: Organisation, zh: str, en: str) -> StandingRefused:
    return StandingRefused(
        organisation_code=organisation.organisation_code, reason=Text(zh=zh, en=en)
    )


async def _ban_years(session: AsyncSession, now: datetime) -> int:
    day = legal_date(now)
    rule = await repository.find_ban_rule(session, FALSIFICATION, day)
    if rule is None:
        raise BanRuleMissing(offence=FALSIFICATION, day=day)
    return rule.years


async def _suspend(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    organisation = await _decided(session, SUSPENSION, task, by, now)
    organisation.status, organisation.status_reason = SUSPENDED, task.note
    await _record(session, organisation, Action.SUSPENDED, task, by, now)


async def _resume(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    organisation = await _decided(session, RESUMPTION, task, by, now)
    organisation.status, organisation.status_reason = ACTIVE, None
    organisation.banned_until = None
    await _record(session, organisation, Action.RESUMED, task, by, now)


async def _ban(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """R10: three calendar years from the day of the decision; a second ban never shortens one."""
    organisation = await _decided(session, BAN, task, by, now)
    until = rules.ban_end(legal_date(now), await _ban_years(session, now))
    organisation.status, organisation.status_reason = SUSPENDED, task.note
    organisation.banned_until = max(until, organisation.banned_until or until)
    await _record(session, organisation, Action.BANNED, task, by, now)


async def _decided(
    session: AsyncSession, kind: TaskKind, task: Task, by: Principal, now: datetime
) -> Organisation:
    """Return the organisation, locked, if the decision still fits how it stands."""
    await service.must_be_officer(session, by)
    organisation = await service.get_for_update(session, task.subject)
    await _CHECKS[kind.name](session, organisation, now)
    return organisation


async def _record(
    session: AsyncSession,
    organisation: Organisation,
    action: Action,
    task: Task,
    by: Principal,
    now: datetime,
) -> None:
    organisation.version += 1
    hand = Hand(by=task.proposed_by, reason=task.note, approved_by=by.subject)
    await service.record(session, organisation, action, hand=hand, now=now)


SUSPENSION = TaskKind(
    name="organisation-suspension",
    title=Text(zh="暂停单位", en="Suspend an organisation"),
    scope="organisations:approve",
    approve=_suspend,
)
RESUMPTION = TaskKind(
    name="organisation-resumption",
    title=Text(zh="恢复单位", en="Resume an organisation"),
    scope="organisations:approve",
    approve=_resume,
)
BAN = TaskKind(
    name="organisation-ban",
    title=Text(zh="弄虚作假禁入", en="Ban an organisation for falsification"),
    scope="organisations:approve",
    approve=_ban,
)
_CHECKS = {
    SUSPENSION.name: _check_suspension,
    RESUMPTION.name: _check_resumption,
    BAN.name: _check_ban,
}
