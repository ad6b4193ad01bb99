"""Methodologies (方法学): published versions that projects are registered under."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies import repository, rules
from registry_svc.methodologies.errors import (
    MethodologyNotFound,
    MethodologyNotInForce,
    MethodologyStepRefused,
)
from registry_svc.methodologies.models import (
    Methodology,
    MethodologyStatus,
    MethodologyStep,
    Panel,
    ProjectType,
)
from registry_svc.methodologies.rules import Op, Rule
from registry_svc.methodologies.seed import MethodologySeed
from tht_contracts.events.registry import MethodologyPublished
from tht_kit.errors import FieldProblem
from tht_kit.ids import new_id
from tht_kit.outbox import emit

PUBLIC = (MethodologyStatus.PUBLISHED, MethodologyStatus.WITHDRAWN)
SEEDED_BY = "seed"


async def seed(session: AsyncSession, seeds: Iterable[MethodologySeed], *, now: datetime) -> None:
    """Publish the methodologies that are not published yet."""
    for found in seeds:
        columns = found.columns() | {"status": MethodologyStatus.PUBLISHED, "published_at": now}
        published = await repository.insert_new(session, columns)
        if published is not None:
            record_step(session, published, "seeded", by=SEEDED_BY, now=now)
            await emit(session, published_event(published), now=now)


async def get(session: AsyncSession, methodology_code: str) -> Methodology:
    """Return the methodology; raises MethodologyNotFound."""
    methodology = await repository.find(session, methodology_code)
    if methodology is None:
        raise MethodologyNotFound(methodology_code=methodology_code)
    return methodology


async def get_for_update(
    session: AsyncSession, methodology_code: str, *expected: MethodologyStatus
) -> Methodology:
    """Return the methodology, locked, at one of the statuses.

    Raises MethodologyNotFound, MethodologyStepRefused.
    """
    methodology = await repository.find_for_update(session, methodology_code)
    if methodology is None:
        raise MethodologyNotFound(methodology_code=methodology_code)
    if methodology.status not in expected:
        raise MethodologyStepRefused(
            methodology_code=methodology_code,
            status=methodology.status,
            expected=" / ".join(expected),
        )
    return methodology


async def get_in_force(
    session: AsyncSession, methodology_code: str, day: date, *, pointer: str
) -> Methodology:
    """Return the methodology if projects may be filed under it on the day.

    A superseded version may be used to the end of its transition window; raises
    MethodologyNotInForce.
    """
    methodology = await repository.find(session, methodology_code)
    if methodology is None or not methodology.is_in_force(day):
        raise MethodologyNotInForce(pointer=pointer, methodology_code=methodology_code, day=day)
    return methodology


async def get_registrable(session: AsyncSession, methodology_code: str, day: date) -> Methodology:
    """Return the methodology if a filed project may still be registered under it on the day.

    Also a withdrawn version, to the end of its transition window; raises MethodologyNotInForce.
    """
    methodology = await repository.find(session, methodology_code)
    if methodology is None or not methodology.is_registrable(day):
        raise MethodologyNotInForce(methodology_code=methodology_code, day=day)
    return methodology


def check_applicability(
    methodology: Methodology, facts: Mapping[str, object]
) -> list[FieldProblem]:
    """Return a problem for each applicability rule that the project's facts do not meet.

    A fact that is missing or cannot be compared is a problem; the facts may say more than is asked.
    """
    return rules.check(rules_of(methodology), facts)


def check_written(methodology: Methodology, facts: Mapping[str, object]) -> list[FieldProblem]:
    """Check facts that were written in JSON, where decimals and days are text."""
    found = rules_of(methodology)
    return rules.check(found, rules.read_facts(found, facts))


def rules_of(methodology: Methodology) -> list[Rule]:
    """Return the applicability rules of the version."""
    return [Rule(**{**row, "op": Op(row["op"])}) for row in methodology.applicability]


async def list_page(
    session: AsyncSession,
    *,
    status: MethodologyStatus | None,
    project_type: ProjectType | None,
    series: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Methodology]:
    """Return up to `limit` methodologies whose code comes after `after`; drafts only if asked."""
    return await repository.list_after(
        session,
        statuses=PUBLIC if status is None else (status,),
        project_type=project_type,
        series=series,
        after=after,
        limit=limit,
    )


async def list_panels(session: AsyncSession, methodology_code: str) -> Sequence[Panel]:
    """Return the meetings of experts about the version, oldest first."""
    return await repository.list_panels(session, methodology_code)


async def list_steps(session: AsyncSession, methodology_code: str) -> Sequence[MethodologyStep]:
    """Return the steps of the version, oldest first."""
    return await repository.list_steps(session, methodology_code)


def record_step(
    session: AsyncSession,
    methodology: Methodology,
    what: str,
    *,
    by: str,
    approved_by: str | None = None,
    reason: str | None = None,
    now: datetime,
) -> None:
    """Write a step into the version's history."""
    repository.add(
        session,
        MethodologyStep(
            step_id=new_id(),
            methodology_code=methodology.methodology_code,
            status=methodology.status,
            what=what,
            reason=reason,
            changed_by=by,
            approved_by=approved_by,
            changed_at=now,
        ),
    )


def published_event(methodology: Methodology) -> MethodologyPublished:
    """Return what the others are told of a published version."""
    return MethodologyPublished.model_validate(
        {name: getattr(methodology, name) for name in MethodologyPublished.model_fields}
    )
