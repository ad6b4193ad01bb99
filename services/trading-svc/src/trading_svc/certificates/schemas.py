"""Certificates on the wire."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from tht_contracts.events.trading import RetirementReason
from trading_svc.certificates.documents import Document
from trading_svc.certificates.models import Certificate
from trading_svc.certificates.service import Verification, document_of
from trading_svc.holdings.schemas import ReversalNote

State = Literal["VALID"]


class CertificateOut(BaseModel):
    certificate_id: str
    state: State
    document: Document = Field(
        description="签名内容；RFC 8785 规范化后即签名字节"
        " / what is signed; its RFC 8785 form gives the signed bytes"
    )
    sha256: str
    signature: str = Field(description="compact JWS, Ed25519, payload = document")
    seal: str = Field(description="二维码内的短声明 / compact JWS in the QR code")
    kid: str
    pdf_url: str

    @classmethod
    def of(cls, certificate: Certificate) -> Self:
        return cls(
            certificate_id=certificate.certificate_id,
            state=certificate.state,
            document=document_of(certificate),
            sha256=certificate.sha256,
            signature=certificate.signature,
            seal=certificate.seal,
            kid=certificate.kid,
            pdf_url=f"/v1/certificates/{certificate.certificate_id}.pdf",
        )


class VerificationOut(BaseModel):
    valid: bool
    state: State
    certificate_id: str
    signature_valid: bool
    serials_retired: bool = Field(
        description="全部编号现仍因本证书注销 / every serial is retired for this certificate now"
    )
    sha256_matches: bool | None = Field(description="未给 sha256 时为 null / null without sha256")
    sha256: str
    kid: str
    quantity_t: int
    reason: RetirementReason
    account_holder_code: str
    beneficiary_code: str
    compliance_year: int | None
    claim_id: str | None
    statement_conformity: str | None
    reversals: list[ReversalNote] = Field(
        description="涉及所注销单位的逆转；证书仍有效"
        " / reversals that concern the retired units; the certificate stays valid"
    )
    retired_at: datetime
    issued_on: date
    environment: Literal["live", "sandbox"]
    checked_at: datetime

    @classmethod
    def of(cls, found: Verification, *, issued_on: date, checked_at: datetime) -> Self:
        document = found.document
        statement = document.statement
        return cls(
            valid=found.valid,
            state=found.certificate.state,
            certificate_id=document.certificate_id,
            signature_valid=found.signature_valid,
            serials_retired=found.serials_retired,
            sha256_matches=found.sha256_matches,
            sha256=found.certificate.sha256,
            kid=found.certificate.kid,
            quantity_t=document.quantity_t,
            reason=document.retirement.reason,
            account_holder_code=document.account_holder.code,
            beneficiary_code=document.beneficiary.code,
            compliance_year=document.retirement.compliance_year,
            claim_id=document.retirement.claim_id,
            statement_conformity=None if statement is None else statement.conformity,
            reversals=[ReversalNote.of(debt) for debt in found.concerned],
            retired_at=document.retirement.retired_at,
            issued_on=issued_on,
            environment=document.environment,
            checked_at=checked_at,
        )
