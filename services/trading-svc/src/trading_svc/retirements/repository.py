"""SQL of the retirements."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.retirements.models import Retirement

AnySession = AsyncSession | AsyncReadSession


async def write(session: AsyncSession, retirement: Retirement) -> None:
    await session.execute(
        insert(Retirement).values(
            id=retirement.id,
            certificate_id=retirement.certificate_id,
            account_code=retirement.account_code,
            beneficiary_code=retirement.beneficiary_code,
            reason=retirement.reason,
            compliance_year=retirement.compliance_year,
            claim_id=retirement.claim_id,
            reversal_id=retirement.reversal_id,
            note=retirement.note,
            quantity_t=retirement.quantity_t,
            retired_by=retirement.retired_by,
            retired_at=retirement.retired_at,
        )
    )


async def find(session: AnySession, retirement_id: UUID) -> Retirement | None:
    return await session.get(Retirement, retirement_id)


async def list_newest(
    session: AnySession,
    *,
    account_code: str | None,
    reason: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Retirement]:
    """Return retirements, the newest first."""
    statement = select(Retirement).order_by(Retirement.id.desc()).limit(limit)
    if account_code is not None:
        statement = statement.where(Retirement.account_code == account_code)
    if reason is not None:
        statement = statement.where(Retirement.reason == reason)
    if before is not None:
        statement = statement.where(Retirement.id < before)
    return (await session.scalars(statement)).all()
