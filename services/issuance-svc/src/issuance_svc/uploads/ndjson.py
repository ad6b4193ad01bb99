"""NDJSON files: one JSON object a line, numbers kept as the text they were written in. Pure."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from issuance_svc.uploads import headers
from issuance_svc.uploads.columns import ANNOTATIONS, Columns
from issuance_svc.uploads.delimited import detect_encoding
from issuance_svc.uploads.errors import UploadEncoding
from issuance_svc.uploads.headers import unreadable
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row, shown
from tht_kit.errors import Text

LINE_BYTES_MAX = 65_536
ADVANCE_ROWS = 2_000


class _Refused(ValueError):
    """The line is no object that can be read; carries what is wrong in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.what = Text(zh=zh, en=en)


def rows(
    path: Path, columns: Columns, problems: Problems, progress: Progress, *, rows_max: int
) -> Iterator[Row]:
    """Yield the objects as rows; the number is the line's. Raises UploadEncoding, UploadUnreadable."""
    if detect_encoding(path) == "gb18030":
        raise UploadEncoding(reason=Text(zh="NDJSON 须为 UTF-8。", en="NDJSON must be UTF-8."))
    count = 0
    with path.open("rb") as file:
        for number, line in enumerate(lines(file), start=1):
            if not line.strip():
                continue
            count += 1
            headers.must_not_exceed(count, rows_max)
            if count % ADVANCE_ROWS == 0:
                progress.advance(rows=ADVANCE_ROWS, bytes_read=file.tell())
            row = _row(number, line, columns, problems)
            if row is not None:
                yield row
        headers.must_have_rows(count)
        progress.advance(rows=count % ADVANCE_ROWS, bytes_read=file.tell())


_ONE_OBJECT_PER_LINE = Text(
    zh="每行写一个 JSON 对象，以换行结束；不要把全部记录放在一个数组中。",
    en="Write one JSON object per line, each ended by a newline, not one array of all records.",
)


def lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, the mark at the start removed. Raises UploadUnreadable for an endless one."""
    number = 0
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            raise unreadable(
                f"第 {number} 行超过 {LINE_BYTES_MAX} 字节",
                f"line {number} has more than {LINE_BYTES_MAX} bytes",
                number,
                cure=_ONE_OBJECT_PER_LINE,
            )
        yield line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _row(number: int, line: bytes, columns: Columns, problems: Problems) -> Row | None:
    try:
        members = parse_line(line)
    except _Refused as refused:
        cure = Text(zh="每行写一个 JSON 对象", en="write one JSON object per line")
        problems.add(number, None, refused.what, cure)
        return None
    cells: dict[str, str] = dict.fromkeys((*columns.required, *columns.optional), "")
    before = problems.total
    given: set[str] = set()
    for key, value in members:
        if key in ANNOTATIONS:
            continue
        name = columns.canonical(key)
        if name in given:
            what = Text(zh=f"键 {shown(name)} 出现两次", en=f"the key {shown(name)} stands twice")
            problems.add(number, shown(name), what, Text(zh="留下一个", en="keep one of them"))
        elif name not in columns.known and not columns.ignores_others:
            what = Text(zh=f"不认识的键 {shown(key)}", en=f"the key {shown(key)} is not known")
            cure = Text(zh="改名或删去", en="rename or remove it")
            problems.add(number, shown(key), what, cure)
        given.add(name)
        if isinstance(value, bool | list | dict):
            what = Text(zh="应为文字或数", en="must be a text or a number")
            problems.add(number, shown(name), what, Text(zh="改写此值", en="write it so"))
            continue
        cells[name] = "" if value is None else str(value).strip()
    _check_choice(number, given, columns, problems)
    return Row(number, cells, problems) if problems.total == before else None


def _check_choice(number: int, given: set[str], columns: Columns, problems: Problems) -> None:
    if columns.one_of and len(given & set(columns.one_of)) != 1:
        either = " / ".join(columns.one_of)
        what = Text(zh=f"须有且只有一个：{either}", en=f"there must be exactly one of {either}")
        problems.add(number, columns.one_of[0], what, Text(zh="留下一个", en="keep one of them"))


def parse_line(line: bytes) -> list[tuple[str, Any]]:
    """Return the members of the line's object in order; numbers are text. Raises ValueError."""
    try:
        value = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_Members,
            parse_float=str,
            parse_int=str,
            parse_constant=_no_constant,
        )
    except _Refused:
        raise
    except (ValueError, RecursionError):
        raise _Refused("不是一个 JSON 对象", "is not a JSON object") from None
    if not isinstance(value, _Members):
        raise _Refused("不是一个 JSON 对象", "is not a JSON object")
    return [(key, {} if isinstance(inner, _Members) else inner) for key, inner in value]


class _Members(list[tuple[str, Any]]):
    """An object's members as they were written, a key that stands twice included."""


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} 不是数", f"{name} is no number")
