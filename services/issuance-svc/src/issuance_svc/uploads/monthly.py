"""Kind meter_readings: one month of one meter's registers a row, in kWh."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, ClassVar, cast, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.methodologies.calculation import EXACT, Calibration
from issuance_svc.projects.models import Project
from issuance_svc.uploads import repository
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.days import end_of_month, must_be_over
from issuance_svc.uploads.kinds import TABULAR, NoOptions, Parsed, Summary
from issuance_svc.uploads.models import MeterReading, Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import CELL_CHARS_MAX, Row
from issuance_svc.uploads.source import Source
from tht_kit.errors import Text

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


class MeterReadings:
    """The handler; its context is the meters registered with the project."""

    name: ClassVar = "meter_readings"
    title: ClassVar = Text(zh="月度表计读数", en="Monthly meter readings")
    formats: ClassVar = TABULAR
    columns: ClassVar = Columns(
        required=(
            "meter_no",
            "month",
            "export_kwh",
            "import_kwh",
            "calibration",
            "mpe_pct",
            "error_pct",
        ),
        aliases={
            "表计编号": "meter_no",
            "表号": "meter_no",
            "月份": "month",
            "上网电量_kWh": "export_kwh",
            "上网电量(kWh)": "export_kwh",
            "上网电量（kWh）": "export_kwh",
            "下网电量_kWh": "import_kwh",
            "下网电量(kWh)": "import_kwh",
            "下网电量（kWh）": "import_kwh",
            "校准状态": "calibration",
            "最大允许误差_%": "mpe_pct",
            "最大允许误差(%)": "mpe_pct",
            "实际误差_%": "error_pct",
            "实际误差(%)": "error_pct",
        },
    )
    options: ClassVar = NoOptions
    rows_max: ClassVar = 100_000

    async def context(
        self, session: AsyncSession, project: Project, options: NoOptions
    ) -> frozenset[str]:
        del session, options
        return frozenset(project.meters)

    def read(
        self, source: Source, context: frozenset[str], problems: Problems, progress: Progress
    ) -> Parsed | None:
        seen: dict[tuple[str, date], int] = {}
        foreign: set[str] = set()
        records = []
        for row in source.rows(self.columns, problems, progress):
            record = _record(row)
            records.append(record)
            if record.meter_no not in context and record.meter_no not in foreign:
                foreign.add(record.meter_no)
                _refuse_foreign(row)
            other = seen.setdefault((record.meter_no, record.month), row.number)
            if other != row.number:
                what = Text(
                    zh=f"与第 {other} 行是同一表计同一月份",
                    en=f"is the same meter and month as row {other}",
                )
                row.wrong("month", what, Text(zh="留下一行", en="keep one of the rows"))
        return None if problems.total else Parsed(len(records), _summary(records), records)

    async def store(self, session: AsyncSession, upload: Upload, parsed: Parsed) -> None:
        must_be_over(upload, end_of_month(max(record.month for record in parsed.data)))
        await repository.copy_rows(session, MeterReading, upload.upload_id, parsed.data)


def _refuse_foreign(row: Row) -> None:
    """Note a meter that the project does not have; an unusable number is named already."""
    meter_no = row.cells["meter_no"]
    if not meter_no or len(meter_no) > CELL_CHARS_MAX or not meter_no.isprintable():
        return
    what = Text(
        zh=f"表计 {meter_no} 未登记在本项目",
        en=f"the meter {meter_no} is not registered with this project",
    )
    cure = Text(
        zh="核对表号，或先在登记系统登记此表计",
        en="check the number, or register the meter with the project first",
    )
    row.wrong("meter_no", what, cure)


def _record(row: Row) -> MeterRow:
    calibration = row.one_of("calibration", get_args(Calibration))
    mpe_pct = row.optional_number_in("mpe_pct", least=0, most=MPE_PCT_MAX)
    error_pct = row.optional_number_in("error_pct", least=-ERROR_PCT_MAX, most=ERROR_PCT_MAX)
    if not mpe_pct and (calibration in ("late", "missing") or error_pct is not None):
        what = Text(
            zh="未按时校准或给出误差，但没有最大允许误差",
            en="a late or missing calibration or a stated error needs the class's maximum"
            " permissible error",
        )
        cure = Text(
            zh="填写该准确度等级的最大允许误差（大于 0）",
            en="write the maximum permissible error, above 0",
        )
        row.wrong("mpe_pct", what, cure)
    return MeterRow(
        meter_no=row.text("meter_no"),
        month=row.month("month"),
        export_kwh=row.number_in("export_kwh", least=0),
        import_kwh=row.number_in("import_kwh", least=0),
        calibration=cast("Calibration", calibration),
        mpe_pct=mpe_pct,
        error_pct=error_pct,
    )


def _summary(records: list[MeterRow]) -> Summary:
    months = [record.month for record in records]
    with localcontext(EXACT):
        found: dict[str, Any] = {
            "meters": len({record.meter_no for record in records}),
            "first_month": f"{min(months):%Y-%m}",
            "last_month": f"{max(months):%Y-%m}",
            "export_kwh": format(sum((r.export_kwh for r in records), Decimal(0)), "f"),
            "import_kwh": format(sum((r.import_kwh for r in records), Decimal(0)), "f"),
            "rows_not_calibrated": sum(record.calibration != "valid" for record in records),
        }
    return found
