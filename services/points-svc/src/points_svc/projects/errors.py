"""Why a project cannot take citizens' grams."""

from tht_kit.errors import DomainError, Text


class ProjectUnknown(DomainError):
    type = "project-not-registered"
    status = 404
    title = Text(zh="没有此已登记项目", en="No such registered project")
    detail = Text(
        zh="没有编号为 {project_id} 的已登记项目。",
        en="There is no registered project {project_id}.",
    )
    fix = Text(
        zh="项目登记（REGISTERED）后几秒内即可使用，请核对编号。",
        en="A project can be used seconds after it is REGISTERED; check the id.",
    )


class ProjectNotForCitizens(DomainError):
    type = "project-not-for-citizens"
    status = 422
    title = Text(zh="不是公众出行项目", en="Not a project of citizens' travel")
    detail = Text(
        zh="项目 {project_id} 的类型是 {project_type}，公众减排量只能汇总到 {wanted} 项目。",
        en="The project {project_id} is of type {project_type}; citizens' grams go into {wanted}.",
    )
    fix = Text(
        zh="请使用本单位的公众出行项目。", en="Name your project that gathers citizens' trips."
    )


class ProjectClosedToAggregates(DomainError):
    type = "project-closed-to-aggregates"
    status = 409
    title = Text(zh="项目当前不可汇总", en="The project takes no aggregates now")
    detail = Text(
        zh="项目 {project_id} 的状态是 {status}，减排量不能汇总到该项目。",
        en="The project {project_id} is {status}: no grams can be gathered for it.",
    )
    fix = Text(
        zh="等待项目恢复为 REGISTERED；已注销的项目不能恢复。",
        en="Wait until the project is REGISTERED again; a deregistered one never is.",
    )
