"""Comments of the public on a report's notice (art. 19), and the answers to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reports import service as reports
from issuance_svc.reports.models import Report
from issuance_svc.reports.rules import Status
from issuance_svc.verifications import repository
from issuance_svc.verifications.errors import (
    CommentAnswered,
    CommentNotFound,
    ReportCommentsUnanswered,
    ReportNoticeClosed,
)
from issuance_svc.verifications.models import ReportComment
from issuance_svc.verifications.parties import lock_at
from tht_kit.clock import legal_date
from tht_kit.errors import Forbidden, Text
from tht_kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Answer:
    comment_id: UUID
    text: str


async def comment(
    session: AsyncSession, report_id: UUID, *, author_name: str, text: str, now: datetime
) -> ReportComment:
    """File a comment of the public; raises ReportNotFound, ReportNoticeClosed."""
    # The lock keeps an opinion from overtaking the comment.
    report, _ = await reports.lock(session, report_id)
    today = legal_date(now)
    if (
        report.status != Status.NOTICE
        or report.notice_start is None
        or report.notice_end is None
        or not report.notice_start <= today <= report.notice_end
    ):
        raise ReportNoticeClosed(report_id=report_id)
    filed = ReportComment(
        comment_id=new_id(),
        report_id=report_id,
        author_name=author_name,
        text=text,
        submitted_at=now,
    )
    await repository.add(session, filed)
    return filed


async def answer(
    session: AsyncSession,
    report_id: UUID,
    given: Answer,
    *,
    organisation_code: str,
    by: str,
    now: datetime,
) -> ReportComment:
    """Answer a comment as the project's owner or the report's verifier, once.

    Raises ReportNotFound, ProjectInactive, ReportStepRefused, Forbidden, CommentNotFound,
    CommentAnswered.
    """
    report, project = await lock_at(session, report_id, Status.NOTICE, step="comment-answer")
    if organisation_code not in (project.owner_code, report.verifier_code):
        raise Forbidden(
            reason=Text(
                zh="意见由业主或核查机构答复。", en="The owner or the verifier answers comments."
            )
        )
    return await _answer(session, report, given, by=by, now=now)


async def answer_all(
    session: AsyncSession, report: Report, given: Sequence[Answer], *, by: str, now: datetime
) -> None:
    """Answer comments along with an opinion; raises CommentNotFound, CommentAnswered."""
    for index, found in enumerate(given):
        pointer = f"/comment_answers/{index}/comment_id"
        await _answer(session, report, found, by=by, now=now, pointer=pointer)


async def _answer(
    session: AsyncSession,
    report: Report,
    given: Answer,
    *,
    by: str,
    now: datetime,
    pointer: str | None = None,
) -> ReportComment:
    found = await repository.find_comment(session, report.report_id, given.comment_id)
    if found is None:
        raise CommentNotFound(
            pointer=pointer, report_id=report.report_id, comment_id=given.comment_id
        )
    if found.answer is not None:
        raise CommentAnswered(pointer=pointer, comment_id=given.comment_id)
    found.answer, found.answered_by, found.answered_at = given.text, by, now
    return found


async def must_be_answered(session: AsyncSession, report: Report) -> None:
    """Raise ReportCommentsUnanswered unless every comment of the notice has its answer."""
    await session.flush()
    open_ids = await repository.list_unanswered(session, report.report_id)
    if open_ids:
        named = ", ".join(map(str, open_ids[:10]))
        raise ReportCommentsUnanswered(count=len(open_ids), comment_ids=named)


async def list_page(
    session: AsyncSession, report_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[ReportComment]:
    """Return up to `limit` comments after the given one, oldest first; raises ReportNotFound."""
    await reports.get(session, report_id)
    return await repository.list_comments(session, report_id, after=after, limit=limit)
