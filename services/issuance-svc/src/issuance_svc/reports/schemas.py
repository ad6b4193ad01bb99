"""Monitoring reports on the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from issuance_svc.methodologies.calculation import (
    Declared,
    Fire,
    Flag,
    Inputs,
    Number,
    Shrubs,
    Step,
    VintageShare,
)
from issuance_svc.reports.diff import Difference
from issuance_svc.reports.listing import Entry
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from issuance_svc.reports.service import Shown
from issuance_svc.reports.submit import Submission
from issuance_svc.reviews.models import ReviewStatus
from tht_contracts.events.common import OrganisationCode
from tht_kit.fields import Day, DecimalText, Line, Prose

UPLOADS_MAX = 50
AGGREGATES_MAX = 200
FIRES_MAX = 200
STRATA_MAX = 200

# What an answer takes from `Shown`, beside the report's own fields.
SHOWN_BESIDE = ("uploads", "aggregate_ids", "history", "verifiers", "reviews", "revisions")

Opinion = Literal["positive", "negative"]
InventoryDesign = Literal["bounds", "panels"]
VerificationMode = Literal["third_party", "self_prepared"]


BaselineTonnes = Annotated[DecimalText, Field(ge=0, max_digits=18, decimal_places=6)]
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$"),
]


Area = Annotated[DecimalText, Field(gt=0, max_digits=14, decimal_places=6)]
Cover = Annotated[DecimalText, Field(ge=0, le=1, max_digits=7, decimal_places=6)]
Stratum = Annotated[Line, Field(max_length=64)]


class FireIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stratum: Stratum
    area_ha: Area = Field(description="过火面积 / area burnt, ha")
    occurred_on: Day


class ShrubsIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stratum: Stratum
    area_ha: Area
    cover_before: Cover = Field(description="期初盖度，0 至 1 / crown cover, 0 to 1")
    cover_after: Cover


class RevisionIn(BaseModel):
    """What a period's report consists of, but for its project."""

    model_config = ConfigDict(extra="forbid")

    period_start: Day
    period_end: Day
    upload_ids: list[UUID] = Field(default_factory=list, max_length=UPLOADS_MAX)
    aggregate_ids: list[Annotated[str, Field(max_length=64)]] = Field(
        default_factory=list, max_length=AGGREGATES_MAX
    )
    baseline_t: BaselineTonnes | None = Field(
        default=None,
        description="林业基线变化，整个监测期，tCO2e / forestry baseline change of the whole period",
        examples=["120"],
    )
    baseline_t_per_ha_year: BaselineTonnes | None = Field(
        default=None,
        description="模型基线，tCO2e/(ha·a) / baseline growth by a model, per hectare and year",
    )
    baseline_source: LongText | None = Field(
        default=None, description="所用模型 / which model it is"
    )
    fire_occurred: bool = Field(
        default=False, description="监测期内是否发生火灾 / whether a fire occurred in the period"
    )
    fires: list[FireIn] = Field(default_factory=list, max_length=FIRES_MAX)
    shrubs: list[ShrubsIn] = Field(default_factory=list, max_length=STRATA_MAX)
    inventory_design: InventoryDesign = Field(
        default="bounds",
        description="bounds：样地在期初期末各调查一次；panels：各样地有各自的两次调查"
        " / bounds: all plots at both ends; panels: each plot at two dates of its own",
    )
    notes: LongText | None = None

    def submission(self) -> Submission:
        return Submission(
            period_start=self.period_start,
            period_end=self.period_end,
            upload_ids=list(dict.fromkeys(self.upload_ids)),
            aggregate_ids=list(dict.fromkeys(self.aggregate_ids)),
            declared=Declared(
                baseline_t=self.baseline_t,
                fire_occurred=self.fire_occurred,
                baseline_t_per_ha_year=self.baseline_t_per_ha_year,
                baseline_source=self.baseline_source,
                fires=[Fire.model_validate(fire.model_dump()) for fire in self.fires],
                shrubs=[Shrubs.model_validate(found.model_dump()) for found in self.shrubs],
                inventory_design=self.inventory_design,
            ),
            notes=self.notes,
        )


class ReportIn(RevisionIn):
    project_id: str = Field(max_length=64)


class NoticeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verifier_code: OrganisationCode | None = Field(
        default=None,
        description="方法学允许自行核查时可省略 / may be left out where the methodology lets the owner"
        " prepare the verification",
    )


class VerifierIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verifier_code: OrganisationCode
    reason: Prose = Field(description="更换理由 / why it is replaced")


