"""The packaged factors and kinds, read from YAML; every scalar as text, so no value is ever a float."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from issuance_svc.factors.rules import Bounds, Place


def _entries(name: str) -> list[dict[str, Any]]:
    text = (files("issuance_svc") / "seeds" / name).read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - text only
    return found


def factor_rows() -> list[dict[str, Any]]:
    """Return the rows of seeds/factors.yaml."""
    return [_factor(entry) for entry in _entries("factors.yaml")]


def _factor(entry: dict[str, str]) -> dict[str, Any]:
    year = int(entry["year"]) if "year" in entry else None
    place = Place(entry["kind"], entry.get("region"), entry.get("subject"), year)
    version = int(entry.get("version", "1"))
    return {
        "factor_id": place.factor_id(version),
        "kind": place.kind,
        "region": place.region,
        "subject": place.subject,
        "year": place.year,
        "version": version,
        "value": Decimal(entry["value"]),
        "unit": entry["unit"],
        "grade": entry["grade"],
        "source": entry["source"],
        "valid_from": _day(entry.get("valid_from")),
        "valid_until": _day(entry.get("valid_until")),
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def kind_rows() -> list[dict[str, Any]]:
    """Return the rows of seeds/factor_kinds.yaml."""
    return [
        {
            "kind": entry["kind"],
            "name_zh": entry["zh"],
            "name_en": entry["en"],
            "unit": entry.get("unit"),
            "dimension": entry["dimension"],
            "used_for": entry["used_for"],
            "parts": entry["parts"],
            "instead": entry.get("instead"),
        }
        for entry in _entries("factor_kinds.yaml")
    ]


@cache
def bounds_by_kind() -> Mapping[str, Bounds]:
    """Return the bounds of seeds/factor_kinds.yaml."""
    return {
        entry["kind"]: Bounds(*(_decimal(entry.get(end)) for end in ("least", "above", "most")))
        for entry in _entries("factor_kinds.yaml")
    }


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
