"""Calculations on the wire."""

from collections.abc import Sequence
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from issuance_svc.calculations.impact import Affected, Impact
from issuance_svc.calculations.lines import Line
from issuance_svc.calculations.recomputation import Recomputed
from issuance_svc.calculations.service import Draft
from issuance_svc.methodologies.calculation import (
    Flag,
    Inputs,
    Number,
    Period,
    Refusal,
    Step,
    VintageShare,
    Words,
)
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status


class DraftOut(BaseModel):
    """A full calculation; nothing is stored, and nothing stands in the way of seeing it."""

    methodology_code: str
    formula_version: str
    claimed: Period
    eligible: Period | None = Field(
        description="为空则全部不可申领 / null: none of it may be claimed"
    )
    issuable_t: int = Field(description="可签发吨数；有拒绝理由时为 0 / 0 with any refusal")
    refusals: list[Refusal] = Field(description="全部拒绝理由 / every reason against it")
    calculated: Number
    calculated_t: int
    deducted: Number
    buffer_t: int
    loss: Number
    vintages: list[VintageShare]
    flags: list[Flag]
    inputs: Inputs
    tree: Step

    @classmethod
    def of(cls, draft: Draft) -> Self:
        outcome = draft.outcome
        return cls(
            methodology_code=draft.methodology.code,
            formula_version=draft.methodology.formula_version,
            claimed=draft.inputs.claimed,
            eligible=draft.eligible,
            issuable_t=draft.issuable_t,
            refusals=draft.refusals,
            calculated=outcome.calculated,
            calculated_t=outcome.calculated_t,
            deducted=outcome.deducted,
            buffer_t=outcome.buffer_t,
            loss=outcome.loss,
            vintages=outcome.vintages,
            flags=outcome.flags,
            inputs=draft.inputs,
            tree=outcome.tree,
        )


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    no: str = Field(examples=["1.2.1"], description="编号，下级为构成 / what it is made of follows")
    depth: int
    type: Literal["step", "factor", "given"]
    symbol: str
    name: Words
    formula: str | None
    operands: list[str]
    value: Number
    unit: str
    rounding: str | None
    origin: Words | None
    factor_id: str | None
    grade: str | None


class ExplanationOut(BaseModel):
    report_id: UUID
    methodology_code: str
    formula_version: str
    calculated: Number
    calculated_t: int
    lines: list[LineOut]

    @classmethod
    def of(cls, report: Report, lines: Sequence[Line]) -> Self:
        return cls(
            report_id=report.report_id,
            methodology_code=report.methodology_code,
            formula_version=report.formula_version,
            calculated=report.calculated,
            calculated_t=report.calculated_t,
            lines=[LineOut.model_validate(line) for line in lines],
        )


class DifferenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    pointer: str = Field(examples=["/tree/operands/0/value"])
    stored: str | None
    recomputed: str | None


class RecomputationOut(BaseModel):
    report_id: UUID
    methodology_code: str
    formula_version: str
    current_formula_version: str = Field(description="新报告使用的版本 / what new reports use")
    identical: bool = Field(description="每一位数字都相同 / every digit is the same")
    values_compared: int
    differences: list[DifferenceOut]

    @classmethod
    def of(cls, found: Recomputed) -> Self:
        return cls(
            report_id=found.report.report_id,
            methodology_code=found.report.methodology_code,
            formula_version=found.report.formula_version,
            current_formula_version=found.current_version,
            identical=not found.differences,
            values_compared=found.values,
            differences=[DifferenceOut.model_validate(each) for each in found.differences],
        )


class AffectedOut(BaseModel):
    report_id: UUID
    project_id: str
    status: Status
    formula_version: str
    calculated_before: Number
    calculated_after: Number | None
    calculated_t_before: int
    calculated_t_after: int | None
    changes: bool
    refusal: Refusal | None = Field(description="新值下无法计算的原因 / why it would be refused")

    @classmethod
    def of(cls, found: Affected) -> Self:
        report, after = found.report, found.after
        return cls(
            report_id=report.report_id,
            project_id=report.project_id,
            status=Status(report.status),
            formula_version=report.formula_version,
            calculated_before=report.calculated,
            calculated_after=None if after is None else after.calculated,
            calculated_t_before=report.calculated_t,
            calculated_t_after=None if after is None else after.calculated_t,
            changes=after is None or after.calculated != report.calculated,
            refusal=found.refusal,
        )


class ImpactOut(BaseModel):
    place: str
    current_id: str | None
    current_value: Number | None
    reports: list[AffectedOut] = Field(
        description="未签发且使用该因子的报告；报告须重新提交才会改变"
        " / open reports that used it; none changes unless it is submitted anew"
    )
    is_cut: bool = Field(description="报告过多，仅列出前一部分 / more than are listed")

    @classmethod
    def of(cls, impact: Impact) -> Self:
        newest = impact.newest
        return cls(
            place=impact.place.name,
            current_id=None if newest is None else newest.factor_id,
            current_value=None if newest is None else newest.value,
            reports=[AffectedOut.of(each) for each in impact.reports],
            is_cut=impact.is_cut,
        )
