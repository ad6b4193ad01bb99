"""What the public page shows: the services' totals and their latest public facts, kept a moment."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from starlette.types import ASGIApp

from gateway.edge.fetch import NoAnswer, fetch_json
from gateway.edge.routing import PREFIXES
from tht_kit.clock import Clock

# However often the page is asked for, the services are asked once in this time.
KEPT_S = 3.0
SHOWN = 5
NAMES_MAX = 1000
# A project is the public's from its notice on; a DRAFT, also a recalled one, is its owner's alone.
PUBLISHED = (
    "NOTICE",
    "VALIDATED",
    "REGISTERED",
    "REJECTED",
    "SUSPENDED",
    "DEREGISTERED",
)
_LATEST = {
    "issuances": ("issuance", "/v1/issuances"),
    "retirements": ("trading", "/v1/retirements"),
}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """One look at the platform; None or an empty list where a service did not answer."""

    taken_at: datetime
    totals: dict[str, dict[str, Any] | None]
    latest: dict[str, list[dict[str, Any]]]
    names: Mapping[str, str]


class Snapshots:
    """Takes snapshots, one at a time, and keeps the last."""

    def __init__(self, upstreams: Mapping[str, ASGIApp], clock: Clock) -> None:
        self._upstreams = upstreams
        self._clock = clock
        self._last: Snapshot | None = None
        self._fresh_until_s = float("-inf")
        self._names: dict[str, str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def get(self) -> Snapshot:
        """Return a snapshot, at most KEPT_S old."""
        async with self._one_at_a_time:
            now_s = asyncio.get_running_loop().time()
            if self._last is None or now_s >= self._fresh_until_s:
                self._last = await self._take()
                self._fresh_until_s = now_s + KEPT_S
            return self._last

    async def _take(self) -> Snapshot:
        services = list(PREFIXES)
        totals = await asyncio.gather(
            *(self._ask(service, f"/v1/totals/{service}") for service in services)
        )
        lists = await asyncio.gather(
            *(self._ask(service, path, f"limit={SHOWN}") for service, path in _LATEST.values())
        )
        latest = {
            name: found.get("items", []) if found else []
            for name, found in zip(_LATEST, lists, strict=True)
        }
        latest["projects"] = await self._published_projects()
        by_service = dict(zip(services, totals, strict=True))
        await self._learn_names(latest)
        return Snapshot(self._clock.now(), by_service, latest, dict(self._names))

    async def _published_projects(self) -> list[dict[str, Any]]:
        """Return the newest published projects: one short list per status, however many drafts."""
        lists = await asyncio.gather(
            *(
                self._ask("registry", "/v1/projects", f"status={status}&limit={SHOWN}")
                for status in PUBLISHED
            )
        )
        found = [one for listed in lists if listed for one in listed.get("items", [])]
        # Ids are UUIDs of version 7: they order as the projects were filed.
        return sorted(found, key=lambda one: str(one["project_id"]), reverse=True)[:SHOWN]

    async def _learn_names(self, latest: dict[str, list[dict[str, Any]]]) -> None:
        """Ask the registry what the projects and organisations shown are called, once each."""
        wanted = {one.get("project_id"): "/v1/projects" for one in latest["issuances"]}
        wanted |= {
            one.get("beneficiary_code"): "/v1/organisations" for one in latest["retirements"]
        }
        unknown = [key for key in wanted if key and key not in self._names]
        found = await asyncio.gather(
            *(self._ask("registry", f"{wanted[key]}/{key}") for key in unknown)
        )
        if len(self._names) > NAMES_MAX:
            self._names.clear()
        for key, answer in zip(unknown, found, strict=True):
            if answer and isinstance(answer.get("name"), str):
                self._names[key] = answer["name"]

    async def _ask(self, service: str, path: str, query: str = "") -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await fetch_json(self._upstreams[service], path, query)
        except NoAnswer as error:
            _log.warning("portal.service_away", service=service, path=path, reason=str(error))
            return None
        return found
