"""A code that fails its check (校验码不符的旧代码): entered by two persons, with a reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import rules, service
from registry_svc.organisations.errors import (
    OrganisationExists,
    OverrideNotNeeded,
)
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
    """Propose to register a well-formed code whose check character does not fit.

    Raises OrganisationUnfit unless the caller is of the bureau or the operator,
    OrganisationCodeInvalid for what is no code at all, OverrideNotNeeded, OrganisationExists,
    TaskPending.
    """
    await service.must_be_officer(session, by)
    rules.check_form(code, pointer="/organisation_code")
    if rules.check_fits(code):
        raise OverrideNotNeeded(pointer="/organisation_code", code=code)
    if await service.find(session, code) is not None:
        raise OrganisationExists(pointer="/organisation_code", organisation_code=code)
    return await four_eyes.propose(
        session,
        OVERRIDE,
        subject=code,
        proposal={
            "organisation_code": code,
            "name": name,
            "kinds": sorted(set(kinds)),
            "check_character": code[-1],
            "check_character_computed": rules.check_character(code[:-1]),
        },
        note=reason,
        by=by,
        now=now,
    )


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Register the organisation; raises OrganisationUnfit, OrganisationExists, SubjectRegistered."""
    await service.must_be_officer(session, by)
    await service.enter(
        session,
        code=task.subject,
        name=task.proposal["name"],
        kinds=[Kind(kind) for kind in task.proposal["kinds"]],
        override_reason=task.note,
        hand=Hand(by=task.proposed_by, reason=task.note, approved_by=by.subject),
        now=now,
    )


OVERRIDE = TaskKind(
    name="organisation-code-override",
    title=Text(zh="登记校验码不符的单位代码", en="Register a code that fails its check"),
    scope="organisations:approve",
    approve=_approve,
)
