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
