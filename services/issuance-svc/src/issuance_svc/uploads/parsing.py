"""Meter readings and plot inventories: from a CSV file to typed records. Pure.

All or nothing: one wrong row and the whole file is refused, every wrong row named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Literal, cast, get_args

from issuance_svc.methodologies.calculation import EXACT, Calibration
from issuance_svc.uploads import table
from issuance_svc.uploads.errors import UploadRowsRefused

Kind = Literal["meter_readings", "plot_inventory"]
Summary = dict[str, int | str]

METER_COLUMNS = (
    "meter_no",
    "month",
    "export_kwh",
    "import_kwh",
    "calibration",
    "mpe_pct",
    "error_pct",
)
PLOT_COLUMNS = ("plot_no", "stratum", "measured_on", "plot_area_m2", "stratum_area_ha")
PLOT_VALUE_COLUMNS = ("volume_m3_per_ha", "agb_t_per_ha")

MPE_PCT_MAX = 10
ERROR_PCT_MAX = 100


@dataclass(frozen=True, slots=True)
class MeterRow:
    """One month of one meter's registers."""

    meter_no: str
    month: date
    export_kwh: Decimal
    import_kwh: Decimal
    calibration: Calibration
    mpe_pct: Decimal | None
    error_pct: Decimal | None


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


@dataclass(frozen=True)
class Parsed:
    """A file without a mistake, as far as the file alone can tell."""

    meter_rows: list[MeterRow]
    plot_rows: list[PlotRow]
    summary: Summary
    # Where each meter first stands, to name the row of one that the project does not have.
    first_row_of_meter: dict[str, int]

    @property
    def rows(self) -> int:
        return len(self.meter_rows) + len(self.plot_rows)


def parse(kind: Kind, content: bytes) -> Parsed:
    """Return the records of the file; raises UploadEncoding, UploadUnreadable, UploadRowsRefused."""
    return _meter_readings(content) if kind == "meter_readings" else _plot_inventory(content)


def refuse_foreign_meters(parsed: Parsed, meters: Sequence[str]) -> None:
    """Raise UploadRowsRefused for meters that are not registered with the project."""
    problems = table.Problems()
    for meter_no, row in parsed.first_row_of_meter.items():
        if meter_no not in meters:
            problems.add(
                row,
                "meter_no",
                f"表计 {meter_no} 未登记在本项目",
                f"the meter {meter_no} is not registered with this project",
            )
    _refuse(problems)


def _refuse(problems: table.Problems) -> None:
    if problems.total:
        raise UploadRowsRefused(
            total=problems.total, shown=len(problems.shown), errors=problems.shown
        )


def _meter_readings(content: bytes) -> Parsed:
    rows, problems = table.read(content, METER_COLUMNS)
    seen: dict[tuple[str, date], int] = {}
    first_rows: dict[str, int] = {}
    records = []
    for row in rows:
        record = _meter_row(row)
        records.append(record)
        first_rows.setdefault(record.meter_no, row.number)
        other = seen.setdefault((record.meter_no, record.month), row.number)
        if other != row.number:
            row.wrong(
                "month",
                f"与第 {other} 行是同一表计同一月份",
                f"is the same meter and month as row {other}",
            )
    _refuse(problems)
    with localcontext(EXACT):
        summary: Summary = {
            "meters": len(first_rows),
            "first_month": f"{min(record.month for record in records):%Y-%m}",
            "last_month": f"{max(record.month for record in records):%Y-%m}",
            "export_kwh": format(sum((r.export_kwh for r in records), Decimal(0)), "f"),
            "import_kwh": format(sum((r.import_kwh for r in records), Decimal(0)), "f"),
            "rows_not_calibrated": sum(record.calibration != "valid" for record in records),
        }
    return Parsed(records, [], summary, first_rows)


def _meter_row(row: table.Row) -> MeterRow:
    calibration = row.cells["calibration"].lower()
    if calibration not in get_args(Calibration):
        row.wrong("calibration", "应为 valid、late 或 missing", "must be valid, late or missing")
    mpe_pct = row.optional_number_in("mpe_pct", least=0, most=MPE_PCT_MAX)
    error_pct = row.optional_number_in("error_pct", least=-ERROR_PCT_MAX, most=ERROR_PCT_MAX)
    if not mpe_pct and (calibration in ("late", "missing") or error_pct is not None):
        row.wrong(
            "mpe_pct",
            "未按时校准或给出误差时，须填写该准确度等级的最大允许误差（大于 0）",
            "give the class's maximum permissible error, above 0, for a late or missing calibration"
            " or a stated error",
        )
    return MeterRow(
        meter_no=row.text("meter_no"),
        month=row.month("month"),
        export_kwh=row.number_in("export_kwh", least=0),
        import_kwh=row.number_in("import_kwh", least=0),
        calibration=cast("Calibration", calibration),
        mpe_pct=mpe_pct,
        error_pct=error_pct,
    )


def _plot_inventory(content: bytes) -> Parsed:
    rows, problems = table.read(content, PLOT_COLUMNS, one_of=PLOT_VALUE_COLUMNS)
    seen: dict[tuple[str, date], int] = {}
    strata_of_plots: dict[str, str] = {}
    areas: dict[str, Decimal] = {}
    records = []
    for row in rows:
        record = _plot_row(row)
        records.append(record)
        other = seen.setdefault((record.plot_no, record.measured_on), row.number)
        if other != row.number:
            row.wrong(
                "measured_on",
                f"与第 {other} 行是同一样地同一日期",
                f"is the same plot and day as row {other}",
            )
        stratum = strata_of_plots.setdefault(record.plot_no, record.stratum)
        if stratum != record.stratum:
            row.wrong(
                "stratum",
                f"样地 {record.plot_no} 此前属于层 {stratum}",
                f"plot {record.plot_no} stood in stratum {stratum} before",
            )
        area_ha = areas.setdefault(record.stratum, record.stratum_area_ha)
        if area_ha != record.stratum_area_ha:
            row.wrong(
                "stratum_area_ha",
                f"层 {record.stratum} 的面积此前为 {area_ha}",
                f"stratum {record.stratum} had {area_ha} before",
            )
    _refuse(problems)
    by_volume = records[0].volume_m3_per_ha is not None
    with localcontext(EXACT):
        summary: Summary = {
            "plots": len(strata_of_plots),
            "strata": len(areas),
            "area_ha": format(sum(areas.values(), Decimal(0)), "f"),
            "first_day": min(record.measured_on for record in records).isoformat(),
            "last_day": max(record.measured_on for record in records).isoformat(),
            "path": "volume" if by_volume else "biomass",
        }
    return Parsed([], records, summary, {})


def _plot_row(row: table.Row) -> PlotRow:
    by_volume = PLOT_VALUE_COLUMNS[0] in row.cells
    column = PLOT_VALUE_COLUMNS[0] if by_volume else PLOT_VALUE_COLUMNS[1]
    value = row.number_in(column, least=0)
    areas = {name: row.number_in(name, least=0) for name in ("plot_area_m2", "stratum_area_ha")}
    for name, area in areas.items():
        if area == 0 and row.cells[name]:
            row.wrong(name, "应大于 0", "must be above 0")
    return PlotRow(
        plot_no=row.text("plot_no"),
        stratum=row.text("stratum"),
        measured_on=row.day("measured_on"),
        plot_area_m2=areas["plot_area_m2"],
        stratum_area_ha=areas["stratum_area_ha"],
        volume_m3_per_ha=value if by_volume else None,
        agb_t_per_ha=None if by_volume else value,
    )
