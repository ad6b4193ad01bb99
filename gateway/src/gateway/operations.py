"""Readiness of the whole platform, for those who run it."""

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from starlette.types import ASGIApp

from gateway.container import GatewayContainer, GatewayDep
from gateway.edge.fetch import NoAnswer, fetch
from tht_kit.http import readiness

TIMEOUT_S = 4.0
NOT_READY = 503
router = APIRouter(include_in_schema=False)


@router.get("/readyz")
async def readyz(container: GatewayDep, response: Response) -> dict[str, Any]:
    """Ready when the gateway and every service behind it are."""
    services = sorted(container.upstreams)
    own, found = await asyncio.gather(
        _own(container),
        asyncio.gather(*(_upstream(container.upstreams[name]) for name in services)),
    )
    return _answer(response, {**own, **dict(zip(services, found, strict=True))})


@router.get("/readyz/self")
async def readyz_self(container: GatewayDep, response: Response) -> dict[str, Any]:
    """Ready when the gateway itself is: for a load balancer, so that one service that is away takes
    only its own routes.
    """
    return _answer(response, await _own(container))


def _answer(response: Response, checks: dict[str, str]) -> dict[str, Any]:
    ready = all(found == "ok" for found in checks.values())
    response.status_code = 200 if ready else NOT_READY
    response.headers["Cache-Control"] = "no-store"
    return {"ready": ready, "service": "gateway", "checks": checks}


async def _own(container: GatewayContainer) -> dict[str, str]:
    # Anybody may read this answer: what is wrong in detail is for the logs.
    checks = await readiness(container)
    return {name: "ok" if found == "ok" else "not ready" for name, found in checks.items()}


async def _upstream(app: ASGIApp) -> str:
    try:
        fetched = await fetch(app, "/readyz", timeout_s=TIMEOUT_S)
    except NoAnswer:
        return "no answer"
    return "ok" if fetched.status == 200 else "not ready"  # noqa: PLR2004
