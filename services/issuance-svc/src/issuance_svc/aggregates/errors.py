"""What can be wrong with an aggregate of citizens' reductions."""

from tht_kit.errors import DomainError, Text


class AggregateUnknown(DomainError):
    type = "aggregate-not-found"
    status = 404
    title = Text(zh="汇总不存在", en="Aggregate not found")
    detail = Text(
        zh="项目 {project_id} 没有编号为 {aggregate_id} 的公众减排量汇总。",
        en="The project {project_id} has no aggregate {aggregate_id} of citizens' reductions.",
    )
    fix = Text(
        zh="请核对编号；汇总完成后几秒内即可使用。",
        en="Check the id; an aggregate can be used seconds after it was closed.",
    )
