"""HTTP of the four-eyes tasks (双人复核): each service mounts one router with its kinds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from tht_kit import four_eyes
from tht_kit.auth import Authenticated
from tht_kit.fields import Prose
from tht_kit.four_eyes import Task, TaskBook, TaskKind, TaskNotFound, TaskStatus
from tht_kit.http import Now, ReadSession, WriteSession, new_router
from tht_kit.idempotency import Idempotent
from tht_kit.pagination import Page, PageQuery


class TaskOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    task_id: UUID
    kind: str = Field(examples=["project-registration"])
    subject: str = Field(description="所涉对象 / what it is about")
    proposal: dict[str, Any]
    note: str | None
    organisation_code: str | None
    proposed_by: str
    proposed_at: datetime
    status: TaskStatus
    decided_by: str | None
    decided_at: datetime | None
    comment: str | None

    @classmethod
    def of(cls, task: Task) -> Self:
        return cls.model_validate(task)


class TaskRejectionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment: Prose = Field(description="驳回理由 / why it is rejected")


def tasks_router(kinds: Sequence[TaskKind], *, prefix: str) -> APIRouter:
    """Return the router of a service's tasks: list, get, approve, reject.

    A caller sees the kinds that it may decide, and what it proposed itself.
    """
    book = TaskBook(kinds)
    router = new_router(prefix=prefix, tags=["双人复核 / Four eyes"])
    # Operation ids are unique over all services in the merged document.
    name = prefix.rsplit("/", 1)[-1].replace("-", "_").removesuffix("s")

    @router.get("", name=f"list_{name}s", summary="复核事项列表 / List the tasks")
    async def list_tasks(
        session: ReadSession,
        page: PageQuery,
        principal: Authenticated,
        kind: Annotated[str | None, Query(max_length=64, description="种类 / kind")] = None,
        status: Annotated[TaskStatus | None, Query(description="状态 / status")] = None,
        subject: Annotated[str | None, Query(max_length=128, description="对象 / subject")] = None,
    ) -> Page[TaskOut]:
        rows = await four_eyes.list_after(
            session,
            visible_kinds=book.decidable(principal),
            proposed_by=principal.subject,
            kind=kind,
            status=status,
            subject=subject,
            after=page.after_id,
            limit=page.rows,
        )
        return page.cut(rows, TaskOut.of, key=lambda row: [row.task_id])

    @router.get("/{task_id}", name=f"get_{name}", summary="查询复核事项 / Get a task")
    async def get_task(task_id: UUID, session: ReadSession, principal: Authenticated) -> TaskOut:
        task = await four_eyes.find(session, task_id)
        if not book.may_see(task, principal):
            raise TaskNotFound(task_id=task_id)
        return TaskOut.of(task)

    @router.post(
        "/{task_id}/approval",
        name=f"approve_{name}",
        dependencies=[Idempotent],
        summary="批准（须由另一人）/ Approve: another person than the initiator",
    )
    async def approve_task(
        task_id: UUID, session: WriteSession, now: Now, principal: Authenticated
    ) -> TaskOut:
        return TaskOut.of(await book.approve(session, task_id, by=principal, now=now))

    @router.post(
        "/{task_id}/rejection",
        name=f"reject_{name}",
        dependencies=[Idempotent],
        summary="驳回，须说明理由 / Reject, with the reason",
    )
    async def reject_task(
        task_id: UUID,
        body: TaskRejectionIn,
        session: WriteSession,
        now: Now,
        principal: Authenticated,
    ) -> TaskOut:
        task = await book.reject(session, task_id, comment=body.comment, by=principal, now=now)
        return TaskOut.of(task)

    return router
