import pytest
from sqlalchemy import text

from tht_contracts.registry import EVENTS

STEEL = {
    "client_id": "steel-erp",
    "name": "示范钢铁 ERP",
    "organisation_code": "91500000MATHT0070M",
    "scopes": ["surrenders:write", "orders:write"],
}


@pytest.fixture
async def direct(direct):
    """A platform whose services say which scopes their operations ask for."""
    for service, path, scope in (
        ("trading", "/v1/orders", "orders:write"),
        ("trading", "/v1/surrenders", "surrenders:write"),
        ("registry", "/v1/projects", "projects:write"),
    ):
        direct.services[service].openapi["paths"][path] = {
            "post": {
                "operationId": f"post {path}",
                "security": [{"client_credentials": [scope]}],
                "responses": {},
            }
        }
    return direct


def admin(platform):
    return platform.bearer("operator", "partners:write")


async def events(platform):
    async with platform.container.database.read() as session:
        rows = await session.execute(text("SELECT type, body FROM outbox ORDER BY seq"))
        return [EVENTS[row.type].model_validate_json(row.body) for row in rows]


async def test_a_credential_is_made_once_and_its_secret_shown_once(direct):
    post = direct.client.post
    made = await post("/v1/partners", json=STEEL, headers=admin(direct))
    assert made.status_code == 201
    assert made.headers["location"] == "/v1/partners/steel-erp"
    assert made.headers["cache-control"] == "no-store"
    secret = made.json()["client_secret"]
    assert len(secret) == 43
    assert made.json()["partner"]["scopes"] == ["orders:write", "surrenders:write"]

    again = await post("/v1/partners", json=STEEL, headers=admin(direct))
    assert (again.status_code, again.json()["client_secret"]) == (200, None)
    other = await post("/v1/partners", json=STEEL | {"scopes": []}, headers=admin(direct))
    assert (other.status_code, other.json()["type"]) == (409, "/problems/partner-exists")
    assert [event.version for event in await events(direct)] == [1]

    async with direct.container.database.read() as session:
        for table in ("partners", "outbox", "idempotency_answers"):
            rows = await session.execute(text(f"SELECT row_to_json(t)::text FROM {table} t"))
            assert not any(secret in row[0] for row in rows), table


async def test_a_client_id_may_be_left_to_the_platform(direct):
    made = await direct.client.post(
        "/v1/partners", json={"name": "市民应用", "scopes": []}, headers=admin(direct)
    )
    client_id = made.json()["partner"]["client_id"]
    shown = await direct.client.get(f"/v1/partners/{client_id}", headers=admin(direct))
    assert shown.json()["name"] == "市民应用"
    assert shown.json()["organisation_code"] is None
    assert "secret" not in shown.text


async def test_what_is_wrong_with_a_credential_is_named(direct):
    for change, pointer in (
        ({"client_id": "UPPER"}, "/client_id"),
        ({"name": "  "}, "/name"),
        ({"name": "示范\u202e钢铁"}, "/name"),  # turns the order of what is read around
        ({"name": "示范\u200b钢铁"}, "/name"),
        ({"name": "示范\n钢铁"}, "/name"),
        ({"organisation_code": "123"}, "/organisation_code"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"secret": "mine"}, "/secret"),
    ):
        refused = await direct.client.post(
            "/v1/partners", json=STEEL | change, headers=admin(direct)
        )
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == pointer


async def test_the_check_character_of_the_organisation_is_named(direct):
    body = STEEL | {"organisation_code": "91500000MATHT0070N"}
    headers = admin(direct) | {"Accept-Language": "en"}
    refused = await direct.client.post("/v1/partners", json=body, headers=headers)
    problem = refused.json()
    assert refused.status_code == 422
    assert problem["type"] == "/problems/partner-organisation-code-invalid"
    assert problem["errors"][0]["pointer"] == "/organisation_code"
    assert "position 18 should be M, not N" in problem["errors"][0]["detail"]
    assert await events(direct) == []


async def test_a_scope_that_no_operation_asks_for_is_refused(direct):
    scopes = ["orders:write", "root:all", "oversight:read", "sandbox:clock", "nope:nope"]
    headers = admin(direct) | {"Accept-Language": "en"}
    refused = await direct.client.post(
        "/v1/partners", json=STEEL | {"scopes": scopes}, headers=headers
    )
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (422, "/problems/partner-scope-unknown")
    assert [found["pointer"] for found in problem["errors"]] == ["/scopes/1", "/scopes/4"]
    known = (
        "orders:write oversight:read partners:write projects:write sandbox:clock surrenders:write"
    )
    assert problem["errors"][0]["detail"] == f"there is no scope root:all; there are: {known}."
    assert await events(direct) == []


async def test_a_scope_of_a_service_that_is_away_cannot_be_checked(direct):
    class Away:
        async def __call__(self, scope, receive, send):
            raise OSError("away")

    there = direct.container.upstreams["registry"]
    direct.container.upstreams["registry"] = Away()
    body = STEEL | {"scopes": ["projects:write"]}
    post = direct.client.post
    refused = await post("/v1/partners", json=body, headers=admin(direct))
    assert (refused.status_code, refused.json()["type"]) == (
        503,
        "/problems/partner-scopes-uncheckable",
    )
    assert refused.headers["retry-after"] == "5"
    assert "registry" in refused.json()["detail"]
    # What the others ask for is known without it.
    assert (await post("/v1/partners", json=STEEL, headers=admin(direct))).status_code == 201

    direct.container.upstreams["registry"] = there
    body |= {"client_id": "owner"}
    assert (await post("/v1/partners", json=body, headers=admin(direct))).status_code == 201


async def test_partners_are_the_operators_alone(direct):
    for method, path in (
        ("GET", "/v1/partners"),
        ("POST", "/v1/partners"),
        ("GET", "/v1/partners/a"),
        ("POST", "/v1/partners/a/secret"),
        ("DELETE", "/v1/partners/a"),
    ):
        body = STEEL if path == "/v1/partners" and method == "POST" else None
        nobody = await direct.client.request(method, path, json=body)
        assert (nobody.status_code, nobody.json()["type"]) == (401, "/problems/unauthenticated")
        wrong = await direct.client.request(
            method, path, json=body, headers=direct.bearer("a", "orders:write")
        )
        assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/forbidden")


async def test_renewing_and_revoking(direct):
    client, headers = direct.client, admin(direct)
    await client.post("/v1/partners", json=STEEL, headers=headers)
    renewed = await client.post("/v1/partners/steel-erp/secret", headers=headers)
    assert renewed.json()["partner"]["version"] == 2
    for _ in range(2):
        revoked = await client.delete("/v1/partners/steel-erp", headers=headers)
        assert (revoked.json()["status"], revoked.json()["version"]) == ("revoked", 3)
    refused = await client.post("/v1/partners/steel-erp/secret", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/partner-revoked")
    missing = await client.get("/v1/partners/nobody", headers=headers)
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/partner-not-found")
    assert [(e.version, e.status) for e in await events(direct)] == [
        (1, "active"),
        (2, "active"),
        (3, "revoked"),
    ]


async def test_partners_are_listed_in_pages(direct):
    headers = admin(direct)
    for number in range(5):
        body = {"client_id": f"client-{number}", "name": "n", "scopes": []}
        await direct.client.post("/v1/partners", json=body, headers=headers)
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await direct.client.get("/v1/partners", params=params, headers=headers)).json()
        seen += [item["client_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"client-{number}" for number in range(5)]
