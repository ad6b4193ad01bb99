"""Tree lists: what a row says, what is odd from visit to visit, what a plot comes to. Pure.

Odd is not wrong: a tree that shrinks between two visits was measured twice by people. It is counted
as it was measured, and named with how it was counted, so that a verifier can look at it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Literal, cast

from issuance_svc.methodologies import allometry
from issuance_svc.methodologies.calculation import MEASURED, year_share
from tht_kit.errors import Text

SQUARE_METRES_PER_HECTARE = 10_000
KG_PER_TONNE = 1000
# Faster growth of a diameter than any plantation of the region shows [D].
GROWTH_CM_PER_YEAR_MAX = 5
# Plots whose file states no area weigh alike.
NO_AREA_M2 = Decimal(1)

Status = Literal["live", "dead", "removed", "empty"]


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree on one day, or the visit of a bare plot (`empty`)."""

    row_no: int
    plot_no: str
    stratum: str
    measured_on: date
    tree_no: str
    species: str
    status: Status
    dbh_cm: Decimal | None
    height_m: Decimal | None
    agb_kg: Decimal | None
    plot_area_m2: Decimal
    stratum_area_ha: Decimal
    trees_per_ha: Decimal


@dataclass(frozen=True, slots=True)
class Stand:
    """The living trees of a plot on one day that are counted in the same way."""

    plot_no: str
    stratum: str
    measured_on: date
    plot_area_m2: Decimal
    stratum_area_ha: Decimal
    basis: Literal["allometry", "measured"]
    species: str | None
    trees: int
    trees_per_ha: Decimal
    d73_per_ha: Decimal | None
    agb_t_per_ha: Decimal | None


@dataclass(frozen=True, slots=True)
class Remark:
    """An odd row and how it was counted."""

    row_no: int
    code: str
    plot_no: str
    tree_no: str
    text: Text


def stands(trees: Sequence[Tree]) -> list[Stand]:
    """Return what each plot came to on each day, in order; the order of the rows does not matter."""
    visits: dict[tuple[str, date], list[Tree]] = defaultdict(list)
    for tree in trees:
        visits[tree.plot_no, tree.measured_on].append(tree)
    with localcontext(MEASURED):
        return [stand for key in sorted(visits) for stand in _of_visit(visits[key])]


def _of_visit(trees: Sequence[Tree]) -> Iterator[Stand]:
    groups: dict[str | None, list[Tree]] = defaultdict(list)
    for tree in sorted(trees, key=lambda found: found.tree_no):
        if tree.status == "live":
            groups[None if tree.agb_kg is not None else tree.species].append(tree)
    if not groups:
        # Visited and bare: it stays in the sample, with nothing on it.
        yield _stand(trees[0], None, [])
    for species in sorted(groups, key=lambda name: name or ""):
        yield _stand(trees[0], species, groups[species])


def _stand(any_tree: Tree, species: str | None, group: Sequence[Tree]) -> Stand:
    per_ha = sum((tree.trees_per_ha for tree in group), Decimal(0))
    d73 = agb_t = None
    if species is None:
        measured = (cast("Decimal", tree.agb_kg) * tree.trees_per_ha for tree in group)
        agb_t = sum(measured, Decimal(0)) / KG_PER_TONNE
    else:
        d73 = sum(
            (
                allometry.diameter_term(cast("Decimal", tree.dbh_cm)) * tree.trees_per_ha
                for tree in group
            ),
            Decimal(0),
        )
    return Stand(
        plot_no=any_tree.plot_no,
        stratum=any_tree.stratum,
        measured_on=any_tree.measured_on,
        plot_area_m2=any_tree.plot_area_m2,
        stratum_area_ha=any_tree.stratum_area_ha,
        basis="measured" if species is None else "allometry",
        species=species,
        trees=len(group),
        trees_per_ha=per_ha,
        d73_per_ha=d73,
        agb_t_per_ha=agb_t,
    )


