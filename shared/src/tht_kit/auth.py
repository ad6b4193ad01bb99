"""Tokens: JWT signed by the issuer's keys, checked by every service itself (decision 0010).

Signature, issuer, audience, expiry, then scope and organisation. Only Ed25519 is accepted: a token
that names another algorithm, or none, is refused before any key is looked at.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import httpx
import structlog
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from tht_kit.errors import Forbidden, TemporarilyUnavailable, Text, Unauthenticated
from tht_kit.principal import Principal

AUDIENCE = "tanhuitong"
ALGORITHM = "Ed25519"
LEEWAY_S = 30
TOKEN_BYTES_MAX = 8192
REFETCH_INTERVAL_S = 10.0
FIRST_FETCH_INTERVAL_S = 1.0
KEYS_TTL_S = 300.0

_NO_KEYS = Text(
    zh="签发方的公钥暂时取不到。", en="The issuer's public keys cannot be read for the moment."
)
_log = structlog.get_logger(__name__)


class JwksUrl:
    """The issuer's keys by URL, kept for five minutes and fetched again for an unknown kid."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: KeySet | None = None
        self._tried_at = float("-inf")
        self._turn = asyncio.Lock()

    async def __call__(self) -> KeySet:
        """Return the keys; raises TemporarilyUnavailable while they have never been read."""
        if self._keys is None or time.monotonic() - self._tried_at > KEYS_TTL_S:
            await self.refresh()
        if self._keys is None:
            raise TemporarilyUnavailable(reason=_NO_KEYS, headers={"Retry-After": "2"})
        return self._keys

    async def refresh(self) -> None:
        """Fetch the keys, at most once per ten seconds; if the issuer is away the old ones stay."""
        async with self._turn:
            waits_s = REFETCH_INTERVAL_S if self._keys is not None else FIRST_FETCH_INTERVAL_S
            if time.monotonic() - self._tried_at < waits_s:
                return
            self._tried_at = time.monotonic()
            try:
                async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
                    answer = await client.get(self._url)
                    answer.raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
            except (httpx.HTTPError, JoseError, ValueError) as error:
                _log.warning("keys.not_fetched", url=self._url, error=str(error))


class StaticKeys:
    """Keys handed over in the same process: embedded mode and tests."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def __call__(self) -> KeySet:
        return self._keys

    async def refresh(self) -> None:
        """Nothing to fetch."""


class TokenVerifier:
    """Turns a bearer token into a Principal."""

    def __init__(
        self, keys: JwksUrl | StaticKeys, *, issuer: str, audience: str = AUDIENCE
    ) -> None:
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    async def verify(self, token: str) -> Principal:
        """Return the caller; raises Unauthenticated with what is wrong with the token."""
        if len(token) > TOKEN_BYTES_MAX:
            raise _unauthenticated("令牌过长。", "The token is too long.")
        decoded = _decoded(token, await self._keys())
        if decoded is None:
            await self._keys.refresh()
            decoded = _decoded(token, await self._keys())
        if decoded is None:
            raise _unauthenticated(
                "令牌无效：签名、算法或密钥不符。",
                "The token is not valid: its signature, algorithm or key does not fit.",
            )
        try:
            self._claims.validate(decoded.claims)
        except JoseError as error:
            raise _unauthenticated(
                f"令牌不被接受：{error.error}。", f"The token is refused: {error.error}."
            ) from None
        return _principal(decoded.claims)


def _decoded(token: str, keys: KeySet) -> jwt.Token | None:
    try:
        return jwt.decode(token, keys, algorithms=[ALGORITHM])
    except Exception:  # noqa: BLE001 - a header of any shape reaches the library before its checks
        return None


def _principal(claims: Mapping[str, Any]) -> Principal:
    scope = claims.get("scope", "")
    organisation = claims.get("org")
    return Principal(
        subject=str(claims["sub"]),
        organisation_code=organisation if isinstance(organisation, str) else None,
        scopes=frozenset(scope.split()) if isinstance(scope, str) else frozenset(),
        environment=str(claims.get("env", "live")),
    )


def sign_token(key: OKPKey, claims: dict[str, Any]) -> str:
    """Return a signed token; `claims` carries iss, aud, sub, org, scope, env, iat, exp, jti."""
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "at+jwt"}, claims, key, [ALGORITHM])


def _unauthenticated(zh: str, en: str) -> Unauthenticated:
    return Unauthenticated(
        reason=Text(zh=zh, en=en), headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    )


async def authenticated(request: Request) -> Principal:
    """Return the caller of the request; raises Unauthenticated."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            reason=Text(zh="请求没有 Bearer 令牌。", en="The request carries no bearer token."),
            headers={"WWW-Authenticate": "Bearer"},
        )
    verifier: TokenVerifier = request.app.state.container.tokens
    return await verifier.verify(token.strip())


Authenticated = Annotated[Principal, Depends(authenticated)]


async def reading(request: Request) -> Principal | None:
    """Return the caller of a public route, None without a token; raises Unauthenticated for a bad one."""
    return await authenticated(request) if "authorization" in request.headers else None


Reader = Annotated[Principal | None, Depends(reading)]


def require(scope: str) -> Callable[[Principal], Awaitable[Principal]]:
    """Return a dependency that gives the caller and raises Forbidden without the scope."""

    async def check(principal: Authenticated) -> Principal:
        if not principal.has(scope):
            raise Forbidden(
                reason=Text(
                    zh=f"凭据缺少权限范围 {scope}。", en=f"The credential lacks the scope {scope}."
                ),
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        return principal

    check.required_scope = scope  # type: ignore[attr-defined]
    return check
