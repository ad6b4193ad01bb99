"""Scenarios: loading the rule data, and reading it as one catalogue."""

from collections import defaultdict
from importlib.resources import files
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from points_svc.scenarios import repository
from points_svc.scenarios.errors import ScenarioNotFound, SeedChanged
from points_svc.scenarios.models import ProgrammeRuleRow, ScenarioRow, ScenarioVersionRow
from points_svc.scenarios.rules import Catalogue, ProgrammeRule, Scenario, Seed

SEEDS = files("points_svc") / "seeds"


def read_seed(document: str) -> Seed:
    """Parse a YAML document; every scalar is text first, so no decimal passes through a float."""
    return Seed.model_validate(yaml.load(document, Loader=yaml.BaseLoader))  # noqa: S506 - text only


def shipped_seed() -> Seed:
    return read_seed((SEEDS / "scenarios.yaml").read_text(encoding="utf-8"))


async def load(session: AsyncSession, seed: Seed) -> None:
    """Load the document; repeating it changes nothing.

    Raises SeedChanged if it says something else than a version or rule that is stored.
    """
    scenarios, versions, programme_rules = _rows(seed)
    await repository.insert_missing(session, ScenarioRow, scenarios)
    await repository.insert_missing(session, ScenarioVersionRow, versions)
    await repository.insert_missing(session, ProgrammeRuleRow, programme_rules)
    stored = await catalogue(session)
    for rule in seed.programme_rules:
        if rule not in stored.programme_rules:
            raise SeedChanged(f"programme rule {rule.rule_id}, version {rule.version}")
    for scenario in seed.scenarios:
        known = stored.scenarios[scenario.scenario_id]
        for version in scenario.versions:
            if version != known.version(version.version):
                raise SeedChanged(f"scenario {scenario.scenario_id}, version {version.version}")


def _rows(
    seed: Seed,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    scenarios = [
        scenario.model_dump(exclude={"versions"})
        | {"operators": None if scenario.operators is None else list(scenario.operators)}
        for scenario in seed.scenarios
    ]
    versions = [
        {
            "scenario_id": scenario.scenario_id,
            "version": version.version,
            "definition": version.model_dump(mode="json", exclude_none=True),
        }
        for scenario in seed.scenarios
        for version in scenario.versions
    ]
    return scenarios, versions, [rule.model_dump() for rule in seed.programme_rules]


async def catalogue(session: AsyncSession) -> Catalogue:
    """Return all scenarios with their versions, and the programme's rules."""
    versions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for version in await repository.all_versions(session):
        versions[version.scenario_id].append(version.definition)
    scenarios = {
        row.scenario_id: _scenario(row, versions[row.scenario_id])
        for row in await repository.all_scenarios(session)
    }
    rules = [_programme_rule(row) for row in await repository.all_programme_rules(session)]
    return Catalogue(scenarios, rules)


def _scenario(row: ScenarioRow, versions: list[dict[str, Any]]) -> Scenario:
    fields = {name: getattr(row, name) for name in Scenario.model_fields if name != "versions"}
    return Scenario.model_validate(fields | {"versions": versions})


def _programme_rule(row: ProgrammeRuleRow) -> ProgrammeRule:
    return ProgrammeRule.model_validate(
        {name: getattr(row, name) for name in ProgrammeRule.model_fields}
    )


async def get(session: AsyncSession, scenario_id: str) -> Scenario:
    """Return the scenario; raises ScenarioNotFound."""
    found = (await catalogue(session)).scenarios.get(scenario_id)
    if found is None:
        raise ScenarioNotFound(scenario_id=scenario_id)
    return found
