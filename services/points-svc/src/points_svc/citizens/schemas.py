"""Citizens on the wire: tokens and consents, never a person."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from points_svc.citizens.models import Consent, Purpose

IdentityHash = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(
        description="SHA-256 (hex) of the normalised document type and number /"
        " 规范化证件类型与号码的 SHA-256"
    ),
]
SubjectToken = Annotated[str, StringConstraints(pattern=r"^[!-.0-~]{1,100}$")]
PartnerId = Annotated[str, StringConstraints(pattern=r"^[!-.0-~]{1,100}$")]


class CitizenIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    identity_sha256: IdentityHash


class SubjectOut(BaseModel):
    subject_token: str = Field(
        description="合作方专用的市民标识 / the citizen's token, valid for one partner only"
    )
    partner_id: str


class ConsentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    purposes: list[Purpose] = Field(
        min_length=1,
        max_length=len(Purpose),
        description="credit: grams and points; aggregation: may be issued as credits",
    )
    until: date | None = Field(
        default=None, description="最后有效日 / last day; absent: until withdrawn"
    )


class GrantOut(BaseModel):
    purpose: Purpose
    granted_at: datetime
    until: date | None
    withdrawn_at: datetime | None


class ConsentOut(BaseModel):
    scenario_id: str
    purposes: list[Purpose] = Field(description="in force now")
    grants: list[GrantOut]

    @classmethod
    def of(cls, scenario_id: str, consents: list[Consent]) -> Self:
        return cls(
            scenario_id=scenario_id,
            purposes=[Purpose(row.purpose) for row in consents if row.withdrawn_at is None],
            grants=[GrantOut.model_validate(row, from_attributes=True) for row in consents],
        )
