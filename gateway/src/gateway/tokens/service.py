"""Tokens: who asks, what may be in the token. Signing is the endpoint's (joserfc reaches the web)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.partners import service as partners
from gateway.partners.models import Partner, PartnerStatus, secret_hash
from gateway.tokens.errors import InvalidClient, TokenRefused
from tht_kit.ids import new_id

LIFETIME_S = 900
# Compared for an unknown client, so that its answer takes as long as a known one's.
_NOBODY = Partner(secret_sha256=secret_hash("nobody"), status=PartnerStatus.REVOKED)


async def authenticate(session: AsyncSession, *, client_id: str, secret: str) -> Partner:
    """Return the client. Raises InvalidClient."""
    partner = await partners.find(session, client_id) or _NOBODY
    if not partner.accepts(secret):
        raise InvalidClient
    return partner


def granted_scopes(partner: Partner, asked: Collection[str]) -> Sequence[str]:
    """Return the token's scopes: all of the client's, or those it asks for.

    Raises TokenRefused (invalid_scope).
    """
    missing = sorted(set(asked) - set(partner.scopes))
    if missing:
        raise TokenRefused("invalid_scope", f"not granted to this client: {' '.join(missing)}")
    return sorted(set(asked) or set(partner.scopes))


def claims(
    partner: Partner,
    scopes: Sequence[str],
    *,
    issuer: str,
    audience: str,
    environment: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of an access token in the profile of RFC 9068. `now` is real time."""
    issued_s = int(now.timestamp())
    return {
        "iss": issuer,
        "aud": audience,
        "sub": partner.client_id,
        "client_id": partner.client_id,
        "org": partner.organisation_code,
        "scope": " ".join(scopes),
        "env": environment,
        "iat": issued_s,
        "exp": issued_s + LIFETIME_S,
        "jti": str(new_id()),
    }
