"""What can be wrong with a factor."""

from tht_kit.errors import DomainError, Text


class FactorMissing(DomainError):
    """R15: what is missing is named exactly; no other factor takes its place."""

    type = "factor-missing"
    status = 409
    title = Text(zh="缺少排放因子或参数", en="A factor is missing")
    detail = Text(zh="缺少：{missing_zh}。", en="Missing: {missing_en}.")
    fix = Text(
        zh="请管理员按来源录入该因子；平台不会用其他地区、年份或类型的因子代替。",
        en="Have an administrator enter that factor with its source; no other region, year or kind"
        " stands in for it.",
    )


class FactorSeedChanged(Exception):
    """A seeded value differs from the stored one: a changed factor needs a new version."""
