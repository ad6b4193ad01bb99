"""The child process that opens a workbook: limited in memory, time and output, without a network.

python -m issuance_svc.uploads.workbook_child LIMITS FILE ROWS ABOUT [SHEET]
python -m issuance_svc.uploads.workbook_child LIMITS FILE OUT ABOUT --annotate NOTES

It writes the sheet's rows (see sheet.py) to ROWS and what it found to ABOUT: {"sheet", "notes",
"merged"} or {"refused": [type, zh, en]}; or the workbook with the notes beside its rows to OUT. It
imports nothing of the service and no numpy, which would cost more memory than a workbook may.
"""

import contextlib
import ctypes
import json
import os
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

if __name__ == "__main__":
    sys.modules["numpy"] = None  # type: ignore[assignment]  # openpyxl would import it

import warnings
from xml.etree.ElementTree import Element, ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.worksheet._reader import WorkSheetParser

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
ZIP = b"PK\x03\x04"
ENTRIES_MAX = 5_000
SMALL_BYTES = 4 * 1024 * 1024  # what compresses well and stays this small harms nobody
MERGED_MAX = 1_000
CELL_CHARS_MAX, ROWS_MAX, COLUMNS_MAX = 32_767, 1_048_576, 16_384  # a sheet's own limits
FIFTEEN_DIGITS = Context(prec=15, rounding=ROUND_HALF_EVEN)
EXIT_REFUSED = 3

HEAVY = "heavy"
REFUSED = "refused"
UNREADABLE = "unreadable"
EMPTY = "empty"


