"""CSV files: encoding and delimiter found out, header checked, rows streamed. Pure.

UTF-8 with or without BOM and GB18030 (GBK, GB2312 are parts of it); comma, semicolon or tab; the
columns stand in any order. Row numbers are those of a spreadsheet: the header is row 1.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from issuance_svc.uploads import headers
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.errors import UploadEncoding
from issuance_svc.uploads.headers import unreadable
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.rows import Row
from tht_kit.errors import Text

Encoding = Literal["utf-8", "utf-8-sig", "gb18030"]
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
LINE_CHARS_MAX = 65_536
ADVANCE_ROWS = 2_000
_CHUNK_BYTES = 1024 * 1024
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# What somebody wrote in GB18030 is Chinese: of its characters beyond ASCII nearly all are among the
# 7,445 of GB 2312. Western bytes that happen to decode give rare ones.
_CHINESE_SHARE_MIN_PCT = 80
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_GB2312 = frozenset(
    bytes((0xA0 + zone, 0xA0 + place)).decode("gb2312", errors="ignore")
    for zone in range(1, 88)
    for place in range(1, 95)
)
_TOTALS = frozenset({"合计", "总计", "小计", "total", "totals", "sum", "subtotal", "grand total"})


@dataclass(frozen=True)
class Table:
    """How a CSV file is read: `names` are the canonical columns in the file's order."""

    encoding: Encoding
    delimiter: str
    header_row: int
    names: tuple[str, ...]
    # Optional columns that the file does not have.
    absent: tuple[str, ...]

    @property
    def notes(self) -> dict[str, Any]:
        """What the owner is told: only what is out of the ordinary."""
        found: dict[str, Any] = {}
        if self.encoding == "gb18030":
            found["encoding"] = "GB18030"
        if self.delimiter != ",":
            found["delimiter"] = DELIMITERS[self.delimiter]
        return found


def open_table(path: Path, columns: Columns) -> Table:
    """Find out encoding, delimiter and header. Raises UploadEncoding, UploadUnreadable."""
    encoding = detect_encoding(path)
    delimiter = detect_delimiter(path, encoding, columns)
    with _opened(path, encoding) as file:
        records = _records(file, delimiter)
        found = headers.find(records, columns)
    return Table(encoding, delimiter, found.row, found.names, found.absent)


def rows(
    path: Path, table: Table, problems: Problems, progress: Progress, *, rows_max: int
) -> Iterator[Row]:
    """Yield the rows below the header; one with another number of cells is noted and left out.

    Raises UploadUnreadable, UploadStopped.
    """
    with _opened(path, table.encoding) as file:
        raw = file.buffer
        count = 0
        for number, cells in _records(file, table.delimiter):
            if number <= table.header_row or not any(cells):
                continue
            count += 1
            headers.must_not_exceed(count, rows_max)
            if count % ADVANCE_ROWS == 0:
                progress.advance(rows=ADVANCE_ROWS, bytes_read=raw.tell())
            row = shaped(number, cells, table.names, table.absent, problems)
            if row is not None:
                yield row
        headers.must_have_rows(count)
        progress.advance(rows=count % ADVANCE_ROWS, bytes_read=raw.tell())


def shaped(
    number: int,
    cells: list[str],
    names: tuple[str, ...],
    absent: tuple[str, ...],
    problems: Problems,
    *,
    sheet: str | None = None,
) -> Row | None:
    """Return the row, or None after noting that it is a total or has too many or few cells."""
    while len(cells) > len(names) and not cells[-1]:
        cells.pop()
    first = next((cell for cell in cells if cell), "")
    if first.lower().rstrip(":：") in _TOTALS:
        problems.add(
            number,
            names[0],
            Text(zh=f"是“{first}”行，不是数据", en=f"is a row of totals (“{first}”), not data"),
            Text(zh="删去合计行", en="delete the row of totals"),
            sheet=sheet,
        )
        return None
    if len(cells) != len(names):
        problems.add(
            number,
            names[0],
            Text(
                zh=f"有 {len(cells)} 个单元格，应为 {len(names)} 个",
                en=f"has {len(cells)} cells instead of {len(names)}",
            ),
            Text(
                zh="补齐或删去单元格；含分隔符的文字须加引号",
                en="add or remove cells; text that holds the delimiter stands in quotes",
            ),
            sheet=sheet,
        )
        return None
    named = dict(zip(names, cells, strict=True))
    named.update(dict.fromkeys(absent, ""))
    return Row(number, named, problems, sheet)


