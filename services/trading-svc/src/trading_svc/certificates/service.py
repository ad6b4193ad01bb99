"""Certificates: signed in the transaction of the retirement, checked against the live ledger."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.clock import legal_date
from tht_kit.db import AsyncReadSession
from trading_svc.certificates import repository
from trading_svc.certificates.documents import (
    DOCUMENT_TYPE,
    Body,
    Document,
    Party,
    RetirementPart,
    SerialPart,
    Statement,
    Unit,
    canonical,
    sha256_hex,
)
from trading_svc.certificates.errors import CertificateNotFound
from trading_svc.certificates.labels import Label, labels_for
from trading_svc.certificates.models import Certificate, CertificateState
from trading_svc.certificates.rendering import Printable
from trading_svc.certificates.signing import Signer
from trading_svc.debts import service as debts
from trading_svc.debts.models import Debt
from trading_svc.fields import CERTIFICATE_ID
from trading_svc.holdings import service as holdings
from trading_svc.holdings.rules import Span, merged


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues: the signing keys, the authority's name, where certificates are verified."""

    signer: Signer
    environment: Literal["live", "sandbox"]
    base_url: str
    authority: Body
    registry: Body
    platform: Label

    def verify_url(self, certificate_id: str) -> str:
        return f"{self.base_url}/v1/verify/{certificate_id}"


async def new_certificate_id(session: AsyncSession, now: datetime) -> str:
    """Return the next number: CQ-R-2026-000001, the year by the legal calendar."""
    number = await repository.next_number(session)
    return f"CQ-R-{legal_date(now).year}-{number:06d}"


async def issue(
    session: AsyncSession,
    issuer: Issuer,
    *,
    certificate_id: str,
    holder: Party,
    beneficiary: Party,
    retirement: RetirementPart,
    choices: Sequence[holdings.Choice],
    statement: Statement | None,
) -> Certificate:
    """Sign and store the certificate of a retirement, with every field of domain 5.2 (R37).

    Raises pydantic.ValidationError when a field is missing: then nothing is retired either.
    """
    document = Document(
        document_type=DOCUMENT_TYPE,
        certificate_id=certificate_id,
        environment=issuer.environment,
        issuing_authority=issuer.authority,
        registry=issuer.registry,
        account_holder=holder,
        beneficiary=beneficiary,
        retirement=retirement,
        quantity_t=holdings.total_t(choices),
        units=_units(choices),
        statement=statement,
        irrevocable=True,
        verify_url=issuer.verify_url(certificate_id),
    )
    content = canonical(document)
    certificate = Certificate(
        certificate_id=certificate_id,
        retirement_id=UUID(retirement.retirement_id),
        document=content,
        sha256=sha256_hex(content),
        signature=issuer.signer.sign(content),
        seal=issuer.signer.sign(_short_claim(document, content)),
        kid=issuer.signer.kid,
        state=CertificateState.VALID,
        issued_at=retirement.retired_at,
    )
    await repository.write(session, certificate)
    return certificate


def _units(choices: Sequence[holdings.Choice]) -> list[Unit]:
    ordered = sorted(choices, key=_instrument)
    return [_unit(list(group)) for _, group in groupby(ordered, key=_instrument)]


def _instrument(choice: holdings.Choice) -> tuple[int, str, int, str]:
    lot = choice.lot
    return lot.project_no, str(lot.project_id), lot.vintage, lot.methodology_code


def _unit(choices: list[holdings.Choice]) -> Unit:
    lot = choices[0].lot
    return Unit(
        unit_type=lot.unit_type,
        project_id=str(lot.project_id),
        project_no=lot.project_no,
        project_name=lot.project_name,
        project_type=lot.project_type,
        district_code=lot.district_code,
        is_local=lot.is_local,
        methodology_code=lot.methodology_code,
        vintage=lot.vintage,
        quantity_t=holdings.total_t(choices),
        serials=[
            SerialPart(
                start=run.span.first,
                end=run.span.last,
                quantity_t=run.span.quantity_t,
                serial=run.serial_text,
            )
            for run in holdings.runs(choices)
        ],
    )


def _short_claim(document: Document, content: bytes) -> bytes:
    """Return what the QR code says by itself, in few characters: the hash is base64url."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256_hex(content))).decode().rstrip("=")
    claim = {
        "id": document.certificate_id,
        "t": document.quantity_t,
        "r": document.retirement.reason,
        "b": document.beneficiary.code,
        "d": legal_date(document.retirement.retired_at).isoformat(),
        "h": digest,
    }
    return json.dumps(claim, separators=(",", ":")).encode()


async def get(session: AsyncReadSession | AsyncSession, certificate_id: str) -> Certificate:
    """Return the certificate; raises CertificateNotFound."""
    known = CERTIFICATE_ID.fullmatch(certificate_id) is not None
    certificate = await repository.find(session, certificate_id) if known else None
    if certificate is None:
        raise CertificateNotFound(certificate_id=certificate_id[:100])
    return certificate


def document_of(certificate: Certificate) -> Document:
    return Document.model_validate_json(certificate.document)


def printable(certificate: Certificate, issuer: Issuer) -> Printable:
    """Return what the printed certificate is made of."""
    document = document_of(certificate)
    return Printable(
        document=certificate.document,
        sha256=certificate.sha256,
        kid=certificate.kid,
        qr_text=f"{document.verify_url}#{certificate.seal}",
        labels=labels_for(document, issuer.platform),
        issued_at=certificate.issued_at,
    )


@dataclass(frozen=True, slots=True)
class Verification:
    """What stands behind a certificate now."""

    certificate: Certificate
    document: Document
    signature_valid: bool
    serials_retired: bool
    sha256_matches: bool | None
    concerned: Sequence[Debt]

    @property
    def valid(self) -> bool:
        return (
            self.certificate.state == CertificateState.VALID
            and self.signature_valid
            and self.serials_retired
            and self.sha256_matches is not False
        )


async def verify(
    session: AsyncReadSession, issuer: Issuer, certificate_id: str, *, sha256: str | None
) -> Verification:
    """Check signature, hash and that every serial is still retired for this certificate alone.

    Raises CertificateNotFound.
    """
    certificate = await get(session, certificate_id)
    document = document_of(certificate)
    blocks = await holdings.list_of_retirement(session, certificate.retirement_id)
    # A range on the certificate may stand in several blocks, so numbers are compared.
    standing = merged(block.span for block in blocks)
    noted = await debts.flags_of(session, {block.lot.issuance_id for block in blocks})
    flags = {debt.reversal_id: debt for found in noted.values() for debt in found}
    stated = merged(Span(part.start, part.end) for unit in document.units for part in unit.serials)
    return Verification(
        certificate=certificate,
        document=document,
        signature_valid=_signed(certificate, issuer.signer),
        serials_retired=standing == stated,
        sha256_matches=None if sha256 is None else sha256.lower() == certificate.sha256,
        concerned=[flags[key] for key in sorted(flags)],
    )


def _signed(certificate: Certificate, signer: Signer) -> bool:
    intact = sha256_hex(certificate.document) == certificate.sha256
    return intact and signer.verified(certificate.signature) == certificate.document


def public_keys(issuer: Issuer) -> dict[str, Any]:
    return issuer.signer.public_keys()
