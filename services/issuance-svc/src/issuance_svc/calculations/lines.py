"""A calculation in words, and what differs between two of them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from issuance_svc.calculations.symbols import SYMBOLS
from issuance_svc.methodologies.calculation import Factor, Given, Step, Words

_BASE = re.compile(r"^[^\[ ]+")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Line:
    """One number of a calculation: where it stands, what it is, how it came about."""

    no: str
    depth: int
    type: str
    symbol: str
    name: Words
    formula: str | None
    operands: Sequence[str]
    value: str
    unit: str
    rounding: str | None
    origin: Words | None
    factor_id: str | None
    grade: str | None


def explain(tree: Step, kinds: Mapping[str, Words]) -> list[Line]:
    """Return the tree as numbered lines, results before what they are made of."""
    return list(_lines(tree, "1", 0, kinds))


def _lines(
    node: Step | Factor | Given, no: str, depth: int, kinds: Mapping[str, Words]
) -> Iterator[Line]:
    value = format(node.value, "f")
    if isinstance(node, Factor):
        place = " ".join(
            str(part) for part in (node.region, node.subject, node.year) if part is not None
        )
        said = f"{place}; {node.source}" if place else node.source
        yield Line(
            no, depth, "factor", node.symbol, _kind(node.kind, kinds), None, (), value, node.unit,
            None, Words(zh=said, en=said), node.factor_id, node.grade,
        )  # fmt: skip
        return
    if isinstance(node, Given):
        yield Line(
            no, depth, "given", node.symbol, _symbol(node.symbol), None, (), value, node.unit,
            None, origin_words(node.origin), None, None,
        )  # fmt: skip
        return
    names = tuple(operand.symbol for operand in node.operands)
    yield Line(
        no, depth, "step", node.symbol, node.title, node.formula, names, value, node.unit,
        node.rounding, None, None, None,
    )  # fmt: skip
    for number, operand in enumerate(node.operands, start=1):
        yield from _lines(operand, f"{no}.{number}", depth + 1, kinds)


def _kind(kind: str, kinds: Mapping[str, Words]) -> Words:
    return kinds.get(kind) or Words(zh=kind, en=kind)


def _symbol(symbol: str) -> Words:
    found = _BASE.match(symbol)
    known = SYMBOLS.get(symbol) or (SYMBOLS.get(found[0]) if found else None)
    return known or Words(zh=symbol, en=symbol)


# Origins stand in the stored calculation in English; here is how they begin in Chinese.
_ORIGINS: tuple[tuple[str, str], ...] = (
    (r"meter readings: (.*)", r"表计读数：\1"),
    (r"calibration record \(R14\)", "校准记录（R14）"),
    (r"plot (\S+) on (\S+)", r"样地 \1，\2 调查"),
    (r"(\d+) trees of plot (\S+) on ([^,\s]+), (\S+) per ha", r"样地 \2，\3 调查的 \1 株，每公顷 \4 株"),
    (r"plot inventory", "样地调查"),
    (r"inventory", "样地调查"),
    (r"issued as (\d+)", r"签发 \1"),
    (r"days / days of the year", "天数除以当年天数"),
    (r"(\S+) to (\S+)", r"\1 至 \2"),
    (r"declared for the whole period: no source", "业主申报，整个监测期，未注明来源"),
    (r"declared for the whole period: (.*)", r"业主申报，整个监测期：\1"),
    (r"declared for the whole period", "业主申报，整个监测期"),
    (r"stable or declining \(5\)", "基线植被稳定或退化（5）"),
    (r"declared: no fire \(7\)", "业主声明未发生火灾（7）"),
    (r"declared: (\S+)", r"业主申报：\1"),
    (r"declared", "业主申报"),
    (r"none declared", "未申报"),
    (r"none \(6\)", "无（6）"),
    (r"model: (.*)", r"模型：\1"),
    (r"sum of the strata", "各层面积之和"),
    (r"eligible period", "可申领期间"),
    (r"eligible / claimed years", "可申领年数除以申报年数"),
    (r"aggregate (\S+)", r"公众减排量汇总 \1"),
)  # fmt: skip


def origin_words(origin: str) -> Words:
    """Return where a given number came from, in both languages; an unknown origin as it stands."""
    for pattern, zh in _ORIGINS:
        found = re.fullmatch(pattern, origin, re.DOTALL)
        if found is not None:
            return Words(zh=found.expand(zh), en=origin)
    return Words(zh=origin, en=origin)


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two calculations say different things; None where one says nothing."""

    pointer: str
    stored: str | None
    recomputed: str | None


def differences(stored: Any, recomputed: Any, pointer: str = "") -> Iterator[Difference]:
    """Yield every place in which two JSON documents differ."""
    if isinstance(stored, dict) and isinstance(recomputed, dict):
        for name in [*stored, *(name for name in recomputed if name not in stored)]:
            yield from differences(
                stored.get(name, _MISSING), recomputed.get(name, _MISSING), f"{pointer}/{name}"
            )
    elif isinstance(stored, list) and isinstance(recomputed, list):
        for index in range(max(len(stored), len(recomputed))):
            left = stored[index] if index < len(stored) else _MISSING
            right = recomputed[index] if index < len(recomputed) else _MISSING
            yield from differences(left, right, f"{pointer}/{index}")
    elif stored != recomputed:
        yield Difference(pointer, _shown(stored), _shown(recomputed))


def _shown(value: object) -> str | None:
    return None if value is _MISSING else str(value)
