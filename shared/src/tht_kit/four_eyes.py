"""Four eyes (双人复核): one person proposes, another decides; only then something happens.

The initiator may take the proposal back, never approve it; a rejection needs a comment; of two who
decide at once one is first and the other is told so. What an approval does is the kind's own
business and happens in the same transaction: if it is refused, the task stays open.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import TextKey, UtcDateTime
from tht_kit.errors import DomainError, Forbidden, Text
from tht_kit.ids import new_id
from tht_kit.principal import Principal

TABLE = "four_eyes_tasks"


class TaskStatus(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class Task:
    """A proposal about one subject, and how it was decided."""

    task_id: UUID
    kind: str
    subject: str
    proposal: dict[str, Any]
    note: str | None
    organisation_code: str | None
    proposed_by: str
    proposed_at: datetime
    status: str
    decided_by: str | None
    decided_at: datetime | None
    comment: str | None


Carry = Callable[[AsyncSession, Task, Principal, datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TaskKind:
    """What is proposed; `scope` is what it takes to decide, `approve` carries the proposal out."""

    name: str
    title: Text
    scope: str
    approve: Carry
    reject: Carry | None = None


class TaskPending(DomainError):
    type = "task-pending"
    status = 409
    title = Text(zh="已有待复核的事项", en="A task is open already")
    detail = Text(
        zh="{subject} 的“{title}”已在等待复核（{task_id}）。",
        en="“{title}” of {subject} waits for its decision already ({task_id}).",
    )
    fix = Text(zh="请先复核或驳回该事项。", en="Have that task decided first.")


class TaskNotFound(DomainError):
    type = "task-not-found"
    status = 404
    title = Text(zh="复核事项不存在", en="Task not found")
    detail = Text(zh="没有编号为 {task_id} 的复核事项。", en="There is no task {task_id}.")
    fix = Text(zh="请核对编号。", en="Check the id.")


class TaskDecided(DomainError):
    type = "task-decided"
    status = 409
    title = Text(zh="事项已有决定", en="The task is decided already")
    detail = Text(
        zh="该事项已由 {decided_by} 决定：{status}。",
        en="{decided_by} decided the task already: {status}.",
    )
    fix = Text(
        zh="决定不可更改；需要时请重新提出。", en="A decision stands; propose anew if need be."
    )


class TaskOwn(DomainError):
    type = "task-own"
    status = 403
    title = Text(zh="不能复核自己提出的事项", en="One's own proposal cannot be approved")
    detail = Text(
        zh="{subject} 提出了该事项，须由另一人批准。",
        en="{subject} proposed the task; another person has to approve it.",
    )
    fix = Text(
        zh="请由另一名经办人批准；提出人只能驳回（撤回）。",
        en="Another person approves; the initiator can only reject it.",
    )


def four_eyes_table(metadata: sa.MetaData) -> sa.Table:
    """Return the table of tasks, added to the metadata of a service that has any."""
    if TABLE in metadata.tables:
        return metadata.tables[TABLE]
    statuses = ", ".join(f"'{status}'" for status in TaskStatus)
    return sa.Table(
        TABLE,
        metadata,
        sa.Column("task_id", sa.Uuid, primary_key=True),
        sa.Column("kind", TextKey, nullable=False),
        sa.Column("subject", TextKey, nullable=False),
        sa.Column("proposal", JSONB, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("organisation_code", sa.Text),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", UtcDateTime, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("comment", sa.Text),
        sa.CheckConstraint(f"status IN ({statuses})", "known_status"),
        sa.CheckConstraint("status <> 'APPROVED' OR decided_by <> proposed_by", "four_eyes"),
        sa.CheckConstraint(
            "(status = 'PENDING') = (decided_at IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            "decided_as_a_whole",
        ),
        sa.CheckConstraint("status <> 'REJECTED' OR comment IS NOT NULL", "rejected_with_comment"),
        sa.Index(
            "uq_four_eyes_tasks__open",
            "kind",
            "subject",
            unique=True,
            postgresql_where=sa.text("status = 'PENDING'"),
        ),
        sa.Index("ix_four_eyes_tasks__subject", "subject", "task_id"),
    )


_tasks = four_eyes_table(sa.MetaData())


async def propose(
    session: AsyncSession,
    kind: TaskKind,
    *,
    subject: str,
    proposal: dict[str, Any],
    by: Principal,
    now: datetime,
    note: str | None = None,
) -> Task:
    """Open a task of the kind about the subject; raises TaskPending while one is open."""
    statement = (
        insert(_tasks)
        .values(
            task_id=new_id(),
            kind=kind.name,
            subject=subject,
            proposal=proposal,
            note=note,
            organisation_code=by.organisation_code,
            proposed_by=by.subject,
            proposed_at=now,
            status=TaskStatus.PENDING,
        )
        .on_conflict_do_nothing(
            index_elements=["kind", "subject"],
            index_where=sa.text("status = 'PENDING'"),
        )
        .returning(_tasks)
    )
    row = (await session.execute(statement)).first()
    if row is None:
        other = await pending(session, kind, subject)
        raise TaskPending(
            subject=subject, title=kind.title, task_id=other.task_id if other else "-"
        )
    return Task(*row)


async def pending(session: AsyncSession, kind: TaskKind, subject: str) -> Task | None:
    """Return the open task of the kind about the subject."""
    statement = sa.select(_tasks).where(
        _tasks.c.kind == kind.name,
        _tasks.c.subject == subject,
        _tasks.c.status == TaskStatus.PENDING,
    )
    row = (await session.execute(statement)).first()
    return None if row is None else Task(*row)


async def list_about(session: AsyncSession, subject: str) -> Sequence[Task]:
    """Return all tasks about the subject, oldest first."""
    statement = sa.select(_tasks).where(_tasks.c.subject == subject).order_by(_tasks.c.task_id)
    return [Task(*row) for row in await session.execute(statement)]


class TaskBook:
    """The kinds of a service: looks tasks up and decides them."""

    def __init__(self, kinds: Sequence[TaskKind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        assert len(self._kinds) == len(kinds), "two kinds of task share a name"

    def may_see(self, task: Task, by: Principal) -> bool:
        """Say whether the caller may decide such a task, or proposed it."""
        return task.proposed_by == by.subject or task.kind in self.decidable(by)

    def decidable(self, by: Principal) -> list[str]:
        """Return the kinds that the caller may decide."""
        return sorted(name for name, kind in self._kinds.items() if by.has(kind.scope))

    async def approve(
        self, session: AsyncSession, task_id: UUID, *, by: Principal, now: datetime
    ) -> Task:
        """Carry the proposal out. Raises TaskNotFound, Forbidden, TaskDecided, TaskOwn and what the
        kind raises.
        """
        task, kind = await self._lock(session, task_id, by)
        if task.proposed_by == by.subject:
            raise TaskOwn(subject=by.subject)
        await kind.approve(session, task, by, now)
        return await _decide(session, task, TaskStatus.APPROVED, comment=None, by=by, now=now)

    async def reject(
        self, session: AsyncSession, task_id: UUID, *, comment: str, by: Principal, now: datetime
    ) -> Task:
        """End the task without its effect. Raises TaskNotFound, Forbidden, TaskDecided and what
        the kind raises.
        """
        task, kind = await self._lock(session, task_id, by)
        if kind.reject is not None:
            await kind.reject(session, task, by, now)
        return await _decide(session, task, TaskStatus.REJECTED, comment=comment, by=by, now=now)

    async def _lock(
        self, session: AsyncSession, task_id: UUID, by: Principal
    ) -> tuple[Task, TaskKind]:
        task = await find(session, task_id, lock=True)
        kind = self._kinds.get(task.kind)
        if kind is None:
            raise TaskNotFound(task_id=task_id)
        # The initiator may take back what it proposed without holding the scope to decide.
        if not by.has(kind.scope) and by.subject != task.proposed_by:
            raise Forbidden(
                reason=Text(
                    zh=f"决定此事项须有权限 {kind.scope}。",
                    en=f"Deciding this task needs the scope {kind.scope}.",
                )
            )
        if task.status != TaskStatus.PENDING:
            raise TaskDecided(decided_by=task.decided_by, status=task.status)
        return task, kind


async def find(session: AsyncSession, task_id: UUID, *, lock: bool = False) -> Task:
    """Return the task; raises TaskNotFound."""
    statement = sa.select(_tasks).where(_tasks.c.task_id == task_id)
    row = (await session.execute(statement.with_for_update() if lock else statement)).first()
    if row is None:
        raise TaskNotFound(task_id=task_id)
    return Task(*row)


async def _decide(
    session: AsyncSession,
    task: Task,
    status: TaskStatus,
    *,
    comment: str | None,
    by: Principal,
    now: datetime,
) -> Task:
    statement = (
        sa.update(_tasks)
        .where(_tasks.c.task_id == task.task_id)
        .values(status=status, decided_by=by.subject, decided_at=now, comment=comment)
        .returning(_tasks)
    )
    return Task(*(await session.execute(statement)).one())


async def list_after(
    session: AsyncSession,
    *,
    visible_kinds: Sequence[str],
    proposed_by: str,
    kind: str | None,
    status: str | None,
    subject: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Task]:
    """Return up to `limit` tasks of the visible kinds or of the proposer, newest first."""
    statement = (
        sa.select(_tasks)
        .where(sa.or_(_tasks.c.kind.in_(visible_kinds), _tasks.c.proposed_by == proposed_by))
        .order_by(_tasks.c.task_id.desc())
        .limit(limit)
    )
    if kind is not None:
        statement = statement.where(_tasks.c.kind == kind)
    if status is not None:
        statement = statement.where(_tasks.c.status == status)
    if subject is not None:
        statement = statement.where(_tasks.c.subject == subject)
    if after is not None:
        statement = statement.where(_tasks.c.task_id < after)
    return [Task(*row) for row in await session.execute(statement)]
