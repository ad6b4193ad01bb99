"""Factors on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from issuance_svc.factors.imports import Action, Plan, Planned
from issuance_svc.factors.models import Factor, FactorKind
from issuance_svc.factors.rules import Bounds, Place, Purpose, Values
from issuance_svc.factors.seeding import bounds_by_kind
from issuance_svc.methodologies.calculation import Number, Words
from tht_kit.fields import Day, DecimalText, Line, Prose
from tht_kit.four_eyes import Task
from tht_kit.task_endpoints import TaskOut

Grade = Literal["V1", "V2", "V3", "M", "D"]
GRADE_WORDS = (
    "V1 正式文本, V2 二手来源, V3 未证实（不得使用）, M 凭记忆, D 项目默认 / evidence grade"
)
Kind = Annotated[str, Field(min_length=1, max_length=64, examples=["grid_baseline_om"])]
Short = Annotated[Line, Field(max_length=64)]
Year = Annotated[int, Field(ge=1990, le=2100, strict=True)]


class FactorKindOut(BaseModel):
    kind: str = Field(examples=["grid_baseline_om"])
    name: Words
    unit: str | None = Field(description="为空则由因子自行注明 / null: each factor states its own")
    dimension: str
    used_for: list[Purpose] = Field(description="只可用于 / what it may be used for, nothing else")
    parts: list[Literal["region", "subject", "year"]]
    instead: str | None = Field(description="其他目的应使用的类型 / the kind for other purposes")
    bounds: str = Field(description="取值范围 / what a value must be", examples=["> 0, ≤ 2"])

    @classmethod
    def of(cls, kind: FactorKind) -> Self:
        known = {
            name: getattr(kind, name)
            for name in ("kind", "unit", "dimension", "used_for", "parts", "instead")
        }
        bounds = bounds_by_kind().get(kind.kind, Bounds()).name
        return cls(name=Words(zh=kind.name_zh, en=kind.name_en), bounds=bounds, **known)


class FactorOut(BaseModel):
    factor_id: str = Field(examples=["grid_baseline_om:CC:2019:v1"])
    kind: str = Field(examples=["grid_baseline_om"])
    region: str | None
    subject: str | None
    year: int | None
    version: int
    value: Number
    unit: str
    grade: str = Field(description=GRADE_WORDS)
    source: str
    valid_from: Day | None
    valid_until: Day | None
    recorded_at: datetime | None = Field(description="为空为随软件发布 / null: packaged")

    @classmethod
    def of(cls, factor: Factor) -> Self:
        return cls.model_validate(factor, from_attributes=True)


class FactorVersionOut(FactorOut):
    task_id: UUID | None = Field(description="录入它的复核事项 / the task that stored it")
    proposed_by: str | None
    approved_by: str | None


class FactorHistoryOut(BaseModel):
    place: str = Field(examples=["grid_baseline_om:CC:2019"])
    versions: list[FactorVersionOut]
    proposals: list[TaskOut] = Field(description="全部变更事项 / every proposal, whatever its end")

    @classmethod
    def of(cls, place: Place, versions: Sequence[Factor], tasks: Sequence[Task]) -> Self:
        return cls(
            place=place.name,
            versions=[
                FactorVersionOut.model_validate(row, from_attributes=True) for row in versions
            ],
            proposals=[TaskOut.of(task) for task in tasks],
        )


class FactorIn(BaseModel):
    """A factor, or the next version of one."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    region: Short | None = None
    subject: Short | None = None
    year: Year | None = None
    value: DecimalText
    unit: Short
    grade: Grade = Field(description=GRADE_WORDS)
    source: Prose
    valid_from: Day | None = None
    valid_until: Day | None = None

    def place(self) -> Place:
        return Place(self.kind, self.region, self.subject, self.year)

    def values(self) -> Values:
        return Values(
            self.value, self.unit, self.grade, self.source, self.valid_from, self.valid_until
        )


class FactorProposalIn(FactorIn):
    reason: Prose = Field(description="变更理由 / why it changes")


class ImportRowOut(BaseModel):
    pointer: str = Field(description="在文件中的位置 / where it stands in the file")
    place: str
    action: Action
    value: Number
    unit: str
    grade: str
    before: Number | None
    before_id: str | None
    warning: Words | None = Field(
        description="与现行版本相差悬殊 / far from the newest version, to be looked at twice"
    )

    @classmethod
    def of(cls, row: Planned) -> Self:
        return cls(
            pointer=row.entry.pointer,
            place=row.entry.place.name,
            action=row.action,
            value=row.entry.values.value,
            unit=row.entry.values.unit,
            grade=row.entry.values.grade,
            before=None if row.before is None else row.before.value,
            before_id=None if row.before is None else row.before.factor_id,
            warning=None if row.warning is None else Words(zh=row.warning.zh, en=row.warning.en),
        )


class ElsewhereOut(BaseModel):
    pointer: str
    owner: Words


class FactorImportOut(BaseModel):
    sha256: str
    new: int
    changed: int
    unchanged: int
    rows: list[ImportRowOut]
    elsewhere: list[ElsewhereOut] = Field(
        description="文件中属于其他部分的内容 / sections that other parts own"
    )
    task: TaskOut | None = Field(
        description="试运行或无变化时为空 / null for a dry run or no change"
    )

    @classmethod
    def of(cls, plan: Plan) -> Self:
        counted = [row.action for row in plan.rows]
        return cls(
            sha256=plan.sha256,
            new=counted.count("new"),
            changed=counted.count("changed"),
            unchanged=counted.count("unchanged"),
            rows=[ImportRowOut.of(row) for row in plan.rows],
            elsewhere=[
                ElsewhereOut(pointer=pointer, owner=Words(zh=text.zh, en=text.en))
                for pointer, text in plan.elsewhere
            ],
            task=None if plan.task is None else TaskOut.of(plan.task),
        )
