"""The public page with live totals, and the totals as JSON."""

import re
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway import pages
from gateway.container import GatewayDep
from gateway.edge.fetch import NoAnswer, fetch
from gateway.portal.schemas import TotalsOut
from gateway.portal.snapshot import Snapshots
from tht_kit.http import new_router

router = new_router(tags=["汇总 / Totals"])
page_router = APIRouter(include_in_schema=False)
_CERTIFICATE_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@router.get(
    "/v1/totals",
    summary="平台总量 / Totals of the platform",
    description=(
        "四个服务各自的总量；未应答的服务为 null。 / "
        "The totals of the four services side by side; null for one that does not answer."
    ),
)
async def get_totals(request: Request) -> TotalsOut:
    snapshots: Snapshots = request.app.state.snapshots
    taken = await snapshots.get()
    return TotalsOut.model_validate({"generated_at": taken.taken_at, **taken.totals})


@page_router.get("/")
async def home(request: Request, container: GatewayDep) -> Response:
    snapshots: Snapshots = request.app.state.snapshots
    taken = await snapshots.get()
    lang = pages.language(request)
    content = pages.text(
        "home.html",
        lang,
        taken=taken,
        totals={service: found or {} for service, found in taken.totals.items()},
        away=[service for service, found in taken.totals.items() if found is None],
        sandbox=container.settings.sandbox,
    )
    return pages.page(content, lang)


@page_router.get("/verify")
async def verify(
    request: Request, container: GatewayDep, certificate: str = "", sha256: str = ""
) -> Response:
    """Show the state of a certificate to a person; /v1/verify/{id} is the same for programs."""
    lang = pages.language(request)
    certificate, sha256 = certificate.strip(), sha256.strip()
    state = "asked" if certificate else "empty"
    found: dict[str, Any] = {}
    status = 200
    if certificate and not (
        _CERTIFICATE_ID.fullmatch(certificate) and (not sha256 or _SHA256.fullmatch(sha256))
    ):
        state, status = "unreadable", 400
    elif certificate:
        query = f"sha256={sha256}" if sha256 else ""
        try:
            answer = await fetch(container.upstreams["trading"], f"/v1/verify/{certificate}", query)
            state, status, found = _judge(answer.status, answer.json())
        except NoAnswer:
            state, status = "away", 503
    content = pages.text(
        "verify.html", lang, state=state, certificate=certificate, sha256=sha256, found=found
    )
    return pages.page(content, lang, status=status)


def _judge(status: int, answer: Any) -> tuple[str, int, dict[str, Any]]:
    if status == 200:  # noqa: PLR2004
        plain = {
            name: value for name, value in answer.items() if not isinstance(value, dict | list)
        }
        return ("valid" if answer.get("valid") else "invalid"), 200, plain
    if status == 404:  # noqa: PLR2004
        return "unknown", 404, {}
    return "unreadable", 400, {}
