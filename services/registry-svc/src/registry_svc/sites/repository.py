"""SQL of the sites: claims that two projects cannot both win."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, column, delete, select, table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.sites.models import Meter, Parcel

# Sites stand below projects: of the project that holds something only its status matters here.
_PROJECTS = table("projects", column("project_id", Uuid), column("status", Text))
_DEREGISTERED = "DEREGISTERED"


@dataclass(frozen=True, slots=True)
class Holder:
    """The project that holds a meter or parcel."""

    number: str
    project_id: UUID
    status: str

    @property
    def is_deregistered(self) -> bool:
        return self.status == _DEREGISTERED


async def claim_meters(
    session: AsyncSession, project_id: UUID, meter_nos: Iterable[str]
) -> Sequence[Holder]:
    """Claim all the meters, or return who holds those that could not be claimed.

    Sorted, so that two projects that want the same meters wait for each other in one order. A
    holder that released its meter meanwhile is no holder: then the claim is tried again.
    """
    wanted = sorted(meter_nos)
    while wanted:
        rows = [{"project_id": project_id, "meter_no": number} for number in wanted]
        statement = insert(Meter).values(rows).on_conflict_do_nothing().returning(Meter.meter_no)
        claimed = set((await session.scalars(statement)).all())
        wanted = [number for number in wanted if number not in claimed]
        holders = (
            select(Meter.meter_no, _PROJECTS.c.project_id, _PROJECTS.c.status)
            .join(_PROJECTS, _PROJECTS.c.project_id == Meter.project_id)
            .where(Meter.released_at.is_(None), Meter.meter_no.in_(wanted))
        )
        found = [Holder(*row) for row in await session.execute(holders)]
        if found:
            return found
    return []


async def claim_parcels(
    session: AsyncSession, district_code: str, parcels: Iterable[dict[str, Any]]
) -> Sequence[Holder]:
    """Claim all the parcels of one district, like meters."""
    wanted = sorted(parcels, key=lambda parcel: str(parcel["parcel_no"]))
    while wanted:
        statement = (
            insert(Parcel).values(wanted).on_conflict_do_nothing().returning(Parcel.parcel_no)
        )
        claimed = set((await session.scalars(statement)).all())
        wanted = [parcel for parcel in wanted if parcel["parcel_no"] not in claimed]
        holders = (
            select(Parcel.parcel_no, _PROJECTS.c.project_id, _PROJECTS.c.status)
            .join(_PROJECTS, _PROJECTS.c.project_id == Parcel.project_id)
            .where(
                Parcel.released_at.is_(None),
                Parcel.district_code == district_code,
                Parcel.parcel_no.in_([parcel["parcel_no"] for parcel in wanted]),
            )
        )
        found = [Holder(*row) for row in await session.execute(holders)]
        if found:
            return found
    return []


async def release(session: AsyncSession, project_id: UUID, *, now: datetime) -> None:
    """Give the project's meters and parcels back."""
    for held in (Meter, Parcel):
        statement = update(held).where(held.project_id == project_id)
        await session.execute(statement.values(released_at=now))


async def clear(session: AsyncSession, project_id: UUID) -> None:
    """Delete what the project holds: only for a draft, whose site nobody relies on yet."""
    for held in (Meter, Parcel):
        await session.execute(delete(held).where(held.project_id == project_id))


async def list_meters(session: AsyncSession, project_id: UUID) -> Sequence[Meter]:
    statement = select(Meter).where(Meter.project_id == project_id)
    return (await session.scalars(statement.order_by(Meter.meter_no))).all()


async def list_parcels(session: AsyncSession, project_id: UUID) -> Sequence[Parcel]:
    statement = select(Parcel).where(Parcel.project_id == project_id)
    return (await session.scalars(statement.order_by(Parcel.parcel_no))).all()
