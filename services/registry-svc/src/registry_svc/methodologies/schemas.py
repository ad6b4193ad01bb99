"""Methodologies on the wire."""

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel

from registry_svc.methodologies.models import Methodology, ProjectType


class MethodologyOut(BaseModel):
    methodology_code: str
    name: str
    project_type: ProjectType
    scope_code: str
    crediting_years_min: int
    crediting_years_max: int
    valid_from: date
    valid_until: date | None
    evidence_grade: str
    source: str
    published_at: datetime

    @classmethod
    def of(cls, methodology: Methodology) -> Self:
        return cls.model_validate(methodology, from_attributes=True)
