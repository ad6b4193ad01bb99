"""Tokens for tests: a real key, real signatures, the real verifier."""

from joserfc.jwk import KeySet, OKPKey

from tht_kit.auth import AUDIENCE, StaticKeys, sign_token
from tht_kit.clock import system_now
from tht_kit.ids import new_id

ISSUER = "https://issuer.test"
_KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "test-key", "use": "sig"}, private=True)
KEYS = StaticKeys(KeySet([_KEY]))


def mint(
    subject: str,
    *scopes: str,
    organisation_code: str | None = None,
    environment: str = "sandbox",
    lifetime_s: int = 600,
) -> str:
    """Return a signed token of the test issuer."""
    now_s = int(system_now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "org": organisation_code,
        "scope": " ".join(scopes),
        "env": environment,
        "iat": now_s,
        "exp": now_s + lifetime_s,
        "jti": str(new_id()),
    }
    return sign_token(_KEY, claims)


def bearer(
    subject: str, *scopes: str, organisation_code: str | None = None, environment: str = "sandbox"
) -> dict[str, str]:
    """Return the Authorization header of a caller."""
    token = mint(subject, *scopes, organisation_code=organisation_code, environment=environment)
    return {"Authorization": f"Bearer {token}"}
