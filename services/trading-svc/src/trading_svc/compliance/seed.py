"""Loads the offset rules of seeds/offset_rules.yaml into the database."""

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from trading_svc.compliance import repository
from trading_svc.compliance.rules import Scheme

FILE = Path(__file__).parents[1] / "seeds" / "offset_rules.yaml"

OPTIONAL: dict[str, Any] = {
    "min_local_pct": None,
    "operation_after": None,
    "sink_exempt_from_operation_date": False,
    "vintage_from": None,
    "registered_after": None,
    "excluded_types": [],
    "capped_boundary_excluded": False,
}
REQUIRED = ("unit_type", "cap_pct", "cap_base", "evidence_grade", "source")


def read_rules(content: str) -> list[dict[str, Any]]:
    """Return one row per scheme and year; raises ValueError for a rule that is not complete."""
    rows = []
    for scheme, rules in yaml.safe_load(content).items():
        for rule in rules:
            first, last = rule.pop("years")
            unknown = rule.keys() - OPTIONAL.keys() - set(REQUIRED)
            missing = set(REQUIRED) - rule.keys()
            if unknown or missing:
                raise ValueError(f"{scheme} {first}: unknown {unknown}, missing {missing}")
            rows += [
                {
                    **OPTIONAL,
                    **rule,
                    "scheme": Scheme(scheme.upper()),
                    "compliance_year": year,
                }
                for year in range(first, last + 1)
            ]
    assert all(isinstance(row["vintage_from"], date | None) for row in rows)
    return rows


async def load(session: AsyncSession) -> None:
    """Bring the table to what the file says; safe to repeat."""
    await repository.load_rules(session, read_rules(FILE.read_text(encoding="utf-8")))
