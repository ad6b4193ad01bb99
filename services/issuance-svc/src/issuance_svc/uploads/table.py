"""A CSV file as rows of named cells, and the list of what is wrong with it. Pure.

UTF-8 with or without BOM; the columns stand in any order; row numbers are those of a spreadsheet.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from issuance_svc.uploads.errors import UploadEncoding, UploadUnreadable
from tht_kit.errors import FieldProblem, Text

ROWS_MAX = 100_000
PROBLEMS_SHOWN_MAX = 100
CELL_CHARS_MAX = 64

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass
class Problems:
    """What is wrong, by row and column; every mistake is counted, the first hundred are kept."""

    total: int = 0
    shown: list[FieldProblem] = field(default_factory=list)

    def add(self, row: int, column: str, zh: str, en: str) -> None:
        self.total += 1
        if len(self.shown) < PROBLEMS_SHOWN_MAX:
            self.shown.append(FieldProblem(f"row:{row},column:{column}", Text(zh=zh, en=en)))


@dataclass(frozen=True)
class Row:
    """One record: its cells by column name. Reading a cell notes what is wrong with it."""

    number: int
    cells: dict[str, str]
    problems: Problems

    def wrong(self, column: str, zh: str, en: str) -> None:
        self.problems.add(self.number, column, zh, en)

    def text(self, column: str) -> str:
        """Return the cell, which may not be empty."""
        cell = self.cells[column]
        if not cell:
            self.wrong(column, "不能为空", "must not be empty")
        elif len(cell) > CELL_CHARS_MAX or not cell.isprintable():
            self.wrong(
                column,
                f"应为至多 {CELL_CHARS_MAX} 个可见字符",
                f"must be at most {CELL_CHARS_MAX} printable characters",
            )
        return cell

    def number_in(self, column: str, *, least: int, most: int | None = None) -> Decimal:
        """Return the decimal between the bounds, both included."""
        value = self.optional_number_in(column, least=least, most=most)
        if value is None:
            self.wrong(column, "不能为空，没有数据请填 0", "must not be empty; write 0 for nothing")
        return value if value is not None else Decimal(0)

    def optional_number_in(
        self, column: str, *, least: int, most: int | None = None
    ) -> Decimal | None:
        """Return the decimal, or None for an empty cell."""
        cell = self.cells[column]
        if not cell:
            return None
        if not _DECIMAL.fullmatch(cell):
            self.wrong(
                column,
                f"“{cell[:CELL_CHARS_MAX]}”不是十进制数：写成 1234.5，不带千分位、单位或指数，至多 6 位小数",
                f"“{cell[:CELL_CHARS_MAX]}” is not a decimal: write 1234.5 without separators, unit"
                " or exponent, at most 6 places",
            )
            return Decimal(least)
        value = Decimal(cell)
        if value < least or (most is not None and value > most):
            bound = f"{least} … {most}" if most is not None else f"≥ {least}"
            self.wrong(column, f"{cell} 超出范围 {bound}", f"{cell} is outside {bound}")
        return value

    def month(self, column: str) -> date:
        found = _MONTH.fullmatch(self.cells[column])
        if found is None or found[1] == "0000":
            self.wrong(column, "应为 YYYY-MM 形式的月份", "must be a month such as 2025-01")
            return date.min
        return date(int(found[1]), int(found[2]), 1)

    def day(self, column: str) -> date:
        cell = self.cells[column]
        try:
            if not _DAY.fullmatch(cell):
                raise ValueError
            return date.fromisoformat(cell)
        except ValueError:
            self.wrong(column, "应为 YYYY-MM-DD 形式的日期", "must be a day such as 2025-12-31")
            return date.min


def read(
    content: bytes, columns: Sequence[str], *, one_of: Sequence[str] = ()
) -> tuple[list[Row], Problems]:
    """Return the rows of a file that has exactly these columns, and one of `one_of`.

    A row with another number of cells is noted and left out. Raises UploadEncoding,
    UploadUnreadable.
    """
    if content.startswith(_UTF16_MARKS):
        raise UploadEncoding(reason=Text(zh="文件是 UTF-16 编码。", en="The file is UTF-16."))
    problems = Problems()
    try:
        return list(_rows(content, columns, one_of, problems)), problems
    except UnicodeDecodeError as error:
        raise UploadEncoding(reason=_not_utf8(content, error)) from None


def _rows(
    content: bytes, columns: Sequence[str], one_of: Sequence[str], problems: Problems
) -> Iterator[Row]:
    # newline="" leaves line ends inside quoted cells alone; decoding runs along with the reading.
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    records = _records(csv.reader(lines, strict=True))
    header: list[str] | None = None
    count = 0
    for number, cells in records:
        if not any(cells):
            continue
        if header is None:
            header = _header(cells, columns, one_of)
            continue
        count += 1
        if count > ROWS_MAX:
            raise _unreadable(f"超过 {ROWS_MAX} 行", f"there are more than {ROWS_MAX} rows")
        if len(cells) != len(header):
            problems.add(
                number,
                header[0],
                f"有 {len(cells)} 个单元格，应为 {len(header)} 个",
                f"has {len(cells)} cells instead of {len(header)}",
            )
            continue
        yield Row(number, dict(zip(header, cells, strict=True)), problems)
    if header is None or count == 0:
        raise _unreadable("文件没有数据行", "the file has no rows of data")


def _records(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _unreadable(f"第 {number} 行：{error}", f"row {number}: {error}") from None
        stripped = [cell.strip() for cell in cells]
        if any("\x00" in cell for cell in stripped):
            raise _unreadable(f"第 {number} 行含空字符", f"row {number} holds a NUL character")
        yield number, stripped


def _header(cells: list[str], columns: Sequence[str], one_of: Sequence[str]) -> list[str]:
    names = [cell.lower() for cell in cells]
    chosen = [name for name in one_of if name in names]
    wanted = [*columns, *chosen]
    if one_of and len(chosen) != 1:
        either = " / ".join(one_of)
        raise _unreadable(f"须有且只有一列：{either}", f"there must be exactly one of {either}")
    missing = [name for name in wanted if name not in names]
    unknown = sorted({name for name in names if name not in wanted})
    double = sorted({name for name in names if names.count(name) > 1})
    for found, zh, en in (
        (missing, "缺少列", "columns are missing"),
        (unknown, "不认识的列", "columns are not known"),
        (double, "重复的列", "columns stand twice"),
    ):
        if found:
            shown = ", ".join(name[:CELL_CHARS_MAX] or "''" for name in found[:20])
            raise _unreadable(f"{zh}：{shown}", f"{en}: {shown}")
    return names


def _not_utf8(content: bytes, error: UnicodeDecodeError) -> Text:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        reason = Text(zh="文件含有不是 UTF-8 的字节", en="the file holds bytes that are not UTF-8")
    else:
        reason = Text(zh="文件像是 GB18030（GBK）编码", en="the file looks like GB18030 (GBK)")
    found = error.object[error.start]
    return Text(
        zh=f"{reason.zh}（字节 0x{found:02x}）。",
        en=f"{reason.en[0].upper()}{reason.en[1:]} (byte 0x{found:02x}).",
    )


def _unreadable(zh: str, en: str) -> UploadUnreadable:
    return UploadUnreadable(reason=Text(zh=f"{zh}。", en=f"{en[0].upper()}{en[1:]}."))
