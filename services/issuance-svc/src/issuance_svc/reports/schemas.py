"""Monitoring reports on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from issuance_svc.methodologies.calculation import Inputs, Number, Step, VintageShare
from issuance_svc.reports.models import Report, ReportChange
from issuance_svc.reports.rules import Status
from issuance_svc.reports.workflow import Opinion
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.parsing import Kind
from tht_contracts.events.common import OrganisationCode
from tht_kit.fields import DecimalText

UPLOADS_MAX = 50
AGGREGATES_MAX = 200


BaselineTonnes = Annotated[DecimalText, Field(ge=0, max_digits=18, decimal_places=6)]
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$"),
]


class ReportIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project_id: str = Field(max_length=64)
    period_start: date
    period_end: date
    upload_ids: list[UUID] = Field(default_factory=list, max_length=UPLOADS_MAX)
    aggregate_ids: list[Annotated[str, Field(max_length=64)]] = Field(
        default_factory=list, max_length=AGGREGATES_MAX
    )
    baseline_t: BaselineTonnes | None = Field(
        default=None,
        description="林业基线变化，整个监测期，tCO2e / forestry baseline change of the whole period",
        examples=["120"],
    )
    fire_occurred: bool = Field(
        default=False, description="监测期内是否发生火灾 / whether a fire occurred in the period"
    )
    notes: LongText | None = None


class NoticeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verifier_code: OrganisationCode


class VerificationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    opinion: Opinion
    verified_t: int = Field(ge=0, strict=True, description="须等于计算量 / equals calculated_t")
    statement: LongText


class EvidenceOut(BaseModel):
    upload_id: UUID
    kind: Kind
    sha256: str
    rows: int
    summary: dict[str, int | str]


class ChangeOut(BaseModel):
    version: int
    status: Status
    changed_at: datetime


class ReportOut(BaseModel):
    report_id: UUID
    project_id: str
    methodology_code: str
    formula_version: str
    status: Status
    version: int
    period_start: date
    period_end: date
    eligible_start: date = Field(description="可申领部分 / what of it may be claimed (R6, R8)")
    eligible_end: date
    calculated: Number = Field(description="未取整的结果 / the result before rounding")
    calculated_t: int = Field(description="向下取整一次 / rounded down once")
    deducted: Number = Field(description="非持久性扣减 / kept back for non-permanence")
    vintages: list[VintageShare]
    uploads: list[EvidenceOut]
    aggregate_ids: list[str]
    notes: str | None
    submitted_at: datetime
    verifier_code: str | None
    notice_start: date | None
    notice_end: date | None
    opinion: Opinion | None
    verified_t: int | None
    statement: str | None
    history: list[ChangeOut]

    @classmethod
    def of(
        cls,
        report: Report,
        evidence: tuple[Sequence[Upload], Sequence[str], Sequence[ReportChange]],
    ) -> Self:
        uploads, aggregate_ids, changes = evidence
        known = {name: getattr(report, name) for name in cls.model_fields if hasattr(report, name)}
        return cls.model_validate(
            known | {"uploads": uploads, "aggregate_ids": list(aggregate_ids), "history": changes},
            from_attributes=True,
        )


class CalculationOut(BaseModel):
    report_id: UUID
    methodology_code: str
    formula_version: str
    calculated: Number
    calculated_t: int
    deducted: Number
    vintages: list[VintageShare]
    inputs: Inputs
    tree: Step

    @classmethod
    def of(cls, report: Report) -> Self:
        return cls(
            report_id=report.report_id,
            methodology_code=report.methodology_code,
            formula_version=report.formula_version,
            calculated=report.calculated,
            calculated_t=report.calculated_t,
            deducted=report.deducted,
            vintages=[VintageShare.model_validate(share) for share in report.vintages],
            inputs=Inputs.model_validate(report.inputs),
            tree=Step.model_validate(report.calculation),
        )
