"""What the tests of this service make: callers, organisations, projects. Nothing is shared."""

from itertools import count
from typing import Any

from registry_svc.organisations.rules import check_character
from tht_kit.ids import new_id
from tht_kit.testing.tokens import bearer

_numbers = count(1)


def organisation_code() -> str:
    """Return a valid 统一社会信用代码 that no other test uses."""
    body = f"91500000MA{next(_numbers):07d}"
    return body + check_character(body)


def caller(*scopes: str, org: str | None = None, subject: str = "partner-1") -> dict[str, str]:
    """Return the headers of one fresh operation: a token and an idempotency key of its own."""
    token = bearer(subject, *scopes, organisation_code=org)
    return token | {"Idempotency-Key": str(new_id())}


def organisation(**changes: Any) -> dict[str, Any]:
    return {
        "organisation_code": organisation_code(),
        "name": "渝光分布式能源有限公司",
        "kinds": ["owner"],
    } | changes


async def register_organisation(api: Any, *kinds: str) -> str:
    """Register an organisation of the kinds and return its code."""
    body = organisation(kinds=list(kinds))
    answer = await api.post("/v1/organisations", json=body, headers=caller("organisations:write"))
    assert answer.status_code == 201, answer.text
    return str(body["organisation_code"])
