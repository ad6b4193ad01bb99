"""What can be wrong with a certificate."""

from tht_kit.errors import DomainError, Text


class CertificateNotFound(DomainError):
    type = "certificate-not-found"
    status = 404
    title = Text(zh="证书不存在", en="Certificate not found")
    detail = Text(
        zh="没有编号为 {certificate_id} 的证书。", en="There is no certificate {certificate_id}."
    )
    fix = Text(
        zh="核对编号；不存在的编号说明所出示的证书并非本平台签发。",
        en="Check the number; if it is right, the paper shown was not issued by this platform.",
    )
