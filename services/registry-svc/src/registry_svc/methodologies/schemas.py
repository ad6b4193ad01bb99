"""Methodologies on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from registry_svc.methodologies.drafting import Plan
from registry_svc.methodologies.models import (
    Methodology,
    MethodologyStatus,
    MethodologyStep,
    NonPermanence,
    Panel,
    ProjectType,
)
from registry_svc.methodologies.rules import FIELD, Member, Op, Rule, Vote
from registry_svc.methodologies.seed import RuleValue
from tht_kit.errors import FieldProblem
from tht_kit.fields import Day, Line, Prose

RULES_MAX = 100
# What a project states; a decimal and a day are written as text.
Fact = StrictBool | StrictInt | StrictStr | list[StrictInt | StrictStr] | None


class RulePart(BaseModel):
    """A condition on one fact of a project."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(
        pattern=FIELD, description="事实 / name of the fact", examples=["capacity_kw"]
    )
    op: Op
    value: RuleValue = Field(
        description="数字、日期写作文本；in、not_in、between 用列表 / numbers and days as text;"
        " a list for in, not_in and between",
        examples=["20000"],
    )
    zh: Line
    en: Line

    def rule(self) -> Rule:
        return Rule(field=self.field, op=self.op, value=self.value, zh=self.zh, en=self.en)


class MethodologyPlanIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Line
    project_type: ProjectType
    scope_code: str = Field(
        pattern=r"^[0-9]{2}$", description="领域 / 01 energy, 07 transport, 14 forestry"
    )
    crediting_years_min: int = Field(ge=1, le=100, strict=True)
    crediting_years_max: int = Field(ge=1, le=100, strict=True)
    third_party_required: bool = Field(
        strict=True, description="须第三方核查 / verified by another body"
    )
    non_permanence: NonPermanence
    applicability: list[RulePart] = Field(max_length=RULES_MAX)
    valid_from: Day
    valid_until: Day | None = None
    evidence_grade: str = Field(pattern=r"^(V1|V2|V3|M|D)$")
    source: Prose

    def plan(self) -> Plan:
        return Plan(
            name=self.name,
            project_type=self.project_type,
            scope_code=self.scope_code,
            crediting_years_min=self.crediting_years_min,
            crediting_years_max=self.crediting_years_max,
            third_party_required=self.third_party_required,
            non_permanence=self.non_permanence,
            applicability=[part.rule() for part in self.applicability],
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            evidence_grade=self.evidence_grade,
            source=self.source,
        )


class MethodologyIn(MethodologyPlanIn):
    methodology_code: Annotated[
        str,
        Field(max_length=64, description="CQCM-nnn-Vnnn / CCER-ss-nnn-Vnn"),
    ]


class MemberOut(BaseModel):
    """An expert and the vote cast; with a conflict of interest: recused."""

    name: str
    organisation: str
    vote: Vote
    has_conflict: bool = Field(description="有利益冲突 / conflict of interest")
    conflict: str | None


class MemberIn(BaseModel):
    """An expert and the vote cast; with a conflict of interest: recused."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    organisation: Line
    vote: Vote
    has_conflict: bool = Field(strict=True, description="有利益冲突 / conflict of interest")
    conflict: Line | None = None

    def member(self) -> Member:
        return Member(self.name, self.organisation, self.vote, self.has_conflict, self.conflict)


class PanelIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    held_on: Day
    members: list[MemberIn] = Field(min_length=1, max_length=50)
    minutes: Prose = Field(description="评审意见 / what the panel found")


class PublicationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    transition_until: Day | None = Field(
        default=None,
        description="被取代版本可登记项目的末日 / last day on which the superseded version registers",
    )
    note: Prose | None = None


class WithdrawalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Prose
    transition_until: Day | None = Field(
        default=None, description="已申报项目可登记的末日 / last day for projects filed already"
    )


class FactsIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    facts: dict[str, Fact] = Field(max_length=200, examples=[{"capacity_kw": "3500"}])


class ApplicabilityProblem(BaseModel):
    pointer: str
    zh: str
    en: str


class ApplicabilityOut(BaseModel):
    methodology_code: str
    is_applicable: bool
    problems: list[ApplicabilityProblem]

    @classmethod
    def of(cls, methodology: Methodology, problems: Sequence[FieldProblem]) -> Self:
        return cls(
            methodology_code=methodology.methodology_code,
            is_applicable=not problems,
            problems=[
                ApplicabilityProblem(pointer=one.pointer, zh=one.detail.zh, en=one.detail.en)
                for one in problems
            ],
        )


class MethodologyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    methodology_code: str
    series: str
    version_no: int
    name: str
    project_type: ProjectType
    scope_code: str
    crediting_years_min: int
    crediting_years_max: int
    third_party_required: bool
    non_permanence: NonPermanence
    applicability: list[RulePart]
    valid_from: date
    valid_until: date | None
    transition_until: date | None
    evidence_grade: str
    source: str
    status: MethodologyStatus
    published_at: datetime | None
    withdrawn_on: date | None
    withdrawal_reason: str | None

    @classmethod
    def of(cls, methodology: Methodology) -> Self:
        return cls.model_validate(methodology)


class PanelOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    panel_id: UUID
    held_on: date
    members: list[MemberOut]
    minutes: str
    approve_votes: int
    reject_votes: int
    abstain_votes: int
    is_passed: bool
    is_unanimous: bool
    recorded_at: datetime

    @classmethod
    def of(cls, panel: Panel) -> Self:
        return cls.model_validate(panel)


class StepOut(BaseModel):
    """A step as the public sees it."""

    model_config = ConfigDict(from_attributes=True)

    status: MethodologyStatus
    what: str
    reason: str | None
    changed_at: datetime


class StepRecordOut(StepOut):
    """A step with who took it and who approved it."""

    changed_by: str
    approved_by: str | None

    @classmethod
    def of(cls, step: MethodologyStep) -> Self:
        return cls.model_validate(step)


class MethodologyRecordOut(MethodologyOut):
    """A version with its expert panels and its steps."""

    panels: list[PanelOut]
    steps: list[StepOut]

    @classmethod
    def with_record(
        cls, methodology: Methodology, panels: Sequence[Panel], steps: Sequence[MethodologyStep]
    ) -> Self:
        shown: dict[str, Any] = MethodologyOut.of(methodology).model_dump()
        return cls(
            **shown,
            panels=[PanelOut.of(panel) for panel in panels],
            steps=[StepOut.model_validate(step) for step in steps],
        )
