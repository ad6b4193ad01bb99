"""What can be wrong with an aggregate."""

from tht_kit.errors import DomainError, Text


class AggregatePeriodInvalid(DomainError):
    type = "aggregate-period-invalid"
    status = 422
    title = Text(zh="汇总期无效", en="The period is not valid")
    detail = Text(
        zh="开始日 {period_start} 晚于结束日 {period_end}。",
        en="The first day {period_start} is after the last day {period_end}.",
    )
    fix = Text(zh="请更正起止日期。", en="Mend the dates.")


class AggregateScenarioUnknown(DomainError):
    type = "aggregate-scenario-unknown"
    status = 422
    title = Text(zh="场景不存在", en="Unknown scenario")
    detail = Text(zh="没有场景 {scenario_ids}。", en="There is no scenario {scenario_ids}.")
    fix = Text(zh="请在 GET /v1/scenarios 中选择。", en="Choose among those at GET /v1/scenarios.")


class AggregateEmpty(DomainError):
    type = "aggregate-empty"
    status = 409
    title = Text(zh="没有可汇总的减排量", en="There is nothing to aggregate")
    detail = Text(
        zh="所选场景与期间内没有已入账、未汇总且经授权的出行。",
        en="The scenarios and period hold no credited trip that is unclaimed and consented to.",
    )
    fix = Text(
        zh="每条行为只能汇总一次；请核对期间，或确认市民已授权 aggregation。",
        en="A behaviour is aggregated once; check the period and the consents for aggregation.",
    )


class AggregateNotFound(DomainError):
    type = "aggregate-not-found"
    status = 404
    title = Text(zh="汇总不存在", en="Aggregate not found")
    detail = Text(
        zh="没有编号为 {aggregate_id} 的汇总。", en="There is no aggregate {aggregate_id}."
    )
    fix = Text(zh="请核对编号。", en="Check the id.")
