"""NEM12 and NEM13 meter data files (AEMO, Meter Data File Format Specification) as rows. Pure.

NEM12: 100 header, 200 channel of a meter, 300 one day of intervals, 400 qualities of parts of that
day, 500 manual reading, 900 end. NEM13: 250 a pair of register readings, 550 its details.
Energy comes out as exact decimal kWh; reactive energy is left out and counted. The files know no
time zone: their times stand at a fixed offset that the caller states (the Australian market: +10).
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Literal

from issuance_svc.uploads.delimited import LINE_CHARS_MAX, detect_encoding
from issuance_svc.uploads.headers import unreadable
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import shown
from tht_kit.errors import Text

AUSTRALIAN_MARKET = timedelta(hours=10)
Channel = Literal["export", "import"]

# Appendix of the specification: B is what the meter sends into the grid, E what it takes from it.
_CHANNELS: dict[str, Channel] = {"B": "export", "E": "import"}
# NEM13 says it once more, seen from the grid.
_DIRECTIONS: dict[str, Channel] = {"I": "export", "E": "import"}
_SHIFT_TO_KWH = {"kwh": 0, "wh": -3, "mwh": 3}
_REACTIVE = frozenset({"kvarh", "varh", "mvarh", "kvah", "vah", "mvah", "kvar", "var", "mvar"})
_LENGTHS = ("5", "15", "30")
_MINUTES_PER_DAY = 1440
_QUALITIES = frozenset("AEFNSV")
_VALUE = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})", re.ASCII)
_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{14}", re.ASCII)
_MEND = Text(zh="请数据提供方重新导出此文件", en="ask the data provider to export the file again")
_FETCH_WHOLE = Text(
    zh="向数据提供方取得完整的文件（以 900 记录结束）后重新上传；不要手工拼接或截取。",
    en="Get the whole file, which ends with its 900 record, from the data provider and upload it"
    " again; do not cut or join it by hand.",
)
_EXPORT_AGAIN = Text(
    zh="请数据提供方重新导出此文件，原样上传。",
    en="Ask the data provider to export the file again, and upload it as it is.",
)
_NAME_FORMAT = Text(
    zh="用 format 参数写明文件的格式：NEM12（区间）为 nem12，NEM13（示数）为 nem13，其他为 csv；"
    "NEM 文件首行是 100 记录。",
    en="Say with format= which form the file has: nem12 (intervals), nem13 (registers), csv for a"
    " table; a NEM file begins with its 100 record.",
)
_UOM_OF_250 = 19
_ADVANCE_LINES = 50


@dataclass(frozen=True, slots=True)
class NemInterval:
    """The energy of one interval. `row` is the file's line."""

    row: int
    nmi: str
    suffix: str
    serial_no: str
    channel: Channel
    starts_at: datetime
    minutes: int
    kwh: Decimal
    quality: str  # A actual, E estimated, F final substituted, S substituted, N nothing measured


@dataclass(frozen=True, slots=True)
class NemRegister:
    """Two readings of one register and the energy between them."""

    row: int
    nmi: str
    suffix: str
    serial_no: str
    channel: Channel
    previous_at: datetime
    previous_index: Decimal
    previous_quality: str
    current_at: datetime
    current_index: Decimal
    current_quality: str
    kwh: Decimal


@dataclass
class _Meter:
    """A 200 record: what the 300 records below it are about."""

    row: int
    nmi: str
    suffix: str
    serial_no: str
    channel: Channel | None
    shift: int
    minutes: int

    @property
    def count(self) -> int:
        return _MINUTES_PER_DAY // self.minutes


@dataclass
class _Day:
    """A 300 record, kept until the 400 records below it are read."""

    row: int
    meter: _Meter
    starts_at: datetime
    values: list[Decimal]
    quality: str
    qualities: list[str] = field(default_factory=list)


def intervals(
    path: Path,
    problems: Problems,
    progress: Progress,
    *,
    utc_offset: timedelta = AUSTRALIAN_MARKET,
    notes: dict[str, object] | None = None,
) -> Iterator[NemInterval]:
    """Yield the intervals of a NEM12 file, in its order, days with a fault left out.

    Times are UTC. Raises UploadEncoding, UploadUnreadable, UploadStopped.
    """
    reader = _Nem12(problems, timezone(utc_offset))
    waiting: _Day | None = None
    lines = 0
    for number, record in _records(path, "NEM12"):
        kind = record[0]
        if kind == "400" and waiting is not None:
            reader.quality(number, record, waiting)
            continue
        if waiting is not None:
            yield from reader.finished(waiting)
            waiting = None
        if kind == "200":
            reader.meter = reader.channel(number, record)
        elif kind == "300":
            waiting = reader.day(number, record)
            lines += 1
            if lines % _ADVANCE_LINES == 0:
                progress.advance(rows=_ADVANCE_LINES)
        elif kind not in ("500", "900"):
            reader.unexpected(number, kind)
    progress.advance(rows=lines % _ADVANCE_LINES, bytes_read=path.stat().st_size)
    if notes is not None and reader.left_out:
        notes["reactive_channels_left_out"] = reader.left_out


