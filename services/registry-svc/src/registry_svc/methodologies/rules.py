"""Rules of methodologies, pure: codes, applicability, expert panels."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from registry_svc.methodologies.errors import MethodologyCodeInvalid
from tht_kit.errors import FieldProblem, Text

_CQCM = re.compile(r"CQCM-(?P<number>\d{3})-V(?P<version>\d{3})", re.ASCII)
_CCER = re.compile(r"CCER-(?P<scope>\d{2})-(?P<number>\d{3})-V(?P<version>\d{2})", re.ASCII)
FIELD = r"^[a-z][a-z0-9_]{0,63}$"


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """A methodology code (备案号): the programme's own number and the version. `str` renders it."""

    programme: str
    scope: int | None
    number: int
    version: int

    @property
    def series(self) -> str:
        """The code without its version."""
        return str(self).rpartition("-")[0]

    def __str__(self) -> str:
        if self.scope is None:
            return f"{self.programme}-{self.number:03}-V{self.version:03}"
        return f"{self.programme}-{self.scope:02}-{self.number:03}-V{self.version:02}"


def parse_code(text: str, *, pointer: str) -> Code:
    """Read `CQCM-nnn-Vnnn` or `CCER-ss-nnn-Vnn`; raises MethodologyCodeInvalid."""
    found = _CQCM.fullmatch(text) or _CCER.fullmatch(text)
    if found is None:
        reason = Text(zh="格式不符。", en="it does not have the form of one.")
        raise MethodologyCodeInvalid(pointer=pointer, code=text, reason=reason)
    parts = {name: int(value) for name, value in found.groupdict().items()}
    if 0 in parts.values():
        reason = Text(zh="编号从 1 起。", en="its numbers start at one.")
        raise MethodologyCodeInvalid(pointer=pointer, code=text, reason=reason)
    return Code(text[:4], parts.get("scope"), parts["number"], parts["version"])


class Op(StrEnum):
    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    GE = "ge"
    GT = "gt"
    LE = "le"
    LT = "lt"
    BETWEEN = "between"  # both ends included
    STARTS_WITH = "starts_with"


LISTED = frozenset({Op.IN, Op.NOT_IN, Op.BETWEEN})
ENDS = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition on one fact of a project; `zh` and `en` say it to the applicant."""

    field: str
    op: Op
    value: Any
    zh: str
    en: str


class _Incomparable(Exception):
    """The fact is of a kind that the rule's value cannot be compared with."""


def check(rules: Sequence[Rule], facts: Mapping[str, object]) -> list[FieldProblem]:
    """Return a problem for each rule that the facts do not meet, in the order of the rules.

    A fact that is not there, is null or empty, or cannot be compared is a problem: never met. Of a
    list every member must meet the rule.
    """
    return [problem for rule in rules for problem in _check_rule(rule, facts)]


def _check_rule(rule: Rule, facts: Mapping[str, object]) -> Iterator[FieldProblem]:
    pointer = f"/{rule.field}"
    if rule.field not in facts:
        yield FieldProblem(
            pointer,
            Text(
                zh=f"方法学要求“{rule.zh}”，但没有“{rule.field}”这一事实。",
                en=f"The methodology asks: {rule.en}; nothing is known of {rule.field}.",
            ),
        )
        return
    fact = facts[rule.field]
    if isinstance(fact, Collection) and not isinstance(fact, str):
        members = [(f"{pointer}/{index}", member) for index, member in enumerate(fact)]
    else:
        members = [(pointer, fact)]
    if not members:
        members = [(pointer, None)]
    for place, member in members:
        reason = _reason(rule, member)
        if reason is not None:
            yield FieldProblem(place, reason)


