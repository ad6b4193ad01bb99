"""What can be wrong with a reward."""

from tht_kit.errors import DomainError, Text


class RewardNotFound(DomainError):
    type = "reward-not-found"
    status = 404
    title = Text(zh="奖励不存在", en="Reward not found")
    detail = Text(zh="没有编号为 {reward_id} 的奖励。", en="There is no reward {reward_id}.")
    fix = Text(zh="请在 GET /v1/rewards 中选择。", en="Choose one of those at GET /v1/rewards.")


class RewardOutOfStock(DomainError):
    type = "reward-out-of-stock"
    status = 409
    title = Text(zh="奖励已兑完", en="The reward is out of stock")
    detail = Text(
        zh="“{name}”剩余不足 {quantity} 份，积分未扣除。",
        en='Fewer than {quantity} of "{name}" are left; no points were taken.',
    )
    fix = Text(zh="请减少数量或选择其他奖励。", en="Ask for fewer, or choose another reward.")
