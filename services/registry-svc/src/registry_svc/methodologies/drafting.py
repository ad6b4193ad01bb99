"""Drafting a methodology (方法学编制) and its review by experts (专家评审)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from registry_svc.methodologies import repository, rules, service
from registry_svc.methodologies.errors import (
    MethodologyExists,
    MethodologyVersionStale,
    PanelInvalid,
    PanelRuleMissing,
)
from registry_svc.methodologies.models import (
    Methodology,
    MethodologyStatus,
    NonPermanence,
    Panel,
    ProjectType,
)
from registry_svc.methodologies.rules import Code, Member, PanelDemands, Rule
from registry_svc.organisations import service as organisations
from tht_kit.clock import legal_date
from tht_kit.errors import FieldProblem, InvalidRequest, Text
from tht_kit.ids import new_id
from tht_kit.principal import Principal

DRAFT, REVIEWED = MethodologyStatus.DRAFT, MethodologyStatus.REVIEWED


@dataclass(frozen=True, slots=True)
class Plan:
    """What a draft says."""

    name: str
    project_type: ProjectType
    scope_code: str
    crediting_years_min: int
    crediting_years_max: int
    third_party_required: bool
    non_permanence: NonPermanence
    applicability: Sequence[Rule]
    valid_from: date
    valid_until: date | None
    evidence_grade: str
    source: str


async def draft(
    session: AsyncSession, methodology_code: str, *, plan: Plan, by: Principal, now: datetime
) -> Methodology:
    """Enter a version as a DRAFT.

    Raises OrganisationUnfit unless the caller is of the bureau or the operator,
    MethodologyCodeInvalid, InvalidRequest, MethodologyVersionStale, MethodologyExists.
    """
    await organisations.must_be_officer(session, by)
    code = rules.parse_code(methodology_code, pointer="/methodology_code")
    _check(code, plan, legal_date(now))
    newest = await repository.newest_version(session, code.series)
    if code.version < newest:
        raise MethodologyVersionStale(
            pointer="/methodology_code", series=code.series, newest=newest
        )
    columns = asdict(plan) | {
        "methodology_code": methodology_code,
        "series": code.series,
        "version_no": code.version,
        "status": DRAFT,
    }
    methodology = await repository.insert_new(session, columns)
    if methodology is None:
        raise MethodologyExists(pointer="/methodology_code", methodology_code=methodology_code)
    service.record_step(session, methodology, "drafted", by=by.subject, now=now)
    return methodology


async def amend(
    session: AsyncSession, methodology_code: str, *, plan: Plan, by: Principal, now: datetime
) -> Methodology:
    """Change what a draft says. A reviewed version becomes a draft again: its review is void.

    Raises OrganisationUnfit, MethodologyNotFound, MethodologyStepRefused, InvalidRequest.
    """
    await organisations.must_be_officer(session, by)
    methodology = await service.get_for_update(session, methodology_code, DRAFT, REVIEWED)
    code = rules.parse_code(methodology_code, pointer="/methodology_code")
    _check(code, plan, legal_date(now))
    for name, value in asdict(plan).items():
        setattr(methodology, name, value)
    methodology.status = DRAFT
    service.record_step(session, methodology, "amended", by=by.subject, now=now)
    return methodology


def _check(code: Code, plan: Plan, today: date) -> None:
    problems = [
        *_problems(code, plan),
        *rules.begun_problems(plan.valid_from, today),
        *rules.rule_problems(plan.applicability),
    ]
    if problems:
        raise InvalidRequest(count=len(problems), errors=problems)


def _problems(code: Code, plan: Plan) -> Iterator[FieldProblem]:
    if code.scope is not None and code.scope != int(plan.scope_code):
        text = Text(
            zh=f"编号中的领域是 {code.scope:02}。", en=f"The code says scope {code.scope:02}."
        )
        yield FieldProblem("/scope_code", text)
    if plan.crediting_years_max < plan.crediting_years_min:
        text = Text(zh="最长计入年限小于最短。", en="The most years are fewer than the least.")
        yield FieldProblem("/crediting_years_max", text)
    if plan.valid_until is not None and plan.valid_until < plan.valid_from:
        text = Text(zh="有效期止日早于起日。", en="It ends before it begins.")
        yield FieldProblem("/valid_until", text)


async def review(
    session: AsyncSession,
    methodology_code: str,
    *,
    held_on: date,
    members: Sequence[Member],
    minutes: str,
    by: Principal,
    now: datetime,
) -> Panel:
    """Record a meeting of the expert panel; if the vote carries, the draft is REVIEWED.

    Raises OrganisationUnfit, MethodologyNotFound, MethodologyStepRefused, PanelRuleMissing,
    PanelInvalid naming everything that is wrong with the record.
    """
    await organisations.must_be_officer(session, by)
    methodology = await service.get_for_update(session, methodology_code, DRAFT)
    demands = await _demands(session, legal_date(now))
    problems = [
        *rules.panel_problems(members, demands),
        *rules.begun_problems(methodology.valid_from, legal_date(now)),
    ]
    if held_on > legal_date(now):
        text = Text(zh="评审日期不能晚于今日。", en="The meeting cannot lie in the future.")
        problems.append(FieldProblem("/held_on", text))
    if problems:
        raise PanelInvalid(count=len(problems), errors=problems)
    outcome = rules.tally(members, demands)
    panel = Panel(
        panel_id=new_id(),
        methodology_code=methodology_code,
        held_on=held_on,
        members=[asdict(member) for member in members],
        minutes=minutes,
        approve_votes=outcome.approve,
        reject_votes=outcome.reject,
        abstain_votes=outcome.abstain,
        is_passed=outcome.is_passed,
        is_unanimous=outcome.is_unanimous,
        recorded_by=by.subject,
        recorded_at=now,
    )
    repository.add(session, panel)
    if outcome.is_passed:
        methodology.status = REVIEWED
    what = "review passed" if outcome.is_passed else "review not passed"
    service.record_step(session, methodology, what, by=by.subject, now=now)
    return panel


async def _demands(session: AsyncSession, day: date) -> PanelDemands:
    rule = await repository.find_panel_rule(session, day)
    if rule is None:
        raise PanelRuleMissing(day=day)
    return PanelDemands(rule.members_min, rule.majority_of, rule.majority_in)
