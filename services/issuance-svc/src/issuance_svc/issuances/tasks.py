"""The four-eyes task of an external issuance."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.issuances import external
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    await external.approve(
        session, UUID(task.subject), officer_code=by.organisation(), by=by.subject, now=now
    )


async def _reject(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    del now
    officer_code = None if by.subject == task.proposed_by else by.organisation()
    await external.reject(session, UUID(task.subject), officer_code=officer_code)


EXTERNAL_ISSUANCE = TaskKind(
    name="external-issuance",
    title=Text(zh="外部批次签发", en="Issuance of an external batch"),
    scope="issuance:approve",
    approve=_approve,
    reject=_reject,
)
TASKS = (EXTERNAL_ISSUANCE,)
