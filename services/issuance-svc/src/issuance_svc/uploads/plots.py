"""Kind plot_inventory: one permanent plot on one day a row, by stem volume or by biomass."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.methodologies.calculation import EXACT
from issuance_svc.projects.models import Project
from issuance_svc.uploads import repository
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.days import must_be_over
from issuance_svc.uploads.kinds import TABULAR, NoOptions, Parsed, Summary
from issuance_svc.uploads.models import PlotMeasurement, Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row
from issuance_svc.uploads.source import Source
from tht_kit.errors import Text

VOLUME, BIOMASS = "volume_m3_per_ha", "agb_t_per_ha"


@dataclass(frozen=True, slots=True)
class PlotRow:
    """One plot on one day."""

    plot_no: str
    stratum: str
    measured_on: date
    plot_area_m2: Decimal
    stratum_area_ha: Decimal
    volume_m3_per_ha: Decimal | None
    agb_t_per_ha: Decimal | None


class PlotInventory:
    """The handler; it needs no facts of the project."""

    name: ClassVar = "plot_inventory"
    title: ClassVar = Text(zh="样地调查", en="Plot inventory")
    formats: ClassVar = TABULAR
    columns: ClassVar = Columns(
        required=("plot_no", "stratum", "measured_on", "plot_area_m2", "stratum_area_ha"),
        one_of=(VOLUME, BIOMASS),
        aliases={
            "样地号": "plot_no",
            "样地编号": "plot_no",
            "层": "stratum",
            "层号": "stratum",
            "调查日期": "measured_on",
            "样地面积_m2": "plot_area_m2",
            "样地面积(m2)": "plot_area_m2",
            "层面积_ha": "stratum_area_ha",
            "层面积(ha)": "stratum_area_ha",
            "蓄积量_m3每ha": VOLUME,
            "蓄积量(m3/ha)": VOLUME,
            "地上生物量_t每ha": BIOMASS,
            "地上生物量(t/ha)": BIOMASS,
        },
    )
    options: ClassVar = NoOptions
    rows_max: ClassVar = 100_000

    async def context(self, session: AsyncSession, project: Project, options: NoOptions) -> None:
        del session, project, options

    def read(
        self, source: Source, context: None, problems: Problems, progress: Progress
    ) -> Parsed | None:
        del context
        seen: dict[tuple[str, date], int] = {}
        strata: dict[str, str] = {}
        areas: dict[str, Decimal] = {}
        records = []
        for row in source.rows(self.columns, problems, progress):
            record = _record(row)
            records.append(record)
            _check_against(row, record, seen, strata, areas)
        return None if problems.total else Parsed(len(records), _summary(records, areas), records)

    async def store(self, session: AsyncSession, upload: Upload, parsed: Parsed) -> None:
        must_be_over(upload, max(record.measured_on for record in parsed.data))
        await repository.copy_rows(session, PlotMeasurement, upload.upload_id, parsed.data)


def _check_against(
    row: Row,
    record: PlotRow,
    seen: dict[tuple[str, date], int],
    strata: dict[str, str],
    areas: dict[str, Decimal],
) -> None:
    """Note what contradicts a row above, and remember this one."""
    other = seen.setdefault((record.plot_no, record.measured_on), row.number)
    if other != row.number:
        what = Text(
            zh=f"与第 {other} 行是同一样地同一日期", en=f"is the same plot and day as row {other}"
        )
        row.wrong("measured_on", what, Text(zh="留下一行", en="keep one of the rows"))
    stratum = strata.setdefault(record.plot_no, record.stratum)
    if stratum != record.stratum:
        what = Text(
            zh=f"样地 {record.plot_no} 此前属于层 {stratum}",
            en=f"plot {record.plot_no} stood in stratum {stratum} before",
        )
        cure = Text(zh="样地始终属于同一层", en="a plot stays in one stratum")
        row.wrong("stratum", what, cure)
    area_ha = areas.setdefault(record.stratum, record.stratum_area_ha)
    if area_ha != record.stratum_area_ha:
        what = Text(
            zh=f"层 {record.stratum} 的面积此前为 {area_ha}",
            en=f"stratum {record.stratum} had {area_ha} before",
        )
        cure = Text(zh="同一层写同一面积", en="write one area for one stratum")
        row.wrong("stratum_area_ha", what, cure)


def _record(row: Row) -> PlotRow:
    by_volume = VOLUME in row.cells
    value = row.number_in(VOLUME if by_volume else BIOMASS, least=0)
    areas = {name: row.number_in(name, least=0) for name in ("plot_area_m2", "stratum_area_ha")}
    for name, area in areas.items():
        if area == 0 and row.cells[name]:
            what = Text(zh="应大于 0", en="must be above 0")
            row.wrong(name, what, Text(zh="填写面积", en="write the area"))
    return PlotRow(
        plot_no=row.text("plot_no"),
        stratum=row.text("stratum"),
        measured_on=row.day("measured_on"),
        plot_area_m2=areas["plot_area_m2"],
        stratum_area_ha=areas["stratum_area_ha"],
        volume_m3_per_ha=value if by_volume else None,
        agb_t_per_ha=None if by_volume else value,
    )


def _summary(records: list[PlotRow], areas: dict[str, Decimal]) -> Summary:
    days = [record.measured_on for record in records]
    with localcontext(EXACT):
        found: dict[str, Any] = {
            "plots": len({record.plot_no for record in records}),
            "strata": len(areas),
            "area_ha": format(sum(areas.values(), Decimal(0)), "f"),
            "first_day": min(days).isoformat(),
            "last_day": max(days).isoformat(),
            "path": "volume" if records[0].volume_m3_per_ha is not None else "biomass",
        }
    return found
