"""Tokens that were not issued here, or not for this, open nothing."""

import base64
import json
import time

from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from gateway import keys


def encoded(value) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def status(platform, token):
    headers = {"Authorization": f"Bearer {token}"}
    answer = await platform.client.get("/v1/partners", headers=headers)
    if answer.status_code == 401:
        assert answer.json()["type"] == "/problems/unauthenticated"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return answer.status_code


async def test_a_good_token_is_taken(direct):
    assert await status(direct, direct.token("a", "partners:write")) == 200


async def test_forged_tokens_are_refused(direct):
    good = direct.token("a", "partners:write")
    header, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    kid = direct.container.keys.signing.kid
    public = direct.container.keys.signing.as_dict(private=False)
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": kid}, private=True)
    now_s = int(time.time())
    hmac_key = OctKey.import_key(json.dumps(public).encode())
    forged = {
        "no algorithm": f"{encoded({'alg': 'none', 'kid': kid})}.{payload}.",
        "another payload": f"{header}.{encoded(claims | {'sub': 'root'})}.{signature}",
        "no signature": f"{header}.{payload}.",
        "another key under the same kid": direct.token("a", "partners:write", key=stranger),
        "an unknown kid": direct.token(
            "a", "partners:write", key=OKPKey.generate_key("Ed25519", private=True, auto_kid=True)
        ),
        "the public key as an HMAC secret": jwt.encode(
            {"alg": "HS256", "kid": kid}, claims, hmac_key, algorithms=["HS256"]
        ),
        "expired": direct.token("a", "partners:write", exp=now_s - 60),
        "another issuer": direct.token("a", "partners:write", iss="https://elsewhere.test"),
        "another audience": direct.token("a", "partners:write", aud="elsewhere"),
        "no subject": direct.token("a", "partners:write", sub=None),
        "not a token": "abc",
        "too long": "a" * 7000 + "." + "b" * 1500 + ".c",
    }
    for name, token in forged.items():
        assert await status(direct, token) == 401, name


async def test_keys_rotate_with_overlap(direct, tmp_path):
    file = tmp_path / "keys.json"
    first = keys.create(file)
    assert file.stat().st_mode & 0o077 == 0
    both = keys.add(file)
    assert both.signing.kid == first.signing.kid
    assert len(both.jwks()["keys"]) == 2
    promoted = keys.promote(file)
    assert promoted.signing.kid == both.keys[1].kid
    assert [key["kid"] for key in promoted.jwks()["keys"]] == [
        promoted.signing.kid,
        first.signing.kid,
    ]
    keys.add(file)
    assert len(keys.promote(file).keys) == 2
