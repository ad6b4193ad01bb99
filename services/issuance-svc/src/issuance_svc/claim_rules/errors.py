"""What can be wrong with a claim rule."""

from tht_kit.errors import DomainError, Text


class ClaimRuleMissing(DomainError):
    type = "claim-rule-missing"
    status = 409
    title = Text(zh="没有申领规则", en="No rule for the unit type")
    detail = Text(
        zh="没有为 {unit_type} 配置申领规则。", en="No claim rule is configured for {unit_type}."
    )
    fix = Text(zh="请管理员配置该类型的规则。", en="Have an administrator configure the rule.")
