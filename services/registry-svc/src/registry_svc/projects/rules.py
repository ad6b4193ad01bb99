"""The status machine of projects (R12), pure: every step there is, and who may take it."""

from collections.abc import Mapping
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

# R12: every step there is. What is not here does not happen.
STEPS: Mapping[ProjectStatus, frozenset[ProjectStatus]] = {
    ProjectStatus.DRAFT: frozenset({ProjectStatus.NOTICE, ProjectStatus.RECALLED}),
    ProjectStatus.NOTICE: frozenset(
        {ProjectStatus.VALIDATED, ProjectStatus.REJECTED, ProjectStatus.RECALLED}
    ),
    ProjectStatus.VALIDATED: frozenset(
        {ProjectStatus.REGISTERED, ProjectStatus.REJECTED, ProjectStatus.RECALLED}
    ),
    ProjectStatus.REGISTERED: frozenset({ProjectStatus.SUSPENDED, ProjectStatus.DEREGISTERED}),
    ProjectStatus.SUSPENDED: frozenset({ProjectStatus.REGISTERED, ProjectStatus.DEREGISTERED}),
    ProjectStatus.RECALLED: frozenset(),
    ProjectStatus.REJECTED: frozenset(),
    ProjectStatus.DEREGISTERED: frozenset(),
}

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


def check_step(status: ProjectStatus, wanted: ProjectStatus) -> None:
    """Raise ProjectStepRefused unless the step is one of R12."""
    if wanted not in STEPS[status]:
        raise ProjectStepRefused(
            status=NAMES[status], wanted=NAMES[wanted], next=COMES_NEXT[status]
        )


def check_at(status: ProjectStatus, expected: ProjectStatus, wanted: ProjectStatus) -> None:
    """Raise ProjectStepRefused unless the project stands where the step towards `wanted` begins."""
    if status is not expected:
        raise ProjectStepRefused(
            status=NAMES[status], wanted=NAMES[wanted], next=COMES_NEXT[status]
        )
