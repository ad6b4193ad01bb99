"""Reading a CSV file, as UTF-8 (with or without BOM) or GB18030."""

import csv
import io
from collections.abc import Iterator, Sequence

from registry_svc.imports.columns import BY_NAME, NAMES
from registry_svc.imports.errors import ImportFileInvalid
from registry_svc.imports.tables import GEOMETRY, POSITIONS_MAX, ROWS_MAX, Row, Table

CELL_CHARS_MAX = 1_000_000  # an outline of ten thousand positions
HEADER_ROW = 1


def read(content: bytes, wanted: Sequence[str]) -> Table:
    """Return the rows of the wanted columns; others are not looked at. Raises ImportFileInvalid."""
    text, encoding = decode(content)
    csv.field_size_limit(max(csv.field_size_limit(), CELL_CHARS_MAX))
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(lines, [])
        columns = find_columns(header, wanted)
        rows = list(_rows(lines, columns, len(header)))
    except csv.Error as error:
        raise ImportFileInvalid(
            f"第 {lines.line_num} 行附近不是有效的 CSV（{error}）。",
            f"It is no valid CSV near line {lines.line_num} ({error}).",
        ) from None
    return Table(format="csv", encoding=encoding, crs=None, rows=rows)


def decode(content: bytes) -> tuple[str, str]:
    """Return a text file's text and encoding. Raises ImportFileInvalid."""
    for codec, name in (("utf-8-sig", "UTF-8"), ("gb18030", "GB18030")):
        try:
            return content.decode(codec), name
        except UnicodeDecodeError:
            continue
    raise ImportFileInvalid(
        "文件既不是 UTF-8 也不是 GB18030 编码；请另存为 UTF-8 的 CSV。",
        "It is neither UTF-8 nor GB18030: save it as CSV in UTF-8.",
    )


def find_columns(header: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Return where each wanted column stands. Raises ImportFileInvalid naming what is missing."""
    found: dict[str, int] = {}
    for position, name in enumerate(header):
        column = BY_NAME.get(name.strip().lower())
        if column not in wanted or column is None:
            continue
        if column in found:
            raise ImportFileInvalid(
                f"列 {name.strip()} 出现两次（{column}）；请只留一列。",
                f"There are two columns for {column}: keep one.",
            )
        found[column] = position
    missing = [column for column in wanted if column not in found]
    if missing:
        zh = "、".join(f"{column}（{NAMES[column][1]}）" for column in missing)
        raise ImportFileInvalid(
            f"缺少列：{zh}；第一行须为列名。",
            f"Columns are missing: {', '.join(missing)}. The first row names the columns.",
        )
    return found


def _rows(lines: Iterator[list[str]], columns: dict[str, int], width: int) -> Iterator[Row]:
    count = 0
    for number, line in enumerate(lines, HEADER_ROW + 1):
        if not any(cell.strip() for cell in line):
            continue
        count += 1
        if count > ROWS_MAX:
            raise too_many_rows()
        if len(line) != width:
            raise ImportFileInvalid(
                f"第 {number} 行有 {len(line)} 格，列名有 {width} 个；请检查其中的逗号与引号。",
                f"Row {number} has {len(line)} cells for {width} columns: check commas and quotes.",
            )
        cells = {column: line[position] for column, position in columns.items()}
        yield Row(number, cells, geometry=cells.get(GEOMETRY))


def too_many_positions() -> ImportFileInvalid:
    return ImportFileInvalid(
        f"边界点总数超过 {POSITIONS_MAX}；请抽稀，或拆成几个文件。",
        f"Its outlines have more than {POSITIONS_MAX} positions: simplify them, or split the file.",
    )


def too_many_rows() -> ImportFileInvalid:
    return ImportFileInvalid(
        f"超过 {ROWS_MAX} 行；请拆成几个文件。",
        f"It has more than {ROWS_MAX} rows: split it into several files.",
    )
