"""Beneficiaries on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from registry_svc.beneficiaries import service
from registry_svc.beneficiaries.models import Beneficiary, BeneficiaryKind, BeneficiaryStatus
from registry_svc.beneficiaries.rules import IdentifierKind, Plan
from tht_kit.fields import Line
from tht_kit.principal import Principal

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class BeneficiaryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: BeneficiaryKind
    name: Line = Field(examples=["2026 重庆马拉松"])
    is_name_public: bool = Field(
        default=False,
        strict=True,
        description="本人同意公开姓名（单位与活动总是公开）/ a person agrees that the name is"
        " published; those of organisations and events always are",
    )
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1", examples=["CN"])
    district_code: str | None = Field(
        default=None, pattern=r"^[0-9]{6}$", description="行政区划代码 / district, inside China"
    )
    identifier_kind: IdentifierKind | None = None
    identifier: Line | None = Field(
        default=None, description="编号；个人不得填写 / the identifier; never a person's"
    )
    identifier_sha256: Sha256Hex | None = Field(
        default=None,
        description="个人证件号码的 SHA-256 / SHA-256 of the number of a person's document",
    )

    def plan(self) -> Plan:
        return Plan(
            kind=self.kind,
            name=self.name,
            is_name_public=self.is_name_public or self.kind is not BeneficiaryKind.PERSON,
            country=self.country,
            district_code=self.district_code,
            identifier_kind=self.identifier_kind,
            identifier=self.identifier,
            identifier_sha256=(
                None if self.identifier_sha256 is None else bytes.fromhex(self.identifier_sha256)
            ),
        )


class BeneficiaryOut(BaseModel):
    """A beneficiary as the caller may see it; never the identifier of a person."""

    beneficiary_id: UUID
    kind: BeneficiaryKind
    name: str = Field(description="个人姓名未公开时仅示首字 / masked unless it may be shown")
    is_name_public: bool
    country: str
    district_code: str | None
    identifier_kind: IdentifierKind | None
    identifier: str | None
    status: BeneficiaryStatus
    proposed_at: datetime
    reviewed_at: datetime | None

    @classmethod
    def of(cls, beneficiary: Beneficiary, by: Principal) -> Self:
        is_known = service.may_see(beneficiary, by)
        return cls(
            beneficiary_id=beneficiary.beneficiary_id,
            kind=BeneficiaryKind(beneficiary.kind),
            name=beneficiary.name if is_known else service.display_name(beneficiary),
            is_name_public=beneficiary.is_name_public,
            country=beneficiary.country,
            district_code=beneficiary.district_code,
            identifier_kind=beneficiary.identifier_kind
            and IdentifierKind(beneficiary.identifier_kind),
            identifier=beneficiary.identifier,
            status=BeneficiaryStatus(beneficiary.status),
            proposed_at=beneficiary.proposed_at,
            reviewed_at=beneficiary.reviewed_at,
        )


class BeneficiaryProposedOut(BeneficiaryOut):
    """The record and the task that another person decides."""

    task_id: UUID | None

    @classmethod
    def made(cls, proposed: service.Proposed, by: Principal) -> Self:
        shown = BeneficiaryOut.of(proposed.beneficiary, by).model_dump()
        return cls(**shown, task_id=None if proposed.task is None else proposed.task.task_id)
