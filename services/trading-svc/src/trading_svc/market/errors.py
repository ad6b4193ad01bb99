"""What can be wrong with a listing or an order."""

from tht_kit.errors import DomainError, Text


class ListingNotFound(DomainError):
    type = "listing-not-found"
    status = 404
    title = Text(zh="挂牌不存在", en="Listing not found")
    detail = Text(zh="没有编号为 {listing_id} 的挂牌。", en="There is no listing {listing_id}.")
    fix = Text(zh="查看在售挂牌：GET /v1/listings。", en="See what is offered: GET /v1/listings.")


class ListingClosed(DomainError):
    type = "listing-closed"
    status = 409
    title = Text(zh="挂牌已结束", en="The listing is closed")
    detail = Text(
        zh="挂牌 {listing_id} 状态为 {listing_status}。",
        en="The listing {listing_id} is {listing_status}.",
    )
    fix = Text(zh="选择其他挂牌：GET /v1/listings。", en="Choose another: GET /v1/listings.")


class ListingShort(DomainError):
    type = "listing-short"
    status = 409
    title = Text(zh="挂牌余量不足", en="The listing does not hold that many")
    detail = Text(
        zh="挂牌 {listing_id} 余 {remaining_t} t，要买 {quantity_t} t。",
        en="The listing {listing_id} has {remaining_t} t left, {quantity_t} t were asked for.",
    )
    fix = Text(zh="减少数量，或分别购买几个挂牌。", en="Buy fewer, or from several listings.")


class PriceAboveLimit(DomainError):
    type = "price-above-limit"
    status = 409
    title = Text(zh="价格高于买方限价", en="The price is above the buyer's limit")
    detail = Text(
        zh="挂牌价 {price_fen_per_t} 分/t，买方最高 {price_fen_per_t_max} 分/t。",
        en="The listing asks {price_fen_per_t} fen/t, the buyer pays at most"
        " {price_fen_per_t_max} fen/t.",
    )
    fix = Text(
        zh="提高 price_fen_per_t_max，或选择其他挂牌。",
        en="Raise price_fen_per_t_max, or choose another listing.",
    )


class OwnListing(DomainError):
    type = "own-listing"
    status = 409
    title = Text(zh="不得购买自己的挂牌", en="An organisation may not buy its own listing")
    detail = Text(zh="挂牌 {listing_id} 由本单位发布。", en="The listing {listing_id} is your own.")
    fix = Text(
        zh="要收回自己的减排量，请撤回挂牌：DELETE /v1/listings/{listing_id}。",
        en="To have the units back, withdraw it: DELETE /v1/listings/{listing_id}.",
    )


class UnitsFrozen(DomainError):
    type = "units-frozen"
    status = 409
    title = Text(zh="减排量已冻结", en="The units are frozen")
    detail = Text(
        zh="挂牌 {listing_id} 的项目处于暂停状态，其业主的减排量不得转让。",
        en="The project behind listing {listing_id} is suspended: its owner's units may not move.",
    )
    fix = Text(zh="选择其他挂牌：GET /v1/listings。", en="Choose another: GET /v1/listings.")


class OrderNotFound(DomainError):
    type = "order-not-found"
    status = 404
    title = Text(zh="订单不存在", en="Order not found")
    detail = Text(
        zh="没有本单位可见的订单 {order_id}。", en="There is no order {order_id} that you may see."
    )
    fix = Text(zh="本单位的订单：GET /v1/orders。", en="Your orders: GET /v1/orders.")
