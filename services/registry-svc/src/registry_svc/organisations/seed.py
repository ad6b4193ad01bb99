"""Rules of organisations as the seed file states them; a row that is there already stays."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.organisations import repository
from registry_svc.organisations.models import Requirement


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
