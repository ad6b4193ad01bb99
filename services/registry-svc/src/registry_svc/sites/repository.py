"""SQL of the sites: claims that two projects cannot both win."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    any_,
    cast,
    column,
    delete,
    func,
    literal,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, undefer

from registry_svc.sites.models import Meter, Parcel, Vehicle
from registry_svc.sites.rules import meter_key

# Sites stand below projects: they read whose something is, and never write it.
PROJECTS = table(
    "projects", column("project_id", Uuid), column("name", Text), column("status", Text)
)
DEREGISTERED = "DEREGISTERED"

PARCEL_COLUMNS = (
    "parcel_no",
    "area_m2",
    "land_use",
    "non_forest_since",
    "is_wetland",
    "outline",
    "bbox",
    "crs",
    "computed_area_m2",
)


@dataclass(frozen=True, slots=True)
class Holder:
    """The project that holds a meter, parcel or vehicle."""

    number: str
    project_id: UUID
    status: str
    held_as: str  # how the holder spells it

    @property
    def is_deregistered(self) -> bool:
        return self.status == DEREGISTERED


async def claim_meters(
    session: AsyncSession, project_id: UUID, meter_nos: Iterable[str]
) -> Sequence[Holder]:
    """Claim all the meters, or return who holds those that could not be claimed."""
    wanted = sorted((meter_key(number), number) for number in meter_nos)
    while wanted:
        keys = [key for key, _ in wanted]
        given = func.unnest(texts(keys)), func.unnest(texts([number for _, number in wanted]))
        statement = insert(Meter).from_select(
            ["project_id", "meter_key", "meter_no"], select(literal(project_id, Uuid), *given)
        )
        claim = statement.on_conflict_do_nothing().returning(Meter.meter_no)
        claimed = set((await session.scalars(claim)).all())
        wanted = [found for found in wanted if found[1] not in claimed]
        if wanted and (found := await _meter_holders(session, wanted)):
            return found
    return []


async def _meter_holders(
    session: AsyncSession, wanted: Sequence[tuple[str, str]]
) -> Sequence[Holder]:
    """Return who holds the meters of these keys, under whichever spelling."""
    statement = (
        select(Meter.meter_key, Meter.meter_no, PROJECTS.c.project_id, PROJECTS.c.status)
        .join(PROJECTS, PROJECTS.c.project_id == Meter.project_id)
        .where(Meter.released_at.is_(None), Meter.meter_key == any_(texts([k for k, _ in wanted])))
    )
    held = {row.meter_key: row for row in await session.execute(statement)}
    return [
        Holder(number, held[key].project_id, held[key].status, held[key].meter_no)
        for key, number in wanted
        if key in held
    ]


async def claim_vehicles(
    session: AsyncSession, project_id: UUID, plate_nos: Iterable[str]
) -> Sequence[Holder]:
    """Claim all the vehicles, like meters."""
    return await _claim(session, Vehicle.plate_no, project_id, plate_nos)


async def _claim(
    session: AsyncSession,
    number: InstrumentedAttribute[str],
    project_id: UUID,
    numbers: Iterable[str],
) -> Sequence[Holder]:
    """Claim all the numbers of one kind, or return who holds those that could not be claimed.

    Sorted, so that two projects that want the same ones wait for each other in one order. A
    holder that released its own meanwhile is no holder: then the claim is tried again.
    """
    held = number.class_
    wanted = sorted(numbers)
    while wanted:
        rows = select(literal(project_id, Uuid), func.unnest(texts(wanted)))
        statement = insert(held).from_select(["project_id", number.key], rows)
        claimed = set(
            (await session.scalars(statement.on_conflict_do_nothing().returning(number))).all()
        )
        wanted = [found for found in wanted if found not in claimed]
        if wanted and (found := await _holders(session, number, wanted)):
            return found
    return []


async def _holders(
    session: AsyncSession,
    number: InstrumentedAttribute[str],
    wanted: Sequence[str],
    *conditions: ColumnElement[bool],
) -> Sequence[Holder]:
    held = number.class_
    statement = (
        select(number, PROJECTS.c.project_id, PROJECTS.c.status)
        .join(PROJECTS, PROJECTS.c.project_id == held.project_id)
        .where(held.released_at.is_(None), number == any_(texts(wanted)), *conditions)
    )
    return [
        Holder(held_as, project_id, status, held_as)
        for held_as, project_id, status in await session.execute(statement)
    ]


async def claim_parcels(
    session: AsyncSession, project_id: UUID, district_code: str, parcels: Iterable[dict[str, Any]]
) -> Sequence[Holder]:
    """Claim all the parcels of one district, like meters."""
    wanted = sorted(parcels, key=lambda parcel: str(parcel["parcel_no"]))
    while wanted:
        claimed = await _insert_parcels(session, project_id, district_code, wanted)
        wanted = [parcel for parcel in wanted if parcel["parcel_no"] not in claimed]
        numbers = [parcel["parcel_no"] for parcel in wanted]
        in_district = Parcel.district_code == district_code
        found = await _holders(session, Parcel.parcel_no, numbers, in_district) if wanted else []
        if found:
            return found
    return []


async def _insert_parcels(
    session: AsyncSession, project_id: UUID, district_code: str, parcels: Sequence[dict[str, Any]]
) -> set[str]:
    """Insert those parcels that nobody holds, in one statement; return their numbers."""
    columns = [Parcel.__table__.c[name] for name in PARCEL_COLUMNS]
    arrays = [
        cast([parcel[column.name] for parcel in parcels], ARRAY(column.type, dimensions=1))
        for column in columns
    ]
    given = (
        func.unnest(*arrays)
        .table_valued(*(column.name for column in columns), name="given")
        .render_derived()
    )
    rows = select(
        literal(project_id, Uuid),
        literal(district_code, Text),
        *(given.c[name] for name in PARCEL_COLUMNS),
    )
    names = ["project_id", "district_code", *PARCEL_COLUMNS]
    statement = insert(Parcel).from_select(names, rows).on_conflict_do_nothing()
    return set((await session.scalars(statement.returning(Parcel.parcel_no))).all())


def texts(values: Sequence[str]) -> Any:
    return cast(list(values), ARRAY(Text))


async def release(session: AsyncSession, project_id: UUID, *, now: datetime) -> None:
    """Give the project's meters, parcels and vehicles back."""
    for held in (Meter, Parcel, Vehicle):
        statement = update(held).where(held.project_id == project_id)
        await session.execute(statement.values(released_at=now))