def remarks(trees: Sequence[Tree]) -> list[Remark]:
    """Return what is odd, by row: within one tree's visits and against the visits of its plot."""
    found: list[Remark] = []
    visits: dict[str, list[date]] = defaultdict(list)
    by_tree: dict[tuple[str, str], list[Tree]] = defaultdict(list)
    for tree in trees:
        if tree.measured_on not in visits[tree.plot_no]:
            visits[tree.plot_no].append(tree.measured_on)
        if tree.status != "empty":
            by_tree[tree.plot_no, tree.tree_no].append(tree)
    for (plot_no, _), rows in by_tree.items():
        rows.sort(key=lambda row: row.measured_on)
        found += _alone(rows)
        for before, after in pairwise(rows):
            found += _between(before, after)
        later = [day for day in visits[plot_no] if day > rows[-1].measured_on]
        if later and rows[-1].status == "live":
            said = f"{min(later)}"
            found.append(
                _remark(
                    rows[-1],
                    "not-found-again",
                    f"{said} 的调查中没有此树：按已不存在计",
                    f"not in the visit of {said}: counted as gone",
                )
            )
    return sorted(found, key=lambda remark: (remark.row_no, remark.code))


def _alone(rows: Iterable[Tree]) -> Iterator[Remark]:
    for tree in rows:
        if tree.status == "live" and tree.dbh_cm is None:
            yield _remark(
                tree,
                "diameter-missing",
                f"活立木没有胸径：按所列实测生物量 {_plain(tree.agb_kg)} 千克计",
                f"a living tree without a diameter: counted by its stated {_plain(tree.agb_kg)} kg",
            )
        if tree.status == "live" and tree.height_m is None:
            yield _remark(
                tree,
                "height-missing",
                "没有树高：按胸径一元模型或实测生物量计",
                "no height: counted by the diameter alone, or by the measured biomass",
            )


def _between(before: Tree, after: Tree) -> Iterator[Remark]:
    since = before.measured_on
    if before.species != after.species:
        yield _remark(
            after,
            "species-changes",
            f"{since} 记为 {before.species}，现为 {after.species}：各按当次所记树种计",
            f"{before.species} on {since}, now {after.species}: each visit counts by its own",
        )
    if before.status == "live" and after.status in ("dead", "removed"):
        zh = "枯死" if after.status == "dead" else "被采伐"
        yield _remark(
            after,
            "dies" if after.status == "dead" else "is-removed",
            f"{since} 时存活，现{zh}：其碳储量退出",
            f"alive on {since}, now {after.status}: its stock leaves",
        )
    if before.status != "live" and after.status == "live":
        yield _remark(
            after,
            "returns",
            f"{since} 记为 {before.status}，现又存活：按本次所记计",
            f"{before.status} on {since}, alive again: counted as this visit says",
        )
    if before.dbh_cm and after.dbh_cm:
        yield from _diameters(before, after, before.dbh_cm, after.dbh_cm)


def _diameters(before: Tree, after: Tree, was: Decimal, now: Decimal) -> Iterator[Remark]:
    since = before.measured_on
    shown_was, shown_now = _plain(was), _plain(now)
    zh, en = "按本次测值计，不予更正", "counted as measured"
    if after.status != "live":
        zh, en = "已不存活，不计碳储量", "no longer alive, so no stock is counted"
    if now < was:
        yield _remark(
            after,
            "shrinks",
            f"胸径由 {shown_was} 减为 {shown_now} 厘米（{since}）：{zh}",
            f"the diameter falls from {shown_was} to {shown_now} cm since {since}: {en}",
        )
    years = year_share(since, after.measured_on)
    if now - was > GROWTH_CM_PER_YEAR_MAX * years:
        yield _remark(
            after,
            "grows-fast",
            f"胸径由 {shown_was} 增为 {shown_now} 厘米（{since}），"
            f"每年超过 {GROWTH_CM_PER_YEAR_MAX} 厘米：按测值计，请核查",
            f"the diameter grows from {shown_was} to {shown_now} cm since {since}, over"
            f" {GROWTH_CM_PER_YEAR_MAX} cm a year: counted as measured, to be looked at",
        )


def _plain(value: Decimal | None) -> str:
    """Return the value as a person writes it, without the zeros that the column adds."""
    return "-" if value is None else f"{value.normalize():f}"


def _remark(tree: Tree, code: str, zh: str, en: str) -> Remark:
    return Remark(tree.row_no, code, tree.plot_no, tree.tree_no, Text(zh=zh, en=en))
