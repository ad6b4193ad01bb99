"""What can come next for a project, for whom, and what is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.projects import near, repository, service
from registry_svc.projects.models import Project
from registry_svc.projects.rules import (
    NEGATIVE_VALIDATION,
    NOTICE,
    REFUSAL,
    REGISTRATION,
    RESUMPTION,
    VALIDATION,
    Actor,
    ProjectStatus,
    Step,
    steps_from,
)
from tht_kit.clock import legal_date
from tht_kit.errors import Text
from tht_kit.principal import Principal


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that begins where the project stands. `missing` is empty when it can be taken."""

    step: Step
    organisation_code: str | None
    due_on: date | None
    missing: Sequence[Text]
    warnings: Sequence[Text] = ()  # what to look at before it is taken


async def list_next(
    session: AsyncSession, project_id: UUID, *, reader: Principal | None, now: datetime
) -> tuple[Project, Sequence[NextStep]]:
    """Return the project and its next steps; raises ProjectNotFound."""
    project = await service.get_visible(session, project_id, reader=reader)
    unanswered = await repository.count_unanswered(session, project_id)
    beside = [other.warning() for other in await near.near(session, project)]
    who = {Actor.OWNER: project.owner_code, Actor.VALIDATOR: project.validator_code}
    found = [
        NextStep(
            step=step,
            organisation_code=who.get(step.actor),
            due_on=project.decision_due if step in (REGISTRATION, REFUSAL) else None,
            missing=_missing(project, step, unanswered, legal_date(now)),
            warnings=beside if step is REGISTRATION else (),
        )
        for step in steps_from(ProjectStatus(project.status))
    ]
    return project, found


def _missing(project: Project, step: Step, unanswered: int, today: date) -> list[Text]:
    missing = []
    undrawn = sum(parcel.computed_area_m2 is None for parcel in project.parcels)
    if step is NOTICE and undrawn:
        missing.append(
            Text(zh=f"{undrawn} 个地块还没有边界。", en=f"{undrawn} parcel(s) have no outline yet.")
        )
    if step in (VALIDATION, NEGATIVE_VALIDATION):
        if project.is_under_notice(today):
            missing.append(
                Text(
                    zh=f"公示至 {project.notice_end}（含当日）方结束。",
                    en=f"The notice runs through {project.notice_end}.",
                )
            )
        if unanswered:
            missing.append(
                Text(
                    zh=f"{unanswered} 条公众意见尚未答复。",
                    en=f"{unanswered} comment(s) of the public are not answered yet.",
                )
            )
    if step in (REGISTRATION, RESUMPTION) and project.green_certificate_claim:
        missing.append(
            Text(
                zh="项目电量已被标记申领绿证，须先解除。",
                en="Green certificates are claimed for its electricity: that has to be lifted first.",
            )
        )
    return missing