class _Nem12:
    """The records of a NEM12 file, one method each; every fault is noted."""

    def __init__(self, problems: Problems, zone: timezone) -> None:
        self.meter: _Meter | None = None
        self.left_out = 0
        self._problems = problems
        self._zone = zone

    def channel(self, number: int, record: Sequence[str]) -> _Meter | None:
        """Return the meter's channel of a 200 record, or None if it cannot be used."""
        nmi, suffix, serial_no, unit, length = (_cell(record, place) for place in (1, 4, 6, 7, 8))
        if length not in _LENGTHS:
            zh, en = f"区间长度“{shown(length)}”", f"the interval length “{shown(length)}”"
            what = Text(zh=f"{zh}不是 5、15 或 30 分钟", en=f"{en} is not 5, 15 or 30 minutes")
            self._problems.add(number, "IntervalLength", what, _MEND)
            return None
        if unit.lower() in _REACTIVE:
            self.left_out += 1
            return _Meter(number, nmi, suffix, serial_no, None, 0, int(length))
        shift = _SHIFT_TO_KWH.get(unit.lower())
        channel = _CHANNELS.get(suffix[:1].upper())
        if shift is None:
            self._problems.add(number, "UOM", *_not_energy(unit))
        if channel is None:
            self._problems.add(number, "NMISuffix", *_unknown_suffix(suffix))
        if not nmi:
            what = Text(zh="没有 NMI", en="there is no NMI")
            self._problems.add(number, "NMI", what, _MEND)
        if shift is None or channel is None or not nmi:
            return None
        return _Meter(number, nmi, suffix, serial_no, channel, shift, int(length))

    def day(self, number: int, record: Sequence[str]) -> _Day | None:
        """Return the intervals of a 300 record, or None after noting what is wrong with it."""
        meter = self.meter
        if meter is None:
            return None  # its 200 record is missing or was refused, and named there
        count = meter.count
        values = record[2 : 2 + count]
        quality = _cell(record, 2 + count)
        wrong = next((at for at, each in enumerate(values) if not _VALUE.fullmatch(each)), None)
        if wrong is not None or len(values) < count:
            at = len(values) if wrong is None else wrong
            what = Text(
                zh=f"应有 {count} 个区间值，第 {at + 1} 个不是数",
                en=f"needs {count} interval values; number {at + 1} is not one",
            )
            self._problems.add(number, f"IntervalValue{at + 1}", what, _MEND)
            return None
        starts_at = self._midnight(number, _cell(record, 1))
        if quality[:1] not in _QUALITIES or not quality:
            what = Text(
                zh=f"质量标志“{shown(quality)}”不是 A、E、F、N、S 或 V",
                en=f"the quality “{shown(quality)}” is none of A, E, F, N, S, V",
            )
            self._problems.add(number, "QualityMethod", what, _MEND)
            return None
        if starts_at is None or meter.channel is None:
            return None
        decimals = [Decimal(value).scaleb(meter.shift) for value in values]
        day = _Day(number, meter, starts_at, decimals, quality[0])
        day.qualities = ["" if quality[0] == "V" else quality[0]] * count
        return day

    def _midnight(self, number: int, text: str) -> datetime | None:
        try:
            if not _DAY.fullmatch(text):
                raise ValueError
            return datetime.strptime(text, "%Y%m%d").replace(tzinfo=self._zone).astimezone(UTC)
        except (ValueError, OverflowError):
            what = Text(zh=f"“{shown(text)}”不是日期", en=f"“{shown(text)}” is not a day")
            self._problems.add(number, "IntervalDate", what, _MEND)
            return None

    def quality(self, number: int, record: Sequence[str], day: _Day) -> None:
        """Give the intervals of a 400 record their quality."""
        first, last, quality = (_cell(record, place) for place in (1, 2, 3))
        in_range = first.isascii() and first.isdigit() and last.isascii() and last.isdigit()
        in_range = in_range and 1 <= int(first) <= int(last) <= len(day.values)
        if not in_range or quality[:1] not in _QUALITIES - {"V"} or not quality:
            what = Text(
                zh=f"区间 {shown(first)} 至 {shown(last)} 或其质量标志“{shown(quality)}”有误",
                en=f"the intervals {shown(first)} to {shown(last)} or their quality"
                f" “{shown(quality)}” are wrong",
            )
            self._problems.add(number, "QualityMethod", what, _MEND)
            return
        for at in range(int(first) - 1, int(last)):
            if day.qualities[at] and day.quality == "V":
                what = Text(
                    zh=f"区间 {at + 1} 的质量已在上一条 400 记录中",
                    en=f"a 400 record above already gave interval {at + 1} its quality",
                )
                self._problems.add(number, "StartInterval", what, _MEND)
                return
            day.qualities[at] = quality[0]

    def finished(self, day: _Day) -> Iterator[NemInterval]:
        """Yield the intervals of a day whose 400 records are read."""
        if "" in day.qualities:
            at = day.qualities.index("") + 1
            what = Text(
                zh=f"质量为 V，但没有 400 记录说明区间 {at}",
                en=f"has the quality V, but no 400 record covers interval {at}",
            )
            self._problems.add(day.row, "QualityMethod", what, _MEND)
            return
        meter, step = day.meter, timedelta(minutes=day.meter.minutes)
        assert meter.channel is not None, "a day of a reactive channel is never kept"
        for at, kwh in enumerate(day.values):
            yield NemInterval(
                row=day.row,
                nmi=meter.nmi,
                suffix=meter.suffix,
                serial_no=meter.serial_no,
                channel=meter.channel,
                starts_at=day.starts_at + at * step,
                minutes=meter.minutes,
                kwh=kwh,
                quality=day.qualities[at],
            )

    def unexpected(self, number: int, kind: str) -> None:
        what = Text(
            zh=f"此处不应有 {shown(kind)} 记录", en=f"a {shown(kind)} record does not belong here"
        )
        self._problems.add(number, "RecordIndicator", what, _MEND)


