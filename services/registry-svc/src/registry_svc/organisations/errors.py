"""What can be wrong with an organisation."""

from tht_kit.errors import DomainError, Text


class OrganisationCodeInvalid(DomainError):
    type = "organisation-code-invalid"
    status = 422
    title = Text(zh="统一社会信用代码无效", en="The unified social credit code is not valid")
    detail = Text(zh="{code}：{reason}", en="{code}: {reason}")
    fix = Text(
        zh="请按登记证照上的 18 位代码原样填写（大写，无空格）。",
        en="Write the 18 characters as they stand on the certificate: upper case, no spaces.",
    )


class OrganisationExists(DomainError):
    type = "organisation-exists"
    status = 409
    title = Text(zh="单位已登记", en="The organisation is registered already")
    detail = Text(
        zh="统一社会信用代码 {organisation_code} 已登记。",
        en="An organisation with the code {organisation_code} is registered.",
    )
    fix = Text(
        zh="请使用已登记的单位：GET /v1/organisations/{organisation_code}。",
        en="Use the registered one: GET /v1/organisations/{organisation_code}.",
    )


class OrganisationNotFound(DomainError):
    type = "organisation-not-found"
    status = 404
    title = Text(zh="单位不存在", en="Organisation not found")
    detail = Text(
        zh="没有统一社会信用代码为 {organisation_code} 的单位。",
        en="There is no organisation with the code {organisation_code}.",
    )
    fix = Text(
        zh="请核对代码，或先登记单位：POST /v1/organisations。",
        en="Check the code, or register the organisation first: POST /v1/organisations.",
    )


class OrganisationUnfit(DomainError):
    type = "organisation-unfit"
    status = 409
    title = Text(zh="单位不能担任此角色", en="The organisation cannot act in this role")
    detail = Text(
        zh="单位 {organisation_code} 不是有效的{role}。",
        en="The organisation {organisation_code} is not an active {role}.",
    )
    fix = Text(
        zh="请选择类型相符且状态为 active 的单位。",
        en="Choose an organisation of that kind whose status is active.",
    )
