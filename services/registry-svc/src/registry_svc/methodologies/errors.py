"""What can be wrong with a methodology (方法学)."""

from tht_kit.errors import DomainError, Text


class MethodologyCodeInvalid(DomainError):
    type = "methodology-code-invalid"
    status = 422
    title = Text(zh="方法学编号无效", en="The methodology code is not valid")
    detail = Text(zh="{code}：{reason}", en="{code}: {reason}")
    fix = Text(
        zh="格式为 CQCM-nnn-Vnnn 或 CCER-ss-nnn-Vnn，数字补零。",
        en="Write CQCM-nnn-Vnnn or CCER-ss-nnn-Vnn, numbers padded with zeros.",
    )


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


class MethodologyExists(DomainError):
    type = "methodology-exists"
    status = 409
    title = Text(zh="方法学版本已存在", en="The methodology version exists already")
    detail = Text(
        zh="方法学 {methodology_code} 已存在。",
        en="The methodology {methodology_code} exists already.",
    )
    fix = Text(
        zh="草案可修改（PUT）；已发布的请起草下一版本。",
        en="Change the draft by PUT, or draft the next version of a published one.",
    )


class MethodologyVersionStale(DomainError):
    type = "methodology-version-stale"
    status = 409
    title = Text(zh="版本号须晚于已有版本", en="The version must be newer than those there are")
    detail = Text(
        zh="{series} 已有版本 {newest}，新版本号须大于它。",
        en="{series} has version {newest}; a new one must have a higher number.",
    )
    fix = Text(zh="请使用下一个版本号。", en="Take the next version number.")


class MethodologyStepRefused(DomainError):
    type = "methodology-step-refused"
    status = 409
    title = Text(zh="当前状态不允许此操作", en="The methodology's status does not allow this")
    detail = Text(
        zh="方法学 {methodology_code} 的状态是 {status}，此操作须为 {expected}。",
        en="The methodology {methodology_code} is {status}; this needs {expected}.",
    )
    fix = Text(
        zh="顺序：DRAFT → REVIEWED → PUBLISHED → WITHDRAWN。",
        en="The order is DRAFT, REVIEWED, PUBLISHED, WITHDRAWN.",
    )


class PanelInvalid(DomainError):
    type = "methodology-panel-invalid"
    status = 422
    title = Text(zh="专家评审不符合要求", en="The expert panel does not meet the rules")
    detail = Text(
        zh="评审记录有 {count} 处问题。", en="The record of the panel has {count} problem(s)."
    )
    fix = Text(
        zh="按 errors 逐一改正；利益冲突的专家应回避（recused）。",
        en="Mend each place named in errors; an expert with a conflict of interest is recused.",
    )


class PanelRuleMissing(DomainError):
    type = "panel-rule-missing"
    status = 409
    title = Text(zh="专家评审规则未配置", en="No rule says what a panel needs")
    detail = Text(
        zh="没有 {day} 有效的专家评审规则。", en="No rule for expert panels is in force on {day}."
    )
    fix = Text(zh="请先录入该规则。", en="Enter the rule first.")
