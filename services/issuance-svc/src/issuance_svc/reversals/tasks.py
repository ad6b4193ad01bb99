"""The four-eyes task of a reversal: whoever reports it, another officer confirms or rejects it."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.reversals import confirm, service
from issuance_svc.reversals.models import Kind, Reversal
from issuance_svc.reversals.service import Told
from tht_kit import four_eyes
from tht_kit.errors import Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    await confirm.confirm(session, UUID(task.subject), officer_code=by.organisation(), now=now)


async def _reject(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    del now
    officer_code = None if by.subject == task.proposed_by else by.organisation()
    await confirm.reject(session, UUID(task.subject), officer_code=officer_code)


CONFIRMATION = TaskKind(
    name="reversal-confirmation",
    title=Text(zh="确认逆转", en="Confirmation of a reversal"),
    scope="reversals:confirm",
    approve=_approve,
    reject=_reject,
)
TASKS = (CONFIRMATION,)


async def report(
    session: AsyncSession, project_id: str, told: Told, *, by: Principal, now: datetime
) -> tuple[Reversal, Task]:
    """Report a reversal and ask a second person to confirm it.

    Raises ProjectUnknown, ReporterUnfit, ReversalDated, CorrectionInvalid.
    """
    reversal = await service.report(
        session, project_id, told, reporter_code=by.organisation(), by=by.subject, now=now
    )
    task = await four_eyes.propose(
        session,
        CONFIRMATION,
        subject=str(reversal.reversal_id),
        proposal={
            "project_id": project_id,
            "kind": str(told.kind),
            "occurred_on": told.occurred_on.isoformat(),
            "loss_t": format(told.loss, "f"),
            "issuance_id": None if told.issuance_id is None else str(told.issuance_id),
            "report_id": None if told.report_id is None else str(told.report_id),
        },
        by=by,
        now=now,
        note=told.description,
    )
    return reversal, task


async def open_monitored(
    session: AsyncSession,
    *,
    project_id: str,
    report_id: UUID,
    loss: Decimal,
    period_end: date,
    owner_code: str,
    by: str,
    now: datetime,
) -> Reversal:
    """Open the reversal of a negative monitoring period (R20), once for each report.

    The owner's person who submitted the report has proposed it by that. Raises ProjectUnknown.
    """
    before = await service.find_of_report(session, report_id)
    if before is not None:
        return before
    told = Told(
        kind=Kind.MONITORED_LOSS,
        occurred_on=period_end,
        loss=loss,
        description=f"监测期为负，见报告 {report_id} / negative period, see report {report_id}",
        report_id=report_id,
    )
    submitter = Principal(by, owner_code, scopes=frozenset(), environment="")
    reversal, _ = await report(session, project_id, told, by=submitter, now=now)
    return reversal
