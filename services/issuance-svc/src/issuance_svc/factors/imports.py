"""Many factors from one file: shown first, proposed by one officer, stored whole by another."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.factors import changes, repository, service, yaml_form
from issuance_svc.factors.errors import FactorFileRefused
from issuance_svc.factors.models import Factor
from issuance_svc.factors.rules import SOURCE_CHARS_MIN, SOURCED, Place, is_sourced
from issuance_svc.factors.yaml_form import Entry, FactorFile
from issuance_svc.organisations import service as organisations
from issuance_svc.organisations.models import Kind
from tht_kit import four_eyes
from tht_kit.errors import FieldProblem, Text
from tht_kit.four_eyes import Task, TaskKind
from tht_kit.principal import Principal

PROBLEMS_SHOWN = 100
Action = Literal["new", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What importing one entry would do."""

    entry: Entry
    action: Action
    before: Factor | None

    @property
    def warning(self) -> Text | None:
        return changes.warning_of(self.before, self.entry.values)


@dataclass(frozen=True, slots=True)
class Plan:
    """What importing a file would do, and the task that would do it."""

    sha256: str
    rows: Sequence[Planned]
    elsewhere: Sequence[tuple[str, Text]]
    task: Task | None


async def plan(session: AsyncSession, content: bytes, *, source: str, by: Principal) -> Plan:
    """Return what the file would change. Raises FactorFileUnreadable, FactorFileRefused."""
    await organisations.must_act_as(session, by.organisation(), Kind.BUREAU)
    found = yaml_form.parse(content, source=source)
    problems = [*found.problems, *await _unfit(session, found)]
    if problems:
        shown = problems[:PROBLEMS_SHOWN]
        raise FactorFileRefused(total=len(problems), shown=len(shown), errors=shown)
    places = [entry.place for entry in found.entries]
    newest: dict[Place, Factor] = {}
    for row in await repository.list_versions(session, places):
        newest[Place(row.kind, row.region, row.subject, row.year)] = row
    rows = [_planned(entry, newest.get(entry.place)) for entry in found.entries]
    _must_be_sourced(rows)
    return Plan(hashlib.sha256(content).hexdigest(), rows, found.elsewhere, None)


def _planned(entry: Entry, before: Factor | None) -> Planned:
    if before is None:
        return Planned(entry, "new", None)
    said = (before.value, before.unit, before.grade, before.valid_from, before.valid_until)
    now = entry.values
    same = said == (now.value, now.unit, now.grade, now.valid_from, now.valid_until)
    return Planned(entry, "unchanged" if same else "changed", before)


def _must_be_sourced(rows: Sequence[Planned]) -> None:
    """Refuse a change that keeps a grade resting on a text and names no text any more [D].

    Stating a grade that rests on none (M, D, V3) is the way out. Raises FactorFileRefused.
    """
    said = Text(
        zh=f"现行版本的等级须有来源；新来源少于 {SOURCE_CHARS_MIN} 个字，请写明来源或改报等级",
        en=f"The newest version's grade rests on a source; the new one has fewer than"
        f" {SOURCE_CHARS_MIN} characters: name the source, or state another grade",
    )
    problems = [
        FieldProblem(f"{row.entry.pointer}/source", said)
        for row in rows
        if row.action == "changed"
        and row.before is not None
        and row.before.grade in SOURCED
        and not is_sourced(row.entry.values.grade, row.entry.values.source)
    ]
    if problems:
        shown = problems[:PROBLEMS_SHOWN]
        raise FactorFileRefused(total=len(problems), shown=len(shown), errors=shown)


async def _unfit(session: AsyncSession, found: FactorFile) -> list[FieldProblem]:
    kinds = await service.kinds_by_name(session)
    problems: list[FieldProblem] = []
    for entry in found.entries:
        kind = kinds.get(entry.place.kind)
        if kind is None:
            said = Text(zh=f"没有类型 {entry.place.kind}", en=f"No kind {entry.place.kind}")
            problems.append(FieldProblem(entry.pointer, said))
            continue
        problems += [
            FieldProblem(f"{entry.pointer}{problem.pointer}", problem.detail)
            for problem in changes.problems_of(kind, entry.place, entry.values)
        ]
    return problems


async def propose(
    session: AsyncSession,
    content: bytes,
    *,
    source: str,
    reason: str,
    by: Principal,
    now: datetime,
) -> Plan:
    """Open one task that stores all that is new or changed; a file that changes nothing opens none.

    Raises OrganisationUnfit, FactorFileUnreadable, FactorFileRefused, TaskPending.
    """
    planned = await plan(session, content, source=source, by=by)
    rows = [
        changes.as_json(row.entry.place, row.entry.values, row.before)
        for row in planned.rows
        if row.action != "unchanged"
    ]
    if not rows:
        return planned
    task = await four_eyes.propose(
        session,
        IMPORT,
        subject=f"sha256:{planned.sha256}",
        proposal={"factors": rows, "sha256": planned.sha256, "source": source},
        by=by,
        now=now,
        note=reason,
    )
    return Plan(planned.sha256, planned.rows, planned.elsewhere, task)


async def _approve(session: AsyncSession, task: Task, by: Principal, now: datetime) -> None:
    await organisations.must_act_as(session, by.organisation(), Kind.BUREAU)
    # In one order in every file, so that two files approved at once cannot wait for each other.
    ordered = sorted(task.proposal["factors"], key=lambda found: changes.place_of(found).name)
    for proposal in ordered:
        await changes.store(session, proposal, task, by, now)


IMPORT = TaskKind(
    name="factor-import",
    title=Text(zh="因子批量导入", en="Import of factors"),
    scope="factors:approve",
    approve=_approve,
)
