"""What can be wrong with money."""

from tht_kit.errors import DomainError, Text


class CashInsufficient(DomainError):
    type = "cash-insufficient"
    status = 409
    title = Text(zh="可用资金不足", en="Not enough cash")
    detail = Text(
        zh="需要 {amount_fen} 分，账户 {organisation_code} 可用 {balance_fen} 分。",
        en="{amount_fen} fen are needed; {organisation_code} has {balance_fen} fen.",
    )
    fix = Text(
        zh="先入金并由平台确认，或减少数量。", en="Pay in first and have it confirmed, or buy less."
    )


class DepositConflict(DomainError):
    type = "deposit-conflict"
    status = 409
    title = Text(zh="银行流水号已用于另一笔入金", en="The bank reference names another deposit")
    detail = Text(
        zh="流水号 {bank_reference} 已记为账户 {organisation_code} 的 {amount_fen} 分。",
        en="{bank_reference} is recorded as {amount_fen} fen for {organisation_code}.",
    )
    fix = Text(
        zh="核对银行回单；每笔入金用它自己的流水号。",
        en="Compare with the bank's advice; each deposit carries its own reference.",
    )


class AmountTooLarge(DomainError):
    type = "amount-too-large"
    status = 422
    title = Text(zh="金额超出上限", en="The amount is too large")
    detail = Text(
        zh="{amount_fen} 分超过单笔上限 {limit_fen} 分。",
        en="{amount_fen} fen is more than the {limit_fen} fen that one operation may move.",
    )
    fix = Text(zh="分成几笔。", en="Split it into several.")
