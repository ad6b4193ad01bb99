"""What can be wrong with an obligation or a surrender."""

from tht_kit.errors import DomainError, Text


class OffsetRuleMissing(DomainError):
    type = "offset-rule-missing"
    status = 409
    title = Text(zh="该年度未配置抵销规则", en="There is no offset rule for that year")
    detail = Text(
        zh="{compliance_year} 履约年度（{scheme}）没有抵销规则，平台不会套用其他年度的规则。",
        en="The compliance year {compliance_year} ({scheme}) has no offset rule; another year's rule"
        " is never used in its place.",
    )
    fix = Text(
        zh="由主管部门发布该年度规则后再提交。",
        en="Surrender after the authority has published that year's rule.",
    )


class ObligationMissing(DomainError):
    type = "obligation-missing"
    status = 409
    title = Text(zh="不在该年度履约名单", en="Not on that year's list")
    detail = Text(
        zh="单位 {organisation_code} 不在 {compliance_year} 年度重点排放单位名单内。",
        en="{organisation_code} is not on the list of obligated enterprises of {compliance_year}.",
    )
    fix = Text(
        zh="由主管部门录入其应清缴配额后再提交。",
        en="Surrender after the bureau has recorded the obligation.",
    )


class EnterpriseYearNotFound(DomainError):
    type = "enterprise-year-not-found"
    status = 404
    title = Text(zh="没有该年度履约记录", en="No compliance record of that year")
    detail = Text(
        zh="单位 {organisation_code} 没有 {compliance_year} 年度的履约记录。",
        en="{organisation_code} has no compliance record of {compliance_year}.",
    )
    fix = Text(zh="核对年度和代码。", en="Check the year and the code.")


class NotControlledEnterprise(DomainError):
    type = "not-controlled-enterprise"
    status = 409
    title = Text(zh="不是重点排放单位", en="Not a controlled enterprise")
    detail = Text(
        zh="单位 {organisation_code} 未登记为重点排放单位。",
        en="{organisation_code} is not registered as a controlled enterprise.",
    )
    fix = Text(
        zh="先以 controlled_enterprise 类型登记该单位。",
        en="Register it with the kind controlled_enterprise first.",
    )


class VerifiedEmissionsMissing(DomainError):
    type = "verified-emissions-missing"
    status = 409
    title = Text(zh="缺少审定排放量", en="The verified emissions are missing")
    detail = Text(
        zh="{compliance_year} 年度的上限以审定排放量为基数，单位 {organisation_code} 尚未录入。",
        en="The cap of {compliance_year} is a share of verified emissions, which {organisation_code}"
        " does not have yet.",
    )
    fix = Text(
        zh="由主管部门录入 verified_emissions_t。", en="Let the bureau record verified_emissions_t."
    )


class SurrenderRefused(DomainError):
    type = "surrender-refused"
    status = 409
    title = Text(zh="抵销申请被拒绝", en="The surrender is refused")
    detail = Text(
        zh="共 {count} 条原因（{codes}），整个申请被拒绝，没有任何减排量被注销。",
        en="{count} reason(s) ({codes}): the whole request is refused, nothing was retired.",
    )
    fix = Text(
        zh="逐条处理 errors；可用数量见 GET /v1/compliance/{compliance_year}/enterprises/"
        "{organisation_code}，指定 project_id、vintage 或 serials 以选用合格的减排量。",
        en="Work through errors; GET /v1/compliance/{compliance_year}/enterprises/"
        "{organisation_code} says how many more fit; name project_id, vintage or serials to choose"
        " eligible units.",
    )


class OffsetRuleSeedChanged(Exception):
    """A seeded rule differs from the stored version: a corrected rule needs a new version."""
