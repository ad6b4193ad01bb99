"""The validation (审定): another body's conclusion, after the notice, answering its comments."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.calendar import service as calendar
from registry_svc.organisations import service as organisations
from registry_svc.projects import repository, service
from registry_svc.projects.errors import CommentsUnanswered, NoticeRunning, NotTheValidator
from registry_svc.projects.models import Comment, Project, Validation
from registry_svc.projects.rules import NEGATIVE_VALIDATION, VALIDATION, ProjectStatus, check_step
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, InvalidRequest, Text

NEGATIVE = "审定结论为负面 / negative validation"


class Conclusion(StrEnum):
    POSITIVE = "positive"
    NEGATIVE = "negative"


async def validate(
    session: AsyncSession,
    project_id: UUID,
    *,
    validator_code: str,
    conclusion: Conclusion,
    sections: Mapping[str, str],
    answers: Sequence[tuple[UUID, str]],
    now: datetime,
) -> Project:
    """Record the validation report and the answers to the comments (意见处理).

    A positive conclusion hands the project to the bureau, whose decision is due in the working
    days of the rule, today not counted (R3); a negative one ends it.
    Raises ProjectNotFound, ProjectStepRefused, NotTheValidator (R4), OrganisationUnfit,
    VerifierNotCompetent,
    NoticeRunning (R2), CommentsUnanswered, InvalidRequest, ProjectRuleMissing, MissingCalendarYear.
    """
    project = await service.get_for_update(session, project_id)
    # A draft has no validator yet: first whether it is time, then who may.
    check_step(ProjectStatus(project.status), VALIDATION)
    today = legal_date(now)
    await _check_validator(session, project, validator_code, today)
    assert project.notice_end is not None, "set with the status NOTICE"
    if today <= project.notice_end:
        raise NoticeRunning(notice_end=project.notice_end)
    comments = await repository.list_all_comments(session, project_id)
    _answer(comments, answers, now)
    if conclusion is Conclusion.POSITIVE:
        change = project.move(VALIDATION, by=validator_code, reason=None, now=now)
        rule = await service.get_rule(session, project.unit_type)
        days = await calendar.load(session)
        project.decision_due = days.due(today, rule.decision_working_days)
    else:
        change = project.move(NEGATIVE_VALIDATION, by=validator_code, reason=NEGATIVE, now=now)
    repository.add(
        session,
        Validation(
            project_id=project_id,
            validator_code=validator_code,
            conclusion=conclusion,
            sections=dict(sections),
            submitted_at=now,
        ),
    )
    await service.record_step(session, project, change, now=now)
    return await service.get(session, project_id)


async def _check_validator(
    session: AsyncSession, project: Project, validator_code: str, today: date
) -> None:
    """R4: the body that the notice named, still competent; never owner or author by the notice."""
    if validator_code != project.validator_code:
        raise NotTheValidator(project_id=project.project_id)
    await organisations.get_competent_verifier(
        session, validator_code, scope_code=project.scope_code, day=today
    )


def _answer(
    comments: Sequence[Comment], answers: Sequence[tuple[UUID, str]], now: datetime
) -> None:
    """Write each answer to its comment; every comment must have one by now, and only one."""
    waiting = {comment.comment_id: comment for comment in comments if comment.answer is None}
    unknown = []
    for index, (comment_id, answer) in enumerate(answers):
        found = waiting.pop(comment_id, None)
        if found is None:
            text = Text(
                zh="本项目没有此意见，或已在前面答复。",
                en="This project has no such comment, or it is answered above.",
            )
            unknown.append(FieldProblem(f"/comment_answers/{index}/comment_id", text))
            continue
        found.answer, found.answered_at = answer, now
    if unknown:
        raise InvalidRequest(count=len(unknown), errors=unknown)
    if waiting:
        raise CommentsUnanswered(
            pointer="/comment_answers",
            count=len(waiting),
            comment_ids=", ".join(str(comment_id) for comment_id in waiting),
        )
