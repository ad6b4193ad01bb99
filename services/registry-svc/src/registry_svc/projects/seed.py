"""The rules of projects as the seed files state them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.projects import repository


class ProjectRuleSeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    unit_type: str
    construction_after: date
    notice_working_days: int
    decision_working_days: int
    comments_max: int
    retention_years: int
    evidence_grade: str
    source: str


class ParcelRuleSeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    start_from: date
    area_m2_min: Decimal
    non_forest_years: int
    evidence_grade: str
    source: str


async def seed(
    session: AsyncSession,
    *,
    project_rules: Sequence[ProjectRuleSeed],
    parcel_rules: Sequence[ParcelRuleSeed],
) -> None:
    """Insert the rules that are not there yet."""
    await repository.insert_rules(
        session,
        [rule.model_dump() for rule in project_rules],
        [rule.model_dump() for rule in parcel_rules],
    )
