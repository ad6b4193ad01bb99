"""Kind interval_readings: energy or power of 5, 15, 30 or 60 minutes, summed exactly by day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import ClassVar

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from issuance_svc.intervals import csv_scan, days, exact, sun
from issuance_svc.intervals.days import Daylight
from issuance_svc.intervals.exact import Irregular
from issuance_svc.intervals.grid import Grid, GridFull
from issuance_svc.intervals.stamps import (
    LEGAL_OFFSET_S,
    Stamps,
    StampUnreadable,
    ZoneMissing,
)
from issuance_svc.metering import interval_days, repository, service, wording
from issuance_svc.metering.interval_days import Found, Place, Stored
from issuance_svc.metering.models import Channel
from issuance_svc.metering.options import (
    CHANNEL_NAMES,
    HEADINGS,
    NEVER_NEGATIVE,
    UNITS,
    IntervalOptions,
)
from issuance_svc.methodologies.calculation import MEASURED
from issuance_svc.projects.models import Project
from issuance_svc.uploads import nem
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.headers import SPLIT, unreadable
from issuance_svc.uploads.kinds import TABULAR, Parsed
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row, not_a_number
from issuance_svc.uploads.rules import record_key
from issuance_svc.uploads.source import Format, Source
from tht_kit.errors import Text

ROWS_MAX = 5_000_000
# Civil twilight: below it no panel feeds in (project default, grade D).
NIGHT_DEPRESSION_DEG = 6
_FLUSH_ROWS = 50_000
_EMPTY = frozenset({"", "nan", "null", "na", "n/a"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Facts:
    """What reading needs to know of the project."""

    options: IntervalOptions
    meters: frozenset[str]
    # Multiplier of each meter: only for values measured behind the transformers.
    multipliers: dict[str, Decimal]
    latitude: Decimal | None
    longitude: Decimal | None

    @property
    def record_key(self) -> str:
        """What tells two readings of the same secondary values apart: the multipliers."""
        if not self.multipliers:
            return ""
        told = {number: format(each, "f") for number, each in self.multipliers.items()}
        return record_key(told)


class IntervalReadings:
    """The handler."""

    name: ClassVar = "interval_readings"
    title: ClassVar = Text(zh="表计区间数据", en="Interval data of meters")
    formats: ClassVar[frozenset[Format]] = TABULAR | {"nem12"}
    columns: ClassVar = Columns(
        required=("meter_no", "channel", "time", "value"),
        optional=("unit",),
        aliases={
            **HEADINGS,
            "数值": "value",
            "单位": "unit",
        },
        ignores_others=True,
    )
    options: ClassVar = IntervalOptions
    rows_max: ClassVar = ROWS_MAX

    async def context(
        self, session: AsyncSession, project: Project, options: IntervalOptions
    ) -> Facts:
        """Return the project's meters, their replacements, multipliers and place.

        Raises MeterRecordMissing where values are to be multiplied and a meter has no record.
        """
        recorded = await service.list_current(session, project.project_id)
        meters = {*project.meters, *(meter.meter_no for meter in recorded)}
        multipliers: dict[str, Decimal] = {}
        if options.values == "secondary":
            wanted = [options.meter_no] if options.meter_no else sorted(meters)
            found = await service.get_current(session, project.project_id, wanted)
            multipliers = {number: meter.multiplier for number, meter in found.items()}
        return Facts(options, frozenset(meters), multipliers, project.latitude, project.longitude)

    def read(
        self, source: Source, context: Facts, problems: Problems, progress: Progress
    ) -> Parsed | None:
        """Read the file column by column where it is regular, row by row where it is not."""
        if source.format == "nem12":
            found = _read_nem12(source, context, problems, progress)
        else:
            _must_have(context.options)
            found = self._read_fast(source, context, progress) or self._read_rows(
                source, context, problems, progress
            )
        if problems.total or found is None:
            return None
        daylight = _daylight(context, found.grid.interval_min)
        found.days = list(days.days(found.grid, daylight))
        stored = Stored(found, context.multipliers)
        return Parsed(found.grid.rows + found.empty, interval_days.summary(found, stored), stored)

    async def store(self, session: AsyncSession, upload: Upload, parsed: Parsed) -> None:
        stored: Stored = parsed.data
        await repository.copy_days(session, stored.records(upload.upload_id))

    def _columns(self, options: IntervalOptions) -> Columns:
        required = ["time", "value"]
        required += ["meter_no"] if options.meter_no is None else []
        required += ["channel"] if options.channel is None else []
        required += ["unit"] if options.unit is None else []
        named = {
            "time": options.time_column,
            "value": options.value_column,
            "meter_no": options.meter_column,
            "channel": options.channel_column,
            "unit": options.unit_column,
        }
        mapped = {heading: name for name, heading in named.items() if heading is not None}
        return Columns(
            required=tuple(required),
            aliases={
                **{
                    heading: name
                    for heading, name in self.columns.aliases.items()
                    if named[name] is None
                },
                **mapped,
            },
            ignores_others=True,
        )

    def _read_fast(self, source: Source, facts: Facts, progress: Progress) -> Found | None:
        """Return what the file holds, or None where it must be read row by row."""
        if source.format != "csv":
            return None
        table = source.table(self._columns(facts.options))
        # A heading over two lines counts as one row here, and as two lines there.
        if table.encoding == "gb18030" or any("\n" in name or "\r" in name for name in table.names):
            return None
        options = facts.options
        assert options.interval_min is not None, "checked by _must_have"
        reader = _Reader(facts, options.interval_min)
        at = {name: position for position, name in enumerate(table.names)}
        layout = csv_scan.Layout(
            columns=len(table.names),
            header_row=table.header_row,
            delimiter=table.delimiter,
            time=at["time"],
            value=at["value"],
            meter=at["meter_no"] if options.meter_no is None else options.meter_no,
            channel=at["channel"] if options.channel is None else options.channel.value,
            unit=at["unit"] if options.unit is None else options.unit,
        )
        timing = csv_scan.Timing(
            reader.stamps, options.interval_min * 60, stamp_is_end=options.stamp == "end"
        )
        before = progress.rows_read
        try:
            scanned = csv_scan.scan(
                source.path,
                layout,
                timing,
                reader.series_or_irregular,
                reader.is_never_negative,
                reader.found.grid,
                lambda rows: progress.advance(rows=rows),
            )
        except Irregular:
            progress.advance(rows=before - progress.rows_read)
            return None
        if scanned.unit not in UNITS or not 0 < scanned.rows <= source.rows_max:
            progress.advance(rows=before - progress.rows_read)
            return None
        progress.advance(bytes_read=source.path.stat().st_size)
        found = reader.found
        found.unit, found.empty, found.phase_s = scanned.unit, scanned.empty, scanned.phase_s
        return found

    def _read_rows(
        self, source: Source, facts: Facts, problems: Problems, progress: Progress
    ) -> Found:
        """Read row by row, naming every row that is wrong. Raises UploadUnreadable."""
        options = facts.options
        assert options.interval_min is not None, "checked by _must_have"
        reader = _Reader(facts, options.interval_min, with_numbers=True)
        for row in source.rows(self._columns(options), problems, progress):
            reader.row(row)
        reader.flush()
        return reader.found


def _must_have(options: IntervalOptions) -> None:
    if options.interval_min is None:
        raise unreadable(
            "请用 interval_min 说明区间长度（5、15、30 或 60 分钟）",
            "say with interval_min how long the intervals are (5, 15, 30 or 60 minutes)",
            cure=Text(
                zh="在上传请求的查询参数中加上 interval_min，如 interval_min=15，文件不变。",
                en="Add interval_min to the query of the upload, such as interval_min=15; the file"
                " stays as it is.",
            ),
        )


def _daylight(facts: Facts, interval_min: int) -> Daylight | None:
    if facts.latitude is None or facts.longitude is None:
        return None
    return sun.daylight_at(
        facts.latitude,
        facts.longitude,
        depression_deg=NIGHT_DEPRESSION_DEG,
        interval_min=interval_min,
    )


class _Reader:
    """Fills a grid row by row; cells wait in a buffer, because a grid takes them in batches."""

    def __init__(self, facts: Facts, interval_min: int, *, with_numbers: bool = False) -> None:
        options = facts.options
        self.stamps = Stamps(options.offset_s, options.time_format)
        self.found = Found(Grid(interval_min, with_numbers=with_numbers), options.unit or "", [])
        self._facts = facts
        self._interval_s = interval_min * 60
        self._series: dict[Place, int] = {}
        self._phase_s: int | None = None
        self._waiting: list[tuple[Row, int, int, Decimal]] = []

    def series_or_irregular(self, meter_no: str, channel: str) -> int:
        known = CHANNEL_NAMES.get(channel.lower())
        if known is None or meter_no not in self._facts.meters:
            raise Irregular
        return self._series_of(meter_no, known)

    def is_never_negative(self, series: int) -> bool:
        return self.found.places[series][1] in NEVER_NEGATIVE

    def row(self, row: Row) -> None:
        """Take one row of a table."""
        options = self._facts.options
        before = row.problems.total
        meter_no = options.meter_no or row.text("meter_no")
        if row.problems.total == before and meter_no not in self._facts.meters:
            row.wrong("meter_no", *wording.foreign(meter_no))
        channel = options.channel or CHANNEL_NAMES.get(row.cells["channel"].lower())
        if channel is None:
            row.wrong("channel", *wording.unknown_channel(row.cells["channel"]))
        self._check_unit(row)
        start_s = self._start(row)
        value = _value(row)
        if row.problems.total > before or channel is None or start_s is None:
            return
        if value is None:
            self.found.empty += 1
            return
        if value < 0 and channel in NEVER_NEGATIVE:
            row.wrong("value", *wording.negative(channel, value))
            return
        self.take(row, meter_no, channel, start_s, value)

    def take(self, row: Row, meter_no: str, channel: Channel, start_s: int, value: Decimal) -> None:
        """Put one interval into the grid; one off the file's own raster is noted."""
        if self._phase_s is None:
            self._phase_s = self.found.phase_s = start_s % self._interval_s
        if start_s % self._interval_s != self._phase_s:
            row.wrong("time", *wording.off_raster(self._interval_s // 60))
            return
        series = self._series_of(meter_no, channel)
        self._waiting.append((row, series, start_s - self._phase_s, value))
        if len(self._waiting) >= _FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Bring the waiting cells into the grid and name those that contradict. Raises UploadUnreadable."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        grid = self.found.grid
        try:
            numbers = [exact.scaled(value, grid.places) for *_, value in waiting]
            if not grid.is_wide and any(n is None or not exact.fits(n) for n in numbers):
                grid.widen()
                numbers = [exact.scaled(value, grid.places) for *_, value in waiting]
            clashes = grid.add(
                np.array([series for _, series, _, _ in waiting], dtype=np.int64),
                np.array([start_s for _, _, start_s, _ in waiting], dtype=np.int64),
                np.array(numbers, dtype=object if grid.is_wide else np.int64),
                np.array([row.number for row, *_ in waiting], dtype=np.int32),
            )
        except GridFull:
            raise unreadable(
                "数据过于稀疏或位数过多：请按表计或年份拆分，数值保留至多 9 位小数",
                "the rows spread over too many days, or have too many digits: split the file by"
                " meter or year, and write at most 9 places",
                cure=SPLIT,
            ) from None
        for clash in clashes:
            row, _, _, value = waiting[clash.at]
            with localcontext(MEASURED):
                other = Decimal(clash.other_value).scaleb(-grid.places).normalize()
            row.wrong("value", *wording.contradiction(clash.other_number, value, other))

    def _series_of(self, meter_no: str, channel: Channel) -> int:
        place = (meter_no, channel)
        series = self._series.setdefault(place, len(self._series))
        if series == len(self.found.places):
            self.found.places.append(place)
        return series

    def _check_unit(self, row: Row) -> None:
        if self._facts.options.unit is not None:
            return
        unit = row.cells["unit"]
        if unit not in UNITS:
            row.wrong("unit", *wording.unknown_unit(unit))
        elif self.found.unit not in ("", unit):
            row.wrong("unit", *wording.second_unit(unit, self.found.unit))
        else:
            self.found.unit = unit

    def _start(self, row: Row) -> int | None:
        text = row.cells["time"]
        try:
            start_s = self.stamps.seconds(text)
        except ZoneMissing:
            row.wrong("time", *wording.no_zone(text))
            return None
        except StampUnreadable:
            row.wrong("time", *wording.no_time(text, self.stamps.pattern))
            return None
        return start_s - self._interval_s if self._facts.options.stamp == "end" else start_s


def _value(row: Row) -> Decimal | None:
    cell = row.cells["value"]
    if cell.lower() in _EMPTY:
        return None
    value = exact.parse(cell)
    if value is None:
        what, _ = not_a_number(cell)
        cure = Text(
            zh="写成 1234.5：不带千分位、单位或指数；没有数据则留空",
            en="write 1234.5 without separators, unit or exponent; leave it empty for no data",
        )
        row.wrong("value", what, cure)
    return value


def _read_nem12(
    source: Source, facts: Facts, problems: Problems, progress: Progress
) -> Found | None:
    """Read a NEM12 file; its meter is the NMI unless the options name one."""
    options = facts.options
    offset_s = options.offset_s
    reader: _Reader | None = None
    foreign: set[str] = set()
    for interval in nem.intervals(
        source.path,
        problems,
        progress,
        utc_offset=nem.AUSTRALIAN_MARKET if offset_s is None else timedelta(seconds=offset_s),
        notes=source.notes,
    ):
        if reader is None:
            reader = _Reader(facts, interval.minutes, with_numbers=True)
            reader.found.unit = "kWh"
        meter_no = options.meter_no or interval.nmi
        row = Row(interval.row, {}, problems)
        if meter_no not in facts.meters:
            if meter_no not in foreign:
                foreign.add(meter_no)
                row.wrong("NMI", *wording.foreign(meter_no))
            continue
        if interval.minutes != reader.found.grid.interval_min:
            row.wrong("IntervalLength", *wording.second_length(interval.minutes))
            continue
        if interval.quality != "A":
            reader.found.qualities[interval.quality] += 1
        if interval.quality == "N":
            reader.found.empty += 1
            continue
        start_s = (interval.starts_at - _EPOCH) // timedelta(seconds=1) + LEGAL_OFFSET_S
        reader.take(row, meter_no, Channel(interval.channel), start_s, interval.kwh)
    if reader is None:
        if problems.total:
            return None
        raise unreadable(
            "文件没有有功电量区间",
            "the file has no intervals of active energy",
            cure=Text(
                zh="请数据提供方导出有功电量通道（B 上网、E 下网）。",
                en="Have the data provider export the channels of active energy (B, E).",
            ),
        )
    reader.flush()
    return reader.found
