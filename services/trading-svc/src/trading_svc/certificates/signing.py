"""Ed25519 signatures over certificates, as compact JWS: any JOSE library can check them.

The key file is a JWK set. Its first private key signs; every key in it, also one that only verifies
old certificates, is published by its public half.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from tht_kit.ids import new_id
from tht_kit.settings import Misconfigured

ALGORITHM: Literal["Ed25519"] = "Ed25519"
KID_CHARS = 16


class Signer:
    """Signs with the current key and checks with every key of the set."""

    def __init__(self, keys: list[OKPKey]) -> None:
        self._keys = KeySet([*keys])
        self._current = next(key for key in keys if key.is_private)

    @property
    def kid(self) -> str:
        return str(self._current.kid)

    def sign(self, payload: bytes) -> str:
        """Return header.payload.signature."""
        header = {"alg": ALGORITHM, "kid": self.kid}
        return jws.serialize_compact(header, payload, self._current, algorithms=[ALGORITHM])

    def verified(self, token: str) -> bytes | None:
        """Return the payload if one of the keys signed it, else None."""
        try:
            return jws.deserialize_compact(token, self._keys, algorithms=[ALGORITHM]).payload
        except (JoseError, ValueError):
            return None

    def public_keys(self) -> dict[str, Any]:
        """Return the JWK set that verifiers use."""
        return {
            "keys": [
                {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}
                for key in self._keys.keys
            ]
        }


def load_signer(file: Path) -> Signer:
    """Read the key file; raises Misconfigured with what to do."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        keys = [_key(found) for found in content["keys"]]
    except FileNotFoundError:
        raise Misconfigured(
            f"TRADING_CERTIFICATE_KEY_FILE names {file}, which does not exist: make it with"
            f" `python -m trading_svc.certificates.create_key {file}`."
        ) from None
    except (OSError, JoseError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            f"TRADING_CERTIFICATE_KEY_FILE names {file}, which is no JWK set of Ed25519 keys: {error}"
        ) from None
    if not any(key.is_private for key in keys):
        raise Misconfigured(
            f"TRADING_CERTIFICATE_KEY_FILE names {file}, which holds no private key to sign with."
        )
    return Signer(keys)


def _key(found: dict[str, Any]) -> OKPKey:
    if found.get("kty") != "OKP" or found.get("crv") != ALGORITHM:
        raise ValueError("a key is not of kind OKP, curve Ed25519")
    kid = found.get("kid") or OKPKey.import_key(found).thumbprint()[:KID_CHARS]
    return OKPKey.import_key({**found, "kid": kid})


def create_key_file(file: Path) -> None:
    """Write a new key set that only its owner can read; raises FileExistsError."""
    key = OKPKey.generate_key(ALGORITHM, private=True)
    named = {**key.as_dict(private=True), "kid": key.thumbprint()[:KID_CHARS]}
    file.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and linked: of two processes that start together, one wins, both read the same.
    draft = file.with_name(f"{file.name}.{new_id()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(json.dumps({"keys": [named]}, indent=2) + "\n")
    try:
        os.link(draft, file)
    finally:
        draft.unlink()


def load_or_create_signer(file: Path) -> Signer:
    """Read the key file, making it first where there is none: sandboxes only."""
    if not file.exists():
        with contextlib.suppress(FileExistsError):
            create_key_file(file)
    return load_signer(file)
