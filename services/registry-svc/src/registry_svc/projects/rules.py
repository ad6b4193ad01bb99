"""The status machine of projects (R12), pure: every step there is, and who may take it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from registry_svc.projects.errors import ProjectStepRefused
from tht_kit.errors import Text


class ProjectStatus(StrEnum):
    DRAFT = "DRAFT"
    NOTICE = "NOTICE"
    VALIDATED = "VALIDATED"
    REGISTERED = "REGISTERED"
    RECALLED = "RECALLED"
    REJECTED = "REJECTED"
    SUSPENDED = "SUSPENDED"
    DEREGISTERED = "DEREGISTERED"


NAMES: Mapping[ProjectStatus, Text] = {
    ProjectStatus.DRAFT: Text(zh="草稿（DRAFT）", en="DRAFT"),
    ProjectStatus.NOTICE: Text(zh="公示（NOTICE）", en="NOTICE"),
    ProjectStatus.VALIDATED: Text(zh="已审定（VALIDATED）", en="VALIDATED"),
    ProjectStatus.REGISTERED: Text(zh="已登记（REGISTERED）", en="REGISTERED"),
    ProjectStatus.RECALLED: Text(zh="已撤回（RECALLED）", en="RECALLED"),
    ProjectStatus.REJECTED: Text(zh="不予登记（REJECTED）", en="REJECTED"),
    ProjectStatus.SUSPENDED: Text(zh="已暂停（SUSPENDED）", en="SUSPENDED"),
    ProjectStatus.DEREGISTERED: Text(zh="已注销（DEREGISTERED）", en="DEREGISTERED"),
}


class Actor(StrEnum):
    """Who takes a step. For the bureau's steps one officer proposes and another decides."""

    OWNER = "owner"  # the project's own
    VALIDATOR = "validator"  # the one that the notice named
    BUREAU = "bureau"


@dataclass(frozen=True, slots=True)
class Step:
    """One way from a status to the next."""

    name: str
    title: Text
    before: frozenset[ProjectStatus]
    after: ProjectStatus
    actor: Actor
    operation: str  # below /v1/projects/{project_id}
    owner_operation: str | None = None  # with which the owner itself may ask for it

    @property
    def needs_four_eyes(self) -> bool:
        return self.actor is Actor.BUREAU

    @property
    def scope(self) -> str:
        return SCOPES[self.actor]


SCOPES: Mapping[Actor, str] = {
    Actor.OWNER: "projects:write",
    Actor.VALIDATOR: "projects:validate",
    Actor.BUREAU: "projects:register",
}


# Who oversees the platform reads drafts too.
OVERSIGHT = "oversight:read"


def _step(
    name: str,
    title: Text,
    before: tuple[ProjectStatus, ...],
    after: ProjectStatus,
    by: tuple[Actor, str],
) -> Step:
    return Step(name, title, frozenset(before), after, actor=by[0], operation=by[1])


