"""The services' OpenAPI documents and error catalogues, fetched when asked for and kept a while."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.types import ASGIApp

from gateway.edge.fetch import NoAnswer, fetch_json
from gateway.reference.merge import GATEWAY, Document, merge
from tht_kit.http import SECURITY_SCHEME

# A service that was replaced by a newer version shows its new interface after this time.
KEPT_S = 30.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reference:
    """What the platform offers: one document, one catalogue, and who is missing in them."""

    openapi: Document
    problems: Mapping[str, dict[str, Any]]
    missing: tuple[str, ...]

    def scopes(self) -> frozenset[str]:
        """Return every scope that an operation asks for."""
        scheme = self.openapi["components"]["securitySchemes"][SECURITY_SCHEME]
        return frozenset(scheme["flows"]["clientCredentials"]["scopes"])


class Documents:
    """Keeps each service's last answer; a service that is away keeps its last known interface."""

    def __init__(
        self,
        upstreams: Mapping[str, ASGIApp],
        *,
        own_openapi: Callable[[], Document],
        own_problems: Callable[[], list[dict[str, Any]]],
    ) -> None:
        self._upstreams = upstreams
        self._own_openapi = own_openapi
        self._own_problems = own_problems
        self._openapi: dict[str, Document] = {}
        self._problems: dict[str, list[dict[str, Any]]] = {}
        self._reference: Reference | None = None
        self._fresh_until_s = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def get(self) -> Reference:
        """Return the platform's reference, at most KEPT_S old."""
        async with self._one_at_a_time:
            now_s = asyncio.get_running_loop().time()
            if self._reference is None or now_s >= self._fresh_until_s:
                answered = await asyncio.gather(*map(self._refresh, sorted(self._upstreams)))
                self._reference = self._put_together()
                # Whoever was away is asked again at the next request.
                self._fresh_until_s = now_s + KEPT_S if all(answered) else now_s
            return self._reference

    async def _refresh(self, service: str) -> bool:
        app = self._upstreams[service]
        try:
            self._openapi[service] = await fetch_json(app, "/openapi.json")
            self._problems[service] = await fetch_json(app, "/problems.json")
        except NoAnswer as error:
            _log.warning("reference.service_away", service=service, reason=str(error))
            return False
        return True

    def _put_together(self) -> Reference:
        problems: dict[str, dict[str, Any]] = {}
        for catalogue in (self._own_problems(), *self._problems.values()):
            for problem in catalogue:
                problems.setdefault(problem["type"], problem)
        missing = tuple(sorted(set(self._upstreams) - set(self._openapi)))
        openapi = merge({GATEWAY: self._own_openapi(), **self._openapi})
        if missing:
            openapi["x-missing-services"] = list(missing)
        return Reference(openapi, dict(sorted(problems.items())), missing)
