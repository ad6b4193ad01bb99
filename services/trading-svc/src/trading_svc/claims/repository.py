"""SQL of the claims."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.claims.models import Claim


def add(session: AsyncSession, claim: Claim) -> None:
    session.add(claim)


async def lock(session: AsyncSession, claim_id: UUID) -> Claim | None:
    statement = (
        select(Claim)
        .where(Claim.id == claim_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def find(session: AsyncReadSession, claim_id: UUID) -> Claim | None:
    return await session.get(Claim, claim_id)
