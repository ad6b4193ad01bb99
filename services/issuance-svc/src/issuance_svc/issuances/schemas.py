"""Issuances and serials on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from issuance_svc.issuances.models import Issuance, IssuanceStatus, IssuedBlock


class RejectionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$"
        ),
    ]


class BlockOut(BaseModel):
    vintage: int
    start: int = Field(description="全局序号，含首尾 / number on the global line, inclusive")
    end: int
    quantity_t: int
    serial: str = Field(examples=["CQ-CQCER-14-0007-2024-01-000000001-000002519"])

    @classmethod
    def of(cls, block: IssuedBlock) -> Self:
        return cls.model_validate(block, from_attributes=True)


class IssuanceOut(BaseModel):
    issuance_id: UUID
    report_id: UUID
    project_id: str
    project_type: str
    status: IssuanceStatus
    quantity_t: int
    period_start: date
    period_end: date
    batch_no: int | None
    requested_at: datetime
    decided_at: datetime | None
    comment: str | None
    blocks: list[BlockOut]

    @classmethod
    def of(cls, issuance: Issuance, blocks: Sequence[IssuedBlock]) -> Self:
        known = {name: getattr(issuance, name) for name in cls.model_fields if name != "blocks"}
        return cls(**known, blocks=[BlockOut.of(block) for block in blocks])


class SerialOut(BaseModel):
    start: int
    end: int
    quantity_t: int
    vintage: int
    block: BlockOut = Field(description="签发时的整块 / the block as it was issued")
    issuance: IssuanceOut


class IssuanceTotalsOut(BaseModel):
    issued_t: int
    issuances: int
    by_project_type: dict[str, int]
