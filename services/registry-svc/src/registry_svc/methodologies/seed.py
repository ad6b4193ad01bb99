"""A methodology as the seed file states it. Numbers and dates are read as text, then typed."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from registry_svc.methodologies.models import ProjectType


class MethodologySeed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    methodology_code: str = Field(pattern=r"^CQCM-[0-9]{3}-V[0-9]{3}$|^CCER-[0-9-]+-V[0-9]{2,3}$")
    name: str
    project_type: ProjectType
    scope_code: str = Field(pattern=r"^[0-9]{2}$")
    crediting_years_min: int
    crediting_years_max: int
    valid_from: date
    valid_until: date | None = None
    evidence_grade: str
    source: str
