"""SQL of the organisations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.organisations.models import Organisation


async def upsert(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store the organisations in the order given; an older version changes nothing."""
    statement = insert(Organisation)
    excluded = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Organisation.organisation_code],
            set_={
                "kinds": excluded.kinds,
                "status": excluded.status,
                "version": excluded.version,
                "banned_until": excluded.banned_until,
                "competence": excluded.competence,
            },
            where=Organisation.version < excluded.version,
        ),
        list(rows),
    )


async def find(session: AsyncSession, code: str) -> Organisation | None:
    return await session.get(Organisation, code)
