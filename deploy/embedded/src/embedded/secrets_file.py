"""The secrets of an embedded platform: made at the first start, readable by the owner only.

Production reads each of them from its own secret store; see compose.yaml.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from joserfc.jwk import KeySet, OKPKey


@dataclass(frozen=True)
class Secrets:
    cursor_secret: str
    identity_key: str


def load_secrets(data_dir: Path) -> Secrets:
    """Return the platform's random secrets, made once."""
    path = data_dir / "secrets.json"
    if not path.exists():
        made = Secrets(secrets.token_urlsafe(48), secrets.token_urlsafe(48))
        _write_private(path, json.dumps(asdict(made), indent=2))
    return Secrets(**json.loads(path.read_text()))


def key_file(data_dir: Path, name: str) -> Path:
    """Return the file of an Ed25519 signing key set, made once."""
    path = data_dir / f"{name}.jwks.json"
    if not path.exists():
        kid = f"{name}-{secrets.token_hex(4)}"
        key = OKPKey.generate_key("Ed25519", parameters={"kid": kid, "use": "sig"}, private=True)
        _write_private(path, json.dumps(KeySet([key]).as_dict(private=True), indent=2))
    return path


def blobs_url(data_dir: Path, service: str) -> str:
    """Return where a service keeps its files inside the data folder."""
    return (data_dir / "blobs" / service).resolve().as_uri()


def _write_private(path: Path, content: str) -> None:
    """Write the file whole or not at all: a half-written secret would be lost for good."""
    draft = path.with_name(f".{path.name}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
