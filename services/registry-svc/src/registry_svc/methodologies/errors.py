"""What can be wrong with a methodology (方法学)."""

from tht_kit.errors import DomainError, Text


class MethodologyNotFound(DomainError):
    type = "methodology-not-found"
    status = 404
    title = Text(zh="方法学不存在", en="Methodology not found")
    detail = Text(
        zh="没有备案号为 {methodology_code} 的方法学。",
        en="There is no methodology {methodology_code}.",
    )
    fix = Text(
        zh="已发布的方法学见 GET /v1/methodologies。",
        en="GET /v1/methodologies lists the published ones.",
    )


class MethodologyNotInForce(DomainError):
    type = "methodology-not-in-force"
    status = 409
    title = Text(zh="方法学不可用", en="The methodology is not in force")
    detail = Text(
        zh="方法学 {methodology_code} 在 {day} 不在有效期内或未发布。",
        en="The methodology {methodology_code} is not published or not in force on {day}.",
    )
    fix = Text(
        zh="请选用当日有效的方法学：GET /v1/methodologies。",
        en="Choose one that is in force on that day: GET /v1/methodologies.",
    )