# R12: every step there is, who takes it, and with which operation. What is not here does not happen.
NOTICE = _step(
    "notice",
    Text(zh="提交公示", en="public notice"),
    (ProjectStatus.DRAFT,),
    ProjectStatus.NOTICE,
    (Actor.OWNER, "notice"),
)
RECALL = _step(
    "recall",
    Text(zh="撤回", en="recall"),
    (ProjectStatus.DRAFT, ProjectStatus.NOTICE, ProjectStatus.VALIDATED),
    ProjectStatus.RECALLED,
    (Actor.OWNER, "recall"),
)
VALIDATION = _step(
    "validation",
    Text(zh="审定（正面结论）", en="positive validation"),
    (ProjectStatus.NOTICE,),
    ProjectStatus.VALIDATED,
    (Actor.VALIDATOR, "validation"),
)
NEGATIVE_VALIDATION = _step(
    "negative_validation",
    Text(zh="审定（负面结论）", en="negative validation"),
    (ProjectStatus.NOTICE,),
    ProjectStatus.REJECTED,
    (Actor.VALIDATOR, "validation"),
)
REGISTRATION = _step(
    "registration",
    Text(zh="登记", en="registration"),
    (ProjectStatus.VALIDATED,),
    ProjectStatus.REGISTERED,
    (Actor.BUREAU, "registration"),
)
REFUSAL = _step(
    "refusal",
    Text(zh="不予登记", en="refusal of the registration"),
    (ProjectStatus.VALIDATED,),
    ProjectStatus.REJECTED,
    (Actor.BUREAU, "registration"),
)
SUSPENSION = _step(
    "suspension",
    Text(zh="暂停", en="suspension"),
    (ProjectStatus.REGISTERED,),
    ProjectStatus.SUSPENDED,
    (Actor.BUREAU, "suspension"),
)
RESUMPTION = _step(
    "resumption",
    Text(zh="恢复", en="resumption"),
    (ProjectStatus.SUSPENDED,),
    ProjectStatus.REGISTERED,
    (Actor.BUREAU, "resumption"),
)
DEREGISTRATION = replace(
    _step(
        "deregistration",
        Text(zh="注销", en="deregistration"),
        (ProjectStatus.REGISTERED, ProjectStatus.SUSPENDED),
        ProjectStatus.DEREGISTERED,
        (Actor.BUREAU, "deregistration"),
    ),
    owner_operation="deregistration-request",
)
STEPS = (
    NOTICE,
    RECALL,
    VALIDATION,
    NEGATIVE_VALIDATION,
    REGISTRATION,
    REFUSAL,
    SUSPENSION,
    RESUMPTION,
    DEREGISTRATION,
)


class PvMode(StrEnum):
    """Where the electricity of a photovoltaic project goes."""

    OWN_USE = "own_use"  # 自发自用
    GRID_CONNECTED = "grid_connected"  # 全额上网


class Ground(StrEnum):
    """Why a project is deregistered (article 16 and, for falsification, article 43)."""

    OWNER_GONE = "owner_gone"  # 业主注销
    PROJECT_GONE = "project_gone"  # 项目灭失
    VOLUNTARY = "voluntary"  # 业主自愿申请
    FALSIFICATION = "falsification"  # 弄虚作假


COMES_NEXT: Mapping[ProjectStatus, Text] = {
    ProjectStatus.DRAFT: Text(zh="下一步是提交公示。", en="Next comes the public notice."),
    ProjectStatus.NOTICE: Text(
        zh="下一步是公示结束后的审定。", en="Next comes the validation, after the notice."
    ),
    ProjectStatus.VALIDATED: Text(
        zh="下一步是主管部门的登记决定。", en="Next comes the bureau's decision."
    ),
    ProjectStatus.REGISTERED: Text(
        zh="登记已完成，可提交监测报告。", en="It is registered: monitoring reports may follow."
    ),
    ProjectStatus.SUSPENDED: Text(
        zh="须由主管部门恢复或注销。", en="The bureau resumes or deregisters it."
    ),
    ProjectStatus.RECALLED: Text(zh="流程已终止。", en="Nothing follows."),
    ProjectStatus.REJECTED: Text(zh="流程已终止。", en="Nothing follows."),
    ProjectStatus.DEREGISTERED: Text(
        zh="已注销项目永久不得再登记。", en="Nothing follows, for ever."
    ),
}

# These give their meters and parcels back; a deregistered project keeps them for ever (R9).
RELEASING = frozenset({ProjectStatus.REJECTED, ProjectStatus.RECALLED})

# No step begins here.
ENDED = frozenset(set(ProjectStatus) - {status for step in STEPS for status in step.before})


def steps_from(status: ProjectStatus) -> tuple[Step, ...]:
    """Return the steps that begin at the status."""
    return tuple(step for step in STEPS if status in step.before)


def check_step(status: ProjectStatus, step: Step) -> None:
    """Raise ProjectStepRefused unless the step begins at the status."""
    if status not in step.before:
        raise ProjectStepRefused(
            status=NAMES[status], wanted=NAMES[step.after], next=COMES_NEXT[status]
        )
