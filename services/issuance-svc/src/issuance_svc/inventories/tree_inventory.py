"""Kind tree_inventory: one tree on one day a row, with diameter or measured biomass."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, ClassVar, cast

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.inventories import repository
from issuance_svc.inventories.rules import (
    NO_AREA_M2,
    SQUARE_METRES_PER_HECTARE,
    Remark,
    Stand,
    Status,
    Tree,
    remarks,
    stands,
)
from issuance_svc.methodologies.calculation import EXACT, MEASURED
from issuance_svc.projects.models import Project
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.kinds import TABULAR, NoOptions, Parsed, Summary
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row, shown
from issuance_svc.uploads.source import Source
from tht_kit.errors import Text

DBH_CM_MAX, HEIGHT_M_MAX, AGB_KG_MAX = 500, 120, 100_000
STATUSES = {
    "live": "live",
    "dead": "dead",
    "removed": "removed",
    "empty": "empty",
    "存活": "live",
    "枯死": "dead",
    "采伐": "removed",
    "空样地": "empty",
}
EMPTY = "-"


@dataclass(frozen=True, slots=True)
class Inventory:
    """A tree list without a mistake."""

    trees: list[Tree]
    stands: list[Stand]
    remarks: list[Remark]


class TreeInventory:
    """The handler; it needs no facts of the project."""

    name: ClassVar = "tree_inventory"
    title: ClassVar = Text(zh="单木调查", en="Tree inventory")
    formats: ClassVar = TABULAR
    columns: ClassVar = Columns(
        required=("plot_no", "stratum", "stratum_area_ha", "measured_on", "tree_no", "species", "status", "dbh_cm"),
        optional=("site", "height_m", "agb_kg", "plot_area_m2", "trees_per_ha"),
        aliases={
            "区县": "site",
            "样地号": "plot_no",
            "样地编号": "plot_no",
            "层": "stratum",
            "层面积_ha": "stratum_area_ha",
            "层面积(ha)": "stratum_area_ha",
            "调查日期": "measured_on",
            "树号": "tree_no",
            "树种": "species",
            "状态": "status",
            "胸径_cm": "dbh_cm",
            "胸径(cm)": "dbh_cm",
            "树高_m": "height_m",
            "树高(m)": "height_m",
            "地上生物量_kg": "agb_kg",
            "地上生物量(kg)": "agb_kg",
            "样地面积_m2": "plot_area_m2",
            "样地面积(m2)": "plot_area_m2",
            "每公顷株数": "trees_per_ha",
        },
    )  # fmt: skip
    options: ClassVar = NoOptions
    rows_max: ClassVar = 500_000

    async def context(self, session: AsyncSession, project: Project, options: NoOptions) -> None:
        del session, project, options

    def read(
        self, source: Source, context: None, problems: Problems, progress: Progress
    ) -> Parsed | None:
        del context
        known = _Known()
        trees = []
        for row in source.rows(self.columns, problems, progress):
            tree = _tree(row)
            known.check(row, tree)
            trees.append(tree)
        if problems.total:
            return None
        found = Inventory(trees, stands(trees), remarks(trees))
        return Parsed(len(trees), _summary(found), found)

    async def store(self, session: AsyncSession, upload: Upload, parsed: Parsed) -> None:
        await repository.copy_inventory(session, upload.upload_id, cast("Inventory", parsed.data))


@dataclass
class _Known:
    """What the rows above say: where a row contradicts them it is wrong."""

    rows: dict[tuple[str, date, str], int] = field(default_factory=dict)
    plots: dict[str, tuple[int, str]] = field(default_factory=dict)
    plot_areas: dict[tuple[str, date], Decimal] = field(default_factory=dict)
    strata: dict[str, Decimal] = field(default_factory=dict)
    bare: dict[tuple[str, date], bool] = field(default_factory=dict)

    def check(self, row: Row, tree: Tree) -> None:
        """Note what contradicts a row above, and remember this one."""
        other = self.rows.setdefault((tree.plot_no, tree.measured_on, tree.tree_no), row.number)
        if other != row.number:
            row.wrong(
                "tree_no",
                Text(
                    zh=f"与第 {other} 行是同一样地同一日期同一树号",
                    en=f"is the same plot, day and tree as row {other}",
                ),
                Text(zh="留下一行", en="keep one of the rows"),
            )
        first, stratum = self.plots.setdefault(tree.plot_no, (row.number, tree.stratum))
        if stratum != tree.stratum:
            row.wrong(
                "plot_no",
                Text(
                    zh=f"样地 {tree.plot_no} 在第 {first} 行属于层 {stratum}",
                    en=f"plot {tree.plot_no} stands in stratum {stratum} in row {first}",
                ),
                Text(
                    zh="样地始终属于同一层；不同区县样地号重复的，增加 site 列",
                    en="a plot stays in one stratum; where counties repeat numbers add the column site",
                ),
            )
        self._areas(row, tree)
        visit = (tree.plot_no, tree.measured_on)
        if self.bare.setdefault(visit, tree.status == "empty") != (tree.status == "empty"):
            row.wrong(
                "status",
                Text(zh="同一次调查既是空样地又有树木", en="the visit is both empty and has trees"),
                Text(zh="删去空样地一行", en="take the row of the empty plot out"),
            )

    def _areas(self, row: Row, tree: Tree) -> None:
        visit = (tree.plot_no, tree.measured_on)
        area_m2 = self.plot_areas.setdefault(visit, tree.plot_area_m2)
        if area_m2 != tree.plot_area_m2:
            row.wrong(
                "plot_area_m2",
                Text(
                    zh=f"样地 {tree.plot_no} 此次调查的面积此前为 {area_m2}",
                    en=f"plot {tree.plot_no} had {area_m2} m2 on this day before",
                ),
                Text(
                    zh="一次调查一个面积；嵌套小样方用 trees_per_ha",
                    en="one area for one visit; use trees_per_ha for nested plots",
                ),
            )
        area_ha = self.strata.setdefault(tree.stratum, tree.stratum_area_ha)
        if area_ha != tree.stratum_area_ha:
            row.wrong(
                "stratum_area_ha",
                Text(
                    zh=f"层 {tree.stratum} 的面积此前为 {area_ha}",
                    en=f"stratum {tree.stratum} had {area_ha} before",
                ),
                Text(zh="同一层写同一面积", en="write one area for one stratum"),
            )


def _tree(row: Row) -> Tree:
    status = _status(row)
    is_empty = status == "empty"
    plot_no, site = row.text("plot_no"), row.cells["site"]
    area_m2 = row.optional_number_in("plot_area_m2", least=0)
    return Tree(
        row_no=row.number,
        plot_no=f"{site}/{plot_no}" if site else plot_no,
        stratum=row.text("stratum"),
        measured_on=row.day("measured_on"),
        tree_no=EMPTY if is_empty else row.text("tree_no"),
        species=EMPTY if is_empty else row.text("species"),
        status=status,
        dbh_cm=_diameter(row, status),
        height_m=row.optional_number_in("height_m", least=0, most=HEIGHT_M_MAX) or None,
        agb_kg=row.optional_number_in("agb_kg", least=0, most=AGB_KG_MAX),
        plot_area_m2=area_m2 if area_m2 is not None else NO_AREA_M2,
        stratum_area_ha=_above_zero(row, "stratum_area_ha"),
        trees_per_ha=Decimal(0) if status != "live" else _expansion(row, area_m2),
    )


def _status(row: Row) -> Status:
    cell = row.cells["status"].lower()
    if cell not in STATUSES:
        row.wrong(
            "status",
            Text(zh=f"“{shown(cell)}”不是规定的状态", en=f"“{shown(cell)}” is not a known status"),
            Text(zh="填写 live、dead、removed 或 empty", en="write live, dead, removed or empty"),
        )
        return "dead"
    return cast("Status", STATUSES[cell])


def _diameter(row: Row, status: Status) -> Decimal | None:
    dbh_cm = row.optional_number_in("dbh_cm", least=0, most=DBH_CM_MAX)
    if status == "live" and not dbh_cm and not row.cells["agb_kg"]:
        row.wrong(
            "dbh_cm",
            Text(
                zh="活立木既没有胸径也没有实测生物量",
                en="a living tree has neither a diameter nor a measured biomass",
            ),
            Text(zh="填写胸径（厘米，大于 0）", en="write the diameter in cm, above 0"),
        )
        return Decimal(1)
    return dbh_cm or None


def _above_zero(row: Row, column: str) -> Decimal:
    value = row.number_in(column, least=0)
    if value == 0 and row.cells[column]:
        row.wrong(column, Text(zh="应大于 0", en="must be above 0"), _WRITE_AREA)
    return value


_WRITE_AREA = Text(zh="填写面积", en="write the area")


def _expansion(row: Row, area_m2: Decimal | None) -> Decimal:
    """Return how many trees of a hectare the tree stands for."""
    per_ha = row.optional_number_in("trees_per_ha", least=0)
    if per_ha:
        return per_ha
    if not area_m2:
        row.wrong(
            "plot_area_m2",
            Text(
                zh="既没有样地面积也没有每公顷株数", en="neither a plot area nor trees per hectare"
            ),
            Text(zh="填写其一，大于 0", en="write one of them, above 0"),
        )
        return Decimal(0)
    with localcontext(MEASURED):
        return SQUARE_METRES_PER_HECTARE / area_m2


def _summary(found: Inventory) -> Summary:
    days = [tree.measured_on for tree in found.trees]
    strata = {tree.stratum: tree.stratum_area_ha for tree in found.trees}
    statuses = Counter(tree.status for tree in found.trees)
    odd = Counter(remark.code for remark in found.remarks)
    with localcontext(EXACT):
        area_ha = sum(strata.values(), Decimal(0))
    told: dict[str, Any] = {
        "plots": len({tree.plot_no for tree in found.trees}),
        "visits": len({(tree.plot_no, tree.measured_on) for tree in found.trees}),
        "strata": len(strata),
        "area_ha": format(area_ha, "f"),
        "first_day": min(days).isoformat(),
        "last_day": max(days).isoformat(),
        "path": "trees",
        "remarks": len(found.remarks),
    }
    told |= {f"rows_{status}": count for status, count in sorted(statuses.items())}
    return told | {f"remarks_{code}": count for code, count in sorted(odd.items())}
