"""Organisations as issuance needs them: a scope alone does not make a verifier or a bureau."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import repository
from issuance_svc.organisations.errors import OrganisationUnfit
from issuance_svc.organisations.models import Kind, Organisation
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
