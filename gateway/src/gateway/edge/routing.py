"""Which service answers a path. The first segments decide; what is not named here is the gateway's."""

import re

PREFIXES: dict[str, tuple[str, ...]] = {
    "registry": (
        "/v1/organisations",
        "/v1/methodologies",
        "/v1/projects",
        "/v1/calendar",
        "/v1/beneficiaries",
        "/v1/districts",
        "/v1/documents",
        "/v1/registry-tasks",
        "/v1/totals/registry",
    ),
    "issuance": (
        "/v1/factors",
        "/v1/uploads",
        "/v1/reports",
        "/v1/issuances",
        "/v1/serials",
        "/v1/issuance-tasks",
        "/v1/reviews",
        "/v1/reversals",
        "/v1/meters",
        "/v1/buffer",
        "/v1/calculations",
        "/v1/totals/issuance",
    ),
    "trading": (
        "/v1/accounts",
        "/v1/holdings",
        "/v1/cash",
        "/v1/listings",
        "/v1/orders",
        "/v1/compliance",
        "/v1/surrenders",
        "/v1/claims",
        "/v1/retirements",
        "/v1/certificates",
        "/v1/verify",
        "/v1/totals/trading",
    ),
    "points": (
        "/v1/scenarios",
        "/v1/citizens",
        "/v1/trips",
        "/v1/rewards",
        "/v1/redemptions",
        "/v1/aggregates",
        "/v1/totals/points",
    ),
}
# Bodies of files: as large as the service behind takes them, and given more time.
_FILES = re.compile(r"/v1/(uploads|documents|projects/[^/]+/imports)(/.*)?")

_SERVICE_BY_PREFIX = {
    prefix: service for service, prefixes in PREFIXES.items() for prefix in prefixes
}


def takes_files(path: str) -> bool:
    """Say whether the body of a request to the path is a file, not a JSON document."""
    return _FILES.fullmatch(path) is not None


def match(path: str) -> tuple[str, str] | None:
    """Return the service and the prefix that a path belongs to, or None for the gateway's own.

    Whole segments count: /v1/projectsX is not /v1/projects.
    """
    _, version, name, rest = (*path.split("/", 3), "", "", "")[:4]
    prefix = f"/{version}/{name}"
    service = _SERVICE_BY_PREFIX.get(prefix)
    if service is None and name == "totals":
        prefix = f"{prefix}/{rest.split('/', 1)[0]}"
        service = _SERVICE_BY_PREFIX.get(prefix)
    return None if service is None else (service, prefix)
