"""The user's own file back, with the verdict on every row beside it.

CSV, NDJSON and XLSX come back in their own format and encoding with four columns more (see
`columns.ANNOTATIONS`), and may be mended and sent again as they are. A NEM file, and one that could
not be read as what it claims to be, comes back as a CSV list of its problems.
"""

import asyncio
import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from issuance_svc.uploads import delimited, ndjson, workbook
from issuance_svc.uploads.columns import ANNOTATIONS, Columns
from issuance_svc.uploads.limits import Limits
from issuance_svc.uploads.models import Upload, UploadProblem
from tht_kit.errors import DomainError

PIECE_BYTES = 256 * 1024
FINE, WRONG = "正确 ok", "错误 wrong"
_LIST_HEADER = ("sheet", "row", "column", "zh", "en", "cure_zh", "cure_en")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet would run a cell that begins so.
_RUNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Annotated:
    """A file to be sent, piece by piece; the pieces are made from files inside `work`."""

    pieces: Iterator[bytes]
    media_type: str
    ending: str


async def annotate(
    file: Path,
    work: Path,
    *,
    upload: Upload,
    columns: Columns,
    problems: Sequence[UploadProblem],
    limits: Limits,
) -> Annotated:
    """Return the annotated file; the list of its problems where it cannot be annotated.

    A file that was read to its end is annotated while it is sent: a proxy need not wait for all of
    it. One that was refused as a whole may break off anywhere, so it is gone through before.
    """
    found, verdicts = upload.summary, _notes(problems)
    try:
        if upload.format == "csv":
            encoding = await asyncio.to_thread(delimited.detect_encoding, file)
            pieces = _csv(file, encoding, _delimiter(file, encoding, found, columns), verdicts)
            charset = "gb18030" if encoding == "gb18030" else "utf-8"
            sent = await _sound(pieces, work, upload)
            return Annotated(sent, f"text/csv; charset={charset}", "csv")
        if upload.format == "ndjson":
            pieces = _ndjson(file, problems)
            sent = await _sound(pieces, work, upload)
            return Annotated(sent, "application/x-ndjson", "ndjson")
        if upload.format == "xlsx" and "sheet" in found:
            given = _workbook_notes(found["sheet"], verdicts)
            path = await workbook.annotate(file, work, limits, given)
            return Annotated(_bytes_of(path), _XLSX, "xlsx")
    except (DomainError, csv.Error):
        pass  # it is no such file: its problems say why
    return Annotated(_list(problems), "text/csv; charset=utf-8", "csv")


async def _sound(pieces: Iterator[bytes], work: Path, upload: Upload) -> Iterator[bytes]:
    """Return the pieces; those of a file refused as a whole are made first. Raises what they raise."""
    if upload.refusal is None:
        return pieces
    spooled = work / "annotated"
    await asyncio.to_thread(_write, pieces, spooled)
    return _bytes_of(spooled)


def _write(pieces: Iterator[bytes], to: Path) -> None:
    with to.open("wb") as file:
        file.writelines(pieces)


def _bytes_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _delimiter(
    file: Path, encoding: delimited.Encoding, found: Mapping[str, Any], columns: Columns
) -> str:
    """Return the delimiter that the reading noted, or the one that shows known columns."""
    by_name = {name: each for each, name in delimited.DELIMITERS.items()}
    noted = by_name.get(found.get("delimiter", ""))
    return noted or delimited.detect_delimiter(file, encoding, columns)


def _notes(problems: Sequence[UploadProblem]) -> dict[int, list[str]]:
    """Return verdict, columns and texts of every row with a problem."""
    by_row: dict[int, list[UploadProblem]] = {}
    for problem in problems:
        if problem.row_no is not None:
            by_row.setdefault(problem.row_no, []).append(problem)
    return {row: _note(found) for row, found in by_row.items()}


def _note(found: Sequence[UploadProblem]) -> list[str]:
    columns = dict.fromkeys(each.column_name or "" for each in found)
    return [
        WRONG,
        _harmless(" ".join(filter(None, columns))),
        " ".join(f"{each.column_name or ''} {each.what_zh}：{each.cure_zh}。" for each in found),
        " ".join(f"{each.column_name or ''} {each.what_en}: {each.cure_en}." for each in found),
    ]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RUNS) else cell


