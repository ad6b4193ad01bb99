"""Aggregates on the wire, and the trace of one trip through them."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from points_svc.aggregates.models import Aggregate
from points_svc.aggregates.service import Trace
from points_svc.scenarios.rules import ScenarioId

ProjectId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")]
SCENARIOS_MAX = 50


class AggregateIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project_id: ProjectId
    scenario_ids: list[ScenarioId] = Field(min_length=1, max_length=SCENARIOS_MAX)
    period_start: date
    period_end: date = Field(description="最后一日（含） / last day, inclusive")


class IssuedBlockOut(BaseModel):
    vintage: int
    start: int
    end: int
    serial: str


class AggregateOut(BaseModel):
    aggregate_id: UUID
    project_id: str
    operator_code: str
    scenario_ids: list[str]
    period_start: date
    period_end: date
    trips: int
    total_g: int
    by_vintage_g: dict[str, int] = Field(description="出行年份 -> 克 / year of the trip -> grams")
    factor_versions: list[str]
    evidence_sha256: str = Field(description="over lines receipt:grams in the order of receipts")
    closed_at: datetime
    issuance_id: str | None
    report_id: str | None
    blocks: list[IssuedBlockOut]
    issued_at: datetime | None

    @classmethod
    def of(cls, aggregate: Aggregate) -> Self:
        fields = {name: getattr(aggregate, name) for name in cls.model_fields}
        return cls.model_validate(
            fields
            | {
                "evidence_sha256": aggregate.evidence_sha256.hex(),
                "blocks": aggregate.blocks or [],
            }
        )


class TraceOut(BaseModel):
    """Where the grams of one trip went: aggregate, report, issuance, serials."""

    receipt: UUID
    day: date
    credited_g: int
    aggregate_id: UUID | None
    project_id: str | None
    report_id: str | None
    issuance_id: str | None
    issued_at: datetime | None
    serials: list[str] = Field(
        description="签发的编号区间 / the issued ranges the grams are part of"
    )

    @classmethod
    def of(cls, trace: Trace) -> Self:
        trip, aggregate = trace.trip, trace.aggregate
        issued = [] if aggregate is None else aggregate.blocks or []
        # The grams went into the serials of the trip's own year, where that year has any.
        own_year = [block for block in issued if block["vintage"] == trip.day.year]
        return cls(
            receipt=trip.receipt,
            day=trip.day,
            credited_g=trip.credited_g,
            aggregate_id=trip.aggregate_id,
            project_id=None if aggregate is None else aggregate.project_id,
            report_id=None if aggregate is None else aggregate.report_id,
            issuance_id=None if aggregate is None else aggregate.issuance_id,
            issued_at=None if aggregate is None else aggregate.issued_at,
            serials=[block["serial"] for block in own_year or issued],
        )
