"""SQL of the projects."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from registry_svc.base import Base
from registry_svc.projects.models import (
    FROM_FILE,
    PROJECT_NO_MAX,
    Comment,
    ParcelRule,
    Project,
    ProjectNumber,
    ProjectRule,
    ProjectVersion,
)

_WHOLE = (
    selectinload(Project.meters),
    selectinload(Project.parcels),
    selectinload(Project.vehicles),
    selectinload(Project.validation),
    selectinload(Project.history),
)


def add(session: AsyncSession, row: Base) -> None:
    session.add(row)


async def find(session: AsyncSession, project_id: UUID) -> Project | None:
    """Return the project with its site, validation and history."""
    statement = select(Project).where(Project.project_id == project_id).options(*_WHOLE)
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def find_for_update(session: AsyncSession, project_id: UUID) -> Project | None:
    """Return the project, locked for a step."""
    statement = select(Project).where(Project.project_id == project_id).with_for_update()
    return (await session.scalars(statement)).first()


async def count_by_status(session: AsyncSession) -> dict[str, int]:
    rows = await session.execute(select(Project.status, func.count()).group_by(Project.status))
    return {row[0]: row[1] for row in rows}


async def find_project_rule(session: AsyncSession, unit_type: str) -> ProjectRule | None:
    return await session.get(ProjectRule, unit_type)


async def get_parcel_rule(session: AsyncSession, construction_start: date) -> ParcelRule:
    """Return the rule in force for projects started on the day."""
    statement = (
        select(ParcelRule)
        .where(ParcelRule.start_from <= construction_start)
        .order_by(ParcelRule.start_from.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one()


async def next_project_no(session: AsyncSession) -> int | None:
    """Draw the next project number, free of gaps: a rollback gives it back. None after the last."""
    statement = insert(ProjectNumber).values(only_row=1, last_no=1)
    drawn = await session.scalars(
        statement.on_conflict_do_update(
            index_elements=[ProjectNumber.only_row],
            set_={"last_no": ProjectNumber.last_no + 1},
            where=ProjectNumber.last_no < PROJECT_NO_MAX,
        ).returning(ProjectNumber.last_no)
    )
    return drawn.first()


async def list_comments(
    session: AsyncSession, project_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Comment]:
    """Return up to `limit` comments of a project, oldest first."""
    statement = (
        select(Comment)
        .where(Comment.project_id == project_id)
        .order_by(Comment.comment_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Comment.comment_id > after)
    return (await session.scalars(statement)).all()


async def list_all_comments(session: AsyncSession, project_id: UUID) -> Sequence[Comment]:
    statement = select(Comment).where(Comment.project_id == project_id)
    return (await session.scalars(statement.order_by(Comment.comment_id))).all()


async def count_comments(session: AsyncSession, project_id: UUID) -> int:
    statement = select(func.count()).where(Comment.project_id == project_id)
    return (await session.execute(statement)).scalar_one()


async def count_unanswered(session: AsyncSession, project_id: UUID) -> int:
    statement = select(func.count()).where(
        Comment.project_id == project_id, Comment.answer.is_(None)
    )
    return (await session.execute(statement)).scalar_one()


async def find_comment(session: AsyncSession, project_id: UUID, comment_id: UUID) -> Comment | None:
    statement = select(Comment).where(
        Comment.project_id == project_id, Comment.comment_id == comment_id
    )
    return (await session.scalars(statement)).first()


async def find_comment_by_key(session: AsyncSession, project_id: UUID, key: str) -> Comment | None:
    statement = select(Comment).where(
        Comment.project_id == project_id, Comment.idempotency_key == key
    )
    return (await session.scalars(statement)).first()


async def list_versions(session: AsyncSession, project_id: UUID) -> Sequence[ProjectVersion]:
    """Return every declaration of a project, oldest first."""
    statement = select(ProjectVersion).where(ProjectVersion.project_id == project_id)
    return (await session.scalars(statement.order_by(ProjectVersion.version))).all()


async def is_from_file(session: AsyncSession, project_id: UUID, version: int) -> bool:
    """Say whether a version of a draft came from an imported file."""
    statement = select(ProjectVersion.declared.has_key(FROM_FILE)).where(
        ProjectVersion.project_id == project_id, ProjectVersion.version == version
    )
    return bool((await session.scalars(statement)).first())


async def insert_rules(
    session: AsyncSession,
    project_rules: Sequence[dict[str, Any]],
    parcel_rules: Sequence[dict[str, Any]],
) -> None:
    """Insert the rules that are not there yet; a rule that somebody changed stays as it is."""
    await session.execute(insert(ProjectRule).values(project_rules).on_conflict_do_nothing())
    await session.execute(insert(ParcelRule).values(parcel_rules).on_conflict_do_nothing())
