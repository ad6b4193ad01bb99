"""Organisations: the register that every other part of the platform names its parties by."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import repository, rules
from registry_svc.organisations.errors import (
    OrganisationExists,
    OrganisationNotFound,
    OrganisationUnfit,
)
from registry_svc.organisations.models import Kind, Organisation, OrganisationStatus
from tht_contracts.events.registry import OrganisationRegistered
from tht_kit.errors import Text
from tht_kit.outbox import emit

ROLES = {
    Kind.OWNER: Text(zh="项目业主", en="project owner"),
    Kind.CONTROLLED_ENTERPRISE: Text(zh="重点排放单位", en="controlled enterprise"),
    Kind.VALIDATOR_VERIFIER: Text(zh="审定与核查机构", en="validation and verification body"),
    Kind.BUREAU: Text(zh="生态环境主管部门", en="environment bureau"),
    Kind.OPERATOR: Text(zh="平台运营方", en="platform operator"),
    Kind.MOBILITY_PARTNER: Text(zh="出行数据方", en="mobility partner"),
    Kind.MERCHANT: Text(zh="商户", en="merchant"),
}


async def register(
    session: AsyncSession, *, code: str, name: str, kinds: Sequence[Kind], now: datetime
) -> Organisation:
    """Register an organisation and tell the others.

    Raises OrganisationCodeInvalid, OrganisationExists.
    """
    rules.check_code(code, pointer="/organisation_code")
    organisation = Organisation(
        organisation_code=code,
        name=name,
        kinds=sorted(set(kinds)),
        status=OrganisationStatus.ACTIVE,
        version=1,
        registered_at=now,
    )
    if not await repository.insert_new(session, organisation):
        raise OrganisationExists(pointer="/organisation_code", organisation_code=code)
    await emit(session, _registered(organisation), now=now)
    return organisation


async def change(
    session: AsyncSession, code: str, *, name: str, kinds: Sequence[Kind], now: datetime
) -> Organisation:
    """Change an organisation's name and kinds as its next version; the same again changes nothing.

    Raises OrganisationNotFound.
    """
    organisation = await repository.find_for_update(session, code)
    if organisation is None:
        raise OrganisationNotFound(organisation_code=code)
    wanted: list[str] = sorted(set(kinds))
    if (organisation.name, organisation.kinds) == (name, wanted):
        return organisation
    organisation.name = name
    organisation.kinds = wanted
    organisation.version += 1
    await emit(session, _registered(organisation), now=now)
    return organisation


async def get(session: AsyncSession, code: str) -> Organisation:
    """Return the organisation; raises OrganisationNotFound."""
    organisation = await repository.find(session, code)
    if organisation is None:
        raise OrganisationNotFound(organisation_code=code)
    return organisation


async def get_acting_as(
    session: AsyncSession, code: str, *kinds: Kind, pointer: str | None = None
) -> Organisation:
    """Return the organisation if it is active and of one of the kinds; the first names the role.

    Raises OrganisationUnfit, also for a code that is not registered.
    """
    organisation = await repository.find(session, code)
    if organisation is None or not organisation.acts_as(*kinds):
        raise OrganisationUnfit(pointer=pointer, organisation_code=code, role=ROLES[kinds[0]])
    return organisation


async def list_page(
    session: AsyncSession, *, kind: Kind | None, after: str | None, limit: int
) -> Sequence[Organisation]:
    """Return up to `limit` organisations whose code comes after `after`."""
    return await repository.list_after(session, kind=kind, after=after, limit=limit)


async def count(session: AsyncSession) -> int:
    return await repository.count(session)


def _registered(organisation: Organisation) -> OrganisationRegistered:
    return OrganisationRegistered.model_validate(
        {
            "organisation_code": organisation.organisation_code,
            "name": organisation.name,
            "kinds": organisation.kinds,
            "status": organisation.status,
            "version": organisation.version,
        }
    )
