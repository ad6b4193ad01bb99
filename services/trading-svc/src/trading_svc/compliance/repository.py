"""SQL of 履约."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tht_kit.db import AsyncReadSession
from trading_svc.compliance.models import EnterpriseYear, OffsetRule, Surrender
from trading_svc.compliance.rules import Scheme

AnySession = AsyncSession | AsyncReadSession


async def insert_missing_rules(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rules whose version is not there yet."""
    await session.execute(insert(OffsetRule).on_conflict_do_nothing(), list(rows))


async def list_rules(session: AsyncSession) -> Sequence[OffsetRule]:
    return (await session.scalars(select(OffsetRule))).all()


async def find_rule(session: AnySession, scheme: Scheme, compliance_year: int) -> OffsetRule | None:
    """Return the newest version of the year's rule."""
    statement = (
        select(OffsetRule)
        .where(OffsetRule.scheme == scheme, OffsetRule.compliance_year == compliance_year)
        .order_by(OffsetRule.version.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


async def lock_year(
    session: AsyncSession, account_code: str, compliance_year: int
) -> EnterpriseYear | None:
    statement = (
        select(EnterpriseYear)
        .where(
            EnterpriseYear.account_code == account_code,
            EnterpriseYear.compliance_year == compliance_year,
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def find_year(
    session: AnySession, account_code: str, compliance_year: int
) -> EnterpriseYear | None:
    return await session.get(EnterpriseYear, (account_code, compliance_year))


async def record_obligation(session: AsyncSession, row: dict[str, Any]) -> EnterpriseYear:
    """Insert or change an enterprise's year; what was used stays."""
    statement = insert(EnterpriseYear).values(used_t=0, local_used_t=0, version=1, **row)
    keys = ("account_code", "compliance_year")
    changed = {name: statement.excluded[name] for name in row if name not in keys}
    recorded = statement.on_conflict_do_update(
        index_elements=list(keys), set_={**changed, "version": EnterpriseYear.version + 1}
    ).returning(EnterpriseYear)
    return (await session.scalars(recorded, execution_options={"populate_existing": True})).one()


async def add_used(
    session: AsyncSession, year: EnterpriseYear, *, quantity_t: int, local_t: int
) -> None:
    await session.execute(
        update(EnterpriseYear)
        .where(
            EnterpriseYear.account_code == year.account_code,
            EnterpriseYear.compliance_year == year.compliance_year,
        )
        .values(
            used_t=EnterpriseYear.used_t + quantity_t,
            local_used_t=EnterpriseYear.local_used_t + local_t,
        )
        .execution_options(synchronize_session="fetch")
    )


async def write_surrender(session: AsyncSession, surrender: Surrender) -> None:
    await session.execute(
        insert(Surrender).values(
            id=surrender.id,
            account_code=surrender.account_code,
            compliance_year=surrender.compliance_year,
            quantity_t=surrender.quantity_t,
            local_t=surrender.local_t,
            retirement_id=surrender.retirement_id,
            accepted_at=surrender.accepted_at,
        )
    )


async def on_the_list(
    session: AsyncSession, codes: Collection[str], compliance_year: int
) -> frozenset[str]:
    """Return which of the organisations stand on the year's list."""
    statement = select(EnterpriseYear.account_code).where(
        EnterpriseYear.account_code.in_(codes), EnterpriseYear.compliance_year == compliance_year
    )
    return frozenset((await session.scalars(statement)).all())
