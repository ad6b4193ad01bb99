"""Serial arithmetic: spans of the global number line, how they split, how they are printed.

A credit is one whole tonne with its own number. A span is inclusive at both ends, so that
quantity = last - first + 1 (domain 5.3, R33); nothing here can lose a number or make one.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

SERIAL_MAX = 2**63 - 2


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The serial numbers from `first` to `last`, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last <= SERIAL_MAX:
            raise ValueError(f"{self.first} to {self.last} is no span of serial numbers")

    @property
    def quantity_t(self) -> int:
        return self.last - self.first + 1

    def holds(self, other: "Span") -> bool:
        return self.first <= other.first and other.last <= self.last

    def common(self, other: "Span") -> "Span | None":
        """Return the numbers that stand in both spans."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Span(first, last) if first <= last else None


@dataclass(frozen=True, slots=True)
class Take:
    """A part of a block, or all of it, that is about to move."""

    block_id: UUID
    block: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Birth:
    """A new block cut out of its parent; `moves` unless it is a remainder."""

    block_id: UUID
    parent_id: UUID
    span: Span
    moves: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a movement does to the block rows: some move whole, some shrink and give birth."""

    whole: list[Take] = field(default_factory=list)
    shrunk: list[Take] = field(default_factory=list)
    born: list[Birth] = field(default_factory=list)

    @property
    def moved(self) -> list[Span]:
        """The spans that move, in the order of their numbers."""
        return sorted(
            [take.span for take in self.whole] + [birth.span for birth in self.born if birth.moves]
        )


def take_from_head(blocks: Sequence[tuple[UUID, Span]], quantity_t: int) -> list[Take]:
    """Take a quantity from the head of the blocks, in the order given: first acquired, first used.

    Takes less than asked only when the blocks do not hold more (R33).
    """
    takes: list[Take] = []
    missing_t = quantity_t
    for block_id, span in blocks:
        if missing_t == 0:
            break
        taken_t = min(missing_t, span.quantity_t)
        takes.append(Take(block_id, span, Span(span.first, span.first + taken_t - 1)))
        missing_t -= taken_t
    return takes


def take_named(blocks: Sequence[tuple[UUID, Span]], named: Sequence[Span]) -> list[Take]:
    """Take exactly the named numbers that the blocks hold."""
    wanted = merged(named)
    takes: list[Take] = []
    for block_id, block in blocks:
        at = bisect_left(wanted, block.first, key=lambda span: span.last)
        for span in wanted[at:]:
            if (found := block.common(span)) is None:
                break
            takes.append(Take(block_id, block, found))
    return sorted(takes, key=lambda take: take.span)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same numbers as the fewest spans, sorted."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.first <= result[-1].last + 1:
            result[-1] = Span(result[-1].first, max(result[-1].last, span.last))
        else:
            result.append(span)
    return result


def overlap(spans: Sequence[Span]) -> Span | None:
    """Return the first numbers that are named twice, if any."""
    ordered = sorted(spans)
    for one, next_one in pairwise(ordered):
        if (common := one.common(next_one)) is not None:
            return common
    return None


def carve(block: Span, taken: Sequence[Span]) -> list[tuple[Span, bool]]:
    """Cut a block into its parts, in order: (span, is it taken). The parts are the block, exactly."""
    parts: list[tuple[Span, bool]] = []
    at = block.first
    for span in merged(taken):
        if not block.holds(span):
            raise ValueError(f"{span} is not inside {block}")
        if at < span.first:
            parts.append((Span(at, span.first - 1), False))
        parts.append((span, True))
        at = span.last + 1
    if at <= block.last:
        parts.append((Span(at, block.last), False))
    return parts


def plan(takes: Sequence[Take], new_id: Callable[[], UUID]) -> Plan:
    """Plan a movement: a block taken whole keeps its row, a parent keeps its last remainder."""
    result = Plan()
    blocks = {take.block_id: take.block for take in takes}
    taken_of: dict[UUID, list[Span]] = {block_id: [] for block_id in blocks}
    for take in takes:
        taken_of[take.block_id].append(take.span)
    for block_id, block in blocks.items():
        parts = carve(block, taken_of[block_id])
        kept = [span for span, taken in parts if not taken]
        if not kept:
            result.whole.append(Take(block_id, block, block))
            continue
        result.shrunk.append(Take(block_id, block, kept[-1]))
        result.born.extend(
            Birth(new_id(), block_id, span, taken) for span, taken in parts if span != kept[-1]
        )
    return result


@dataclass(frozen=True, slots=True)
class SerialText:
    """A printed serial range: CQ-CQCER-14-0007-2024-01-000000001-000002519 (domain 5.3)."""

    unit_type: str
    scope_code: str
    project_no: int
    vintage: int
    batch_no: int
    span: Span

    def __str__(self) -> str:
        return (
            f"CQ-{self.unit_type}-{self.scope_code}-{self.project_no:04d}-{self.vintage:04d}"
            f"-{self.batch_no:02d}-{self.span.first:09d}-{self.span.last:09d}"
        )

    @classmethod
    def parse(cls, text: str) -> "SerialText":
        """Return the parts of a printed range; raises ValueError."""
        found = _SERIAL.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no serial range")
        unit_type, scope_code, *numbers = found.groups()
        project_no, vintage, batch_no, first, last = map(int, numbers)
        return cls(unit_type, scope_code, project_no, vintage, batch_no, Span(first, last))


_SERIAL = re.compile(
    r"CQ-([A-Z]{2,10})-([0-9]{2})-([0-9]{4})-([0-9]{4})-([0-9]{2})-([0-9]{9,19})-([0-9]{9,19})",
    re.ASCII,
)
