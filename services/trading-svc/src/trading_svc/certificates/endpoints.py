"""HTTP of the certificates: public, for anybody who was shown one."""

from typing import Annotated, Any

from fastapi import Query, Response

from tht_kit.clock import legal_date
from tht_kit.http import Now, ReadSession, new_router
from trading_svc.certificates import service
from trading_svc.certificates.parts import IssuerDep, TradingContainerDep
from trading_svc.certificates.schemas import CertificateOut, VerificationOut

router = new_router(tags=["证书 / Certificates"])

PDF = "application/pdf"
Sha256 = Annotated[
    str | None,
    Query(
        pattern="^[0-9a-fA-F]{64}$",
        description="证书上印的 SHA-256 / the SHA-256 printed on the certificate",
    ),
]


@router.get("/v1/certificates/keys", summary="证书公钥 / Public keys of the certificates")
async def get_certificate_keys(issuer: IssuerDep) -> dict[str, Any]:
    return service.public_keys(issuer)


@router.get(
    "/v1/certificates/{certificate_id}.pdf",
    summary="证书 PDF / The certificate as PDF/A-3b",
    response_class=Response,
    responses={200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_certificate_pdf(certificate_id: str, container: TradingContainerDep) -> Response:
    # Not a session dependency: no transaction stays open while the page is set.
    async with container.database.read() as session:
        certificate = await service.get(session, certificate_id)
    content = await container.renderer.render(service.printable(certificate, container.issuer))
    name = f"{certificate.certificate_id}.pdf"
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "ETag": f'"{certificate.sha256}"',
    }
    return Response(content, media_type=PDF, headers=headers)


@router.get("/v1/certificates/{certificate_id}", summary="证书 / The signed certificate")
async def get_certificate(certificate_id: str, session: ReadSession) -> CertificateOut:
    return CertificateOut.of(await service.get(session, certificate_id))


@router.get("/v1/verify/{certificate_id}", summary="查验证书 / Verify a certificate")
async def verify_certificate(
    certificate_id: str,
    session: ReadSession,
    issuer: IssuerDep,
    now: Now,
    sha256: Sha256 = None,
) -> VerificationOut:
    found = await service.verify(session, issuer, certificate_id, sha256=sha256)
    issued_on = legal_date(found.certificate.issued_at)
    return VerificationOut.of(found, issued_on=issued_on, checked_at=now)
