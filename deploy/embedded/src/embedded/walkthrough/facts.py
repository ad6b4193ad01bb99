"""What the files hold by a count of our own, without the platform: sums, odd rows, what stays out."""

import csv
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

_QUARTERS_PER_HOUR = 4
_MINUTES_PER_DAY = 1440
# FIA: was the plot sampled, and did a forest stand on it; what became of a tree.
_FOREST, _NOT_SAMPLED = "1", "3"
_LIVE, _DEAD = "1", "2"


@dataclass(frozen=True)
class PowerFacts:
    rows: int
    first: str
    last: str
    columns_beside: int
    empty: int
    below_zero: int
    zero: int
    peak_kw: Decimal
    kwh: Decimal


def power_facts(path: Path, time: str, power: str) -> PowerFacts:
    """Count a power series in kW with a sample each quarter of an hour."""
    rows = _rows(path)
    samples = [Decimal(row[power]) for row in rows if row[power].strip()]
    return PowerFacts(
        rows=len(rows),
        first=rows[0][time],
        last=rows[-1][time],
        columns_beside=len(rows[0]) - 2,
        empty=len(rows) - len(samples),
        below_zero=sum(sample < 0 for sample in samples),
        zero=sum(sample == 0 for sample in samples),
        peak_kw=max(samples),
        kwh=sum(samples, Decimal(0)) / _QUARTERS_PER_HOUR,
    )


def nem12_kwh(path: Path) -> dict[str, Decimal]:
    """Return the sum of each register's intervals, as they stand in the file."""
    sums: dict[str, Decimal] = {}
    register, intervals = "", 0
    for record in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()):
        if record[0] == "200":
            register, intervals = record[4], _MINUTES_PER_DAY // int(record[8])
            sums.setdefault(register, Decimal(0))
        elif record[0] == "300":
            sums[register] += sum(map(Decimal, record[2 : 2 + intervals]))
    return sums


def records(path: Path) -> str:
    """Return how many records of each kind stand in a NEM file: `100 x 1, 200 x 2 ...`."""
    kinds = Counter(line.split(",")[0] for line in path.read_text("utf-8-sig").splitlines())
    return ", ".join(f"{kind} x {count}" for kind, count in sorted(kinds.items()))


def without_pair(content: bytes, line: int) -> bytes:
    """Return a NEM13 file without the register pair of a line and the details below it."""
    lines = content.splitlines(keepends=True)
    until = line
    while lines[until].startswith(b"550"):
        until += 1
    return b"".join(lines[: line - 1] + lines[until:])


@dataclass(frozen=True)
class ForestFacts:
    """What is left out of the tree list on its way up, and the odd pairs of visits in the file."""

    plot_records: int
    visits: int
    places: int
    places_taken: int
    places_once: int
    places_bare: int
    visits_unsampled: int
    tree_rows: int
    rows_once: int
    rows_bare: int
    rows_unsampled: int
    pairs: int
    shrink: int
    change_species: int
    die: int


def forest_facts(trees_path: Path, plots_path: Path) -> ForestFacts:
    """Count the plot and tree files of the US forest inventory."""
    plots = _rows(plots_path)
    visits = {row["CN"]: row for row in plots}
    sampled: dict[tuple[str, str], list[str]] = {_place(visit): [] for visit in visits.values()}
    for visit in visits.values():
        if visit["PLOT_STATUS_CD"] != _NOT_SAMPLED:
            sampled[_place(visit)].append(visit["PLOT_STATUS_CD"])
    once = {place for place, seen in sampled.items() if len(seen) < 2}  # noqa: PLR2004 - two tell a change
    bare = {place for place, seen in sampled.items() if place not in once and _FOREST not in seen}
    trees = _rows(trees_path)
    out = Counter(_left_out(visits[tree["PLT_CN"]], once, bare) for tree in trees)
    by_number = {tree["CN"]: tree for tree in trees}
    pairs = [
        (by_number[tree["PREV_TRE_CN"]], tree) for tree in trees if tree["PREV_TRE_CN"] in by_number
    ]
    return ForestFacts(
        plot_records=len(plots),
        visits=len(visits),
        places=len(sampled),
        places_taken=len(sampled) - len(once) - len(bare),
        places_once=len(once),
        places_bare=len(bare),
        visits_unsampled=sum(v["PLOT_STATUS_CD"] == _NOT_SAMPLED for v in visits.values()),
        tree_rows=len(trees),
        rows_once=out["once"],
        rows_bare=out["bare"],
        rows_unsampled=out["unsampled"],
        pairs=len(pairs),
        shrink=sum(_shrinks(before, after) for before, after in pairs),
        change_species=sum(before["SPCD"] != after["SPCD"] for before, after in pairs),
        die=sum(
            (before["STATUSCD"], after["STATUSCD"]) == (_LIVE, _DEAD) for before, after in pairs
        ),
    )


def _place(row: dict[str, str]) -> tuple[str, str]:
    return row["COUNTYCD"], row["PLOT"]


def _left_out(
    visit: dict[str, str], once: set[tuple[str, str]], bare: set[tuple[str, str]]
) -> str | None:
    if visit["PLOT_STATUS_CD"] == _NOT_SAMPLED:
        return "unsampled"
    if _place(visit) in once:
        return "once"
    return "bare" if _place(visit) in bare else None


def _shrinks(before: dict[str, str], after: dict[str, str]) -> bool:
    both = before["DIA"] and after["DIA"]
    return bool(both) and Decimal(after["DIA"]) < Decimal(before["DIA"])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
