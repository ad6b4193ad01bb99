"""Decisions about projects on the wire."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from registry_svc.decisions.next_steps import NextStep
from registry_svc.projects.models import Project
from registry_svc.projects.rules import Actor, Ground, ProjectStatus
from tht_kit.fields import Prose


class RegistrationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Literal["register", "refuse"]
    reason: Prose | None = Field(default=None, description="不予登记的理由 / why it is refused")


class ReasonIn(BaseModel):
    """What the bureau's officer, or an owner, gives as the reason of a proposal."""

    model_config = ConfigDict(extra="forbid")

    reason: Prose = Field(description="理由 / why")


class DeregistrationIn(ReasonIn):
    ground: Literal[Ground.OWNER_GONE, Ground.PROJECT_GONE, Ground.FALSIFICATION] = Field(
        description="业主注销、项目灭失或弄虚作假；自愿注销由业主提出 / the owner asks for a voluntary one"
    )


class SentenceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    zh: str
    en: str


class NextStepOut(BaseModel):
    """A step that begins where the project stands, for whom, and what is missing."""

    name: str
    title: SentenceOut
    status: ProjectStatus = Field(description="之后的状态 / the status it leads to")
    actor: Actor
    organisation_code: str | None = Field(description="由谁办理 / whose turn, where one is named")
    scope: str
    four_eyes: bool = Field(description="须两名经办人 / one officer proposes, another approves")
    operation: str = Field(examples=["POST /v1/projects/0199…/notice"])
    owner_operation: str | None = Field(
        description="业主自行申请的途径 / how the owner itself may ask for the step"
    )
    due_on: date | None
    ready: bool
    missing: list[SentenceOut]
    warnings: list[SentenceOut] = Field(description="办理前请核对 / look at this first")

    @classmethod
    def of(cls, found: NextStep, project_id: UUID) -> Self:
        step = found.step
        return cls(
            name=step.name,
            title=SentenceOut.model_validate(step.title),
            status=step.after,
            actor=step.actor,
            organisation_code=found.organisation_code,
            scope=step.scope,
            four_eyes=step.needs_four_eyes,
            operation=_operation(project_id, step.operation),
            owner_operation=step.owner_operation and _operation(project_id, step.owner_operation),
            due_on=found.due_on,
            ready=not found.missing,
            missing=[SentenceOut.model_validate(text) for text in found.missing],
            warnings=[SentenceOut.model_validate(text) for text in found.warnings],
        )


def _operation(project_id: UUID, name: str) -> str:
    return f"POST /v1/projects/{project_id}/{name}"


class NextStepsOut(BaseModel):
    project_id: UUID
    status: ProjectStatus
    decision_overdue: bool
    steps: list[NextStepOut]

    @classmethod
    def of(cls, project: Project, found: Sequence[NextStep], today: date) -> Self:
        return cls(
            project_id=project.project_id,
            status=ProjectStatus(project.status),
            decision_overdue=project.is_decision_overdue(today),
            steps=[NextStepOut.of(step, project.project_id) for step in found],
        )
