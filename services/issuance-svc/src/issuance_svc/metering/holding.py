"""Which project a meter counts for (R7): the register's word first, then who claimed it first."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.metering import repository
from issuance_svc.metering.errors import MeterElsewhere
from issuance_svc.metering.models import Meter
from issuance_svc.projects import service as projects
from issuance_svc.projects.models import Project


async def own(session: AsyncSession, project: Project, meters: Sequence[Meter]) -> list[Meter]:
    """Return those of the project's recorded meters that count for it (R7).

    Those it is registered with always do. A successor is only its owner's word: it counts unless
    the register registered another project with it, before or after.
    """
    return [
        meter
        for meter in meters
        if meter.meter_no in project.meters
        or not await _is_elsewhere(session, project, meter.meter_no)
    ]


async def must_hold(session: AsyncSession, project: Project) -> None:
    """Raise MeterElsewhere where two projects are registered with a meter and the other has it.

    A claim of a project that is not registered with the meter, or no longer, does not count here.
    """
    for claim in await repository.list_claims(session, project.meters):
        if claim.project_id == project.project_id:
            continue
        other = await projects.find_with_meter(
            session, claim.meter_no, other_than=project.project_id
        )
        if other is not None and other.project_id == claim.project_id:
            raise MeterElsewhere(meter_no=claim.meter_no)


async def _is_elsewhere(session: AsyncSession, project: Project, meter_no: str) -> bool:
    """Say whether the register registered another project with the meter."""
    other = await projects.find_with_meter(session, meter_no, other_than=project.project_id)
    return other is not None


async def must_not_be_elsewhere(
    session: AsyncSession, project: Project, meter_no: str, pointer: str
) -> None:
    """Raise MeterElsewhere where only another project is registered with the meter."""
    if meter_no not in project.meters and await _is_elsewhere(session, project, meter_no):
        raise MeterElsewhere(pointer=pointer, meter_no=meter_no)


async def insert(session: AsyncSession, project: Project, meter: Meter) -> None:
    """Insert the version; the register's word that the meter is the project's outweighs a claim."""
    is_registered = meter.meter_no in project.meters
    if is_registered and not await _is_elsewhere(session, project, meter.meter_no):
        await repository.take(session, meter.meter_no, meter.project_id)
    elif await repository.claim(session, meter.meter_no, meter.project_id) != meter.project_id:
        raise MeterElsewhere(pointer="/meter_no", meter_no=meter.meter_no)
    await repository.insert_meter(session, meter)
