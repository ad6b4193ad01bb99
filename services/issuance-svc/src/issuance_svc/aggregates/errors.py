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


class AggregateForeign(DomainError):
    """Citizens' grams become credits of the organisation that collected them, of nobody else."""

    type = "aggregate-operator-differs"
    status = 409
    title = Text(zh="汇总的运营方不是项目业主", en="The aggregate's operator is not the owner")
    detail = Text(
        zh="汇总 {aggregate_id} 由单位 {operator_code} 归集，项目业主是 {owner_code}。",
        en="The aggregate {aggregate_id} was closed by {operator_code}; the project belongs to"
        " {owner_code}.",
    )
    fix = Text(
        zh="只使用项目业主自己归集的汇总；项目编号填错的，由运营方改用自己的项目。",
        en="Use aggregates that the project's owner closed; an operator closes them for a project"
        " of its own.",
    )
