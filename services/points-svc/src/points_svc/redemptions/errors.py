"""What can be wrong with a redemption."""

from tht_kit.errors import DomainError, Text


class RedemptionLimitReached(DomainError):
    type = "redemption-limit-reached"
    status = 409
    title = Text(zh="超过每人限兑数量", en="The limit per citizen is reached")
    detail = Text(
        zh="“{name}”每人限兑 {limit} 份，已兑 {redeemed} 份。",
        en='At most {limit} of "{name}" go to one citizen, who has had {redeemed}.',
    )
    fix = Text(zh="请减少数量或选择其他奖励。", en="Ask for fewer, or choose another reward.")


class RedemptionNotFound(DomainError):
    type = "redemption-not-found"
    status = 404
    title = Text(zh="兑换记录不存在", en="Redemption not found")
    detail = Text(
        zh="该市民没有编号为 {redemption_id} 的兑换。",
        en="The citizen has no redemption {redemption_id}.",
    )
    fix = Text(zh="请核对编号。", en="Check the id.")
