"""The packaged districts, checked before they enter the database."""

from datetime import date

from pydantic import BaseModel, ConfigDict


class DistrictSeed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    district_code: str
    name: str
    valid_from: date
    valid_until: date | None = None
    successor_codes: list[str] = []
    evidence_grade: str