def _reason(rule: Rule, fact: object) -> Text | None:
    """Return why the fact does not meet the rule, or None if it does."""
    if fact is None:
        return Text(
            zh=f"方法学要求“{rule.zh}”，此项未填。",
            en=f"The methodology asks: {rule.en}; this is not stated.",
        )
    try:
        is_met = _holds(rule.op, fact, rule.value)
    except _Incomparable:
        return Text(
            zh=f"方法学要求“{rule.zh}”，“{fact}”无法与之比较。",
            en=f"The methodology asks: {rule.en}; {fact!r} cannot be compared with that.",
        )
    if is_met:
        return None
    return Text(
        zh=f"方法学要求“{rule.zh}”，实为“{fact}”。",
        en=f"The methodology asks: {rule.en}; it is {fact}.",
    )


def _holds(op: Op, fact: object, value: Any) -> bool:
    if isinstance(fact, Decimal) and not fact.is_finite():
        raise _Incomparable
    if op in (Op.IN, Op.NOT_IN):
        return (fact in [_like(fact, one) for one in value]) == (op is Op.IN)
    if op in (Op.EQ, Op.NE):
        return bool(fact == _like(fact, value)) == (op is Op.EQ)
    if op is Op.STARTS_WITH:
        if not isinstance(fact, str) or not isinstance(value, str):
            raise _Incomparable
        return fact.startswith(value)
    if isinstance(fact, str | bool):
        raise _Incomparable
    if op is Op.BETWEEN:
        low, high = (_like(fact, one) for one in value)
        return bool(low <= fact <= high)
    return _ORDERED[op](fact, _like(fact, value))


_ORDERED: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.GE: lambda fact, value: bool(fact >= value),
    Op.GT: lambda fact, value: bool(fact > value),
    Op.LE: lambda fact, value: bool(fact <= value),
    Op.LT: lambda fact, value: bool(fact < value),
}


def _like(fact: object, value: Any) -> Any:
    """Return the rule's value as the kind of thing that the fact is; raises _Incomparable."""
    if isinstance(fact, bool) or isinstance(value, bool):
        if isinstance(fact, bool) and isinstance(value, bool):
            return value
    elif isinstance(fact, str):
        if isinstance(value, str):
            return value
    elif isinstance(fact, datetime):
        pass  # a moment is no day
    elif isinstance(fact, date):
        return _read(date.fromisoformat, value)
    elif isinstance(fact, int | Decimal) and isinstance(value, str | int):
        number = _read(Decimal, value)
        if number.is_finite():
            return number
    raise _Incomparable


def _read(kind: Callable[[Any], Any], value: Any) -> Any:
    try:
        return kind(value)
    except (ValueError, TypeError, InvalidOperation):
        raise _Incomparable from None


def read_facts(rules: Sequence[Rule], facts: Mapping[str, object]) -> dict[str, object]:
    """Return the facts with texts read as numbers or days where a rule asks for an order."""
    ordered = {rule.field for rule in rules if rule.op in _ORDERED or rule.op is Op.BETWEEN}
    return {
        name: fact if name not in ordered or (read := _comparable(fact)) is None else read
        for name, fact in facts.items()
    }


def rule_problems(rules: Sequence[Rule]) -> Iterator[FieldProblem]:
    """Say which rules are not well-formed: the shape of a value must fit its operation."""
    for index, rule in enumerate(rules):
        pointer = f"/applicability/{index}/value"
        if not re.match(FIELD, rule.field):
            text = Text(zh="字段名不合格式。", en="That is no name of a fact.")
            yield FieldProblem(f"/applicability/{index}/field", text)
        if (rule.op in LISTED) != isinstance(rule.value, list):
            text = Text(
                zh="in、not_in、between 的值须为列表，其余须为单个值。",
                en="in, not_in and between take a list, the others one value.",
            )
            yield FieldProblem(pointer, text)
        elif rule.op is Op.BETWEEN and not _is_ordered(rule.value):
            text = Text(
                zh="between 须为两个可比较的值，先小后大。",
                en="between takes two values that can be compared, the smaller first.",
            )
            yield FieldProblem(pointer, text)
        elif rule.op in LISTED and not rule.value:
            yield FieldProblem(pointer, Text(zh="列表不能为空。", en="The list is empty."))
        elif rule.op is Op.STARTS_WITH and not (isinstance(rule.value, str) and rule.value):
            text = Text(zh="starts_with 须为文本。", en="starts_with takes a text.")
            yield FieldProblem(pointer, text)
        elif rule.op in _ORDERED and _comparable(rule.value) is None:
            text = Text(
                zh="须为数字或日期（YYYY-MM-DD）。", en="It must be a number or a day, YYYY-MM-DD."
            )
            yield FieldProblem(pointer, text)


