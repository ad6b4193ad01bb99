"""What can be wrong with an account."""

from tht_kit.errors import DomainError, Text


class AccountNotFound(DomainError):
    type = "account-not-found"
    status = 404
    title = Text(zh="账户不存在", en="Account not found")
    detail = Text(
        zh="单位 {organisation_code} 没有账户。", en="There is no account of {organisation_code}."
    )
    fix = Text(
        zh="账户在单位登记后自动开立：请核对代码，或先登记单位。",
        en="An account opens when its organisation is registered: check the code, or register it.",
    )


class AccountNotOpen(DomainError):
    type = "account-not-open"
    status = 409
    title = Text(zh="账户不可操作", en="The account cannot act")
    detail = Text(
        zh="账户 {organisation_code} 当前状态为 {account_status}。",
        en="The account {organisation_code} is {account_status}.",
    )
    fix = Text(
        zh="announced：请先登记该单位；suspended：请联系平台运营方。",
        en="announced: register the organisation first; suspended: ask the platform's operator.",
    )


class TradingNotAllowed(DomainError):
    type = "trading-not-allowed"
    status = 409
    title = Text(zh="该单位不得参与交易", en="This organisation may not trade")
    detail = Text(
        zh="账户 {organisation_code} 的单位类型为 {kinds}，主管部门、运营机构和审定核查机构不得交易。",
        en="The organisation {organisation_code} is {kinds}: authorities, operators and verifiers"
        " may not trade.",
    )
    fix = Text(
        zh="请由有交易资格的单位操作。",
        en="Let an organisation that may trade do it.",
    )
