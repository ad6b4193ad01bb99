"""Scenarios on the wire: the whole rule data, with grades and sources, for anyone to check."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from points_svc.scenarios.rules import Feed, Grade, Mode, Scenario


class NameOut(BaseModel):
    zh: str
    en: str


class VersionOut(BaseModel):
    """One version of the rules; decimals are strings."""

    version: int
    valid_from: date
    valid_until: date | None
    formula: dict[str, Any]
    plausibility: dict[str, Any]
    caps: dict[str, Any]
    points: dict[str, Any]


class ScenarioOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    scenario_id: str
    mode: Mode
    name: NameOut
    feed: Feed
    operators: list[str] | None
    city_code: str
    valid_from: date
    valid_until: date
    pending_days: int
    methodology_code: str
    grade: Grade
    source: str
    versions: list[VersionOut]

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        fields = scenario.model_dump(mode="json", exclude={"versions"})
        versions = [
            {"valid_until": None} | version.model_dump(mode="json", exclude_none=True)
            for version in scenario.versions
        ]
        return cls.model_validate(fields | {"versions": versions})
