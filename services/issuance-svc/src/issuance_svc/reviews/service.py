"""Reviews (异常复核): an alarm waits for a person of the bureau; nothing passes in silence.

Not a four-eyes task of the kit: there a person of the platform proposes and a second one decides.
Here the proposal is the calculation's own alarm, and the one person who decides belongs to another
organisation than the one that submitted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from issuance_svc.projects import service as projects
from issuance_svc.reviews import repository
from issuance_svc.reviews.errors import (
    ReviewDecided,
    ReviewerInterested,
    ReviewNotFound,
    ReviewsUnsettled,
)
from issuance_svc.reviews.models import Review, ReviewStatus
from tht_kit.errors import Text
from tht_kit.ids import new_id

Decision = Literal["accept", "reject"]
DECIDED: dict[Decision, ReviewStatus] = {
    "accept": ReviewStatus.ACCEPTED,
    "reject": ReviewStatus.REJECTED,
}


async def open(  # noqa: A001 - read as reviews.service.open(...)
    session: AsyncSession,
    *,
    subject_type: str,
    subject_id: str,
    project_id: str,
    code: str,
    text: Text,
    details: dict[str, Any],
    now: datetime,
    submitted_by: str | None = None,
) -> Review:
    """Open a review of an alarm about the subject; `details` are JSON values for the reviewer."""
    review = Review(
        review_id=new_id(),
        subject_type=subject_type,
        subject_id=subject_id,
        project_id=project_id,
        code=code,
        text_zh=text.zh,
        text_en=text.en,
        details=details,
        submitted_by=submitted_by,
        opened_at=now,
        status=ReviewStatus.OPEN,
    )
    await repository.insert(session, review)
    return review


async def decide(
    session: AsyncSession,
    review_id: UUID,
    *,
    decision: Decision,
    comment: str,
    officer_code: str,
    by: str,
    now: datetime,
) -> Review:
    """Accept or reject the alarm, once.

    Raises ReviewNotFound, ReviewDecided, OrganisationUnfit, ReviewerInterested.
    """
    review = await repository.find_for_update(session, review_id)
    if review is None:
        raise ReviewNotFound(review_id=review_id)
    if review.status != ReviewStatus.OPEN:
        raise ReviewDecided(review_id=review_id, status=review.status)
    await organisations.must_act_as(session, officer_code, Kind.BUREAU)
    project = await projects.get(session, review.project_id)
    if officer_code == project.owner_code or by == review.submitted_by:
        raise ReviewerInterested(subject=by, officer_code=officer_code)
    review.status = DECIDED[decision]
    review.decided_by, review.officer_code, review.decided_at = by, officer_code, now
    review.comment = comment
    return review


async def get(session: AsyncSession, review_id: UUID) -> Review:
    """Return the review; raises ReviewNotFound."""
    review = await repository.find(session, review_id)
    if review is None:
        raise ReviewNotFound(review_id=review_id)
    return review


async def list_about(
    session: AsyncSession, *, subject_type: str, subject_id: str
) -> Sequence[Review]:
    """Return all reviews of the subject, oldest first."""
    return await repository.list_about(session, subject_type, subject_id)


async def must_be_accepted(session: AsyncSession, *, subject_type: str, subject_id: str) -> None:
    """Raise ReviewsUnsettled unless every alarm about the subject was accepted by a person."""
    found = await repository.list_about(session, subject_type, subject_id)
    unsettled = [review for review in found if review.status != ReviewStatus.ACCEPTED]
    if unsettled:
        codes = ", ".join(f"{review.code} ({review.status})" for review in unsettled)
        raise ReviewsUnsettled(count=len(unsettled), codes=codes)


async def lapse(session: AsyncSession, *, subject_type: str, subject_id: str) -> None:
    """Close the open reviews of a subject that claims nothing any more; nobody accepted them."""
    await repository.lapse_open(session, subject_type, subject_id)


async def list_page(
    session: AsyncSession,
    *,
    status: str | None,
    project_id: str | None,
    subject_type: str | None,
    subject_id: str | None,
    code: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Review]:
    """Return up to `limit` reviews after the given one, newest first."""
    return await repository.list_after(
        session,
        status=status,
        project_id=project_id,
        subject_type=subject_type,
        subject_id=subject_id,
        code=code,
        after=after,
        limit=limit,
    )
