"""Idempotency-Key: the answer is stored in the transaction of the effect (decision 0011).

The claim is the first statement of the transaction: an insert that waits for a running request with
the same key, so two of them never both have an effect. The custom route stores the answer after the
endpoint and before the commit; a failed request stores nothing and may be retried with its key.
"""

import hashlib

from fastapi import Depends, Request, Response
from sqlalchemy import MetaData, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.auth import Authenticated
from tht_kit.clock import system_now
from tht_kit.db import LOCK_NOT_AVAILABLE, sqlstate
from tht_kit.errors import (
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    RequestInFlight,
)
from tht_kit.sessions import WriteSession
from tht_kit.tables import idempotency_table
from tht_kit.telemetry import route_template

KEY_CHARS_MAX = 255
PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
    "description": "每次操作一个新 UUID，重试沿用 / a new UUID for each operation, kept when retrying",
}
_KEPT_HEADERS = ("content-type", "location", "etag")


_answers = idempotency_table(MetaData())


class Replay(Exception):
    """The key has an answer already: the edge sends it again. Not an error."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(status)
        self.response = Response(body, status, headers={**headers, "Idempotency-Replayed": "true"})


class _Claim:
    def __init__(self, session: AsyncSession, scope: str, key: str) -> None:
        self.session, self.scope, self.key = session, scope, key


async def claim(request: Request, session: WriteSession, principal: Authenticated) -> None:
    """Claim the request's key in the transaction, or replay its stored answer.

    Raises IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInFlight.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        raise IdempotencyKeyMissing(pointer="header:Idempotency-Key")
    if not (0 < len(key) <= KEY_CHARS_MAX and key.isascii() and key.isprintable()):
        raise IdempotencyKeyInvalid(pointer="header:Idempotency-Key", limit=KEY_CHARS_MAX)
    scope = f"{principal.subject} {request.method} {route_template(request.scope)}"
    digest = await _request_hash(request)
    try:
        claimed = await session.execute(
            pg_insert(_answers)
            .values(scope=scope, key=key, body_sha256=digest, created_at=system_now())
            .on_conflict_do_nothing()
            .returning(_answers.c.key)
        )
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise RequestInFlight(key=key, headers={"Retry-After": "1"}) from None
        raise
    if claimed.first() is None:
        await _replay(session, scope, key, digest)
    request.state.idempotency = _Claim(session, scope, key)


async def _replay(session: AsyncSession, scope: str, key: str, digest: bytes) -> None:
    stored = (
        await session.execute(
            select(_answers).where(_answers.c.scope == scope, _answers.c.key == key)
        )
    ).one()
    if stored.body_sha256 != digest:
        raise IdempotencyKeyReused(pointer="header:Idempotency-Key", key=key)
    raise Replay(stored.status, stored.headers, stored.body)


async def _request_hash(request: Request) -> bytes:
    target = f"{request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(target + await request.body()).digest()


async def remember(request: Request, response: Response) -> None:
    """Store the answer of a claimed key, in the transaction of the effect."""
    held: _Claim | None = getattr(request.state, "idempotency", None)
    if held is None:
        return
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    await held.session.execute(
        update(_answers)
        .where(_answers.c.scope == held.scope, _answers.c.key == held.key)
        .values(status=response.status_code, headers=kept, body=bytes(response.body))
    )


Idempotent = Depends(claim)
