"""The certificate as data: every field of domain 5.2, and its canonical bytes.

A field that is missing is an error here, so a certificate without it cannot be issued (R37).
"""

import hashlib
import json
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tht_contracts.events.trading import RetirementReason

DOCUMENT_TYPE = "tanhuitong/certificate/v1"
Words = Annotated[str, StringConstraints(min_length=1)]


class DocumentPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Party(DocumentPart):
    code: Words
    name: Words


class Body(DocumentPart):
    name: Words
    name_en: Words


class SerialPart(DocumentPart):
    start: int
    end: int
    quantity_t: int = Field(ge=1)
    serial: Words


class Unit(DocumentPart):
    """Retired units of one project and vintage."""

    unit_type: Words
    project_id: Words
    project_no: int
    project_name: Words
    project_type: Words
    district_code: Words
    is_local: bool
    methodology_code: Words
    vintage: int
    quantity_t: int = Field(ge=1)
    serials: list[SerialPart] = Field(min_length=1)


class RetirementPart(DocumentPart):
    retirement_id: Words
    reason: RetirementReason
    compliance_year: int | None
    obligated_entity: Party | None
    claim_id: str | None
    note: str | None
    retired_at: datetime


class EmissionPart(DocumentPart):
    source: Words
    activity: Words
    activity_unit: Words
    factor_kg_per_unit: Words
    factor_year: int
    factor_source: Words
    emissions_t: Words


class MeasurePart(DocumentPart):
    name: Words
    effect: Words


class Statement(DocumentPart):
    """What an event neutrality statement adds (公告2019年第19号)."""

    subject_kind: Literal["EVENT"]
    name: Words
    organiser: Party
    place: Words
    starts_on: date
    ends_on: date
    participants: int = Field(ge=0)
    boundary: Words
    emissions: list[EmissionPart] = Field(min_length=1)
    emissions_t: Words
    required_t: int
    measures: list[MeasurePart] = Field(min_length=1)
    offset_method: Words
    completed_on: date
    due_on: date
    conformity: Literal["CONFORMING", "LATE_NOT_CONFORMING"]
    confirmation: Literal["SELF_DECLARED"]
    declared_by: Party
    declared_on: date


class Document(DocumentPart):
    """What is signed."""

    document_type: Literal["tanhuitong/certificate/v1"]
    certificate_id: Words
    environment: Literal["live", "sandbox"]
    issuing_authority: Body
    registry: Body
    account_holder: Party
    beneficiary: Party
    retirement: RetirementPart
    quantity_t: int = Field(ge=1)
    units: list[Unit] = Field(min_length=1)
    statement: Statement | None
    irrevocable: Literal[True]
    verify_url: Words


def canonical(document: Document) -> bytes:
    """Return the document as RFC 8785 canonical JSON.

    Keys are ASCII and numbers are integers, so sorted keys and no spaces are all there is to it.
    """
    plain = document.model_dump(mode="json")
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