class Refused(Exception):
    """The workbook is not taken: which refusal, and why in Chinese and English."""

    def __init__(self, kind: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.kind, self.zh, self.en = kind, zh, en


def main() -> int:
    limits = json.loads(sys.argv[1])
    file, rows, about = map(Path, sys.argv[2:5])
    more = sys.argv[5:]
    limit(limits)
    try:
        check_package(file, limits)
        if more[:1] == ["--annotate"]:
            found = guarded(lambda: annotate(file, rows, Path(more[1])))
        else:
            found = guarded(lambda: convert(file, rows, more[0] if more else None))
    except Refused as refused:
        found = {"refused": [refused.kind, refused.zh, refused.en]}
    about.write_text(json.dumps({**found, "peak_kib": peak_kib()}))
    return EXIT_REFUSED if "refused" in found else 0


def peak_kib() -> int:
    """Return the most memory this process held (Linux: of this program, not of what it was)."""
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        if found is not None:
            return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# ---- limits ---------------------------------------------------------------------------------


def limit(limits: dict[str, int]) -> None:
    """Take away what a file must not get: memory, time, output, core dumps, the network."""
    for what, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, limits["output_bytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    if sys.platform == "linux":
        deny_calls()


# Numbers of socket, execve, execveat and ptrace by the machine's name and its audit number.
_CALLS = {
    "x86_64": (0xC000003E, (41, 59, 322, 101)),
    "aarch64": (0xC00000B7, (198, 221, 281, 117)),
}
_LOAD_WORD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | 1  # EPERM
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("true", ctypes.c_uint8),
        ("false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("start", ctypes.POINTER(_Instruction)))


def deny_calls() -> None:
    """Let the kernel refuse sockets and further programs from here on (seccomp, BPF)."""
    known = _CALLS.get(os.uname().machine)
    if known is None:
        return
    machine, calls = known
    steps = [
        (_LOAD_WORD, 0, 0, 4),
        (_JUMP_EQUAL, 0, len(calls) + 2, machine),
        (_LOAD_WORD, 0, 0, 0),
    ]
    steps += [(_JUMP_EQUAL, len(calls) - at, 0, number) for at, number in enumerate(calls)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DENY)]
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)


def guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run `work`; whatever a hostile file makes the library raise becomes a named refusal."""
    try:
        return work()
    except (Refused, KeyboardInterrupt):
        raise
    except (MemoryError, RecursionError):
        raise Refused(HEAVY, "展开后超过内存上限", "it needs more memory than allowed") from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise Refused(UNREADABLE, "压缩包已损坏", f"its archive is damaged ({error})") from None
    except ParseError as error:
        raise Refused(UNREADABLE, "其 XML 已损坏", f"its XML is damaged ({error})") from None
    except OSError as error:
        if error.errno == 27:  # noqa: PLR2004 - EFBIG
            raise Refused(HEAVY, "展开后过大", "it is too large once it is opened") from None
        raise Refused(UNREADABLE, "内容不完整", f"its content is incomplete ({error})") from None
    except Exception as error:  # noqa: BLE001 - a file chooses what the library raises
        name = type(error).__name__
        raise Refused(UNREADABLE, f"内容有误（{name}）", f"its content is wrong ({name})") from None


# ---- the package ----------------------------------------------------------------------------


def check_package(file: Path, limits: dict[str, int]) -> None:
    """Refuse what is no plain .xlsx, and what would grow too large, before any of it is opened."""
    with file.open("rb") as opened:
        start = opened.read(8)
    if start == OLE:
        _refuse_ole(file)
    if not start.startswith(ZIP):
        raise Refused(REFUSED, "文件不是 .xlsx 工作簿", "the file is not an .xlsx workbook")
    try:
        with zipfile.ZipFile(file) as package:
            _check_entries(package, limits)
    except zipfile.BadZipFile:
        raise Refused(UNREADABLE, "文件被截断或已损坏", "the file is cut off or damaged") from None


def _refuse_ole(file: Path) -> NoReturn:
    if "EncryptedPackage".encode("utf-16-le") in file.read_bytes():
        raise Refused(REFUSED, "工作簿设有密码", "the workbook is protected by a password")
    raise Refused(REFUSED, "文件是旧的 .xls 格式", "the file is in the old .xls format")


def _check_entries(package: zipfile.ZipFile, limits: dict[str, int]) -> None:
    entries = package.infolist()
    names = {entry.filename for entry in entries}
    total = sum(entry.file_size for entry in entries)
    grows = any(
        entry.file_size > SMALL_BYTES and entry.file_size > entry.compress_size * limits["ratio"]
        for entry in entries
    )
    if len(entries) > ENTRIES_MAX or total > limits["expanded_bytes"] or grows:
        mib = total // (1024 * 1024)
        raise Refused(
            HEAVY,
            f"压缩包展开后达 {mib} MiB，或压缩比过高",
            f"the archive grows to {mib} MiB, or is compressed suspiciously well",
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused(REFUSED, "工作簿设有密码", "the workbook is protected by a password")
    if "mimetype" in names:
        raise Refused(REFUSED, "文件是 OpenDocument 格式", "the file is an OpenDocument sheet")
    if "xl/workbook.bin" in names:
        raise Refused(REFUSED, "文件是 .xlsb 格式", "the file is in the .xlsb format")
    if "[Content_Types].xml" not in names or not any(n.startswith("xl/") for n in names):
        raise Refused(REFUSED, "文件不是 .xlsx 工作簿", "the file is not an .xlsx workbook")
    if "xl/vbaProject.bin" in names or b"macroEnabled" in package.read("[Content_Types].xml"):
        raise Refused(REFUSED, "工作簿含有宏", "the workbook holds macros")


# ---- the sheet ------------------------------------------------------------------------------


def convert(file: Path, rows: Path, wanted: str | None) -> dict[str, Any]:
    """Write the chosen sheet's rows; return the sheet's name, notes and merged areas."""
    warnings.simplefilter("ignore")
    # Opened here: by a name openpyxl would judge the ending.
    with file.open("rb") as opened:
        book = load_workbook(opened, read_only=True, keep_links=False)
        return _convert(book, rows, wanted)


def _convert(book: Any, rows: Path, wanted: str | None) -> dict[str, Any]:
    sheets = [sheet for sheet in book.worksheets if wanted is None or sheet.title == wanted]
    if wanted is not None and not sheets:
        raise Refused(
            REFUSED, f"没有名为 {wanted[:64]} 的工作表", f"there is no sheet named {wanted[:64]}"
        )
    visible = [sheet for sheet in sheets if wanted is not None or sheet.sheet_state == "visible"]
    filled = [sheet for sheet in visible if has_cells(book, sheet)]
    if len(filled) > 1:
        names = ", ".join(sheet.title[:64] for sheet in filled[:10])
        raise Refused(
            REFUSED,
            f"有数据的工作表不止一张：{names}；请用 sheet 参数指明",
            f"several sheets hold data: {names}; name one with sheet=",
        )
    if not filled:
        raise Refused(EMPTY, "没有可见的数据", "there is no visible data")
    sheet = filled[0]
    notes: dict[str, Any] = {"sheet": sheet.title}
    hidden = sum(each.sheet_state != "visible" for each in book.worksheets)
    if hidden and wanted is None:
        notes["hidden_sheets_left_out"] = hidden
    with rows.open("w", encoding="utf-8") as out:
        parser = parser_of(book, sheet)
        for number, cells in parser.records():
            if cells:
                out.write(json.dumps([number, cells], ensure_ascii=False) + "\n")
    return {"sheet": sheet.title, "notes": notes, "merged": parser.merged()}


def has_cells(book: Any, sheet: Any) -> bool:
    return any(cells for _, cells in parser_of(book, sheet).records())


def parser_of(book: Any, sheet: Any) -> "RawParser":
    return RawParser(
        sheet._get_source(),  # noqa: SLF001 - openpyxl offers no rows without binary floats
        sheet._shared_strings,  # noqa: SLF001
        epoch=book.epoch,
        date_formats=book._date_formats,  # noqa: SLF001
        timedelta_formats=book._timedelta_formats,  # noqa: SLF001
    )


class RawParser(WorkSheetParser):  # type: ignore[misc]
    """openpyxl's streaming parser, with numbers as decimal text instead of binary floats."""

    is_hidden = False
    col_counter: int

    def records(self) -> Iterator[tuple[int, list[list[Any]]]]:
        """Yield each row that stands in the file: its number, [column, text, what is odd]."""
        for number, cells in self.parse():
            if number > ROWS_MAX or self.col_counter > COLUMNS_MAX:
                raise Refused(
                    UNREADABLE, "有单元格在表格范围之外", "a cell lies outside of any sheet"
                )
            found = [cell for cell in cells if cell is not None]
            if found and self.is_hidden:
                found[0][2] = "hidden"
            yield number, found

    def merged(self) -> list[list[int]]:
        """Return the merged areas as rows and columns; known once all rows are read."""
        ranges = [] if self.merged_cells is None else self.merged_cells.mergeCell
        areas = [[r.min_row, r.min_col, r.max_row, r.max_col] for r in ranges[:MERGED_MAX]]
        return sorted(areas)

    def parse_row(self, row: Element) -> tuple[int, list[Any]]:
        self.is_hidden = row.get("hidden") in ("1", "true")
        found: tuple[int, list[Any]] = super().parse_row(row)
        self.row_dimensions.clear()  # one entry a row would add up
        return found

    def parse_cell(self, element: Element) -> list[Any] | None:
        place = self._place(element)
        kind = element.get("t", "n")
        if any(child.tag.endswith("}f") for child in element):
            return [place, formula_of(element), "formula"]
        if kind == "inlineStr":
            text = "".join(part.text or "" for part in element.iter() if part.tag.endswith("}t"))
            return [place, text.strip()[:CELL_CHARS_MAX], ""] if text.strip() else None
        value = next((child.text for child in element if child.tag.endswith("}v")), None)
        if not value:
            return None
        text, odd = self._text(kind, value, int(element.get("s") or 0))
        return [place, text[:CELL_CHARS_MAX], odd] if text else None

    def _place(self, element: Element) -> int:
        match = re.match(r"([A-Z]{1,3})[0-9]{1,7}$", element.get("r") or "")
        if match is None:
            self.col_counter += 1
        else:
            self.col_counter = 0
            for letter in match[1]:
                self.col_counter = self.col_counter * 26 + ord(letter) - ord("A") + 1
        return self.col_counter

    def _text(self, kind: str, value: str, style: int) -> tuple[str, str]:
        if kind == "n":
            return self._number(value, style)
        if kind == "e":
            return value, "error"
        text = value
        if kind == "s":
            text = str(self.shared_strings[int(value)])
        elif kind == "b":
            text = "TRUE" if value.strip() == "1" else "FALSE"
        elif kind == "d":
            text = iso(from_ISO8601(value))
        return text.strip(), ""

    def _number(self, value: str, style: int) -> tuple[str, str]:
        number = FIFTEEN_DIGITS.create_decimal(value.strip())
        if style in self.date_formats:
            try:
                is_span = style in self.timedelta_formats
                return iso(from_excel(float(number), self.epoch, timedelta=is_span)), ""
            except (OverflowError, ValueError):
                return value, "date"
        return plain(number), ""


def formula_of(element: Element) -> str:
    text = next((child.text for child in element if child.tag.endswith("}f")), None)
    return "=" + (text or "…")[:64]


def plain(number: Decimal) -> str:
    """Return the decimal without exponent and without trailing zeros behind the point."""
    if not number.is_finite():
        raise InvalidOperation
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso(moment: Any) -> str:
    """Return a date cell as text, to the second: 2025-01-31T00:00:00, or 12:30:00 without a day."""
    if isinstance(moment, datetime):
        return (moment + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    if isinstance(moment, time):
        return moment.replace(microsecond=0).isoformat()
    if isinstance(moment, date):
        return f"{moment.isoformat()}T00:00:00"
    return str(moment)


# ---- the annotated workbook -----------------------------------------------------------------

WHOLE_BYTES_MAX = 24 * 1024 * 1024  # of XML: a larger workbook is copied value by value
COLUMNS_BESIDE_MAX = 200


def annotate(file: Path, out: Path, notes_file: Path) -> dict[str, Any]:
    """Write the workbook with four columns beside the rows of its sheet.

    NOTES holds {"sheet", "headings", "fine", "notes": {row: [verdict, column, zh, en]}}. The header
    is the first row that holds anything.
    """
    warnings.simplefilter("ignore")
    notes = json.loads(notes_file.read_text(encoding="utf-8"))
    with zipfile.ZipFile(file) as package:
        is_small = sum(entry.file_size for entry in package.infolist()) <= WHOLE_BYTES_MAX
    if is_small:
        _annotate_whole(file, out, notes)
    else:
        _annotate_copy(file, out, notes)
    return {"annotated": True}


def _annotate_whole(file: Path, out: Path, notes: dict[str, Any]) -> None:
    """Keep the workbook as it is, styles and other sheets included."""
    with file.open("rb") as opened:
        book = load_workbook(opened, keep_links=False)
    sheet = book[notes["sheet"]] if notes["sheet"] in book.sheetnames else book.worksheets[0]
    found = [cell for cell in sheet._cells.values() if cell.value is not None]  # noqa: SLF001
    header_row = min(cell.row for cell in found)
    last = max(cell.column for cell in found)
    if last > COLUMNS_BESIDE_MAX:  # a stray cell far away
        last = max(cell.column for cell in found if cell.row == header_row)
    for number in sorted({cell.row for cell in found}):
        for at, value in enumerate(_beside(number, header_row, notes), start=last + 1):
            cell = sheet.cell(number, at)
            if value and isinstance(cell, Cell):
                cell.value = value
                cell.data_type = "s"
    book.save(out)


def _annotate_copy(file: Path, out: Path, notes: dict[str, Any]) -> None:
    """Copy the sheet's values, row by row: a whole large workbook would not fit the memory."""
    with file.open("rb") as opened:
        book = load_workbook(opened, read_only=True, keep_links=False)
        copy = _copied(book, notes)
    copy.save(out)


def _copied(book: Any, notes: dict[str, Any]) -> Any:
    sheet = book[notes["sheet"]] if notes["sheet"] in book.sheetnames else book.worksheets[0]
    copy = Workbook(write_only=True)
    into = copy.create_sheet(notes["sheet"])
    following, header_row, width = 1, 0, 0
    for number, cells in parser_of(book, sheet).records():
        near = [cell for cell in cells if cell[0] <= COLUMNS_BESIDE_MAX]
        if not near:
            continue
        if not header_row:
            header_row, width = number, near[-1][0]
        while following < number:
            into.append([])
            following += 1
        row: list[Any] = [None] * max(width, near[-1][0])
        for place, value, _ in near:
            row[place - 1] = _as_text(into, value)
        beside = _beside(number, header_row, notes)
        into.append([*row, *(_as_text(into, value) for value in beside)])
        following += 1
    return copy


def _as_text(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def _beside(number: int, header_row: int, notes: dict[str, Any]) -> list[str]:
    """Return what stands beside a row: a header that is wrong itself says so in its own row."""
    noted: list[str] | None = notes["notes"].get(str(number))
    if noted is not None:
        return noted
    return list(notes["headings"]) if number == header_row else [notes["fine"], "", "", ""]


if __name__ == "__main__":
    sys.exit(main())