_SAVE_AGAIN = Text(
    zh="在电子表格软件中打开核对，另存为“CSV UTF-8（逗号分隔）”后重新上传；每行一条记录。",
    en="Open it in a spreadsheet, check it and save it as “CSV UTF-8 (comma delimited)”, one record"
    " per row; then upload it again.",
)
_CLOSE_QUOTE = Text(
    zh="补上或删去该处的引号；若文件在此被截断，请重新导出完整的文件。",
    en="Close or delete the quote; if the file is cut off there, export the whole of it again.",
)


def _opened(path: Path, encoding: Encoding) -> TextIO:
    # newline="" leaves line ends inside quoted cells alone; decoding runs along with the reading.
    return path.open(encoding=encoding, newline="")


def lines(file: TextIO) -> Iterator[str]:
    """Yield the lines. Raises UploadUnreadable for one without an end: it would fill the memory."""
    while line := file.readline(LINE_CHARS_MAX):
        if len(line) == LINE_CHARS_MAX and not line.endswith("\n"):
            raise unreadable(
                f"有一行超过 {LINE_CHARS_MAX} 个字符",
                f"a line has more than {LINE_CHARS_MAX} characters",
                cure=_SAVE_AGAIN,
            )
        yield line


def _records(file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines(file), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(number, error) from None
        stripped = [cell.strip() for cell in cells]
        if any("\x00" in cell for cell in stripped):
            zh, en = f"第 {number} 行含空字符", f"row {number} holds a NUL character"
            raise unreadable(zh, en, number, cure=_SAVE_AGAIN)
        yield number, stripped


def _broken(number: int, error: csv.Error) -> Exception:
    if "end of data" in str(error) or "field limit" in str(error):
        return unreadable(
            f"第 {number} 行起的引号没有闭合",
            f"row {number}: a quote is opened there and never closed",
            number,
            cure=_CLOSE_QUOTE,
        )
    return unreadable(
        f"第 {number} 行：{error}", f"row {number}: {error}", number, cure=_SAVE_AGAIN
    )


# ---- encoding and delimiter -----------------------------------------------------------------


def detect_encoding(path: Path) -> Encoding:
    """Return how the file is encoded, decoding all of it once. Raises UploadEncoding."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(_UTF16_MARKS) or _looks_like_utf16(start):
        raise UploadEncoding(reason=Text(zh="文件是 UTF-16 编码。", en="The file is UTF-16."))
    try:
        _decode(path, "utf-8")
    except UnicodeDecodeError as error:
        if _is_gb18030(path):
            return "gb18030"
        raise UploadEncoding(reason=_not_utf8(error)) from None
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"


def _looks_like_utf16(start: bytes) -> bool:
    """UTF-16 of ASCII without a mark: every other byte is a NUL."""
    half = len(start) // 2
    return half > 0 and max(start[::2].count(0), start[1::2].count(0)) > half * 9 // 10


def _decode(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            decoder.decode(chunk)
    decoder.decode(b"", final=True)


def _is_gb18030(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("gb18030")()
    chinese = foreign = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                for each, count in Counter(_BEYOND_ASCII.findall(decoder.decode(chunk))).items():
                    chinese += count if each in _GB2312 else 0
                    foreign += count if each not in _GB2312 else 0
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return chinese * 100 >= (chinese + foreign) * _CHINESE_SHARE_MIN_PCT


def _not_utf8(error: UnicodeDecodeError) -> Text:
    found = error.object[error.start]
    return Text(
        zh=f"文件含有既不是 UTF-8 也不是 GB18030 的字节（字节 0x{found:02x}）。",
        en=f"The file holds bytes that are neither UTF-8 nor GB18030 (byte 0x{found:02x}).",
    )


def detect_delimiter(path: Path, encoding: Encoding, columns: Columns) -> str:
    """Return the delimiter under which the first line shows most known columns; else the comma.

    Only headings that are known count, so a semicolon inside a cell does not mislead.
    """
    with _opened(path, encoding) as file:
        line = next((each for each in lines(file) if each.strip(" \t\r\n,;")), "")
    best, most = ",", 0
    for delimiter in DELIMITERS:
        headings = line.replace('"', "").split(delimiter)
        known = sum(columns.canonical(heading) in columns.known for heading in headings)
        if known > most:
            best, most = delimiter, known
    return best
