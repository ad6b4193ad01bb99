"""What can be wrong with a neutrality claim."""

from tht_kit.errors import DomainError, Text


class ClaimNotFound(DomainError):
    type = "claim-not-found"
    status = 404
    title = Text(zh="碳中和申报不存在", en="Claim not found")
    detail = Text(
        zh="没有本单位可见的申报 {claim_id}。", en="There is no claim {claim_id} that you may see."
    )
    fix = Text(zh="核对编号。", en="Check the id.")


class TerritoryRefused(DomainError):
    type = "territory-refused"
    status = 409
    title = Text(zh="行政区域不能申报碳中和", en="A territory cannot claim neutrality")
    detail = Text(
        zh="ISO 14068-1 不适用于行政区域；碳中和声明的主体须为活动或组织。",
        en="ISO 14068-1 is not for territories: the subject of a statement is an event or an"
        " organisation.",
    )
    fix = Text(zh="以具体活动申报（kind = EVENT）。", en="Claim for one event (kind = EVENT).")


class EmissionsTooLarge(DomainError):
    type = "emissions-too-large"
    status = 422
    title = Text(zh="排放量超出可申领范围", en="The emissions are too large for a claim")
    detail = Text(
        zh="排放总量 {required_t} 吨超过单项声明上限 {limit_t} 吨。",
        en="{required_t} t of emissions are more than the {limit_t} t that one claim may cover.",
    )
    fix = Text(
        zh="核对活动水平与排放因子的单位；确有此量时分成几项声明。",
        en="Check the units of activity and factor; if they are right, split the claim.",
    )


class EmissionsZero(DomainError):
    type = "emissions-zero"
    status = 422
    title = Text(zh="排放总量为零", en="The emissions add up to nothing")
    detail = Text(
        zh="各排放源合计为 0，没有需要抵销的排放。",
        en="The sources add up to 0: there is nothing to offset.",
    )
    fix = Text(zh="核对活动水平与因子。", en="Check activities and factors.")


class MeasuresMissing(DomainError):
    type = "measures-missing"
    status = 409
    title = Text(zh="缺少减排措施", en="No reduction measures")
    detail = Text(
        zh="申报 {claim_id} 没有减排措施；先减排，后抵销。",
        en="The claim {claim_id} names no reduction measures: reduce first, then offset.",
    )
    fix = Text(
        zh="填写措施：PUT /v1/claims/{claim_id}/measures。",
        en="Name them: PUT /v1/claims/{claim_id}/measures.",
    )


class NeutralityShort(DomainError):
    type = "neutrality-short"
    status = 409
    title = Text(zh="抵销数量不足", en="The units do not cover the emissions")
    detail = Text(
        zh="排放 {emissions_t} t，至少需要 {required_t} t，申请 {quantity_t} t。",
        en="{emissions_t} t were emitted: at least {required_t} t are needed, {quantity_t} t were"
        " offered.",
    )
    fix = Text(zh="quantity_t 不少于 {required_t}。", en="Set quantity_t to {required_t} or more.")


class ClaimCovered(DomainError):
    type = "claim-covered"
    status = 409
    title = Text(zh="申报已完成抵销", en="The claim is covered already")
    detail = Text(
        zh="申报 {claim_id} 已由证书 {certificate_id} 支持。",
        en="The claim {claim_id} stands on certificate {certificate_id}.",
    )
    fix = Text(
        zh="查看证书：GET /v1/certificates/{certificate_id}。",
        en="See it: GET /v1/certificates/{certificate_id}.",
    )