async def clear(session: AsyncSession, project_id: UUID) -> None:
    """Delete what the project holds: only for a draft, whose site nobody relies on yet."""
    for held in (Meter, Parcel, Vehicle):
        await session.execute(delete(held).where(held.project_id == project_id))


async def delete_parcels(
    session: AsyncSession, project_id: UUID, parcel_nos: Sequence[str]
) -> None:
    """Delete some of a draft's parcels, to be written anew."""
    await session.execute(
        delete(Parcel).where(
            Parcel.project_id == project_id, Parcel.parcel_no == any_(texts(parcel_nos))
        )
    )


async def list_meters(session: AsyncSession, project_id: UUID) -> Sequence[Meter]:
    statement = select(Meter).where(Meter.project_id == project_id)
    return (await session.scalars(statement.order_by(Meter.meter_no))).all()


async def list_vehicles(session: AsyncSession, project_id: UUID) -> Sequence[Vehicle]:
    statement = select(Vehicle).where(Vehicle.project_id == project_id)
    return (await session.scalars(statement.order_by(Vehicle.plate_no))).all()


async def list_parcels(
    session: AsyncSession, project_id: UUID, *, drawn: bool = False
) -> Sequence[Parcel]:
    """Return the project's parcels, with their outlines only if they are to be `drawn`."""
    statement = select(Parcel).where(Parcel.project_id == project_id)
    if drawn:
        statement = statement.options(undefer(Parcel.outline), undefer(Parcel.bbox))
        statement = statement.execution_options(populate_existing=True)
    return (await session.scalars(statement.order_by(Parcel.parcel_no))).all()
