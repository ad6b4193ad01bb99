"""Citizens: one pseudonymous account per natural person, a token per partner, consent per scenario."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.citizens import repository
from points_svc.citizens.errors import (
    CitizenNotFound,
    CitizenOfAnotherApp,
    ConsentEnded,
    ConsentScenarioUnknown,
)
from points_svc.citizens.models import Consent, Purpose, Subject
from points_svc.scenarios import service as scenarios
from points_svc.scenarios.errors import ScenarioNotFound
from tht_kit.clock import legal_date
from tht_kit.ids import new_id

TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Link:
    """A partner's token for a citizen; `is_new` if this call made it."""

    subject_token: str
    is_new: bool


async def open_account(
    session: AsyncSession,
    *,
    identity_sha256: bytes,
    identity_key: bytes,
    partner_id: str,
    now: datetime,
) -> Link:
    """Open the person's account, or find it, and return the calling partner's token.

    The partner is one of the citizen's own apps from now on, also if another had linked it before.
    Only the keyed hash is stored: whoever copies the table cannot test document numbers against it.
    """
    identity_hmac = hmac.new(identity_key, identity_sha256, hashlib.sha256).digest()
    citizen_id = new_id()
    if await repository.claim_identity(session, identity_hmac, citizen_id):
        await repository.insert_citizen(session, citizen_id, now=now)
    else:
        citizen_id = await repository.get_citizen_of(session, identity_hmac)
    link = await _link(session, citizen_id, partner_id, is_own_app=True)
    if not link.is_new:
        await repository.make_own_app(session, partner_id, link.subject_token)
    return link


async def link_partner(
    session: AsyncSession, *, partner_id: str, subject: str, other_partner_id: str
) -> Link:
    """Return the token by which another partner will send the citizen's trips.

    Raises CitizenNotFound, CitizenOfAnotherApp.
    """
    citizen_id = await get_citizen(session, partner_id, subject)
    return await _link(session, citizen_id, other_partner_id, is_own_app=False)


async def _link(
    session: AsyncSession, citizen_id: UUID, partner_id: str, *, is_own_app: bool
) -> Link:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if await repository.link(session, citizen_id, partner_id, token, is_own_app=is_own_app):
        return Link(token, is_new=True)
    return Link(await repository.get_token(session, citizen_id, partner_id), is_new=False)


async def get_citizen(session: AsyncSession, partner_id: str, subject: str) -> UUID:
    """Return the citizen for whom this partner acts as an own app.

    Raises CitizenNotFound, CitizenOfAnotherApp.
    """
    found = await get_subject(session, partner_id, subject)
    if not found.is_own_app:
        raise CitizenOfAnotherApp
    return found.citizen_id


async def get_subject(session: AsyncSession, partner_id: str, subject: str) -> Subject:
    """Return whom the partner's token names and what it is good for; raises CitizenNotFound."""
    found = await repository.find_subject(session, partner_id, subject)
    if found is None:
        raise CitizenNotFound(subject=subject)
    return found


async def resolve(
    session: AsyncSession, partner_id: str, subjects: Collection[str]
) -> dict[str, UUID]:
    """Return the citizens behind the partner's tokens; unknown tokens are left out."""
    return await repository.find_by_tokens(session, partner_id, subjects)


async def consent(
    session: AsyncSession,
    *,
    partner_id: str,
    subject: str,
    scenario_id: str,
    purposes: Collection[Purpose],
    until: date | None,
    now: datetime,
) -> list[Consent]:
    """Let the consent to the scenario be exactly these purposes; the others are withdrawn.

    Raises CitizenNotFound, CitizenOfAnotherApp, ConsentScenarioUnknown, ConsentEnded.
    """
    citizen_id = await get_citizen(session, partner_id, subject)
    try:
        await scenarios.get(session, scenario_id)
    except ScenarioNotFound:
        raise ConsentScenarioUnknown(scenario_id=scenario_id) from None
    today = legal_date(now)
    if until is not None and until < today:
        raise ConsentEnded(pointer="/until", until=until.isoformat(), today=today.isoformat())
    for purpose in sorted(purposes):
        await repository.put_consent(
            session,
            citizen_id=citizen_id,
            scenario_id=scenario_id,
            purpose=purpose,
            until=until,
            now=now,
        )
    await repository.withdraw(
        session,
        citizen_id=citizen_id,
        scenario_id=scenario_id,
        purposes=set(Purpose) - set(purposes),
        now=now,
    )
    return list(await repository.consents_of(session, citizen_id, scenario_id))


async def withdraw_consent(
    session: AsyncSession, *, partner_id: str, subject: str, scenario_id: str, now: datetime
) -> None:
    """Withdraw every purpose for the scenario: no trip is credited or aggregated from now on.

    Raises CitizenNotFound, CitizenOfAnotherApp.
    """
    citizen_id = await get_citizen(session, partner_id, subject)
    await repository.withdraw(
        session,
        citizen_id=citizen_id,
        scenario_id=scenario_id,
        purposes=set(Purpose),
        now=now,
    )


async def consented(
    session: AsyncSession, citizen_ids: Collection[UUID], purpose: Purpose, *, now: datetime
) -> set[tuple[UUID, str]]:
    """Return which (citizen, scenario) the purpose is granted for at this moment."""
    return await repository.in_force(session, citizen_ids, purpose, legal_date(now))


async def count(session: AsyncSession) -> int:
    return await repository.count(session)
