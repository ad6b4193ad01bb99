"""One record of a file as named text cells, read into typed values. Pure.

Reading a cell that is wrong notes the problem with its cure and returns a stand-in value, so that
one pass finds every mistake of the file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from issuance_svc.uploads.problems import Problems
from tht_kit.errors import Text

CELL_CHARS_MAX = 64

_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# A spreadsheet turns 2025-01 into the first of that month, and a day into midnight.
_SHEET_MONTH = re.compile(r"([0-9]{4}-[0-9]{2})-01(T00:00:00)?", re.ASCII)
_MIDNIGHT = "T00:00:00"
_THOUSANDS = re.compile(r"-?[0-9]{1,3}([,， ' ][0-9]{3})+(\.[0-9]+)?", re.ASCII)
_WITH_UNIT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z%°²³µ/一-鿿][^0-9]*)")
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+", re.ASCII)
_EXPONENT = re.compile(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+", re.ASCII)
_NUMBER_AS = Text(
    zh="写成 1234.5：不带千分位、单位或指数，至多 6 位小数",
    en="write 1234.5 without separators, unit or exponent, at most 6 places",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its cells by canonical column name, stripped text, "" where nothing stands."""

    number: int
    cells: Mapping[str, str]
    problems: Problems
    sheet: str | None = None

    def wrong(self, column: str, what: Text, cure: Text) -> None:
        """Note that this cell is wrong."""
        self.problems.add(self.number, column, what, cure, sheet=self.sheet)

    def text(self, column: str) -> str:
        """Return the cell, which may not be empty."""
        cell = self.cells[column]
        if not cell:
            self.wrong(column, Text(zh="不能为空", en="must not be empty"), _FILL_IN)
        elif len(cell) > CELL_CHARS_MAX or not cell.isprintable():
            what = Text(
                zh=f"应为至多 {CELL_CHARS_MAX} 个可见字符",
                en=f"must be at most {CELL_CHARS_MAX} printable characters",
            )
            self.wrong(column, what, Text(zh="缩短或改正此单元格", en="shorten or mend the cell"))
        return cell

    def one_of(self, column: str, choices: tuple[str, ...]) -> str:
        """Return the cell in small letters, which is one of the choices."""
        cell = self.cells[column].lower()
        if cell not in choices:
            zh, en = "、".join(choices), f"{', '.join(choices[:-1])} or {choices[-1]}"
            self.wrong(
                column,
                Text(
                    zh=f"“{shown(cell)}”不是规定的取值", en=f"“{shown(cell)}” is not a known value"
                ),
                Text(zh=f"填写 {zh} 之一", en=f"write {en}"),
            )
        return cell

    def number_in(self, column: str, *, least: int, most: int | None = None) -> Decimal:
        """Return the decimal between the bounds, both included."""
        value = self.optional_number_in(column, least=least, most=most)
        if value is None:
            what = Text(zh="不能为空", en="must not be empty")
            cure = Text(zh="没有数据请填 0", en="write 0 for nothing")
            self.wrong(column, what, cure)
        return value if value is not None else Decimal(0)

    def optional_number_in(
        self, column: str, *, least: int, most: int | None = None
    ) -> Decimal | None:
        """Return the decimal, or None for an empty cell."""
        cell = self.cells[column]
        if not cell:
            return None
        if not _DECIMAL.fullmatch(cell):
            what, cure = not_a_number(cell)
            self.wrong(column, what, cure)
            return Decimal(least)
        value = Decimal(cell)
        if value < least or (most is not None and value > most):
            bound = f"{least} … {most}" if most is not None else f"≥ {least}"
            what = Text(zh=f"{cell} 超出范围 {bound}", en=f"{cell} is outside {bound}")
            cure = Text(zh="核对数值与单位", en="check the value and its unit")
            self.wrong(column, what, cure)
        return value

    def month(self, column: str) -> date:
        """Return the first day of the month, written 2025-01."""
        cell = self.cells[column]
        in_sheet = _SHEET_MONTH.fullmatch(cell) if self.sheet is not None else None
        found = _MONTH.fullmatch(in_sheet[1] if in_sheet else cell)
        if found is None or found[1] == "0000":
            what = Text(zh=f"“{shown(cell)}”不是月份", en=f"“{shown(cell)}” is not a month")
            cure = Text(zh="写成 YYYY-MM，如 2025-01", en="write a month such as 2025-01")
            self.wrong(column, what, cure)
            return date.min
        return date(int(found[1]), int(found[2]), 1)

    def day(self, column: str) -> date:
        """Return the day, written 2025-12-31."""
        cell = self.cells[column]
        if self.sheet is not None:
            cell = cell.removesuffix(_MIDNIGHT)
        try:
            if not _DAY.fullmatch(cell):
                raise ValueError
            return date.fromisoformat(cell)
        except ValueError:
            what = Text(zh=f"“{shown(cell)}”不是日期", en=f"“{shown(cell)}” is not a day")
            cure = Text(zh="写成 YYYY-MM-DD，如 2025-12-31", en="write a day such as 2025-12-31")
            self.wrong(column, what, cure)
            return date.min


_FILL_IN = Text(zh="填写此单元格", en="fill in the cell")


def shown(cell: str) -> str:
    """Return the cell as a message may show it."""
    cut = cell[:CELL_CHARS_MAX]
    return "".join(each if each.isprintable() else "�" for each in cut)


def not_a_number(cell: str) -> tuple[Text, Text]:
    """Return what is wrong with a cell that should be a plain decimal, and the cure."""
    quoted = shown(cell)
    what = Text(zh=f"“{quoted}”不是十进制数", en=f"“{quoted}” is not a decimal")
    unit = _WITH_UNIT.fullmatch(cell)
    if _THOUSANDS.fullmatch(cell):
        what = Text(zh=f"“{quoted}”带千分位", en=f"“{quoted}” has thousands separators")
    elif unit is not None:
        zh, en = f"“{quoted}”带单位 {unit[2]}", f"“{quoted}” carries the unit {unit[2]}"
        what = Text(zh=zh, en=en)
    elif _DECIMAL_COMMA.fullmatch(cell):
        what = Text(zh=f"“{quoted}”以逗号作小数点", en=f"“{quoted}” has a decimal comma")
    elif _EXPONENT.fullmatch(cell):
        what = Text(zh=f"“{quoted}”带指数", en=f"“{quoted}” has an exponent")
    elif not cell.isascii() and cell.replace(".", "").isdecimal():
        zh, en = f"“{quoted}”含全角数字", f"“{quoted}” has full-width digits"
        what = Text(zh=zh, en=en)
    return what, _NUMBER_AS
