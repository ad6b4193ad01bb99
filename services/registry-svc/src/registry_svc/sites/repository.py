"""SQL of the sites: claims that two projects cannot both win, and who lies near whom."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
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
from sqlalchemy.orm import InstrumentedAttribute, aliased, undefer

from registry_svc.sites.models import Meter, Parcel, Vehicle

# Sites stand below projects: they read whose something is, and never write it.
_PROJECTS = table(
    "projects", column("project_id", Uuid), column("name", Text), column("status", Text)
)
_DEREGISTERED = "DEREGISTERED"
_NEIGHBOUR_ROWS = 2_000  # read at once, whatever a huge outline touches
_LOCK_CLASS = 7_425_002  # of the two-number advisory locks

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

    @property
    def is_deregistered(self) -> bool:
        return self.status == _DEREGISTERED


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A held parcel whose bounds meet those of one of a project's own."""

    parcel_no: str  # the project's own
    other_no: str
    project_id: UUID
    project_name: str
    is_deregistered: bool
    outline: bytes


async def claim_meters(
    session: AsyncSession, project_id: UUID, meter_nos: Iterable[str]
) -> Sequence[Holder]:
    """Claim all the meters, or return who holds those that could not be claimed."""
    return await _claim(session, Meter.meter_no, project_id, meter_nos)


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
        rows = select(literal(project_id, Uuid), func.unnest(_texts(wanted)))
        statement = insert(held).from_select(["project_id", number.key], rows)
        claimed = set(
            (await session.scalars(statement.on_conflict_do_nothing().returning(number))).all()
        )
        wanted = [found for found in wanted if found not in claimed]
        holders = (
            select(number, _PROJECTS.c.project_id, _PROJECTS.c.status)
            .join(_PROJECTS, _PROJECTS.c.project_id == held.project_id)
            .where(held.released_at.is_(None), number == any_(_texts(wanted)))
        )
        if wanted and (found := [Holder(*row) for row in await session.execute(holders)]):
            return found
    return []


async def claim_parcels(
    session: AsyncSession, project_id: UUID, district_code: str, parcels: Iterable[dict[str, Any]]
) -> Sequence[Holder]:
    """Claim all the parcels of one district, like meters."""
    wanted = sorted(parcels, key=lambda parcel: str(parcel["parcel_no"]))
    while wanted:
        claimed = await _insert_parcels(session, project_id, district_code, wanted)
        wanted = [parcel for parcel in wanted if parcel["parcel_no"] not in claimed]
        numbers = [parcel["parcel_no"] for parcel in wanted]
        holders = (
            select(Parcel.parcel_no, _PROJECTS.c.project_id, _PROJECTS.c.status)
            .join(_PROJECTS, _PROJECTS.c.project_id == Parcel.project_id)
            .where(
                Parcel.released_at.is_(None),
                Parcel.district_code == district_code,
                Parcel.parcel_no == any_(_texts(numbers)),
            )
        )
        if wanted and (found := [Holder(*row) for row in await session.execute(holders)]):
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


def _texts(values: Sequence[str]) -> Any:
    return cast(list(values), ARRAY(Text))


async def lock_places(session: AsyncSession, places: Sequence[int]) -> None:
    """Let nobody else check or change parcels in these places until the transaction ends.

    Every transaction takes them in ascending order, after all its numbers: none waits in a circle.
    """
    given = func.unnest(cast(sorted(places), ARRAY(Integer))).column_valued("place")
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK_CLASS, given)))


async def neighbours(
    session: AsyncSession, project_id: UUID, parcel_nos: Sequence[str]
) -> AsyncIterator[Sequence[Neighbour]]:
    """Yield who lies near the project's parcels, its own other parcels included, in portions."""
    own, other = aliased(Parcel), aliased(Parcel)
    statement = (
        select(
            own.parcel_no,
            other.parcel_no,
            other.project_id,
            _PROJECTS.c.name,
            _PROJECTS.c.status == _DEREGISTERED,
            other.outline,
        )
        .join(other, other.bbox.op("&&", is_comparison=True)(own.bbox))
        .join(_PROJECTS, _PROJECTS.c.project_id == other.project_id)
        .where(
            own.project_id == project_id,
            own.parcel_no == any_(_texts(parcel_nos)),
            own.released_at.is_(None),
            other.released_at.is_(None),
            other.bbox.is_not(None),
            (other.project_id != project_id) | (other.parcel_no != own.parcel_no),
        )
    )
    rows = await session.stream(statement)
    async for portion in rows.partitions(_NEIGHBOUR_ROWS):
        yield [Neighbour(*row) for row in portion]


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
            Parcel.project_id == project_id, Parcel.parcel_no == any_(_texts(parcel_nos))
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
