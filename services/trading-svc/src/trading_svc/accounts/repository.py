"""SQL of the accounts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.accounts.models import Account, AccountStatus


async def lock(session: AsyncSession, codes: Collection[str]) -> Sequence[Account]:
    """Return the accounts that exist, locked in the order of their codes until the commit."""
    statement = (
        select(Account)
        .where(Account.organisation_code.in_(sorted(codes)))
        .order_by(Account.organisation_code)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def find(session: AsyncSession | AsyncReadSession, code: str) -> Account | None:
    return await session.get(Account, code)


async def read(session: AsyncSession, codes: Collection[str]) -> Sequence[Account]:
    statement = select(Account).where(Account.organisation_code.in_(codes))
    return (await session.scalars(statement)).all()


async def copy_organisations(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Open or change the accounts; a copy older than the one that stands is passed over."""
    statement = insert(Account)
    excluded = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Account.organisation_code],
            set_={
                "name": excluded.name,
                "kinds": excluded.kinds,
                "status": excluded.status,
                "version": excluded.version,
            },
            where=Account.version < excluded.version,
        ),
        rows,
    )


async def announce(session: AsyncSession, codes: Collection[str], *, now: datetime) -> None:
    """Open the accounts that are not there yet, to hold until the organisation's event arrives."""
    rows = [
        {
            "organisation_code": code,
            "name": code,
            "kinds": [],
            "status": AccountStatus.ANNOUNCED,
            "version": 0,
            "opened_at": now,
        }
        for code in sorted(codes)
    ]
    await session.execute(insert(Account).on_conflict_do_nothing(), rows)
