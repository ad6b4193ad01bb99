"""What can be wrong with a scenario or with the rule data."""

from tht_kit.errors import DomainError, Text


class ScenarioNotFound(DomainError):
    type = "scenario-not-found"
    status = 404
    title = Text(zh="场景不存在", en="Scenario not found")
    detail = Text(zh="没有编号为 {scenario_id} 的场景。", en="There is no scenario {scenario_id}.")
    fix = Text(zh="请在 GET /v1/scenarios 中选择。", en="Choose one of those at GET /v1/scenarios.")


class ProgrammeRuleMissing(DomainError):
    type = "programme-rule-missing"
    status = 409
    title = Text(zh="缺少规则", en="A rule is missing")
    detail = Text(
        zh="规则 {rule_id} 在 {day} 没有有效版本。",
        en="The rule {rule_id} has no version in force on {day}.",
    )
    fix = Text(
        zh="请运营方录入该规则的版本；平台不会使用默认值。",
        en="The operator must enter a version of it; the platform never falls back to a default.",
    )


class SeedChanged(Exception):
    """A seed file no longer says what the database holds: add a new version instead of editing."""
