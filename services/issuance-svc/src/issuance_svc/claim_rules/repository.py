"""SQL of the claim rules."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.claim_rules.models import ClaimRule


async def find(session: AsyncSession, unit_type: str) -> ClaimRule | None:
    return await session.get(ClaimRule, unit_type)


async def insert_new(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rules that are not there yet; a changed one stays as an administrator left it."""
    await session.execute(insert(ClaimRule).on_conflict_do_nothing(), list(rows))


async def replace(session: AsyncSession, values: dict[str, Any]) -> None:
    """Put the rule of a unit type in force, whether there was one or not."""
    statement = insert(ClaimRule).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ClaimRule.unit_type],
            set_={name: statement.excluded[name] for name in values if name != "unit_type"},
        )
    )


async def list_all(session: AsyncSession) -> Sequence[ClaimRule]:
    return (await session.scalars(select(ClaimRule).order_by(ClaimRule.unit_type))).all()
