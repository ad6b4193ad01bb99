"""Verifications on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from issuance_svc.methodologies.calculation import Number
from issuance_svc.verifications.checks import CHECKS_MAX, Item, Planned, Sampling
from issuance_svc.verifications.comments import Answer
from issuance_svc.verifications.findings import Thread
from issuance_svc.verifications.models import ReportComment
from issuance_svc.verifications.rules import CheckResult, FindingKind, FindingStatus, Subject
from issuance_svc.verifications.service import (
    STATEMENT_CHARS_MIN,
    Assurance,
    Conclusion,
    Opinion,
    Workspace,
)
from tht_kit.fields import BILINGUAL, DecimalText, Line, Prose

EVIDENCE_MAX = 50
COMMENTS_MAX = 5_000
POINTER_CHARS_MAX = 500

Tonnes = Annotated[DecimalText, Field(max_digits=20, decimal_places=6)]


class CommentAnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment_id: UUID
    answer: Prose


class _Stated(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verified_t: int = Field(ge=0, strict=True, description="须等于计算量 / equals calculated_t")
    statement: Prose = Field(
        description=f"肯定意见至少 {STATEMENT_CHARS_MIN} 个字 / at least {STATEMENT_CHARS_MIN} characters"
        " of a positive opinion"
    )
    criteria: Prose | None = Field(
        default=None, description="核查准则，肯定意见必填 / needed for a positive opinion"
    )
    scope: Prose | None = Field(
        default=None, description="核查范围，肯定意见必填 / needed for a positive opinion"
    )
    assurance_level: Assurance | None = Field(
        default=None, description="保证等级，肯定意见必填 / needed for a positive opinion"
    )
    comment_answers: list[CommentAnswerIn] = Field(default_factory=list, max_length=COMMENTS_MAX)

    def _opinion(self, conclusion: Conclusion) -> Opinion:
        return Opinion(
            conclusion=conclusion,
            quantity_t=self.verified_t,
            statement=self.statement,
            criteria=self.criteria,
            scope=self.scope,
            assurance_level=self.assurance_level,
            answers=[Answer(found.comment_id, found.answer) for found in self.comment_answers],
        )


class VerificationIn(_Stated):
    opinion: Conclusion

    def stated(self) -> Opinion:
        return self._opinion(self.opinion)


class SelfVerificationIn(_Stated):
    def stated(self) -> Opinion:
        return self._opinion("positive")


class CommentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    author_name: Line
    text: Prose


class AnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answer: Prose


class CommentOut(BaseModel):
    comment_id: UUID
    report_id: UUID
    author_name: str
    text: str
    submitted_at: datetime
    answer: str | None
    answered_at: datetime | None

    @classmethod
    def of(cls, comment: ReportComment) -> Self:
        return cls.model_validate(comment, from_attributes=True)


class FindingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: FindingKind = Field(
        description="CAR 纠正措施、CL 澄清、FAR 后续 / corrective, clarification, forward action"
    )
    text: Prose
    reference: str | None = Field(
        default=None,
        max_length=POINTER_CHARS_MAX,
        description="计算过程或抽样项的位置（JSON Pointer）/ a place in the calculation, or an item of"
        " the sampling plan",
        examples=["/tree/operands/0", "/sampling-plan/1"],
    )


class FindingAnswerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Prose
    upload_ids: list[UUID] = Field(default_factory=list, max_length=EVIDENCE_MAX)
    document_ids: list[UUID] = Field(default_factory=list, max_length=EVIDENCE_MAX)


class FindingJudgementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Prose


class FindingEntryOut(BaseModel):
    entry_no: int
    status: FindingStatus = Field(description="此条之后的状态 / the status after this entry")
    text: str
    upload_ids: list[UUID]
    document_ids: list[UUID]
    organisation_code: str
    said_at: datetime


class FindingOut(BaseModel):
    finding_id: UUID
    report_id: UUID = Field(description="提出时的修订版 / the revision it was raised about")
    kind: FindingKind
    number: int
    status: FindingStatus
    reference: str | None
    referenced: Any = Field(description="提出时该处的值 / what stood there when it was raised")
    raised_at: datetime
    entries: list[FindingEntryOut]

    @classmethod
    def of(cls, thread: Thread) -> Self:
        known = {
            name: getattr(thread.finding, name)
            for name in cls.model_fields
            if hasattr(thread.finding, name)
        }
        return cls.model_validate(known | {"entries": thread.entries}, from_attributes=True)


class FindingsOut(BaseModel):
    items: list[FindingOut]


class CheckIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: Subject = Field(
        description="电表、样地、月份（YYYY-MM）或其他记录 / a meter, a plot, a month, another record"
    )
    label: Line = Field(examples=["M1"])
    method: Prose = Field(description="如何核查 / how it is checked")


class SamplingPlanIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[CheckIn] = Field(min_length=1, max_length=CHECKS_MAX)

    def planned(self) -> list[Planned]:
        return [Planned(item.subject, item.label, item.method) for item in self.items]


class CheckRecordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    result: CheckResult
    misstatement_t: Tonnes = Field(
        default=Decimal(0),
        description="错报，tCO2e，多报为正 / tCO2e, positive where too much was reported",
    )
    note: Prose

    @model_validator(mode="after")
    def _misstated_by_something(self) -> Self:
        if (self.result is CheckResult.MISSTATED) != (self.misstatement_t != 0):
            raise PydanticCustomError(
                BILINGUAL,
                "{en}",
                {
                    "zh": "misstated 须给出非零错报量，conforms 的错报量为零",
                    "en": "misstated goes with a misstatement, conforms with none",
                },
            )
        return self


class CheckRecordOut(BaseModel):
    record_no: int
    result: CheckResult
    misstatement_t: Number
    note: str
    recorded_at: datetime


class CheckOut(BaseModel):
    check_no: int
    subject: Subject
    label: str
    method: str
    records: list[CheckRecordOut]
    counted_t: Number = Field(
        description="计入的错报：绝对值最大的一条；点名该项的 CAR 关闭后，只计其后的记录 / what counts:"
        " the largest record, after the closing of a CAR that names the item only those since"
    )

    @classmethod
    def of(cls, item: Item) -> Self:
        known = {
            name: getattr(item.check, name) for name in ("check_no", "subject", "label", "method")
        }
        return cls.model_validate(
            known | {"records": item.records, "counted_t": item.counted_t}, from_attributes=True
        )


class SamplingOut(BaseModel):
    items: list[CheckOut]
    misstated_t: Number = Field(description="错报绝对值之和 / the sum without signs")
    materiality_pct: Number
    materiality_grade: str
    is_material: bool = Field(description="超过则不能肯定 / then no positive opinion")

    @classmethod
    def of(cls, sampling: Sampling) -> Self:
        return cls(
            items=[CheckOut.of(item) for item in sampling.items],
            misstated_t=sampling.misstated_t,
            materiality_pct=sampling.materiality_pct,
            materiality_grade=sampling.materiality_grade,
            is_material=sampling.is_material,
        )


class OpinionOut(BaseModel):
    body_code: str
    mode: Literal["third_party", "self_prepared"]
    criteria: str
    scope: str
    assurance_level: Assurance
    quantity_t: int
    period_start: date
    period_end: date
    conclusion: Conclusion
    statement: str
    misstated_t: Number
    given_on: date
    reviewed_by: str | None = Field(
        description="自行核查的复核人 / who took a self-prepared one over"
    )


class VerificationOut(BaseModel):
    report_id: UUID
    opinion: OpinionOut | None
    comments_unanswered: int
    findings_open: list[str] = Field(
        description="未关闭、妨碍肯定意见的 / what stands in the way", examples=[["CAR 1"]]
    )
    checks_planned: int
    checks_recorded: int
    misstated_t: Number
    materiality_pct: Number
    materiality_grade: str
    is_material: bool

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        known = {
            name: getattr(workspace, name) for name in cls.model_fields if hasattr(workspace, name)
        }
        return cls.model_validate(
            known | {"report_id": workspace.report.report_id}, from_attributes=True
        )
