"""Retirements on the wire. Other slices answer with `RetiredOut` too."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tht_contracts.events.common import OrganisationCode
from tht_contracts.events.trading import RetirementReason
from trading_svc.fields import Note
from trading_svc.holdings.rules import SERIAL_MAX, Span
from trading_svc.retirements.models import Retirement
from trading_svc.retirements.service import Retired

QUANTITY_T_MAX = 10**12
SERIAL_SPANS_MAX = 1000

QuantityT = Annotated[
    int, Field(ge=1, le=QUANTITY_T_MAX, strict=True, description="整吨 / whole tonnes")
]
Vintage = Annotated[int, Field(ge=2000, le=9999, strict=True)]


class SerialsIn(BaseModel):
    """A span of serial numbers, both ends included."""

    model_config = ConfigDict(extra="forbid")

    start: int = Field(ge=1, le=SERIAL_MAX, strict=True)
    end: int = Field(ge=1, le=SERIAL_MAX, strict=True)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError("end is before start")
        return self

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


Serials = Annotated[
    list[SerialsIn],
    Field(
        default_factory=list,
        max_length=SERIAL_SPANS_MAX,
        description="指定编号；不填则先入先出 / exact serials; first acquired, first used without it",
    ),
]


class RetirementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Literal["VOLUNTARY", "PERSONAL", "ECO_DAMAGE_COMPENSATION", "REVERSAL_REPLACEMENT"]
    quantity_t: QuantityT
    beneficiary_code: OrganisationCode | None = Field(
        default=None, description="受益方；不填为本单位 / own organisation without it"
    )
    project_id: UUID | None = None
    vintage: Vintage | None = None
    serials: Serials
    reversal_id: UUID | None = Field(
        default=None,
        description="REVERSAL_REPLACEMENT：补足哪一次逆转 / whose debt the cancellation settles",
    )
    note: Note | None = None

    @model_validator(mode="after")
    def _names_its_reversal(self) -> Self:
        if (self.reason == "REVERSAL_REPLACEMENT") != (self.reversal_id is not None):
            raise ValueError("REVERSAL_REPLACEMENT names its reversal_id, other reasons have none")
        if self.reversal_id is not None and (self.project_id, self.vintage) != (None, None):
            raise ValueError("units for a reversal are named by serials, or chosen by the platform")
        if self.reversal_id is not None and self.beneficiary_code is not None:
            raise ValueError("a reversal has no beneficiary but the one who owes")
        return self


class ForcedRetirementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reversal_id: UUID


class RetirementOut(BaseModel):
    retirement_id: UUID
    certificate_id: str
    account_code: str
    beneficiary_code: str
    reason: RetirementReason
    compliance_year: int | None
    claim_id: UUID | None
    reversal_id: UUID | None = Field(description="补足的逆转 / the reversal whose debt it settles")
    note: str | None
    quantity_t: int
    retired_at: datetime
    certificate_url: str

    @classmethod
    def of(cls, retirement: Retirement) -> Self:
        return cls(**_fields(retirement))


class RetiredSpan(BaseModel):
    start: int
    end: int
    quantity_t: int
    serial: str


class RetiredOut(RetirementOut):
    """A retirement with its serials."""

    serials: list[RetiredSpan]

    @classmethod
    def with_serials(cls, retirement: Retirement, spans: list[tuple[Span, str]]) -> Self:
        serials = [
            RetiredSpan(start=s.first, end=s.last, quantity_t=s.quantity_t, serial=text)
            for s, text in sorted(spans)
        ]
        return cls(**_fields(retirement), serials=serials)

    @classmethod
    def of_retired(cls, retired: Retired) -> Self:
        return cls.with_serials(retired.retirement, retired.spans)


def _fields(retirement: Retirement) -> dict[str, object]:
    return {
        "retirement_id": retirement.id,
        "certificate_id": retirement.certificate_id,
        "account_code": retirement.account_code,
        "beneficiary_code": retirement.beneficiary_code,
        "reason": retirement.reason,
        "compliance_year": retirement.compliance_year,
        "claim_id": retirement.claim_id,
        "reversal_id": retirement.reversal_id,
        "note": retirement.note,
        "quantity_t": retirement.quantity_t,
        "retired_at": retirement.retired_at,
        "certificate_url": f"/v1/certificates/{retirement.certificate_id}",
    }
