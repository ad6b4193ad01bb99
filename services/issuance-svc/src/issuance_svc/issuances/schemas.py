"""Issuances and serials on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from issuance_svc.issuances.models import ExternalOrigin, Issuance, IssuanceStatus, IssuedBlock
from issuance_svc.issuances.serials import ForeignSerial
from tht_kit.fields import Day, Line


class RejectionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$"
        ),
    ]


class ExternalIssuanceIn(BaseModel):
    """A batch of another registry that was cancelled there."""

    model_config = ConfigDict(extra="forbid")

    project_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    serial: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    quantity_t: int = Field(
        ge=1, le=10**12, strict=True, description="与序列号区间一致 / as the serial counts"
    )
    period_start: Day
    period_end: Day
    cancellation_reference: Line = Field(
        description="原登记系统的注销编号 / the cancellation's number in its registry"
    )
    evidence_sha256: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9a-f]{64}$"),
        Field(description="注销证明文件 / the document that shows the cancellation"),
    ]


class OriginOut(BaseModel):
    """An external batch and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    origin_id: UUID
    project_id: str
    status: IssuanceStatus
    registry_name: str
    serial: str
    quantity_t: int
    period_start: date
    period_end: date
    cancellation_reference: str
    evidence_sha256: str
    requested_at: datetime


class ExternalIssuanceOut(BaseModel):
    origin: OriginOut
    task_id: UUID = Field(description="待另一人批准 / the task that waits for a second person")


class BlockOut(BaseModel):
    vintage: int
    account: Literal["owner", "buffer"] = Field(
        description="业主，或只能注销的缓冲账户 / the owner, or the buffer that only cancels (R20)"
    )
    start: int = Field(description="全局序号，含首尾 / number on the global line, inclusive")
    end: int
    quantity_t: int
    serial: str = Field(examples=["CQ-CQCER-14-0007-2024-01-000000001-000002519"])

    @classmethod
    def of(cls, block: IssuedBlock) -> Self:
        return cls.model_validate(block, from_attributes=True)


class IssuanceOut(BaseModel):
    issuance_id: UUID
    report_id: UUID | None = Field(description="外部批次的签发没有报告 / none for external batches")
    origin_id: UUID | None = Field(description="所依据的外部批次 / the external batch it rests on")
    project_id: str
    project_type: str
    status: IssuanceStatus
    quantity_t: int = Field(description="业主与缓冲合计 / owner and buffer together")
    buffer_t: int
    withheld_t: int = Field(
        description="先恢复逆转所失、不签发的部分 / verified, but only making good an earlier loss"
    )
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


class ForeignSerialOut(BaseModel):
    """What another registry's serial says. It is explained, not claimed as ours."""

    ours: Literal[False]
    form: str = Field(examples=["car"])
    registry: str = Field(examples=["Climate Action Reserve"])
    parts: dict[str, str]
    start: int | None
    end: int | None
    quantity: int | None = Field(
        description="含首尾；无区间者为 null / inclusive; null without range"
    )
    vintage_start: date | None
    vintage_end: date | None
    converted: list[OriginOut] = Field(
        description="已在本平台转换或申请的部分 / what of it was converted here, or is about to be"
    )

    @classmethod
    def of(cls, found: ForeignSerial, origins: Sequence[ExternalOrigin]) -> Self:
        days = found.vintage
        return cls(
            ours=False,
            form=found.form,
            registry=found.registry,
            parts=dict(found.parts),
            start=found.start,
            end=found.end,
            quantity=found.quantity,
            vintage_start=None if days is None else days[0],
            vintage_end=None if days is None else days[1],
            converted=[OriginOut.model_validate(origin) for origin in origins],
        )


class IssuanceTotalsOut(BaseModel):
    issued_t: int
    issuances: int
    by_project_type: dict[str, int]
