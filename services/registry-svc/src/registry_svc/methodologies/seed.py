"""A methodology as the seed file states it. Numbers and dates are read as text, then typed."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies import repository, rules
from registry_svc.methodologies.models import NonPermanence, ProjectType
from registry_svc.methodologies.rules import Op, Rule

# A decimal is written as text: a JSON number may have been a binary float on its way.
One = StrictBool | StrictInt | StrictStr
RuleValue = One | list[StrictInt | StrictStr]


def _truth(value: object) -> object:
    # Seed files are read with every scalar as text.
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


class RuleSeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=True)

    field: str = Field(pattern=rules.FIELD)
    op: Op
    value: Annotated[RuleValue, BeforeValidator(_truth)]
    zh: str
    en: str


class MethodologySeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    methodology_code: str
    name: str
    project_type: ProjectType
    scope_code: str = Field(pattern=r"^[0-9]{2}$")
    crediting_years_min: int
    crediting_years_max: int
    third_party_required: bool
    non_permanence: NonPermanence
    applicability: list[RuleSeed]
    valid_from: date
    valid_until: date | None = None
    evidence_grade: str
    source: str

    def columns(self) -> dict[str, Any]:
        """Return the row of a version that is published; raises MethodologyCodeInvalid."""
        code = rules.parse_code(self.methodology_code, pointer="/methodology_code")
        problems = [*rules.rule_problems([Rule(**one.model_dump()) for one in self.applicability])]
        assert not problems, problems
        return self.model_dump() | {"series": code.series, "version_no": code.version}


class PanelRuleSeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: date
    members_min: int
    majority_of: int
    majority_in: int
    evidence_grade: str
    source: str


async def seed_panel_rules(session: AsyncSession, found: Sequence[PanelRuleSeed]) -> None:
    """Enter the panel rules that are not there yet."""
    await repository.insert_panel_rules(session, [rule.model_dump() for rule in found])
