"""What can be wrong with an organisation, as issuance sees it."""

from tht_kit.errors import DomainError, Text


class OrganisationUnfit(DomainError):
    type = "organisation-unfit"
    status = 409
    title = Text(zh="单位不能担任此角色", en="The organisation cannot act in this role")
    detail = Text(
        zh="单位 {organisation_code} 不是有效的{role}。",
        en="The organisation {organisation_code} is not an active {role}.",
    )
    fix = Text(
        zh="请选择类型相符且状态为 active 的单位；刚登记的单位几秒内即可使用。",
        en="Choose an organisation of that kind whose status is active; one registered just now can"
        " act within seconds.",
    )


class OrganisationStopped(DomainError):
    type = "organisation-stopped"
    status = 409
    title = Text(zh="单位已被暂停或禁入", en="The organisation is suspended or banned")
    detail = Text(
        zh="单位 {organisation_code} 现不得申报：{why}。",
        en="The organisation {organisation_code} may not report now: {why}.",
    )
    fix = Text(
        zh="恢复由主管部门决定；禁入期满前不得恢复。",
        en="The authority decides on a resumption; a ban must have ended first.",
    )
