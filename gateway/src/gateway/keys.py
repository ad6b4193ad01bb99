"""The keys that sign tokens: a JWK set in a file, the first key signs, all are published.

Rotation with overlap: `add` puts a new key last, which publishes it; when every service has fetched
it (five minutes), `promote` moves it to the front; a token lives fifteen minutes, so the old key may
be dropped after that. The gateway reads the file when it starts.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from tht_kit.ids import new_id
from tht_kit.settings import Misconfigured

KEYS_KEPT = 2


@dataclass(frozen=True)
class SigningKeys:
    """The private keys of the issuer, the signing one first."""

    keys: tuple[OKPKey, ...]

    @property
    def signing(self) -> OKPKey:
        return self.keys[0]

    @property
    def public(self) -> KeySet:
        """The keys that verify, without what signs."""
        return KeySet([OKPKey.import_key(key.as_dict(private=False)) for key in self.keys])

    def jwks(self) -> dict[str, Any]:
        """Return the published document."""
        return {
            "keys": [
                {**key.as_dict(private=False), "use": "sig", "alg": "Ed25519"} for key in self.keys
            ]
        }


def load(path: Path) -> SigningKeys:
    """Read the key file. Raises Misconfigured saying what is wrong with it."""
    try:
        document = json.loads(path.read_text("utf-8"))
        keys = tuple(OKPKey.import_key(key) for key in document["keys"])
    except FileNotFoundError:
        raise Misconfigured(
            f"GATEWAY_SIGNING_KEY_FILE names {path}, which does not exist: make it with"
            " `python -m gateway.admin create-key --file PATH`."
        ) from None
    except (OSError, ValueError, TypeError, KeyError, JoseError) as error:
        raise Misconfigured(
            f"GATEWAY_SIGNING_KEY_FILE names {path}, which is not a set of Ed25519 keys: {error}"
        ) from None
    if not keys:
        raise Misconfigured(f"GATEWAY_SIGNING_KEY_FILE names {path}, which holds no key.")
    for key in keys:
        if not key.is_private or key.curve_name != "Ed25519" or not key.kid:
            raise Misconfigured(
                f"GATEWAY_SIGNING_KEY_FILE names {path}: each key must be a private Ed25519 key"
                " with a kid."
            )
    if len({key.kid for key in keys}) != len(keys):
        raise Misconfigured(f"GATEWAY_SIGNING_KEY_FILE names {path}: two keys have the same kid.")
    return SigningKeys(keys)


def create(path: Path) -> SigningKeys:
    """Write a file with one new key, readable by its owner only. Raises FileExistsError."""
    keys = SigningKeys((_new_key(),))
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and linked: of two processes that start together, one wins, both read the same.
    draft = path.with_name(f"{path.name}.{new_id()}")
    _write(draft, keys)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
    return keys


def load_or_create(path: Path) -> SigningKeys:
    """Read the key file, making it first where there is none: sandboxes and embedded mode only."""
    if not path.exists():
        try:
            return create(path)
        except FileExistsError:
            pass
    return load(path)


def add(path: Path) -> SigningKeys:
    """Publish a new key that does not sign yet. Raises Misconfigured."""
    return _replace(path, (*load(path).keys, _new_key()))


def promote(path: Path) -> SigningKeys:
    """Let the newest key sign; the one before stays published. Raises Misconfigured."""
    *older, newest = load(path).keys
    return _replace(path, (newest, *older)[:KEYS_KEPT])


def _replace(path: Path, keys: tuple[OKPKey, ...]) -> SigningKeys:
    replaced = SigningKeys(keys)
    draft = path.with_name(f"{path.name}.{new_id()}")
    _write(draft, replaced)
    draft.replace(path)
    return replaced


def _new_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": str(new_id())}, private=True)


def _write(path: Path, keys: SigningKeys) -> None:
    document = {"keys": [key.as_dict(private=True) for key in keys.keys]}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
