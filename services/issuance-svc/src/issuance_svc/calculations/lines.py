"""A calculation in words, and what differs between two of them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from issuance_svc.methodologies.calculation import Factor, Given, Step, Words, words
from issuance_svc.methodologies.methodology import Glossary

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


def explain(tree: Step, kinds: Mapping[str, Words], glossary: Glossary) -> list[Line]:
    """Return the tree as numbered lines, results before what they are made of."""
    return list(_lines(tree, "1", 0, kinds, glossary))


def _lines(
    node: Step | Factor | Given,
    no: str,
    depth: int,
    kinds: Mapping[str, Words],
    glossary: Glossary,
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
            no, depth, "given", node.symbol, _symbol(node.symbol, glossary), None, (), value, node.unit,
            None, _origin(node.origin, glossary), None, None,
        )  # fmt: skip
        return
    names = tuple(operand.symbol for operand in node.operands)
    yield Line(
        no, depth, "step", node.symbol, node.title, node.formula, names, value, node.unit,
        node.rounding, None, None, None,
    )  # fmt: skip
    for number, operand in enumerate(node.operands, start=1):
        yield from _lines(operand, f"{no}.{number}", depth + 1, kinds, glossary)


def _kind(kind: str, kinds: Mapping[str, Words]) -> Words:
    return kinds.get(kind) or Words(zh=kind, en=kind)


# What every methodology's tree has: the years beside the net result.
_SHARED = Glossary(
    symbols={"ER": words("当年减排量", "Reduction of the year")},
    origins=(
        (r"issued as (\d+)", r"签发 \1"),
        (r"days / days of the year", "天数除以当年天数"),
        (r"(\S+) to (\S+)", r"\1 至 \2"),
    ),
)


def _symbol(symbol: str, glossary: Glossary) -> Words:
    found = _BASE.match(symbol)
    base = found[0] if found else symbol
    for known in (glossary.symbols, _SHARED.symbols):
        if symbol in known or base in known:
            return known.get(symbol) or known[base]
    return Words(zh=symbol, en=symbol)


def _origin(origin: str, glossary: Glossary) -> Words:
    """Return where a given number came from, in both languages; an unknown origin as it stands."""
    for pattern, zh in (*glossary.origins, *_SHARED.origins):
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
