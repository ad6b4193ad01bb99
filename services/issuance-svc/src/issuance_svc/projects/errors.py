"""What can be wrong with a project, as issuance sees it."""

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


class ProjectInactive(DomainError):
    type = "project-inactive"
    status = 409
    title = Text(zh="项目不可报告或签发", en="The project can neither report nor issue")
    detail = Text(
        zh="项目 {project_id} 的状态是 {status}（原因：{reason}），不能报告减排量或签发。",
        en="The project {project_id} is {status} ({reason}): it can neither report nor issue.",
    )
    fix = Text(
        zh="等待项目恢复为 REGISTERED；已注销的项目不能恢复。",
        en="Wait until the project is REGISTERED again; a deregistered one never is.",
    )
