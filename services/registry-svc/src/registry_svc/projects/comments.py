"""The public's comments on a notice (公示意见) and the validator's answers, public both."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.projects import repository, service
from registry_svc.projects.errors import (
    CommentAnswered,
    CommentNotFound,
    CommentsFull,
    NoticeClosed,
    NotTheValidator,
)
from registry_svc.projects.models import Comment
from registry_svc.projects.rules import VALIDATION, ProjectStatus, check_step
from tht_kit.clock import legal_date
from tht_kit.errors import IdempotencyKeyReused
from tht_kit.ids import new_id


async def comment(
    session: AsyncSession,
    project_id: UUID,
    *,
    author_name: str,
    text: str,
    key: str | None,
    now: datetime,
) -> Comment:
    """File a comment of the public; sent again with its key it is the same comment.

    Raises ProjectNotFound, NoticeClosed, CommentsFull (the limit is a rule of the unit type),
    IdempotencyKeyReused, ProjectRuleMissing.
    """
    # The project's lock makes the count exact, and keeps the validation from slipping in between.
    project = await service.get_for_update(session, project_id)
    if key is not None:
        earlier = await repository.find_comment_by_key(session, project_id, key)
        if earlier is not None:
            return _same(earlier, author_name, text, key)
    if not project.is_under_notice(legal_date(now)):
        raise NoticeClosed(project_id=project_id)
    rule = await service.get_rule(session, project.unit_type)
    if await repository.count_comments(session, project_id) >= rule.comments_max:
        raise CommentsFull(project_id=project_id, limit=rule.comments_max)
    filed = Comment(
        comment_id=new_id(),
        project_id=project_id,
        author_name=author_name,
        text=text,
        submitted_at=now,
        idempotency_key=key,
    )
    repository.add(session, filed)
    return filed


def _same(earlier: Comment, author_name: str, text: str, key: str) -> Comment:
    if (earlier.author_name, earlier.text) != (author_name, text):
        raise IdempotencyKeyReused(pointer="header:Idempotency-Key", key=key)
    return earlier


async def answer(
    session: AsyncSession,
    project_id: UUID,
    comment_id: UUID,
    *,
    validator_code: str,
    text: str,
    now: datetime,
) -> Comment:
    """Answer one comment before the validation report; an answer is public and stands.

    Raises ProjectNotFound, ProjectStepRefused, NotTheValidator, CommentNotFound, CommentAnswered.
    """
    project = await service.get_for_update(session, project_id)
    check_step(ProjectStatus(project.status), VALIDATION)
    if project.validator_code != validator_code:
        raise NotTheValidator(project_id=project_id)
    found = await repository.find_comment(session, project_id, comment_id)
    if found is None:
        raise CommentNotFound(project_id=project_id, comment_id=comment_id)
    if found.answer is not None:
        raise CommentAnswered(comment_id=comment_id)
    found.answer, found.answered_at = text, now
    return found
