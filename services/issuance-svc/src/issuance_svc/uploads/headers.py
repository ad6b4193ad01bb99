"""The header of a tabular file: found, understood, or refused with every fault named. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from issuance_svc.uploads.columns import ANNOTATIONS, Columns
from issuance_svc.uploads.errors import UploadUnreadable
from issuance_svc.uploads.problems import Problem
from issuance_svc.uploads.rows import shown
from tht_kit.errors import Text

NAMES_SHOWN_MAX = 20

Record = tuple[int, list[str]]

NAME_COLUMNS = Text(
    zh="首行须为规定的列名（见 GET /v1/uploads/kinds），其后每行一条记录。",
    en="The first row names the columns (see GET /v1/uploads/kinds), one record per row.",
)
ADD_ROWS = Text(
    zh="在列名之下每行填写一条记录，再上传。",
    en="Write one record per row below the names of the columns, and upload it again.",
)
SPLIT = Text(
    zh="请按期间或表计拆分为多个文件，分别上传。",
    en="Split it by period or meter into several files and upload each.",
)


@dataclass(frozen=True)
class Header:
    """Where the header stands and which column each of its cells is."""

    row: int
    names: tuple[str, ...]
    absent: tuple[str, ...]


def find(records: Iterator[Record], columns: Columns, *, sheet: str | None = None) -> Header:
    """Return the header: the first row that is not empty. Raises UploadUnreadable."""
    filled = ((number, cells) for number, cells in records if any(cells))
    first = next(filled, None)
    if first is None:
        must_have_rows(0)
    assert first is not None, "must_have_rows has raised"
    number, cells = first
    while cells and not cells[-1]:
        cells = cells[:-1]
    names = tuple(columns.canonical(cell) for cell in cells)
    faults = _faults(number, names, columns, sheet)
    if faults:
        two_lines = _two_lines(number, cells, next(filled, None), columns, sheet)
        found = [two_lines] if two_lines else faults
        raise _refused(_together(found), found)
    return Header(number, names, tuple(name for name in columns.optional if name not in names))


def must_have_rows(count: int) -> None:
    """Raise UploadUnreadable for a file without data."""
    if count == 0:
        raise unreadable("文件没有数据行", "the file has no rows of data", cure=ADD_ROWS)


def must_not_exceed(count: int, rows_max: int) -> None:
    """Raise UploadUnreadable for a file with too many rows."""
    if count > rows_max:
        raise unreadable(f"超过 {rows_max} 行", f"there are more than {rows_max} rows", cure=SPLIT)


def unreadable(
    zh: str,
    en: str,
    row: int | None = None,
    *,
    cure: Text,
    column: str | None = None,
    sheet: str | None = None,
) -> UploadUnreadable:
    """Return the refusal of a whole file; `en` begins small, the place is named where known.

    `cure` is a sentence of its own: what mends this fault.
    """
    reason = Text(zh=f"{zh}。", en=f"{en[0].upper()}{en[1:]}.")
    if row is None and sheet is None:
        return UploadUnreadable(reason=reason, cure=cure)
    mend = Text(zh="改正后重新上传整个文件", en="mend it and upload the whole file again")
    return _refused(reason, [Problem(row, column, Text(zh=zh, en=en), mend, sheet)], cure)


def _refused(
    reason: Text, places: Sequence[Problem], cure: Text = NAME_COLUMNS
) -> UploadUnreadable:
    """Return the refusal with the places it names, for the answer and for the annotated file."""
    return UploadUnreadable(
        reason=reason, cure=cure, errors=[place.shown for place in places], places=list(places)
    )


def _faults(row: int, names: Sequence[str], columns: Columns, sheet: str | None) -> list[Problem]:
    chosen = [name for name in columns.one_of if name in names]
    faults: list[Problem] = []

    def add(column: str | None, what: Text, cure: Text) -> None:
        faults.append(Problem(row, column, what, cure, sheet))

    if columns.one_of and len(chosen) != 1:
        either = " / ".join(columns.one_of)
        what = Text(zh=f"须有且只有一列：{either}", en=f"there must be exactly one of {either}")
        add(columns.one_of[0], what, Text(zh="留下其中一列", en="keep one of them"))
    for name in columns.required:
        if name not in names:
            also = _aliases(columns, name)
            what = Text(zh=f"缺少列 {name}{also}", en=f"the column {name}{also} is missing")
            add(name, what, Text(zh="补上此列", en="add the column"))
    known = {*columns.known, *ANNOTATIONS}
    others = set() if columns.ignores_others else set(names) - known
    for name in sorted(others):
        heading = shown(name) or "''"
        what = Text(zh=f"不认识的列 {heading}", en=f"the column {heading} is not known")
        add(heading, what, Text(zh="改名或删去此列", en="rename or remove the column"))
    for name in sorted({name for name in known | others if names.count(name) > 1}):
        heading = shown(name) or "''"
        what = Text(zh=f"重复的列 {heading}", en=f"the column {heading} stands twice")
        add(heading, what, Text(zh="删去其中一列", en="remove one of them"))
    return faults


def _aliases(columns: Columns, name: str) -> str:
    known = [alias for alias, canonical in columns.aliases.items() if canonical == name]
    return f" ({', '.join(known)})" if known else ""


def _together(faults: Sequence[Problem]) -> Text:
    shown_faults = faults[:NAMES_SHOWN_MAX]
    zh = "；".join(fault.what.zh for fault in shown_faults)
    en = "; ".join(fault.what.en for fault in shown_faults)
    return Text(zh=f"{zh}。", en=f"{en[0].upper()}{en[1:]}.")


def _two_lines(
    row: int,
    cells: Sequence[str],
    following: Record | None,
    columns: Columns,
    sheet: str | None,
) -> Problem | None:
    """Return the fault of a header that takes two rows, as below merged cells, or of a title row."""
    if following is None:
        return None
    above = {columns.canonical(cell) for cell in cells}
    below = {columns.canonical(cell) for cell in following[1]}
    known = set(columns.known)
    if not (below & known) - above:
        return None
    if above & known:
        what = Text(
            zh=f"表头占了两行（第 {row}、{following[0]} 行）",
            en=f"the header takes two rows ({row} and {following[0]})",
        )
    else:
        what = Text(
            zh=f"第 {row} 行不是列名，列名在第 {following[0]} 行",
            en=f"row {row} does not name the columns, row {following[0]} does",
        )
    cure = Text(
        zh="取消合并单元格，只留一行列名",
        en="unmerge the cells and keep one row that names the columns",
    )
    return Problem(row, None, what, cure, sheet)
