"""Partners: credentials of the persons and systems that call the platform."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.partners import repository
from gateway.partners.errors import (
    PartnerExists,
    PartnerNotFound,
    PartnerRevoked,
    PartnerSecretWeak,
)
from gateway.partners.models import Partner, PartnerStatus, secret_hash
from gateway.partners.rules import check_organisation_code
from tht_contracts.events.gateway import PartnerChanged
from tht_kit.ids import new_id
from tht_kit.outbox import emit

SECRET_BYTES = 32
SECRET_CHARS_MIN = 32


@dataclass(frozen=True)
class Issued:
    """A credential, and its secret where it was made just now: it is never shown again."""

    partner: Partner
    secret: str | None


async def create(
    session: AsyncSession,
    *,
    client_id: str | None,
    name: str,
    organisation_code: str | None,
    scopes: Collection[str],
    now: datetime,
    secret: str | None = None,
) -> Issued:
    """Make a credential. The same content again changes nothing and shows no secret.

    A given `secret` is for the operator's own bootstrap; on an existing credential it becomes the
    valid one. The scopes are trusted: whoever asks for others checks them first. Raises
    PartnerExists for other content, PartnerRevoked, PartnerSecretWeak, PartnerOrganisationCodeInvalid.
    """
    if organisation_code is not None:
        check_organisation_code(organisation_code)
    if secret is not None and len(secret) < SECRET_CHARS_MIN:
        raise PartnerSecretWeak(limit=SECRET_CHARS_MIN)
    chosen = secret or secrets.token_urlsafe(SECRET_BYTES)
    partner = Partner(
        client_id=client_id or f"client-{new_id()}",
        secret_sha256=secret_hash(chosen),
        name=name,
        organisation_code=organisation_code,
        scopes=sorted(set(scopes)),
        status=PartnerStatus.ACTIVE,
        version=1,
        created_at=now,
        updated_at=now,
    )
    if not await repository.insert_new(session, partner):
        return await _existing(session, partner, secret, now)
    await emit(session, _changed(partner), now=now)
    return Issued(partner, chosen)


async def _existing(
    session: AsyncSession, wanted: Partner, secret: str | None, now: datetime
) -> Issued:
    partner = await repository.find_for_update(session, wanted.client_id)
    assert partner is not None, "partners are never deleted"
    if (partner.name, partner.organisation_code, sorted(partner.scopes)) != (
        wanted.name,
        wanted.organisation_code,
        wanted.scopes,
    ):
        raise PartnerExists(client_id=wanted.client_id, pointer="/client_id")
    _must_be_active(partner)
    if secret is not None and not partner.accepts(secret):
        await _change(session, partner, now=now, secret_sha256=secret_hash(secret))
    return Issued(partner, None)


async def renew_secret(session: AsyncSession, client_id: str, *, now: datetime) -> Issued:
    """Give the credential a new secret; the old one ends at once.

    Raises PartnerNotFound, PartnerRevoked.
    """
    partner = await _get_for_update(session, client_id)
    _must_be_active(partner)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    await _change(session, partner, now=now, secret_sha256=secret_hash(secret))
    return Issued(partner, secret)


async def revoke(session: AsyncSession, client_id: str, *, now: datetime) -> Partner:
    """End the credential: it gets no more tokens. Again is no change. Raises PartnerNotFound."""
    partner = await _get_for_update(session, client_id)
    if partner.status == PartnerStatus.ACTIVE:
        await _change(session, partner, now=now, status=PartnerStatus.REVOKED)
    return partner


async def get(session: AsyncSession, client_id: str) -> Partner:
    """Return the credential; raises PartnerNotFound."""
    partner = await repository.find(session, client_id)
    if partner is None:
        raise PartnerNotFound(client_id=client_id)
    return partner


async def find(session: AsyncSession, client_id: str) -> Partner | None:
    return await repository.find(session, client_id)


async def list_page(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[Partner]:
    """Return up to `limit` credentials whose client id comes after `after`."""
    return await repository.list_after(session, after=after, limit=limit)


async def _get_for_update(session: AsyncSession, client_id: str) -> Partner:
    partner = await repository.find_for_update(session, client_id)
    if partner is None:
        raise PartnerNotFound(client_id=client_id)
    return partner


def _must_be_active(partner: Partner) -> None:
    if partner.status != PartnerStatus.ACTIVE:
        raise PartnerRevoked(client_id=partner.client_id)


async def _change(
    session: AsyncSession,
    partner: Partner,
    *,
    now: datetime,
    secret_sha256: bytes | None = None,
    status: PartnerStatus | None = None,
) -> None:
    if secret_sha256 is not None:
        partner.secret_sha256 = secret_sha256
    if status is not None:
        partner.status = status
    partner.version += 1
    partner.updated_at = now
    await session.flush()
    await emit(session, _changed(partner), now=now)


def _changed(partner: Partner) -> PartnerChanged:
    return PartnerChanged(
        client_id=partner.client_id,
        name=partner.name,
        organisation_code=partner.organisation_code,
        scopes=list(partner.scopes),
        status="active" if partner.status == PartnerStatus.ACTIVE else "revoked",
        version=partner.version,
    )
