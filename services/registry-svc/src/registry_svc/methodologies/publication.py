"""Publication (发布) and withdrawal (废止) of a methodology: each decided by two persons."""

from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies import repository, rules, service
from registry_svc.methodologies.errors import MethodologyVersionStale
from registry_svc.methodologies.models import Methodology, MethodologyStatus
from registry_svc.organisations import service as organisations
from tht_contracts.events.registry import MethodologyWithdrawn
from tht_kit import four_eyes
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, InvalidRequest, Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.outbox import emit
from tht_kit.principal import Principal

REVIEWED, PUBLISHED = MethodologyStatus.REVIEWED, MethodologyStatus.PUBLISHED
WITHDRAWN = MethodologyStatus.WITHDRAWN
ONE_DAY = timedelta(days=1)


async def propose(
    session: AsyncSession,
    methodology_code: str,
    *,
    transition_until: date | None,
    note: str | None,
    by: Principal,
    now: datetime,
) -> Task:
    """Propose to publish a reviewed version; the one it supersedes may register projects until
    `transition_until`, by default to the day before the new one begins.

    Raises OrganisationUnfit, MethodologyNotFound, MethodologyStepRefused, MethodologyVersionStale,
    InvalidRequest, TaskPending.
    """
    await organisations.must_be_officer(session, by)
    methodology, superseded = await _locked(session, methodology_code)
    problems = [*rules.begun_problems(methodology.valid_from, legal_date(now))]
    if transition_until is not None:
        problems += _transition_problems(methodology, superseded, transition_until)
    if problems:
        raise InvalidRequest(count=len(problems), errors=problems)
    return await four_eyes.propose(
        session,
        PUBLICATION,
        subject=methodology_code,
        proposal={
            "supersedes": superseded and superseded.methodology_code,
            "transition_until": transition_until and transition_until.isoformat(),
        },
        note=note,
        by=by,
        now=now,
    )


def _transition_problems(
    methodology: Methodology, superseded: Methodology | None, transition_until: date
) -> list[FieldProblem]:
    if superseded is None:
        text = Text(
            zh="没有被取代的版本，无过渡期。",
            en="It supersedes no version: there is no transition.",
        )
        return [FieldProblem("/transition_until", text)]
    if transition_until < methodology.valid_from - ONE_DAY:
        text = Text(
            zh=f"过渡期不能早于新版生效前一日（{methodology.valid_from - ONE_DAY}）结束。",
            en="The transition cannot end before the new version begins"
            f" ({methodology.valid_from}).",
        )
        return [FieldProblem("/transition_until", text)]
    return []


async def _locked(
    session: AsyncSession, methodology_code: str
) -> tuple[Methodology, Methodology | None]:
    """Return the reviewed version and the published one that it supersedes, both locked.

    Raises MethodologyNotFound, MethodologyStepRefused, MethodologyVersionStale.
    """
    series = (await service.get(session, methodology_code)).series
    versions = await repository.lock_series(session, series)
    methodology = await service.get_for_update(session, methodology_code, REVIEWED)
    ever = [found.version_no for found in versions if found.published_at is not None]
    if ever and ever[-1] > methodology.version_no:
        raise MethodologyVersionStale(series=series, newest=ever[-1])
    published = [found for found in versions if found.status == PUBLISHED]
    return methodology, published[-1] if published else None


async def _publish(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Raises OrganisationUnfit, MethodologyStepRefused, MethodologyVersionStale."""
    await organisations.must_be_officer(session, by)
    methodology, superseded = await _locked(session, task.subject)
    methodology.status, methodology.published_at = PUBLISHED, now
    _record(session, methodology, "published", task, by, now)
    if superseded is not None:
        until = task.proposal["transition_until"]
        superseded.transition_until = (
            methodology.valid_from - ONE_DAY if until is None else date.fromisoformat(until)
        )
        _record(session, superseded, f"superseded by {methodology.methodology_code}", task, by, now)
        await emit(session, service.published_event(superseded), now=now)
    await emit(session, service.published_event(methodology), now=now)


async def propose_withdrawal(
    session: AsyncSession,
    methodology_code: str,
    *,
    transition_until: date | None,
    reason: str,
    by: Principal,
    now: datetime,
) -> Task:
    """Propose to withdraw a published version. Filed projects may be registered under it until
    `transition_until`; without one not at all. Registered projects keep it.

    Raises OrganisationUnfit, MethodologyNotFound, MethodologyStepRefused, InvalidRequest,
    TaskPending.
    """
    await organisations.must_be_officer(session, by)
    await service.get_for_update(session, methodology_code, PUBLISHED)
    if transition_until is not None and transition_until < legal_date(now):
        text = Text(zh="过渡期不能早于今日结束。", en="The transition cannot end before today.")
        raise InvalidRequest(count=1, errors=[FieldProblem("/transition_until", text)])
    return await four_eyes.propose(
        session,
        WITHDRAWAL,
        subject=methodology_code,
        proposal={"transition_until": transition_until and transition_until.isoformat()},
        note=reason,
        by=by,
        now=now,
    )


async def _withdraw(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    """Raises OrganisationUnfit, MethodologyStepRefused."""
    await organisations.must_be_officer(session, by)
    methodology = await service.get_for_update(session, task.subject, PUBLISHED)
    until = task.proposal["transition_until"]
    methodology.status = WITHDRAWN
    methodology.withdrawn_on, methodology.withdrawal_reason = legal_date(now), task.note
    methodology.transition_until = None if until is None else date.fromisoformat(until)
    _record(session, methodology, "withdrawn", task, by, now)
    event = MethodologyWithdrawn(
        methodology_code=methodology.methodology_code,
        withdrawn_on=methodology.withdrawn_on,
        transition_until=methodology.transition_until,
        reason=task.note or "",
    )
    await emit(session, event, now=now)


def _record(
    session: AsyncSession,
    methodology: Methodology,
    what: str,
    task: Task,
    by: Principal,
    now: datetime,
) -> None:
    service.record_step(
        session,
        methodology,
        what,
        by=task.proposed_by,
        approved_by=by.subject,
        reason=task.note,
        now=now,
    )


PUBLICATION = TaskKind(
    name="methodology-publication",
    title=Text(zh="发布方法学", en="Publish a methodology"),
    scope="methodologies:approve",
    approve=_publish,
)
WITHDRAWAL = TaskKind(
    name="methodology-withdrawal",
    title=Text(zh="废止方法学", en="Withdraw a methodology"),
    scope="methodologies:approve",
    approve=_withdraw,
)
