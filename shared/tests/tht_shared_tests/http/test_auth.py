import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from joserfc.jwk import KeySet, OKPKey

from tht_kit import auth
from tht_kit.auth import AUDIENCE, JwksUrl, StaticKeys, TokenVerifier, sign_token
from tht_kit.clock import system_now
from tht_kit.errors import Forbidden, TemporarilyUnavailable, Unauthenticated
from tht_kit.testing.tokens import bearer
from tht_shared_tests.http.conftest import writer

ISSUER = "https://issuer.test"


def new_key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": kid, "use": "sig"}, private=True)


KEY = new_key("k-1")
VERIFIER = TokenVerifier(StaticKeys(KeySet([KEY])), issuer=ISSUER)


def claims(**changes):
    now_s = int(system_now().timestamp())
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "partner-1",
        "org": "91500000MATHT0038A",
        "scope": "a:read a:write",
        "env": "sandbox",
        "iat": now_s,
        "exp": now_s + 600,
    } | changes
    return {name: value for name, value in given.items() if value is not None}


def unsigned(header, payload, signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def hs256(secret: bytes) -> str:
    """A token signed by whoever knows only the public key, as if it were a shared secret."""
    signed = unsigned({"alg": "HS256", "kid": "k-1"}, claims()).removesuffix(".")
    tag = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"


async def test_a_good_token_tells_who_is_calling():
    principal = await VERIFIER.verify(sign_token(KEY, claims()))
    assert principal.subject == "partner-1"
    assert principal.organisation() == "91500000MATHT0038A"
    assert principal.scopes == {"a:read", "a:write"}
    assert principal.environment == "sandbox"
    principal.must_be("91500000MATHT0038A")
    with pytest.raises(Forbidden):
        principal.must_be("91500000MATHT00540")


async def test_a_credential_may_act_for_no_organisation():
    principal = await VERIFIER.verify(sign_token(KEY, claims(org=None)))
    with pytest.raises(Forbidden):
        principal.organisation()


NOW_S = int(system_now().timestamp())
REFUSED = {
    "wrong audience": sign_token(KEY, claims(aud="somebody-else")),
    "no audience": sign_token(KEY, claims(aud=None)),
    "wrong issuer": sign_token(KEY, claims(iss="https://other.test")),
    "no issuer": sign_token(KEY, claims(iss=None)),
    "expired": sign_token(KEY, claims(exp=NOW_S - 60)),
    "no expiry": sign_token(KEY, claims(exp=None)),
    "not valid yet": sign_token(KEY, claims(nbf=NOW_S + 600)),
    "no subject": sign_token(KEY, claims(sub=None)),
    "alg none": unsigned({"alg": "none", "kid": "k-1"}, claims()),
    "alg None": unsigned({"alg": "None", "kid": "k-1"}, claims()),
    "a crit that is no list": unsigned({"alg": "Ed25519", "kid": "k-1", "crit": 1}, claims()),
    "a kid that is no text": unsigned({"alg": "Ed25519", "kid": {}}, claims(), b"x" * 64),
    "an alg that is no text": unsigned({"alg": ["Ed25519"], "kid": "k-1"}, claims()),
    "a header that is no object": unsigned([1], claims()),
    "no alg": unsigned({"kid": "k-1"}, claims()),
    "symmetric with the public key": hs256(KEY.as_pem(private=False)),
    "unknown kid": sign_token(new_key("k-2"), claims()),
    "another key under this kid": sign_token(new_key("k-1"), claims()),
    "altered claims": ".".join(
        [
            sign_token(KEY, claims()).split(".")[0],
            unsigned({}, claims(scope="admin")).split(".")[1],
            sign_token(KEY, claims()).split(".")[2],
        ]
    ),
    "no signature": sign_token(KEY, claims()).rsplit(".", 1)[0] + ".",
    "two parts": "a.b",
    "empty": "",
    "nonsense": "令牌",
    "too long": "a" * 8193,
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_bad_token_is_refused(what):
    with pytest.raises(Unauthenticated) as refused:
        await VERIFIER.verify(REFUSED[what])
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_clock_that_is_a_little_off_is_forgiven():
    late = claims(exp=int(system_now().timestamp()) - 20)
    assert (await VERIFIER.verify(sign_token(KEY, late))).subject == late["sub"]


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token a.b.c", "Bearer a.b.c"]
)
async def test_the_edge_asks_for_a_bearer_token(api, header):
    headers = writer()
    headers.pop("Authorization")
    if header is not None:
        headers["Authorization"] = header
    answer = await api.post("/v1/effects", json={"name": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_edge_asks_for_the_scope(api, count):
    headers = writer() | bearer("partner-1", "effects:read")
    answer = await api.post("/v1/effects", json={"name": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert 'scope="effects:write"' in answer.headers["www-authenticate"]
    assert await count() == 0


class Issuer:
    """A real HTTP server with a key set that can change, or be away."""

    def __init__(self) -> None:
        self.keys = KeySet([KEY])
        self.answers = True
        self.asked = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked += 1
                self.send_response(200 if issuer.answers else 503)
                self.end_headers()
                self.wfile.write(json.dumps(issuer.keys.as_dict(private=False)).encode())

            def log_message(self, *arguments):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"


@pytest.fixture
def issuer(monkeypatch):
    monkeypatch.setattr(auth, "REFETCH_INTERVAL_S", 0.0)
    monkeypatch.setattr(auth, "FIRST_FETCH_INTERVAL_S", 0.0)
    served = Issuer()
    thread = threading.Thread(target=served.server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    served.server.shutdown()
    thread.join()
    served.server.server_close()


async def test_keys_are_fetched_once_and_again_for_an_unknown_kid(issuer):
    verifier = TokenVerifier(JwksUrl(issuer.url), issuer=ISSUER)
    for _ in range(3):
        await verifier.verify(sign_token(KEY, claims()))
    assert issuer.asked == 1
    rotated = new_key("k-2")
    issuer.keys = KeySet([KEY, rotated])
    await verifier.verify(sign_token(rotated, claims()))
    assert issuer.asked == 2


async def test_an_issuer_that_is_away_is_a_503_at_first_and_no_matter_later(issuer, monkeypatch):
    issuer.answers = False
    verifier = TokenVerifier(JwksUrl(issuer.url), issuer=ISSUER)
    with pytest.raises(TemporarilyUnavailable):
        await verifier.verify(sign_token(KEY, claims()))
    issuer.answers = True
    await verifier.verify(sign_token(KEY, claims()))
    issuer.answers = False
    monkeypatch.setattr(auth, "KEYS_TTL_S", 0.0)
    await verifier.verify(sign_token(KEY, claims()))
    with pytest.raises(Unauthenticated):
        await verifier.verify(sign_token(new_key("k-3"), claims()))


async def test_unknown_kids_do_not_hammer_the_issuer(issuer, monkeypatch):
    monkeypatch.setattr(auth, "REFETCH_INTERVAL_S", 10.0)
    verifier = TokenVerifier(JwksUrl(issuer.url), issuer=ISSUER)
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await verifier.verify(sign_token(new_key("k-x"), claims()))
    assert issuer.asked == 1
