"""SQL of the reviews."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reviews.models import Review, ReviewStatus


async def insert(session: AsyncSession, review: Review) -> None:
    session.add(review)
    await session.flush()


async def find(session: AsyncSession, review_id: UUID) -> Review | None:
    return await session.get(Review, review_id)


async def find_for_update(session: AsyncSession, review_id: UUID) -> Review | None:
    """Return the review with its row locked until the transaction ends."""
    statement = select(Review).where(Review.review_id == review_id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def list_about(session: AsyncSession, subject_type: str, subject_id: str) -> Sequence[Review]:
    """Return all reviews of the subject, oldest first."""
    statement = (
        select(Review)
        .where(Review.subject_type == subject_type, Review.subject_id == subject_id)
        .order_by(Review.review_id)
    )
    return (await session.scalars(statement)).all()


async def lapse_open(session: AsyncSession, subject_type: str, subject_id: str) -> None:
    await session.execute(
        update(Review)
        .where(
            Review.subject_type == subject_type,
            Review.subject_id == subject_id,
            Review.status == ReviewStatus.OPEN,
        )
        .values(status=ReviewStatus.LAPSED)
    )


async def list_after(
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
    """Return up to `limit` reviews, newest first."""
    statement = select(Review).order_by(Review.review_id.desc()).limit(limit)
    for column, value in (
        (Review.status, status),
        (Review.project_id, project_id),
        (Review.subject_type, subject_type),
        (Review.subject_id, subject_id),
        (Review.code, code),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(Review.review_id < after)
    return (await session.scalars(statement)).all()