class EvidenceOut(BaseModel):
    upload_id: UUID
    kind: str
    sha256: str
    rows: int
    summary: dict[str, Any]


class ChangeOut(BaseModel):
    version: int
    status: Status
    changed_at: datetime


class VerifierOut(BaseModel):
    verifier_code: str
    reason: str | None = Field(description="更换理由；首个为空 / null for the first")
    named_at: datetime


class RevisionOut(BaseModel):
    report_id: UUID
    revision: int
    status: Status


class ReviewBriefOut(BaseModel):
    review_id: UUID
    code: str
    status: ReviewStatus


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
    buffer_t: int = Field(description="其中进入缓冲账户 / of these into the buffer (R20)")
    loss: Number = Field(description="碳储量毛损失 / gross loss of stock (R20)")
    vintages: list[VintageShare]
    flags: list[Flag] = Field(description="异常提示，各开一项复核 / alarms, one review each")
    reviews: list[ReviewBriefOut]
    uploads: list[EvidenceOut]
    aggregate_ids: list[str]
    notes: str | None
    submitted_at: datetime
    revision: int
    revises: UUID | None
    superseded_by: UUID | None
    revisions: list[RevisionOut] = Field(description="同一报告的全部修订版 / all its revisions")
    verification_mode: VerificationMode
    verifier_code: str | None
    verifiers: list[VerifierOut]
    notice_start: date | None
    notice_end: date | None
    opinion: Opinion | None
    verified_t: int | None
    statement: str | None
    verified_on: date | None = Field(description="出具意见之日 / the day of the opinion")
    verification_due: date | None = Field(description="核查期限 / last day for the opinion")
    registration_due: date | None = Field(
        description="登记期限（第22条）/ last day for the registration (art. 22)"
    )
    is_overdue: bool = Field(description="已逾期，不会自动通过 / flagged, never decided by itself")
    history: list[ChangeOut]

    @classmethod
    def of(cls, report: Report, shown: Shown) -> Self:
        known = _fields(report, cls) | {name: getattr(shown, name) for name in SHOWN_BESIDE}
        return cls.model_validate(known | _fields(shown.deadlines, cls), from_attributes=True)


def _fields(source: object, schema: type[BaseModel]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in schema.model_fields if hasattr(source, name)}


class ReportPublicOut(BaseModel):
    """What everybody may know of a report that has been under notice."""

    report_id: UUID
    project_id: str
    project_no: int
    project_name: str
    owner_code: str
    methodology_code: str
    status: Status
    revision: int
    revises: UUID | None
    superseded_by: UUID | None
    period_start: date
    period_end: date
    eligible_start: date
    eligible_end: date
    calculated_t: int
    vintages: list[VintageShare]
    submitted_at: datetime
    verification_mode: VerificationMode
    verifier_code: str | None
    notice_start: date | None
    notice_end: date | None
    opinion: Opinion | None
    verified_t: int | None
    verified_on: date | None
    verification_due: date | None
    registration_due: date | None
    is_overdue: bool

    @classmethod
    def of(cls, entry: Entry) -> Self:
        named = {"project_name": entry.project.name, "owner_code": entry.project.owner_code}
        return cls.model_validate(
            _fields(entry.report, cls) | _fields(entry.deadlines, cls) | named,
            from_attributes=True,
        )


class DiffChangeOut(BaseModel):
    area: str = Field(examples=["inputs"])
    place: str = Field(examples=["/readings/M1 2025-01-01/export_kwh"])
    before: Any
    after: Any


class DiffOut(BaseModel):
    report_id: UUID
    against: UUID
    revision: int
    against_revision: int
    changes: list[DiffChangeOut]
    left_out: int = Field(description="未列出的变化数 / changes beyond those listed")

    @classmethod
    def of(cls, difference: Difference) -> Self:
        return cls(
            report_id=difference.report.report_id,
            against=difference.against.report_id,
            revision=difference.report.revision,
            against_revision=difference.against.revision,
            changes=[
                DiffChangeOut.model_validate(change, from_attributes=True)
                for change in difference.changes
            ],
            left_out=difference.left_out,
        )


class RetentionOut(BaseModel):
    project_id: str
    locked_until: date | None = Field(
        description="原始数据锁定至（R11）；未签发过为空 / raw data locked until; null before issuance"
    )


class FileDeletionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Prose


class FileDeletionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    upload_id: UUID
    sha256: str = Field(description="所删文件的哈希，予以保留 / kept: what the file was")
    reason: str
    deleted_at: datetime


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
