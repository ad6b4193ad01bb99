"""SQL of overlaps: the places that are locked, and who lies near whom."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Integer, any_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from registry_svc.sites.models import Parcel
from registry_svc.sites.repository import DEREGISTERED, PROJECTS, texts

_NEIGHBOUR_ROWS = 2_000  # read at once, whatever a huge outline touches
_LOCK_CLASS = 7_425_002  # of the two-number advisory locks


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A held parcel whose bounds meet those of one of a project's own."""

    parcel_no: str  # the project's own
    other_no: str
    project_id: UUID
    project_name: str
    is_deregistered: bool
    outline: bytes


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
            PROJECTS.c.name,
            PROJECTS.c.status == DEREGISTERED,
            other.outline,
        )
        .join(other, other.bbox.op("&&", is_comparison=True)(own.bbox))
        .join(PROJECTS, PROJECTS.c.project_id == other.project_id)
        .where(
            own.project_id == project_id,
            own.parcel_no == any_(texts(parcel_nos)),
            own.released_at.is_(None),
            other.released_at.is_(None),
            other.bbox.is_not(None),
            (other.project_id != project_id) | (other.parcel_no != own.parcel_no),
        )
    )
    rows = await session.stream(statement)
    async for portion in rows.partitions(_NEIGHBOUR_ROWS):
        yield [Neighbour(*row) for row in portion]