def registers(
    path: Path,
    problems: Problems,
    progress: Progress,
    *,
    utc_offset: timedelta = AUSTRALIAN_MARKET,
    multiplier: Decimal = Decimal(1),
    notes: dict[str, object] | None = None,
) -> Iterator[NemRegister]:
    """Yield the pairs of readings of a NEM13 file; those with a fault are noted and left out.

    Times are UTC. `multiplier` is the meter's: index difference times multiplier is the quantity.
    Raises UploadEncoding, UploadUnreadable, UploadStopped.
    """
    zone = timezone(utc_offset)
    left_out = lines = 0
    for number, record in _records(path, "NEM13"):
        kind = record[0]
        if kind in ("550", "900"):
            continue
        if kind != "250":
            _Nem12(problems, zone).unexpected(number, kind)
            continue
        lines += 1
        progress.advance(rows=1)
        if _cell(record, _UOM_OF_250).lower() in _REACTIVE:
            left_out += 1
            continue
        found = _register(number, record, problems, zone, multiplier)
        if found is not None:
            yield found
    progress.advance(bytes_read=path.stat().st_size)
    if notes is not None and left_out:
        notes["reactive_registers_left_out"] = left_out


def _register(
    number: int, record: Sequence[str], problems: Problems, zone: timezone, multiplier: Decimal
) -> NemRegister | None:
    """Return the readings of a 250 record, or None after noting what is wrong with it."""
    before = problems.total
    shift = _SHIFT_TO_KWH.get(_cell(record, _UOM_OF_250).lower())
    if shift is None:
        problems.add(number, "UOM", *_not_energy(_cell(record, _UOM_OF_250)))
    channel = _DIRECTIONS.get(_cell(record, 7).upper())
    if channel is None:
        direction = shown(_cell(record, 7))
        zh, en = f"方向“{direction}”不是 I 或 E", f"the direction “{direction}” is neither I nor E"
        problems.add(number, "DirectionIndicator", Text(zh=zh, en=en), _MEND)
    previous = _number(number, "PreviousRegisterRead", _cell(record, 8), problems)
    current = _number(number, "CurrentRegisterRead", _cell(record, 13), problems)
    quantity = _number(number, "Quantity", _cell(record, 18), problems)
    began = _moment(number, "PreviousRegisterReadDateTime", _cell(record, 9), zone, problems)
    ended = _moment(number, "CurrentRegisterReadDateTime", _cell(record, 14), zone, problems)
    if problems.total > before:
        return None
    assert shift is not None, "noted above"
    assert channel is not None, "noted above"
    if ended <= began:
        what = Text(
            zh="本次读数不晚于上次读数", en="the current reading is not after the previous one"
        )
        problems.add(number, "CurrentRegisterReadDateTime", what, _MEND)
        return None
    digits = len(_cell(record, 13).partition(".")[0])
    turns = current - previous
    if turns < 0:
        turns += Decimal(10) ** digits  # the register rolled over
    difference = turns * multiplier
    if abs(difference - quantity) >= max(multiplier, Decimal(1)):
        problems.add(number, "Quantity", *_contradiction(record, difference, quantity))
        return None
    return NemRegister(
        row=number,
        nmi=_cell(record, 1),
        suffix=_cell(record, 4),
        serial_no=_cell(record, 6),
        channel=channel,
        previous_at=began,
        previous_index=previous,
        previous_quality=_cell(record, 10)[:1],
        current_at=ended,
        current_index=current,
        current_quality=_cell(record, 15)[:1],
        kwh=quantity.scaleb(shift),
    )


