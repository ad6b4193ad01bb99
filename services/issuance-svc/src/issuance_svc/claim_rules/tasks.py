"""Changing a claim rule: one officer of a bureau proposes, another approves (双人复核).

A four-eyes task of the kit, for the rule decides what every later report may claim. What runs
already keeps what it began with: a notice its last day, a report its eligible days.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules import repository
from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from tht_kit import four_eyes
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal


async def propose_rule(
    session: AsyncSession,
    unit_type: str,
    values: dict[str, Any],
    *,
    by: Principal,
    now: datetime,
) -> Task:
    """Propose the whole rule of a unit type, as JSON values; raises OrganisationUnfit, TaskPending."""
    await organisations.must_act_as(session, by.organisation(), Kind.BUREAU)
    return await four_eyes.propose(
        session, RULE_CHANGE, subject=unit_type, proposal=values, by=by, now=now
    )


async def _approve(session: AsyncSession, task: Task, officer: Principal, now: datetime) -> None:
    """Put the rule in force; raises OrganisationUnfit."""
    del now
    await organisations.must_act_as(session, officer.organisation(), Kind.BUREAU)
    proposed = task.proposal
    values = {
        **proposed,
        "unit_type": task.subject,
        "vintage_after": date.fromisoformat(proposed["vintage_after"]),
        "materiality_pct": Decimal(proposed["materiality_pct"]),
    }
    await repository.replace(session, values)


RULE_CHANGE = TaskKind(
    name="claim-rule-change",
    title=Text(zh="申领规则变更", en="Change of a claim rule"),
    scope="factors:approve",
    approve=_approve,
)

TASKS = (RULE_CHANGE,)
