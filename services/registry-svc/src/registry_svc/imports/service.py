"""Bringing a file of parcels, meters or vehicles into a draft: all of it, or nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.imports import reading
from registry_svc.imports.columns import NUMBER_COLUMN, Kind
from registry_svc.imports.errors import ImportFileInvalid, ImportKindUnfit
from registry_svc.imports.reading import Brought
from registry_svc.imports.tables import ROWS_MAX, pointer
from registry_svc.methodologies.models import ProjectType
from registry_svc.projects import service as projects
from registry_svc.projects.models import FROM_FILE, Project
from registry_svc.sites import service as sites

KIND_OF: Mapping[ProjectType, Kind] = {
    ProjectType.AFFORESTATION: Kind.PARCELS,
    ProjectType.DISTRIBUTED_PV: Kind.METERS,
    ProjectType.CITIZEN_TRAVEL: Kind.VEHICLES,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file is, and what the project holds with it."""

    project_id: UUID
    kind: Kind
    dry_run: bool
    sha256: str
    format: str
    encoding: str | None
    crs: str | None
    rows: int
    area_m2: Decimal | None
    held: int


class _Undone(Exception):
    """Ends a dry run's savepoint: what it wrote is gone again."""


async def bring(
    session: AsyncSession,
    project_id: UUID,
    *,
    owner_code: str,
    kind: Kind,
    media_type: str,
    content: bytes,
    crs: str | None,
    dry_run: bool,
    now: datetime,
) -> Imported:
    """Add the file's things to the draft; a parcel of a number it has already is replaced.

    The same file again changes nothing and answers the same; a dry run answers as if it had been
    done. The file is read before the first statement: neither the draft's lock nor a connection is
    held meanwhile. Raises ProjectNotFound, NotTheOwner, ProjectNotDraft, ImportKindUnfit, ImportFileInvalid,
    ImportRefused, CrsRefused, SiteTaken, ParcelsOverlap, SiteBarred.
    """
    parsed = await asyncio.to_thread(reading.parse, content, kind, media_type, crs)
    project = await projects.get_draft_for_update(session, project_id, owner_code=owner_code)
    if KIND_OF[ProjectType(project.project_type)] is not kind:
        raise ImportKindUnfit(pointer="query:kind", project_type=project.project_type, kind=kind)
    conditions = await projects.parcel_conditions(session, project.construction_start)
    brought = reading.judge(parsed, conditions)
    held = 0
    try:
        async with session.begin_nested():
            held = await _write(session, project, brought, now)
            if dry_run:
                raise _Undone
    except _Undone:
        pass
    return Imported(
        project_id=project_id,
        kind=kind,
        dry_run=dry_run,
        sha256=brought.sha256,
        format=brought.format,
        encoding=brought.encoding,
        crs=brought.crs,
        rows=len(brought.rows),
        area_m2=brought.area_m2,
        held=held,
    )


async def _write(session: AsyncSession, project: Project, brought: Brought, now: datetime) -> int:
    """Write what is new, as the draft's next version; return how much it then holds."""
    changed = await _merge(session, project, brought)
    held = await _count(session, project.project_id, brought.kind)
    if changed:
        note = {FROM_FILE: {"kind": brought.kind, "sha256": brought.sha256, "held": held}}
        projects.keep_version(session, project, note, now)
    return held


async def _merge(session: AsyncSession, project: Project, brought: Brought) -> int:
    """Write what is new or different; return how much that was."""

    def pointer_of(_field: str, index: int, part: str | None) -> str:
        column = "geometry" if part == "outline" else NUMBER_COLUMN[brought.kind]
        return pointer(brought.rows[index], column)

    is_meters = brought.kind is Kind.METERS
    return await sites.merge(
        session,
        project.project_id,
        project.district_code,
        meters=brought.numbers if is_meters else (),
        parcels=brought.parcels,
        vehicles=brought.numbers if brought.kind is Kind.VEHICLES else (),
        pointer_of=pointer_of,
    )


async def _count(session: AsyncSession, project_id: UUID, kind: Kind) -> int:
    """Return how many things of the kind the project holds now. Raises ImportFileInvalid."""
    held_of = {
        Kind.PARCELS: sites.parcels_of,
        Kind.METERS: sites.meters_of,
        Kind.VEHICLES: sites.vehicles_of,
    }
    held = len(await held_of[kind](session, project_id))
    if held > ROWS_MAX:
        raise ImportFileInvalid(
            f"项目至多 {ROWS_MAX} 项，导入后将有 {held} 项；请分成几个项目。",
            f"A project holds at most {ROWS_MAX} and would hold {held}: make several projects.",
        )
    return held