def _is_ordered(values: Sequence[Any]) -> bool:
    ends = [_comparable(value) for value in values]
    if len(ends) != ENDS or type(ends[0]) is not type(ends[1]) or ends[0] is None:
        return False
    return bool(ends[0] <= ends[1])


def _comparable(value: Any) -> Any:
    """Return the number or the day that a rule's value states, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    readers: tuple[Callable[[Any], Decimal | date], ...] = (Decimal, date.fromisoformat)
    for read in readers:
        try:
            found = read(value)
        except (ValueError, TypeError, InvalidOperation):
            continue
        if not isinstance(found, Decimal) or found.is_finite():
            return found
    return None


class Vote(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ABSTAIN = "abstain"
    RECUSED = "recused"  # 回避: sits on the list, neither counts nor votes


@dataclass(frozen=True, slots=True)
class Member:
    """One expert of a panel."""

    name: str
    organisation: str
    vote: Vote
    has_conflict: bool
    conflict: str | None


@dataclass(frozen=True, slots=True)
class PanelDemands:
    """At least `majority_of` in `majority_in` of the members who may vote must approve."""

    members_min: int
    majority_of: int
    majority_in: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a panel voted."""

    approve: int
    reject: int
    abstain: int
    is_passed: bool
    is_unanimous: bool


def panel_problems(members: Sequence[Member], demands: PanelDemands) -> Iterator[FieldProblem]:
    """Say what is wrong with the record of a panel, all at once."""
    seen: set[tuple[str, str]] = set()
    for index, member in enumerate(members):
        pointer = f"/members/{index}"
        if (member.name, member.organisation) in seen:
            text = Text(zh="同一专家重复。", en="This expert is listed twice.")
            yield FieldProblem(pointer, text)
        seen.add((member.name, member.organisation))
        if member.has_conflict != (member.vote is Vote.RECUSED):
            text = Text(
                zh="有利益冲突者须回避（recused），无冲突者须投票。",
                en="With a conflict of interest the vote is recused; without one it is cast.",
            )
            yield FieldProblem(f"{pointer}/vote", text)
        if member.has_conflict and member.conflict is None:
            text = Text(zh="须说明利益冲突。", en="State the conflict of interest.")
            yield FieldProblem(f"{pointer}/conflict", text)
    independent = sum(not member.has_conflict for member in members)
    if independent < demands.members_min:
        text = Text(
            zh=f"无利益冲突的专家 {independent} 名，须不少于 {demands.members_min} 名。",
            en=f"{independent} experts without a conflict of interest; at least"
            f" {demands.members_min} are required.",
        )
        yield FieldProblem("/members", text)


def begun_problems(valid_from: date, today: date) -> Iterator[FieldProblem]:
    """Refuse what would be in force before it is published: no day is made eligible afterwards."""
    if valid_from < today:
        text = Text(
            zh=f"生效日期 {valid_from} 已过，请先修改草案。",
            en=f"It would be in force from {valid_from}, which has passed: amend it.",
        )
        yield FieldProblem("/valid_from", text)


def tally(members: Sequence[Member], demands: PanelDemands) -> Outcome:
    """Count the votes: an abstention counts against, a recused member not at all."""
    votes = [member.vote for member in members if member.vote is not Vote.RECUSED]
    approve = votes.count(Vote.APPROVE)
    return Outcome(
        approve=approve,
        reject=votes.count(Vote.REJECT),
        abstain=votes.count(Vote.ABSTAIN),
        is_passed=approve * demands.majority_in >= len(votes) * demands.majority_of,
        is_unanimous=approve == len(votes),
    )
