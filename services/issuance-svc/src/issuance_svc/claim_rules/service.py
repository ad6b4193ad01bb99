"""Claim rules (申领规则): data with a grade, never constants."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import repository
from issuance_svc.claim_rules.errors import ClaimRuleMissing
from issuance_svc.claim_rules.models import ClaimRule


async def find(session: AsyncSession, unit_type: str) -> ClaimRule | None:
    """Return the rule of the unit type, if there is one."""
    return await repository.find(session, unit_type)


async def rule_of(session: AsyncSession, unit_type: str) -> ClaimRule:
    """Return the claim rule of the unit type; raises ClaimRuleMissing, never falls back."""
    rule = await repository.find(session, unit_type)
    if rule is None:
        raise ClaimRuleMissing(unit_type=unit_type)
    return rule


async def list_all(session: AsyncSession) -> Sequence[ClaimRule]:
    """Return the rules of all unit types."""
    return await repository.list_all(session)


async def seed(session: AsyncSession) -> None:
    """Load the packaged claim rules; repeating it changes nothing."""
    text = (files("issuance_svc") / "seeds" / "rules.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - text only
    await repository.insert_new(session, [_rule(entry) for entry in entries])


def _rule(entry: dict[str, str]) -> dict[str, Any]:
    counted = {
        name: int(value) for name, value in entry.items() if name.endswith(("_years", "_days"))
    }
    return {
        **entry,
        **counted,
        "vintage_after": date.fromisoformat(entry["vintage_after"]),
        "materiality_pct": Decimal(entry["materiality_pct"]),
    }
