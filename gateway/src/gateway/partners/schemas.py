"""Partners on the wire."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.partners.models import Partner, PartnerStatus
from gateway.partners.service import Issued
from tht_kit.fields import Line

ClientId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{2,63}$")]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z_]+:[a-z_]+$", max_length=64)]
OrganisationCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")]


class PartnerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: ClientId | None = Field(
        default=None,
        description="凭据编号，留空则由平台生成 / client id; made by the platform if left out",
        examples=["steel-erp"],
    )
    name: Line = Field(
        description="使用此凭据的人员或系统 / the person or system that uses it",
        examples=["示范钢铁 ERP"],
    )
    organisation_code: OrganisationCode | None = Field(
        default=None,
        description="所代表单位的统一社会信用代码 / the organisation it acts for",
        examples=["91500000MATHT0070M"],
    )
    scopes: list[Scope] = Field(
        max_length=100,
        description="权限范围 / what it may do",
        examples=[["orders:write", "surrenders:write"]],
    )


class PartnerOut(BaseModel):
    client_id: str
    name: str
    organisation_code: str | None
    scopes: list[str]
    status: PartnerStatus
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, partner: Partner) -> Self:
        return cls.model_validate(partner, from_attributes=True)


class PartnerIssued(BaseModel):
    partner: PartnerOut
    client_secret: str | None = Field(
        description="仅在生成时显示一次 / shown once, when it is made; null afterwards"
    )

    @classmethod
    def of(cls, issued: Issued) -> Self:
        return cls(partner=PartnerOut.of(issued.partner), client_secret=issued.secret)
