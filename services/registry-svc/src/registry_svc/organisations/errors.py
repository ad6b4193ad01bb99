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


class OverrideNotNeeded(DomainError):
    type = "organisation-code-override-not-needed"
    status = 409
    title = Text(
        zh="代码校验相符，无需两人登记", en="The code passes its check: no override needed"
    )
    detail = Text(zh="{code} 的校验码相符。", en="The check character of {code} fits.")
    fix = Text(
        zh="请直接登记：POST /v1/organisations。",
        en="Register it as usual: POST /v1/organisations.",
    )


class KindsNeedTwoPersons(DomainError):
    type = "organisation-kinds-need-two-persons"
    status = 409
    title = Text(zh="该单位类型须两人授予", en="These kinds take two persons")
    detail = Text(
        zh="单位 {organisation_code} 的类型 {kinds} 不能由一人授予或撤销。",
        en="One person alone cannot give or take the kinds {kinds} of {organisation_code}.",
    )
    fix = Text(
        zh="请提请双人复核：POST /v1/organisations/appointments。",
        en="Propose it to a second person: POST /v1/organisations/appointments.",
    )


class AppointmentNotNeeded(DomainError):
    type = "organisation-appointment-not-needed"
    status = 409
    title = Text(zh="无需两人授予", en="No second person is needed")
    detail = Text(
        zh="该提请不授予也不撤销单位 {organisation_code} 的主管部门、运营方或审定核查机构类型。",
        en="It neither makes nor unmakes {organisation_code} a bureau, an operator or a"
        " verification body.",
    )
    fix = Text(
        zh="请直接登记或变更：POST /v1/organisations、PUT /v1/organisations/{organisation_code}。",
        en="Register or change it as usual: POST /v1/organisations,"
        " PUT /v1/organisations/{organisation_code}.",
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


class SubjectRegistered(DomainError):
    type = "organisation-subject-registered"
    status = 409
    title = Text(zh="该主体已登记，一个主体一个账户", en="One subject has one account: registered")
    detail = Text(
        zh="{code} 的主体标识码 {account_subject} 属于已登记单位 {organisation_code}。",
        en="The subject {account_subject} of the code {code} is the organisation"
        " {organisation_code}.",
    )
    fix = Text(
        zh="请使用该单位；新旧代码记入其 former_codes：PUT /v1/organisations/{organisation_code}。",
        en="Use that organisation, and record its other codes as former_codes:"
        " PUT /v1/organisations/{organisation_code}.",
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
        zh="单位 {organisation_code} 不是有效的{role}{why}。",
        en="The organisation {organisation_code} is not an active {role}{why}.",
    )
    fix = Text(
        zh="请选择类型相符且状态为 active 的单位。",
        en="Choose an organisation of that kind whose status is active.",
    )


class VerifierNotCompetent(DomainError):
    type = "verifier-not-competent"
    status = 409
    title = Text(
        zh="审定与核查机构不具备条件", en="The validation and verification body is not competent"
    )
    detail = Text(
        zh="单位 {organisation_code} 在 {day} 不具备领域 {scope_code} 的审定与核查条件：{missing}",
        en="The organisation {organisation_code} is not competent for scope {scope_code} on {day}:"
        " {missing}",
    )
    fix = Text(
        zh="请选择具备条件的机构，或由主管部门更新其能力记录："
        "PUT /v1/organisations/{organisation_code}/competence。",
        en="Choose a body that is, or have the authority record what it can show now:"
        " PUT /v1/organisations/{organisation_code}/competence.",
    )


class StandingRefused(DomainError):
    type = "organisation-standing-refused"
    status = 409
    title = Text(zh="不能如此处置该单位", en="This cannot be decided about the organisation")
    detail = Text(zh="单位 {organisation_code}：{reason}", en="{organisation_code}: {reason}")
    fix = Text(
        zh="请先查看其状态：GET /v1/organisations/{organisation_code}。",
        en="See how it stands: GET /v1/organisations/{organisation_code}.",
    )


class OrganisationBanned(DomainError):
    type = "organisation-banned"
    status = 409
    title = Text(zh="单位在禁入期内", en="The organisation is banned")
    detail = Text(
        zh="单位 {organisation_code} 因弄虚作假禁入至 {banned_until}（含当日）。",
        en="The organisation {organisation_code} is banned for falsification to the end of"
        " {banned_until}.",
    )
    fix = Text(
        zh="禁入期满后方可申请恢复。", en="It can be resumed once the ban has ended, not before."
    )


class BanRuleMissing(DomainError):
    type = "ban-rule-missing"
    status = 409
    title = Text(zh="禁入规则未配置", en="No rule says how long the ban is")
    detail = Text(
        zh="没有 {day} 有效的“{offence}”禁入年限规则。",
        en="No ban rule for {offence} is in force on {day}.",
    )
    fix = Text(zh="请先录入该规则。", en="Enter the rule first.")
