"""Methodologies (方法学): published versions that projects are registered under."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies import repository
from registry_svc.methodologies.errors import MethodologyNotFound, MethodologyNotInForce
from registry_svc.methodologies.models import Methodology
from registry_svc.methodologies.seed import MethodologySeed
from tht_contracts.events.registry import MethodologyPublished
from tht_kit.outbox import emit


async def seed(session: AsyncSession, seeds: Iterable[MethodologySeed], *, now: datetime) -> None:
    """Publish the methodologies that are not published yet."""
    for found in seeds:
        if await repository.insert_new(session, found.model_dump() | {"published_at": now}):
            event = MethodologyPublished(
                methodology_code=found.methodology_code,
                name=found.name,
                project_type=found.project_type.value,
                valid_from=found.valid_from,
                valid_until=found.valid_until,
                evidence_grade=found.evidence_grade,
                source=found.source,
            )
            await emit(session, event, now=now)


async def get(session: AsyncSession, methodology_code: str) -> Methodology:
    """Return the methodology; raises MethodologyNotFound."""
    methodology = await repository.find(session, methodology_code)
    if methodology is None:
        raise MethodologyNotFound(methodology_code=methodology_code)
    return methodology


async def get_in_force(
    session: AsyncSession, methodology_code: str, day: date, *, pointer: str
) -> Methodology:
    """Return the methodology if it is in force on the day; raises MethodologyNotInForce."""
    methodology = await repository.find(session, methodology_code)
    if methodology is None or not methodology.is_in_force(day):
        raise MethodologyNotInForce(pointer=pointer, methodology_code=methodology_code, day=day)
    return methodology


async def list_page(
    session: AsyncSession, *, after: str | None, limit: int
) -> Sequence[Methodology]:
    """Return up to `limit` methodologies whose code comes after `after`."""
    return await repository.list_after(session, after=after, limit=limit)
