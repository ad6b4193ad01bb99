"""Organisations as issuance needs them: a scope alone does not make a verifier or a bureau."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import repository
from issuance_svc.organisations.errors import OrganisationStopped, OrganisationUnfit
from issuance_svc.organisations.models import ACTIVE, Kind, Organisation
from tht_kit.errors import Text

ROLES = {
    Kind.VALIDATOR_VERIFIER: Text(zh="审定与核查机构", en="validation and verification body"),
    Kind.BUREAU: Text(zh="生态环境主管部门", en="environment bureau"),
}


async def store(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store what events say of organisations; an older version changes nothing."""
    await repository.upsert(session, rows)


async def get(session: AsyncSession, code: str) -> Organisation:
    """Return an organisation that acts here, so must be known."""
    organisation = await repository.find(session, code)
    assert organisation is not None, "must_act_as comes first"
    return organisation


async def must_act_as(
    session: AsyncSession, code: str, kind: Kind, *, pointer: str | None = None
) -> None:
    """Raise OrganisationUnfit unless the organisation is known, active and of the kind."""
    organisation = await repository.find(session, code)
    if organisation is None or not organisation.acts_as(kind):
        raise OrganisationUnfit(pointer=pointer, organisation_code=code, role=ROLES[kind])


async def must_not_be_stopped(session: AsyncSession, code: str) -> None:
    """Raise OrganisationStopped for an organisation that is suspended or banned (R10).

    One whose event has not arrived yet is not: its project was registered, so it was active.
    """
    organisation = await repository.find(session, code)
    if organisation is None or organisation.status == ACTIVE:
        return
    until = organisation.banned_until
    raise OrganisationStopped(
        organisation_code=code,
        why=Text(zh="已暂停", en="it is suspended")
        if until is None
        else Text(zh=f"禁入至 {until}", en=f"it is banned until {until}"),
    )
