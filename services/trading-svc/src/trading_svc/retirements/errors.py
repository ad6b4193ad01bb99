"""What can be wrong with a retirement."""

from tht_kit.errors import DomainError, Text


class RetirementNotFound(DomainError):
    type = "retirement-not-found"
    status = 404
    title = Text(zh="注销记录不存在", en="Retirement not found")
    detail = Text(
        zh="没有编号为 {retirement_id} 的注销记录。", en="There is no retirement {retirement_id}."
    )
    fix = Text(zh="公开列表：GET /v1/retirements。", en="The public list: GET /v1/retirements.")


class BeneficiaryUnknown(DomainError):
    type = "beneficiary-unknown"
    status = 409
    title = Text(zh="受益方未登记", en="The beneficiary is not registered")
    detail = Text(
        zh="平台没有登记单位 {organisation_code}，证书不能写它的名称。",
        en="{organisation_code} is not registered here, so a certificate cannot name it.",
    )
    fix = Text(
        zh="先登记受益单位：POST /v1/organisations。",
        en="Register the beneficiary first: POST /v1/organisations.",
    )