def _contradiction(
    record: Sequence[str], difference: Decimal, quantity: Decimal
) -> tuple[Text, Text]:
    previous, current = shown(_cell(record, 8)), shown(_cell(record, 13))
    what = Text(
        zh=f"读数 {previous} 至 {current} 相差 {difference:f}，与电量 {quantity:f} 矛盾",
        en=f"the readings {previous} to {current} differ by {difference:f}, which contradicts the"
        f" quantity {quantity:f}",
    )
    cure = Text(
        zh="核对读数、电量与表计倍率后重新导出",
        en="check the readings, the quantity and the meter's multiplier, and export it again",
    )
    return what, cure


def _number(number: int, column: str, text: str, problems: Problems) -> Decimal:
    if _VALUE.fullmatch(text):
        return Decimal(text)
    what = Text(zh=f"“{shown(text)}”不是数", en=f"“{shown(text)}” is not a number")
    problems.add(number, column, what, _MEND)
    return Decimal(0)


def _moment(number: int, column: str, text: str, zone: timezone, problems: Problems) -> datetime:
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        what = Text(zh=f"“{shown(text)}”不是时间", en=f"“{shown(text)}” is not a time")
        problems.add(number, column, what, _MEND)
        return datetime.min.replace(tzinfo=UTC)


# ---- records --------------------------------------------------------------------------------


def _records(path: Path, version: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records between the header and the end, both checked. Raises UploadUnreadable."""
    encoding = detect_encoding(path)
    ended_at: int | None = None
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        while line := file.readline(LINE_CHARS_MAX):
            number += 1
            if len(line) == LINE_CHARS_MAX:
                zh, en = f"第 {number} 行过长", f"line {number} is too long"
                raise unreadable(zh, en, number, cure=_EXPORT_AGAIN)
            record = [cell.strip() for cell in next(csv.reader([line]), [])]
            if not any(record):
                continue
            if "\x00" in line:
                zh, en = f"第 {number} 行含空字符", f"line {number} holds a NUL"
                raise unreadable(zh, en, number, cure=_EXPORT_AGAIN)
            if number == 1:
                _check_start(record, version)
                continue
            if ended_at is not None:
                zh, en = f"900 记录后还有第 {number} 行", f"line {number} follows the 900 record"
                raise unreadable(zh, en, number, cure=_FETCH_WHOLE)
            ended_at = number if record[0] == "900" else None
            yield number, record
    if ended_at is None:
        raise unreadable(
            "文件被截断：没有 900 结束记录",
            "the file is cut off: there is no 900 record",
            number,
            cure=_FETCH_WHOLE,
        )


def _check_start(record: Sequence[str], version: str) -> None:
    found = _cell(record, 1)
    if record[0] == "100" and found in ("NEM12", "NEM13") and found != version:
        raise unreadable(
            f"这是 {found} 文件：请用 format={found.lower()}",
            f"this is a {found} file: use format={found.lower()}",
            1,
            cure=_NAME_FORMAT,
        )
    if record[0] != "100" or found != version:
        raise unreadable(
            f"首行应为 {version} 的 100 记录",
            f"the first line must be the 100 record of {version}",
            1,
            cure=_NAME_FORMAT,
        )


def _cell(record: Sequence[str], place: int) -> str:
    return record[place] if place < len(record) else ""


def _not_energy(unit: str) -> tuple[Text, Text]:
    quoted = shown(unit)
    what = Text(
        zh=f"单位“{quoted}”不是 kWh、Wh 或 MWh", en=f"the unit “{quoted}” is not kWh, Wh or MWh"
    )
    return what, _MEND


def _unknown_suffix(suffix: str) -> tuple[Text, Text]:
    quoted = shown(suffix)
    what = Text(
        zh=f"通道“{quoted}”既不是 B（上网）也不是 E（下网）",
        en=f"the channel “{quoted}” is neither B (into the grid) nor E (from the grid)",
    )
    return what, Text(zh="只导出 B、E 通道", en="export the channels B and E only")
