"""OAuth 2.0 client credentials: what a client gets, and how it is refused (RFC 6749 5.2)."""

import base64
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.partners import service as partners
from tht_kit.auth import ALGORITHM, AUDIENCE
from tht_kit.clock import system_now

ORGANISATION = "91500000MATHT0070M"


@pytest.fixture
async def credential(direct):
    async with direct.container.database.write() as session:
        issued = await partners.create(
            session,
            client_id="steel-erp",
            name="示范钢铁 ERP",
            organisation_code=ORGANISATION,
            scopes=["orders:write", "surrenders:write"],
            now=system_now(),
        )
    return issued.partner.client_id, issued.secret


def basic(client_id, secret) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


async def ask(platform, headers=None, **form):
    return await platform.client.post(
        "/oauth2/token", data={"grant_type": "client_credentials"} | form, headers=headers
    )


async def test_a_token_by_basic_authentication(direct, credential):
    answer = await ask(direct, basic(*credential))
    token = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert {name: token[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "orders:write surrenders:write",
    }
    published = (await direct.client.get("/.well-known/jwks.json")).json()

    decoded = jwt.decode(
        token["access_token"], KeySet.import_key_set(published), algorithms=[ALGORITHM]
    )
    assert decoded.header["typ"] == "at+jwt"
    assert decoded.header["kid"] == published["keys"][0]["kid"]
    claims = decoded.claims
    assert claims["sub"] == claims["client_id"] == "steel-erp"
    assert claims["aud"] == AUDIENCE
    assert claims["org"] == ORGANISATION
    assert claims["env"] == "sandbox"
    assert claims["exp"] - claims["iat"] == 900
    assert "d" not in published["keys"][0]


async def test_a_token_by_the_form_with_fewer_scopes(direct, credential):
    client_id, secret = credential
    answer = await ask(direct, client_id=client_id, client_secret=secret, scope="orders:write")
    assert answer.json()["scope"] == "orders:write"


async def test_the_token_opens_what_its_scopes_say(direct):
    async with direct.container.database.write() as session:
        issued = await partners.create(
            session,
            client_id="admin",
            name="运营",
            organisation_code=None,
            scopes=["partners:write"],
            now=system_now(),
        )
    token = (await ask(direct, basic("admin", issued.secret))).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await direct.client.get("/v1/partners", headers=bearer)).status_code == 200
    refused = await direct.client.get("/v1/sandbox/clock", headers=bearer)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")


async def test_every_refusal_of_the_token_endpoint(direct, credential):
    client_id, secret = credential
    good = {"client_id": client_id, "client_secret": secret}
    for form, headers, status, error in (
        ({}, basic(client_id, "wrong"), 401, "invalid_client"),
        ({}, basic("nobody", secret), 401, "invalid_client"),
        ({}, None, 401, "invalid_client"),
        ({"client_id": client_id}, None, 401, "invalid_client"),
        ({}, {"Authorization": "Basic ???"}, 401, "invalid_client"),
        (
            {},
            {"Authorization": "Basic " + base64.b64encode(b"nocolon").decode()},
            401,
            "invalid_client",
        ),
        ({}, {"Authorization": "Bearer abc"}, 401, "invalid_client"),
        (good, basic(client_id, secret), 400, "invalid_request"),
        ({"client_id": "other"}, basic(client_id, secret), 400, "invalid_request"),
        (good | {"grant_type": "password"}, None, 400, "unsupported_grant_type"),
        (good | {"grant_type": ""}, None, 400, "unsupported_grant_type"),
        (good | {"scope": "orders:write bureau:all"}, None, 400, "invalid_scope"),
    ):
        answer = await ask(direct, headers, **form)
        assert (answer.status_code, answer.json()["error"]) == (status, error), (form, headers)
        assert answer.headers["cache-control"] == "no-store"
        assert ("www-authenticate" in answer.headers) == (status == 401)
        assert secret not in answer.text


async def test_forms_that_cannot_be_read(direct):
    post = direct.client.post
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content, headers in (
        (b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}),
        (b"grant_type=client_credentials&grant_type=client_credentials", form),
        (b"scope=a", form),
        (b"", form),
        (b"grant_type=\xff", form),
        (b"&".join(b"a%d=1" % n for n in range(30)), form),
        (b"grant_type", form),
    ):
        answer = await post("/oauth2/token", content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), content


async def test_a_nul_or_a_bad_byte_is_refused_in_the_words_of_oauth(direct, credential):
    client_id, secret = credential
    good = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for name in (*good, "scope", "other"):
        for byte in ("%00", "%FF", "%0A"):
            content = urlencode({**good, name: ""}).replace(f"{name}=", f"{name}={byte}")
            answer = await direct.client.post("/oauth2/token", content=content, headers=form)
            assert answer.headers["content-type"] == "application/json", content
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), content
    for named, known in (("a\0", secret), (client_id, "s\0"), ("a%00", secret), (client_id, "%00")):
        answer = await ask(direct, basic(named, known))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), named
        assert answer.headers["cache-control"] == "no-store"


async def test_a_secret_with_reserved_characters_is_form_encoded_in_basic(direct):
    secret = "a secret:with % and + of 32 chars!!"
    async with direct.container.database.write() as session:
        await partners.create(
            session,
            client_id="odd",
            name="odd",
            organisation_code=None,
            scopes=[],
            now=system_now(),
            secret=secret,
        )
    encoded = "a+secret%3Awith+%25+and+%2B+of+32+chars%21%21"
    assert (await ask(direct, basic("odd", encoded))).status_code == 200


async def test_a_revoked_client_and_an_old_secret_get_nothing(direct, credential):
    admin = direct.bearer("admin", "partners:write")
    client_id, secret = credential
    renewed = await direct.client.post(f"/v1/partners/{client_id}/secret", headers=admin)
    new_secret = renewed.json()["client_secret"]
    assert (await ask(direct, basic(client_id, secret))).status_code == 401
    assert (await ask(direct, basic(client_id, new_secret))).status_code == 200
    await direct.client.delete(f"/v1/partners/{client_id}", headers=admin)
    assert (await ask(direct, basic(client_id, new_secret))).status_code == 401
