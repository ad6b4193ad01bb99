"""What can be wrong with a factor."""

from tht_kit.errors import DomainError, Text


class FactorMissing(DomainError):
    """R15: what is missing is named exactly; no other factor takes its place."""

    type = "factor-missing"
    status = 409
    title = Text(zh="缺少排放因子或参数", en="A factor is missing")
    detail = Text(zh="缺少：{missing_zh}。", en="Missing: {missing_en}.")
    fix = Text(
        zh="请持 factors:write 权限的经办人按来源在 POST /v1/factors 录入、"
        "另一人批准；平台不会用其他地区、年份或类型的因子代替。",
        en="Have an officer with factors:write enter it with its source at POST /v1/factors and another"
        " approve it; no other region, year or kind stands in for it.",
    )


class FactorNotFound(DomainError):
    type = "factor-not-found"
    status = 404
    title = Text(zh="因子不存在", en="Factor not found")
    detail = Text(zh="没有编号为 {factor_id} 的因子。", en="There is no factor {factor_id}.")
    fix = Text(zh="请从 GET /v1/factors 取得编号。", en="Take the id from GET /v1/factors.")


class FactorKindUnknown(DomainError):
    type = "factor-kind-unknown"
    status = 422
    title = Text(zh="没有这种因子", en="No such kind of factor")
    detail = Text(
        zh="没有类型 {kind}；最接近：{near}。", en="There is no kind {kind}; close to it: {near}."
    )
    fix = Text(
        zh="请从 GET /v1/factors/kinds 选择类型。", en="Choose a kind from GET /v1/factors/kinds."
    )


class FactorPurposeRefused(DomainError):
    """R13: an average factor earns no credit, a baseline factor measures no footprint."""

    type = "factor-purpose-refused"
    status = 409
    title = Text(zh="该类因子不得用于此目的", en="This kind of factor does not serve this purpose")
    detail = Text(
        zh="{kind}（{name}）只可用于 {used_for}，不可用于 {purpose}。",
        en="{kind} ({name}) serves {used_for} only, not {purpose}.",
    )
    fix = Text(
        zh="用于 {purpose} 请使用 {instead}；两类因子永不互换。",
        en="For {purpose} use {instead}; the two never replace each other.",
    )


class FactorTestOnly(DomainError):
    type = "factor-test-only"
    status = 409
    title = Text(zh="因子只可用于测试", en="The factor is for tests only")
    detail = Text(
        zh="{factor_id} 的证据等级为 V3（未经证实），不得用于任何正式结果。",
        en="{factor_id} is graded V3 (uncorroborated): no result may use it.",
    )
    fix = Text(
        zh="请录入有正式或二手来源的新版本。",
        en="Enter a new version with an official or secondary source.",
    )


class FactorPartsWrong(DomainError):
    type = "factor-parts-wrong"
    status = 422
    title = Text(
        zh="因子的地区、对象、年份、单位或数值不符",
        en="Parts or the value of the factor do not fit its kind",
    )
    detail = Text(zh="类型 {kind}：见 errors。", en="Kind {kind}: see errors.")
    fix = Text(
        zh="按 GET /v1/factors/kinds 中该类型的 parts、unit 与 bounds 填写。",
        en="State exactly the parts and the unit that GET /v1/factors/kinds gives for the kind, and a"
        " value within its bounds.",
    )


class FactorUnchanged(DomainError):
    type = "factor-unchanged"
    status = 409
    title = Text(zh="与现行版本相同", en="Nothing would change")
    detail = Text(zh="{factor_id} 已是这些内容。", en="{factor_id} says the same already.")
    fix = Text(zh="无需提交；请核对数值。", en="Nothing to do; check the value.")


class FactorMoved(DomainError):
    type = "factor-moved"
    status = 409
    title = Text(zh="因子已有更新的版本", en="The factor has a newer version")
    detail = Text(
        zh="{place} 提出变更时为第 {based_on} 版，现为第 {version} 版。",
        en="{place} stood at version {based_on} when the change was proposed and is at {version} now.",
    )
    fix = Text(
        zh="请驳回本事项，并依据现行版本重新提出。",
        en="Reject this task and propose the change anew against the current version.",
    )


class FactorFileRefused(DomainError):
    type = "factor-file-refused"
    status = 422
    title = Text(zh="因子文件被拒绝", en="The factor file is refused")
    detail = Text(
        zh="文件中有 {total} 处问题，列出前 {shown} 处；未导入任何内容。",
        en="The file has {total} problem(s), the first {shown} are listed; nothing is imported.",
    )
    fix = Text(zh="逐处更正后重新导入。", en="Mend each one and import the file again.")


class FactorFileUnreadable(DomainError):
    type = "factor-file-unreadable"
    status = 422
    title = Text(zh="无法读取因子文件", en="The factor file cannot be read")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="请提交 UTF-8 编码、不含锚点与别名的 YAML，不超过 512 KiB。",
        en="Send YAML in UTF-8 without anchors and aliases, at most 512 KiB.",
    )


class FactorSeedChanged(Exception):
    """A seeded value differs from the stored one: a changed factor needs a new version."""
