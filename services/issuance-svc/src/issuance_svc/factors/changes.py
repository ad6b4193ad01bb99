"""A changed factor is its next version, proposed by one officer and approved by another."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.factors import repository, seeding, service
from issuance_svc.factors.errors import FactorMoved, FactorPartsWrong, FactorUnchanged
from issuance_svc.factors.models import Factor, FactorKind
from issuance_svc.factors.rules import LEAP_FACTOR, PARTS, Bounds, Place, Values, leaps
from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from tht_kit import four_eyes
from tht_kit.errors import FieldProblem, Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal


async def propose(
    session: AsyncSession,
    place: Place,
    values: Values,
    *,
    reason: str,
    by: Principal,
    now: datetime,
) -> Task:
    """Open a task that stores the values as the place's next version.

    Raises OrganisationUnfit, FactorKindUnknown, FactorPartsWrong, FactorUnchanged, TaskPending.
    """
    await organisations.must_act_as(session, by.organisation(), Kind.BUREAU)
    kind = await service.kind_of(session, place.kind)
    problems = list(problems_of(kind, place, values))
    if problems:
        raise FactorPartsWrong(kind=place.kind, errors=problems)
    newest = await newest_of(session, place)
    if newest is not None and Values.of(newest) == values:
        raise FactorUnchanged(factor_id=newest.factor_id)
    proposal = as_json(place, values, newest)
    return await four_eyes.propose(
        session, CHANGE, subject=place.name, proposal=proposal, by=by, now=now, note=reason
    )


def problems_of(kind: FactorKind, place: Place, values: Values) -> Sequence[FieldProblem]:
    """Return everything in which a factor does not fit its kind."""
    found = []
    for part in PARTS:
        given, wanted = getattr(place, part) is not None, part in kind.parts
        if wanted and not given:
            said = Text(zh=f"类型 {kind.kind} 须填写", en=f"The kind {kind.kind} needs it")
            found.append(FieldProblem(f"/{part}", said))
        if given and not wanted:
            said = Text(zh=f"类型 {kind.kind} 没有此项", en=f"The kind {kind.kind} has none")
            found.append(FieldProblem(f"/{part}", said))
    if kind.unit is not None and values.unit != kind.unit:
        said = Text(zh=f"单位应为 {kind.unit}", en=f"The unit of the kind is {kind.unit}")
        found.append(FieldProblem("/unit", said))
    if values.valid_from and values.valid_until and values.valid_until < values.valid_from:
        said = Text(zh="早于生效日", en="It is before the day it is valid from")
        found.append(FieldProblem("/valid_until", said))
    bounds = seeding.bounds_by_kind().get(kind.kind, Bounds())
    if not bounds.hold(values.value):
        said = Text(
            zh=f"类型 {kind.kind} 的值须 {bounds.name}，给出的是 {values.value:f}",
            en=f"A value of the kind {kind.kind} is {bounds.name}; {values.value:f} was given",
        )
        found.append(FieldProblem("/value", said))
    return found


def warning_of(before: Factor | None, values: Values) -> Text | None:
    """Return what the approving person should look at twice: a value far from the newest one [D]."""
    if before is None or not leaps(before.value, values.value):
        return None
    old, new = f"{before.value:f} {before.unit}", f"{values.value:f} {values.unit}"
    return Text(
        zh=f"与现行版本 {before.factor_id} 相差超过 {LEAP_FACTOR} 倍：由 {old} 变为 {new}，请核对",
        en=f"More than {LEAP_FACTOR} times off the newest version {before.factor_id}: {old} becomes"
        f" {new}; check it",
    )


async def newest_of(session: AsyncSession, place: Place) -> Factor | None:
    versions = await repository.list_versions(session, [place])
    return versions[-1] if versions else None


def as_json(place: Place, values: Values, newest: Factor | None) -> dict[str, Any]:
    """Return the proposal: text and numbers of years and versions only, no decimal as a float."""
    warning = warning_of(newest, values)
    return {
        "kind": place.kind,
        "region": place.region,
        "subject": place.subject,
        "year": place.year,
        "value": format(values.value, "f"),
        "unit": values.unit,
        "grade": values.grade,
        "source": values.source,
        "valid_from": None if values.valid_from is None else values.valid_from.isoformat(),
        "valid_until": None if values.valid_until is None else values.valid_until.isoformat(),
        "based_on_version": 0 if newest is None else newest.version,
        "value_before": None if newest is None else format(newest.value, "f"),
        "warning": None if warning is None else {"zh": warning.zh, "en": warning.en},
    }


def place_of(proposal: dict[str, Any]) -> Place:
    return Place(proposal["kind"], proposal["region"], proposal["subject"], proposal["year"])


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def store(
    session: AsyncSession, proposal: dict[str, Any], task: Task, by: Principal, now: datetime
) -> None:
    """Store a proposal as the next version; raises FactorMoved where another one came first."""
    place = place_of(proposal)
    newest = await newest_of(session, place)
    version = 0 if newest is None else newest.version
    values = {
        "factor_id": place.factor_id(version + 1),
        "kind": place.kind,
        "region": place.region,
        "subject": place.subject,
        "year": place.year,
        "version": version + 1,
        "value": Decimal(proposal["value"]),
        "unit": proposal["unit"],
        "grade": proposal["grade"],
        "source": proposal["source"],
        "valid_from": _day(proposal["valid_from"]),
        "valid_until": _day(proposal["valid_until"]),
        "task_id": task.task_id,
        "proposed_by": task.proposed_by,
        "approved_by": by.subject,
        "recorded_at": now,
    }
    based_on = proposal["based_on_version"]
    if version != based_on or not await repository.insert_version(session, values):
        moved_to = max(version, based_on + 1)
        raise FactorMoved(place=place.name, based_on=based_on, version=moved_to)


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    await organisations.must_act_as(session, by.organisation(), Kind.BUREAU)
    await store(session, task.proposal, task, by, now)


CHANGE = TaskKind(
    name="factor-change",
    title=Text(zh="因子变更", en="Change of a factor"),
    scope="factors:approve",
    approve=_approve,
)
