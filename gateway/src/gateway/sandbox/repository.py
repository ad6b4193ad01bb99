"""SQL of the sandbox clock."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.sandbox.models import ONLY, SandboxClockRow


async def offset_s(session: AsyncSession) -> int:
    """Return the offset as it was last set, 0 if it never was."""
    statement = select(SandboxClockRow.offset_s).where(SandboxClockRow.id == ONLY)
    return (await session.execute(statement)).scalar_one_or_none() or 0


async def lock(session: AsyncSession, *, now: datetime) -> SandboxClockRow:
    """Return the row, locked; it is made at the first call."""
    await session.execute(
        insert(SandboxClockRow)
        .values(id=ONLY, offset_s=0, moved_by="", moved_at=now)
        .on_conflict_do_nothing()
    )
    row = await session.get(SandboxClockRow, ONLY, with_for_update=True, populate_existing=True)
    assert row is not None, "inserted above, never deleted"
    return row
