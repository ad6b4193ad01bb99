"""Serial blocks on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from trading_svc.debts.models import Debt
from trading_svc.holdings.models import Cause, Lineage
from trading_svc.holdings.repository import HeldBlock, as_span
from trading_svc.holdings.service import Place

State = Literal["held", "reserved", "frozen", "retired", "cancelled"]


class ReversalNote(BaseModel):
    """A reversal that concerns units: they stay valid whoever holds them, and everybody can see it."""

    reversal_id: UUID
    kind: str
    occurred_on: date
    settled: bool = Field(description="债务已补足 / what was owed for it has been cancelled")

    @classmethod
    def of(cls, debt: Debt) -> Self:
        return cls(
            reversal_id=debt.reversal_id,
            kind=debt.kind,
            occurred_on=debt.occurred_on,
            settled=debt.owed_t == 0,
        )


class BlockOut(BaseModel):
    """A block of an account as it stands."""

    block_id: UUID
    serial: str
    start: int
    end: int
    quantity_t: int
    project_id: UUID
    project_name: str
    project_type: str
    unit_type: str
    methodology_code: str
    vintage: int
    is_local: bool
    operation_date: date
    state: State
    frozen: bool = Field(
        description="项目暂停时业主自持部分，或为逆转债务保留的部分"
        " / the project is suspended, or the units are kept for the debt of a reversal"
    )
    reversal_id: UUID | None = Field(description="为其冻结的逆转 / the reversal it is frozen for")
    reversals: list[ReversalNote] = Field(
        description="涉及的逆转；单位仍有效 / reversals that concern the units; they stay valid"
    )
    listing_id: UUID | None
    retirement_id: UUID | None
    acquired_at: datetime

    @classmethod
    def of(cls, block: HeldBlock, concerned: Sequence[Debt] = ()) -> Self:
        lot = block.lot
        return cls(
            block_id=block.id,
            serial=lot.serial_text(block.span),
            start=block.span.first,
            end=block.span.last,
            quantity_t=block.span.quantity_t,
            project_id=lot.project_id,
            project_name=lot.project_name,
            project_type=lot.project_type,
            unit_type=lot.unit_type,
            methodology_code=lot.methodology_code,
            vintage=lot.vintage,
            is_local=lot.is_local,
            operation_date=lot.operation_date,
            state=block.state,
            frozen=block.frozen,
            reversal_id=block.reversal_id,
            reversals=[ReversalNote.of(debt) for debt in concerned],
            listing_id=block.listing_id,
            retirement_id=block.retirement_id,
            acquired_at=block.acquired_at,
        )


class MovementOut(BaseModel):
    """One step of a serial's way, from its issue on."""

    cause: Cause
    cause_id: UUID = Field(description="签发、挂牌、订单或注销的编号 / of what moved it")
    serial: str = Field(description="当时一同变动的编号区间 / the span that moved with it")
    state: State
    from_account: str | None = Field(description="仅本人与监管可见 / for holder and oversight")
    to_account: str | None
    at: datetime


class PlaceOut(BaseModel):
    """Where a part of the range stands now."""

    serial: str
    start: int
    end: int
    quantity_t: int
    project_id: UUID
    project_name: str
    vintage: int
    state: State
    account_code: str | None = Field(
        description="仅本人与监管可见 / shown to its holder and to oversight only"
    )
    listing_id: UUID | None
    retirement_id: UUID | None
    reversal_id: UUID | None = Field(
        description="冻结或注销所因的逆转 / the reversal it is frozen or cancelled for"
    )
    reversals: list[ReversalNote] = Field(
        description="涉及的逆转；单位仍有效 / reversals that concern the units; they stay valid"
    )
    issuance_id: UUID
    movements: list[MovementOut] = Field(
        description="首个编号的来历 / how the first serial of the part came here"
    )

    @classmethod
    def of(cls, place: Place, *, reader_code: str | None, sees_all: bool) -> Self:
        lot, block = place.block.lot, place.block

        def shown(code: str | None) -> str | None:
            return code if sees_all or (code is not None and code == reader_code) else None

        def movement(step: Lineage) -> MovementOut:
            return MovementOut(
                cause=Cause(step.cause),
                cause_id=step.cause_id,
                serial=lot.serial_text(as_span(step.block)),
                state=step.to_state,
                from_account=shown(step.from_account),
                to_account=shown(step.to_account),
                at=step.at,
            )

        return cls(
            serial=lot.serial_text(place.span),
            start=place.span.first,
            end=place.span.last,
            quantity_t=place.span.quantity_t,
            project_id=lot.project_id,
            project_name=lot.project_name,
            vintage=lot.vintage,
            state=block.state,
            account_code=shown(block.account_code),
            listing_id=block.listing_id,
            retirement_id=block.retirement_id,
            reversal_id=block.reversal_id,
            reversals=[ReversalNote.of(debt) for debt in place.concerned],
            issuance_id=lot.issuance_id,
            movements=[movement(step) for step in place.trail],
        )


class TraceOut(BaseModel):
    places: list[PlaceOut]
