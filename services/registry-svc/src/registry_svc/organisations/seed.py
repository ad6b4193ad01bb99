"""Rules as the seed file states them, and who is there first; what is there already stays."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import repository, rules, service
from registry_svc.organisations.errors import OrganisationExists
from registry_svc.organisations.models import Kind, Requirement
from registry_svc.organisations.service import Hand
from registry_svc.settings import Founder

# Whose hand the history names for them: the one who set the platform up.
FOUNDING = "founding"


class VerifierRuleSeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    requirement: Requirement
    valid_from: date
    value: int = Field(ge=0)
    evidence_grade: str
    source: str


class BanRuleSeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    offence: str
    valid_from: date
    years: int = Field(gt=0)
    evidence_grade: str
    source: str


class OrganisationRulesSeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    verifier_rules: list[VerifierRuleSeed]
    ban_rules: list[BanRuleSeed]


async def seed(session: AsyncSession, found: OrganisationRulesSeed) -> None:
    """Enter the rules that are not there yet."""
    await repository.insert_rules(
        session,
        [rule.model_dump() for rule in found.verifier_rules],
        [rule.model_dump() for rule in found.ban_rules],
    )


async def seed_founders(
    session: AsyncSession, founders: Sequence[Founder], *, now: datetime
) -> None:
    """Enter the first bureau and operator: whoever comes later, their officers register.

    Raises OrganisationCodeInvalid.
    """
    for founder in founders:
        code = founder.organisation_code
        rules.check_code(code, pointer="/organisation_code")
        if await service.find_by_subject(session, code) is not None:
            continue
        # Another process may be a moment ahead.
        with suppress(OrganisationExists):
            await service.enter(
                session,
                code=code,
                name=founder.name,
                kinds=[Kind(kind) for kind in founder.kinds],
                hand=Hand(by=FOUNDING, reason="REGISTRY_FOUNDERS"),
                now=now,
            )
