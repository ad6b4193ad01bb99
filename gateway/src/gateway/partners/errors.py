"""What can be wrong with a partner."""

from tht_kit.errors import DomainError, Text


class PartnerNotFound(DomainError):
    type = "partner-not-found"
    status = 404
    title = Text(zh="伙伴凭据不存在", en="Partner credential not found")
    detail = Text(zh="没有凭据 {client_id}。", en="There is no credential {client_id}.")
    fix = Text(zh="凭据列表见 GET /v1/partners。", en="GET /v1/partners lists the credentials.")


class PartnerExists(DomainError):
    type = "partner-exists"
    status = 409
    title = Text(zh="凭据编号已被使用", en="The client id is taken")
    detail = Text(
        zh="凭据 {client_id} 已存在，名称、单位或权限与本次不同。",
        en="The credential {client_id} exists with another name, organisation or other scopes.",
    )
    fix = Text(zh="请换一个 client_id。", en="Choose another client_id.")


class PartnerRevoked(DomainError):
    type = "partner-revoked"
    status = 409
    title = Text(zh="凭据已吊销", en="The credential is revoked")
    detail = Text(zh="凭据 {client_id} 已吊销。", en="The credential {client_id} is revoked.")
    fix = Text(zh="请建立新的凭据。", en="Make a new credential.")


class PartnerSecretWeak(DomainError):
    type = "partner-secret-weak"
    status = 422
    title = Text(zh="密钥过短", en="The secret is too short")
    detail = Text(zh="密钥至少 {limit} 个字符。", en="A secret has at least {limit} characters.")
    fix = Text(
        zh="留空，由平台生成 256 位随机密钥。",
        en="Leave it out: the platform makes 256 random bits.",
    )


class PartnerOrganisationCodeInvalid(DomainError):
    type = "partner-organisation-code-invalid"
    status = 422
    title = Text(zh="单位代码的校验码不符", en="The organisation's code does not check")
    detail = Text(
        zh="{code} 的校验码不符：第 18 位应为 {expected}，实为 {given}。",
        en="The check character of {code} does not fit: position 18 should be {expected}, not {given}.",
    )
    fix = Text(
        zh="请按登记证照核对全部 18 位。",
        en="Compare all 18 characters with the organisation's certificate.",
    )


class PartnerScopeUnknown(DomainError):
    type = "partner-scope-unknown"
    status = 422
    title = Text(zh="没有这样的权限范围", en="There is no such scope")
    detail = Text(
        zh="平台没有任何操作需要：{scopes}。", en="No operation of the platform asks for: {scopes}."
    )
    fix = Text(
        zh="每个操作所需的权限见 /docs；errors 列出了全部权限范围。",
        en="/docs shows the scope of each operation; errors lists all there are.",
    )


class PartnerScopesUncheckable(DomainError):
    type = "partner-scopes-uncheckable"
    status = 503
    title = Text(zh="暂时无法核对权限范围", en="The scopes cannot be checked for the moment")
    detail = Text(
        zh="服务 {services} 没有应答，不知道它们需要哪些权限；凭据未建立。",
        en="No answer from {services}, so the scopes they ask for are not known; nothing was made.",
    )
    fix = Text(zh="按 Retry-After 等待后重试。", en="Retry after Retry-After seconds.")
