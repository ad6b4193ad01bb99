"""Reversals on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from issuance_svc.buffer.models import Cancellation
from issuance_svc.methodologies.calculation import Number
from issuance_svc.reversals.models import CORRECTIONS, Kind, Reversal, Settlement, Status
from issuance_svc.reversals.rules import Standing
from issuance_svc.reversals.service import Told
from tht_kit.fields import Day, DecimalText, Line, Prose

LOSS_MAX = Decimal(10**12)


class EvidenceIn(BaseModel):
    """A file that shows the loss, named by its content."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ReversalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    kind: Kind = Field(
        description="fire 火灾、felling 采伐、disaster 其他灾害、error 多签、falsification 弄虚作假"
        "；monitored_loss 由监测报告自动产生 / monitored_loss is opened by a report alone"
    )
    occurred_on: Day
    area_ha: DecimalText | None = Field(default=None, gt=0, le=10_000_000)
    loss_t: DecimalText = Field(
        gt=0, le=LOSS_MAX, description="毛损失，精确小数；更正为整吨 / gross; whole for corrections"
    )
    issuance_id: UUID | None = Field(
        default=None, description="更正哪一次签发 / which issuance is corrected"
    )
    description: Prose
    evidence: list[EvidenceIn] = Field(min_length=1, max_length=50)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == Kind.MONITORED_LOSS:
            raise ValueError("a monitored loss is opened by its monitoring report")
        if (self.kind in CORRECTIONS) != (self.issuance_id is not None):
            raise ValueError(
                "error and falsification name their issuance_id, other kinds have none"
            )
        return self

    @property
    def told(self) -> Told:
        return Told(
            kind=self.kind,
            occurred_on=self.occurred_on,
            loss=self.loss_t,
            description=self.description,
            area_ha=self.area_ha,
            evidence=[each.model_dump() for each in self.evidence],
            issuance_id=self.issuance_id,
        )


class EvidenceOut(BaseModel):
    name: str
    sha256: str


class ReversalOut(BaseModel):
    reversal_id: UUID
    project_id: str
    owner_code: str = Field(description="承担补足义务的业主 / who owes the debt")
    unit_type: str
    kind: Kind
    status: Status
    occurred_on: date
    area_ha: Number | None
    loss_t: Number = Field(description="毛损失 / gross loss")
    covered_t: Number = Field(description="由累计扣减承担 / covered by earlier deductions")
    deficit_t: Number = Field(description="须先恢复 / has to regrow before more is issued")
    buffer_t: int = Field(description="由缓冲单位承担 / buffer units cancelled")
    debt_t: int = Field(description="业主应注销 / what the owner has to cancel")
    settled_t: int
    issuance_id: UUID | None
    report_id: UUID | None
    description: str
    evidence: list[EvidenceOut]
    reporter_code: str
    reported_at: datetime
    confirmed_at: datetime | None
    settled_at: datetime | None

    @classmethod
    def of(cls, found: Reversal) -> Self:
        return cls(**_fields(found))


class CancelledOut(BaseModel):
    vintage: int
    start: int
    end: int
    quantity_t: int

    @classmethod
    def of(cls, found: Cancellation) -> Self:
        return cls(
            vintage=found.vintage, start=found.start, end=found.end, quantity_t=found.quantity_t
        )


class SettlementOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    retirement_id: UUID
    certificate_id: str
    quantity_t: int
    retired_at: datetime


class ReversalDetailOut(ReversalOut):
    buffer_blocks: list[CancelledOut]
    settlements: list[SettlementOut]

    @classmethod
    def with_parts(
        cls, found: Reversal, cancelled: Sequence[Cancellation], settled: Sequence[Settlement]
    ) -> Self:
        return cls(
            **_fields(found),
            buffer_blocks=[CancelledOut.of(each) for each in cancelled],
            settlements=[SettlementOut.model_validate(each) for each in settled],
        )


class ReportedOut(BaseModel):
    """A reported reversal and the task that waits for a second person."""

    reversal: ReversalOut
    task_id: UUID


class StandingOut(BaseModel):
    project_id: str
    outstanding_t: int = Field(
        description="已签发减去逆转所欠与已注销 / issued less what reversals cost"
    )
    deducted_t: Number = Field(description="历次扣减 / ever kept back")
    cover_t: Number = Field(description="现可用于承担损失的扣减 / cover that is left")
    deficit_t: Number = Field(description="尚待恢复 / still to regrow")
    buffer_t: int
    owed_t: int

    @classmethod
    def of(cls, project_id: str, found: Standing, owed_t: int) -> Self:
        return cls(
            project_id=project_id,
            outstanding_t=found.outstanding_t,
            deducted_t=found.deducted,
            cover_t=found.cover,
            deficit_t=found.deficit,
            buffer_t=found.buffer_t,
            owed_t=owed_t,
        )


def _fields(found: Reversal) -> dict[str, object]:
    renamed = {"loss_t": found.loss, "covered_t": found.covered, "deficit_t": found.deficit}
    same = {name: getattr(found, name) for name in ReversalOut.model_fields if name not in renamed}
    return same | renamed
