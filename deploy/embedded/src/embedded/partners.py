"""The demo partners: who they are (partners.yaml) and their secrets (made at the first start)."""

import json
import secrets
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

CREDENTIALS = "credentials.json"


@dataclass(frozen=True)
class Partner:
    client_id: str
    name: str
    organisation_code: str
    scopes: tuple[str, ...]


class Directory:
    """The organisations and partners of partners.yaml."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._organisations: dict[str, dict[str, Any]] = raw["organisations"]
        self._founders: list[str] = raw["founders"]
        self.partners = tuple(
            Partner(
                client_id,
                partner["name"],
                self._organisations[partner["organisation"]]["code"],
                tuple(partner["scopes"]),
            )
            for client_id, partner in raw["partners"].items()
        )

    def organisations(self) -> list[dict[str, Any]]:
        return list(self._organisations.values())

    def founders(self) -> str:
        """Return the organisations that are there from the start, as REGISTRY_FOUNDERS states them."""
        found = [self._organisations[name] for name in self._founders]
        return json.dumps(
            [
                {"organisation_code": one["code"], "name": one["name"], "kinds": one["kinds"]}
                for one in found
            ],
            ensure_ascii=False,
        )

    def codes_by_partner(self) -> dict[str, str]:
        """Return partner -> organisation code; organisations without a partner by their own name."""
        codes = {
            name.replace("_", "-"): found["code"] for name, found in self._organisations.items()
        }
        return codes | {partner.client_id: partner.organisation_code for partner in self.partners}


def load_directory() -> Directory:
    """Return the directory that ships with the package."""
    return Directory(yaml.safe_load(files("embedded").joinpath("partners.yaml").read_text("utf-8")))


def load_credentials(data_dir: Path, directory: Directory) -> dict[str, str]:
    """Return each partner's secret; makes the missing ones and keeps them readable by the owner only."""
    path = data_dir / CREDENTIALS
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    found = {
        partner.client_id: known.get(partner.client_id) or secrets.token_urlsafe(32)
        for partner in directory.partners
    }
    if found != known:
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n")
    return found
