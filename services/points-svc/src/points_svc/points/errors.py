"""What can be wrong with a movement of points."""

from tht_kit.errors import DomainError, Text


class PointsInsufficient(DomainError):
    type = "points-insufficient"
    status = 409
    title = Text(zh="积分不足", en="Not enough points")
    detail = Text(
        zh="需要 {needed} 分，可用 {available} 分。",
        en="It takes {needed} points and {available} are available.",
    )
    fix = Text(
        zh="已到期与待生效的积分不可使用；请积累足够后再兑换。",
        en="Expired and pending points cannot be spent; redeem once enough are available.",
    )
