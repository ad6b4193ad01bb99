"""Loads the offset rules of seeds/offset_rules.yaml into the database."""

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from trading_svc.compliance import repository
from trading_svc.compliance.errors import OffsetRuleSeedChanged
from trading_svc.compliance.rules import Scheme

FILE = Path(__file__).parents[1] / "seeds" / "offset_rules.yaml"

OPTIONAL: dict[str, Any] = {
    "version": 1,
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
    """Return one row per scheme, year and version; raises ValueError for a rule that is not complete."""
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
    """Load the rules that are missing; safe to repeat.

    Raises OffsetRuleSeedChanged if the file says something else than a version that is stored.
    """
    rows = read_rules(FILE.read_text(encoding="utf-8"))
    await repository.insert_missing_rules(session, rows)
    stored = {
        (rule.scheme, rule.compliance_year, rule.version): rule
        for rule in await repository.list_rules(session)
    }
    for row in rows:
        place = (row["scheme"], row["compliance_year"], row["version"])
        differs = [name for name, value in row.items() if getattr(stored[place], name) != value]
        if differs:
            raise OffsetRuleSeedChanged(
                f"seeds/offset_rules.yaml and the database differ in {', '.join(differs)} of"
                f" {place[0]} {place[1]}, version {place[2]}: add a new version instead"
            )