# ---- CSV ------------------------------------------------------------------------------------


def _csv(
    file: Path, encoding: delimited.Encoding, delimiter: str, notes: dict[int, list[str]]
) -> Iterator[bytes]:
    written = io.StringIO()
    with file.open(encoding=encoding, newline="") as given:
        end = "\r\n" if "\r\n" in given.read(4096) else "\n"
        given.seek(0)
        writer = csv.writer(written, delimiter=delimiter, lineterminator=end)
        if encoding == "utf-8-sig":
            yield codecs.BOM_UTF8
        for record in _annotated(given, delimiter, notes):
            writer.writerow(record)
            if written.tell() >= PIECE_BYTES:
                yield _taken(written, encoding)
        yield _taken(written, encoding)


def _taken(written: io.StringIO, encoding: str) -> bytes:
    """Return what was written, encoded, and empty the buffer."""
    text = written.getvalue()
    written.seek(0)
    written.truncate()
    return text.encode("gb18030" if encoding == "gb18030" else "utf-8")


def _annotated(
    given: TextIO, delimiter: str, notes: dict[int, list[str]]
) -> Iterator[Sequence[str]]:
    own: list[int] | None = None
    width = 0
    reader = csv.reader(delimited.lines(given), delimiter=delimiter, strict=True)
    for number, record in enumerate(reader, start=1):
        if not any(cell.strip() for cell in record):
            yield record
        elif own is None:
            # Annotations of an earlier time are replaced.
            own = [at for at, cell in enumerate(record) if cell not in ANNOTATIONS]
            width = len(record)
            # A header that is wrong itself says so in its own row.
            yield [*(record[at] for at in own), *notes.get(number, ANNOTATIONS)]
        else:
            kept = [record[at] for at in own] if len(record) == width else record
            padded = [*kept, *([""] * (len(own) - len(kept)))]
            yield [*padded, *notes.get(number, (FINE, "", "", ""))]


# ---- NDJSON ---------------------------------------------------------------------------------


def _ndjson(file: Path, problems: Sequence[UploadProblem]) -> Iterator[bytes]:
    """Yield every line, its verdict put before the closing brace: its numbers stay as given."""
    by_row: dict[int, list[UploadProblem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row_no or 0, []).append(problem)
    with file.open("rb") as given:
        for number, line in enumerate(ndjson.lines(given), start=1):
            is_empty = not line.strip()
            yield line if is_empty else _ndjson_line(line, by_row.get(number, [])) + b"\n"


def _ndjson_line(line: bytes, found: Sequence[UploadProblem]) -> bytes:
    verdict, column, zh, en = _note(found) if found else (FINE, "", "", "")
    added = json.dumps(
        dict(zip(ANNOTATIONS, (verdict, column, zh, en), strict=True)), ensure_ascii=False
    ).encode()
    try:
        members = ndjson.parse_line(line)
    except ValueError:
        text = line.decode("utf-8", errors="replace").rstrip("\r\n")
        return json.dumps({"_line": text}, ensure_ascii=False).encode()[:-1] + b", " + added[1:]
    if any(key in ANNOTATIONS for key, _ in members):
        kept = [(key, value) for key, value in members if key not in ANNOTATIONS]
        line = json.dumps(dict(kept), ensure_ascii=False).encode()
    body = line.strip()[:-1].rstrip()
    comma = b"" if body.endswith(b"{") else b", "
    return body + comma + added[1:]


# ---- workbooks and lists --------------------------------------------------------------------


def _workbook_notes(sheet: str, notes: dict[int, list[str]]) -> dict[str, object]:
    return {
        "sheet": sheet,
        "headings": ANNOTATIONS,
        "fine": FINE,
        "notes": {str(row): note for row, note in notes.items()},
    }


def _list(problems: Sequence[UploadProblem]) -> Iterator[bytes]:
    written = io.StringIO()
    writer = csv.writer(written)
    yield codecs.BOM_UTF8
    writer.writerow(_LIST_HEADER)
    for each in problems:
        texts = (each.what_zh, each.what_en, each.cure_zh, each.cure_en)
        place = (each.sheet or "", each.row_no or "", _harmless(each.column_name or ""))
        writer.writerow([*place, *map(_harmless, texts)])
        yield _taken(written, "utf-8")
    yield _taken(written, "utf-8")
