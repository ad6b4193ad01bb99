"""Who is calling, as far as limits and logs go. Permission is decided by the services themselves."""

import asyncio

from starlette.types import Scope

from tht_kit.auth import TokenVerifier
from tht_kit.errors import Unauthenticated

REMEMBERED_S = 60.0
REMEMBERED_MAX = 20_000


class Callers:
    """Names the client behind a token. A verified token is remembered for a minute.

    A token that expires within that minute still counts against its own client: no right follows.
    """

    def __init__(self, tokens: TokenVerifier) -> None:
        self._tokens = tokens
        self._known: dict[str, tuple[str, float]] = {}

    async def client_id(self, scope: Scope) -> str | None:
        """Return the client id of the request's token, None without a valid one."""
        token = _bearer(scope)
        if token is None:
            return None
        now_s = asyncio.get_running_loop().time()
        known = self._known.get(token)
        if known is not None and known[1] > now_s:
            return known[0]
        try:
            principal = await self._tokens.verify(token)
        except Unauthenticated:
            return None
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[token] = (principal.subject, now_s + REMEMBERED_S)
        return principal.subject


def _bearer(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else None
    return None
