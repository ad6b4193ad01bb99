"""The rows of a workbook's sheet, as the limited child process wrote them. Pure.

The child (issuance_svc.uploads.workbook_child) writes one JSON array a row: its number, then per
cell its column number, its text and what is odd about it ("" for nothing).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from issuance_svc.uploads import headers
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.delimited import ADVANCE_ROWS, shaped
from issuance_svc.uploads.errors import UploadUnreadable
from issuance_svc.uploads.headers import Header, unreadable
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row, shown
from tht_kit.errors import Text

_ODD = {
    "formula": (
        Text(zh="单元格是公式 {cell}", en="the cell is a formula {cell}"),
        Text(zh="复制后“选择性粘贴为数值”", en="copy it and paste it as a value"),
    ),
    "error": (
        Text(zh="单元格是错误值 {cell}", en="the cell holds the error {cell}"),
        Text(zh="改正来源后粘贴为数值", en="mend its source and paste the value"),
    ),
    "merged": (
        Text(zh="单元格被合并（{cell}）", en="the cell is merged ({cell})"),
        Text(zh="取消合并并逐格填写", en="unmerge it and fill in every cell"),
    ),
    "date": (
        Text(zh="日期序号 {cell} 超出范围", en="the date {cell} is outside the calendar"),
        Text(zh="改成文本日期，如 2025-12-31", en="write the day as text such as 2025-12-31"),
    ),
    "hidden": (
        Text(zh="行被隐藏", en="the row is hidden"),
        Text(zh="取消隐藏或删去此行", en="show the row or delete it"),
    ),
}


@dataclass(frozen=True)
class Converted:
    """What the child process made of a workbook: its rows' file and what it found."""

    rows: Path
    title: str
    merged: list[list[int]]


def rows(
    converted: Converted,
    columns: Columns,
    problems: Problems,
    progress: Progress,
    *,
    rows_max: int,
) -> Iterator[Row]:
    """Yield the rows below the header. Raises UploadUnreadable, UploadStopped."""
    title = converted.title
    with converted.rows.open(encoding="utf-8") as file:
        records = (json.loads(line) for line in file)
        header, header_places = _header(records, columns, converted)
        _note_merged(converted, header, problems)
        count = 0
        for number, cells in records:
            before = problems.total
            texts = _texts(number, cells, header, header_places, problems, title)
            is_odd = problems.total > before
            if not any(texts) and not is_odd:
                continue
            count += 1
            headers.must_not_exceed(count, rows_max)
            if count % ADVANCE_ROWS == 0:
                progress.advance(rows=ADVANCE_ROWS)
            if is_odd:
                continue
            row = shaped(number, texts, header.names, header.absent, problems, sheet=title)
            if row is not None:
                yield row
        headers.must_have_rows(count)
        progress.advance(rows=count % ADVANCE_ROWS)


def _header(
    records: Iterator[Any], columns: Columns, converted: Converted
) -> tuple[Header, list[int]]:
    places: list[list[int]] = []

    def filled() -> Iterator[tuple[int, list[str]]]:
        for number, cells in records:
            found = [cell for cell in cells if cell[1]]
            places.append([cell[0] for cell in found])
            yield number, [cell[1] for cell in found]

    try:
        header = headers.find(filled(), columns, sheet=converted.title)
    except UploadUnreadable:
        if not converted.merged:
            raise
        area = converted.merged[0]
        raise unreadable(
            f"表头有合并单元格（{_reference(area)}），列名须在同一行且互不合并",
            f"the header has merged cells ({_reference(area)}); the columns are named in one row of"
            " unmerged cells",
            area[0],
            column=letters(area[1]),
            sheet=converted.title,
            cure=headers.NAME_COLUMNS,
        ) from None
    return header, places[0]


def _note_merged(converted: Converted, header: Header, problems: Problems) -> None:
    """Note merged areas among the data: only their first cell would hold the value."""
    for area in converted.merged:
        if area[2] > header.row:
            what, cure = _ODD["merged"]
            cell = _reference(area)
            filled = Text(zh=what.zh.format(cell=cell), en=what.en.format(cell=cell))
            problems.add(area[0], letters(area[1]), filled, cure, sheet=converted.title)


def _reference(area: Sequence[int]) -> str:
    return f"{letters(area[1])}{area[0]}:{letters(area[3])}{area[2]}"


def _texts(
    number: int,
    cells: list[list[Any]],
    header: Header,
    places: list[int],
    problems: Problems,
    title: str,
) -> list[str]:
    """Return the row's texts in the header's order; what lies outside of it is noted."""
    by_place = {place: text for place, text, _ in cells}
    named = dict(zip(places, header.names, strict=True))
    for place, text, odd in cells:
        column = named.get(place)
        if odd:
            what, cure = _ODD[odd]
            filled = Text(zh=what.zh.format(cell=shown(text)), en=what.en.format(cell=shown(text)))
            problems.add(number, column or letters(place), filled, cure, sheet=title)
        elif column is None and text:
            what = Text(zh="单元格在表头之外", en="the cell stands outside of the header")
            cure = Text(zh="删去此单元格", en="delete the cell")
            problems.add(number, letters(place), what, cure, sheet=title)
    return [by_place.get(place, "") for place in places]


def letters(place: int) -> str:
    """Return a column's letters: 1 is A, 16384 is XFD."""
    found = ""
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(ord("A") + rest) + found
    return found
