"""What can be wrong with a holding."""

from tht_kit.errors import DomainError, Text


class CreditsInsufficient(DomainError):
    type = "credits-insufficient"
    status = 409
    title = Text(zh="可用减排量不足", en="Not enough available credits")
    detail = Text(
        zh="需要 {quantity_t} t，账户 {organisation_code} 可用 {available_t} t（已扣除挂牌和冻结部分）。",
        en="{quantity_t} t are needed; {organisation_code} has {available_t} t available"
        " (listed and frozen units are not).",
    )
    fix = Text(
        zh="减少数量、撤回挂牌或先买入：GET /v1/accounts/{organisation_code}/holdings。",
        en="Take fewer, withdraw a listing, or buy first:"
        " GET /v1/accounts/{organisation_code}/holdings.",
    )


class SerialsUnavailable(DomainError):
    type = "serials-unavailable"
    status = 409
    title = Text(zh="指定的编号不可用", en="Named serials are not available")
    detail = Text(
        zh="指定的编号中有 {count} 段不可用，整个请求被拒绝。",
        en="{count} span(s) of the named serials are not available; the whole request is refused.",
    )
    fix = Text(
        zh="按 errors 逐段核对：GET /v1/holdings/serials/{{first}}-{{last}}。",
        en="Look at each span in errors: GET /v1/holdings/serials/{{first}}-{{last}}.",
    )


class TooManyBlocks(DomainError):
    type = "too-many-blocks"
    status = 409
    title = Text(zh="涉及的编号段过多", en="Too many blocks of serials")
    detail = Text(
        zh="一次最多使用 {limit} 段编号，{quantity_t} t 分布在更多段中；前 {limit} 段共 {fits_t} t。",
        en="One request may use {limit} blocks of serials, and the {quantity_t} t stand in more;"
        " the first {limit} hold {fits_t} t.",
    )
    fix = Text(
        zh="分次提交，每次不超过 {fits_t} t；或用 project_id、vintage、serials 选用较大的段。",
        en="Do it in parts of at most {fits_t} t, or choose larger blocks by project_id, vintage or"
        " serials.",
    )


class SerialsMalformed(DomainError):
    type = "serials-malformed"
    status = 422
    title = Text(zh="编号段有误", en="The serial spans are not valid")
    detail = Text(zh="{reason}", en="{reason}")
    fix = Text(
        zh="各段起止含两端、互不重叠，总数等于 quantity_t。",
        en="Spans include both ends, do not overlap, and add up to quantity_t.",
    )


class SerialUnknown(DomainError):
    type = "serial-unknown"
    status = 404
    title = Text(zh="编号不存在", en="Serial not found")
    detail = Text(zh="没有签发过编号 {serial}。", en="The serial {serial} was never issued.")
    fix = Text(
        zh="请使用数字（如 501）、区间（501-2519）或完整编号。",
        en="Write a number (501), a range (501-2519) or a printed serial.",
    )


class SerialsScattered(DomainError):
    type = "serials-scattered"
    status = 409
    title = Text(zh="区间过于分散", en="The range stands in too many places")
    detail = Text(
        zh="该区间现分布在 {limit} 处以上。", en="The range stands in more than {limit} places now."
    )
    fix = Text(zh="缩小区间后分次查询。", en="Ask for smaller ranges, one after the other.")
