"""The user's own file back, with the verdict on every row beside it.

CSV, NDJSON and XLSX come back in their own format and encoding with four columns more (see
`columns.ANNOTATIONS`), and may be mended and sent again as they are. A NEM file, and one that could
not be read as what it claims to be, comes back as a CSV list of its problems.
"""

import asyncio
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from issuance_svc.uploads import delimited, ndjson, workbook
from issuance_svc.uploads.columns import ANNOTATIONS, Columns
from issuance_svc.uploads.limits import Limits
from issuance_svc.uploads.models import UploadProblem
from tht_kit.errors import DomainError

FINE, WRONG = "正确 ok", "错误 wrong"
_LIST_HEADER = ("sheet", "row", "column", "zh", "en", "cure_zh", "cure_en")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet would run a cell that begins so.
_RUNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Annotated:
    """A file to be sent."""

    path: Path
    media_type: str
    ending: str


async def annotate(
    file: Path,
    work: Path,
    *,
    format_name: str,
    columns: Columns,
    notes: Mapping[str, Any],
    problems: Sequence[UploadProblem],
    limits: Limits,
) -> Annotated:
    """Return the annotated file inside `work`; the list of problems where it cannot be annotated.

    `notes` are what the reading found out of the file: its delimiter, the sheet that was read.
    """
    verdicts, sheet = _notes(problems), notes.get("sheet")
    out = work / "annotated"
    try:
        if format_name == "csv":
            encoding = await asyncio.to_thread(
                _csv, file, out, columns, notes.get("delimiter"), verdicts
            )
            return Annotated(out, f"text/csv; charset={encoding}", "csv")
        if format_name == "ndjson":
            await asyncio.to_thread(_ndjson, file, out, problems)
            return Annotated(out, "application/x-ndjson", "ndjson")
        if format_name == "xlsx" and sheet is not None:
            given = _workbook_notes(sheet, verdicts)
            path = await workbook.annotate(file, work, limits, given)
            return Annotated(path, _XLSX, "xlsx")
    except (DomainError, csv.Error):
        pass  # it is no such file: its problems say why
    await asyncio.to_thread(_list, out, problems)
    return Annotated(out, "text/csv; charset=utf-8", "csv")


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
    file: Path, out: Path, columns: Columns, named: str | None, notes: dict[int, list[str]]
) -> str:
    encoding = delimited.detect_encoding(file)
    by_name = {name: each for each, name in delimited.DELIMITERS.items()}
    delimiter = by_name.get(named or "") or delimited.detect_delimiter(file, encoding, columns)
    with (
        file.open(encoding=encoding, newline="") as given,
        out.open("w", encoding=encoding, newline="") as into,
    ):
        end = "\r\n" if "\r\n" in given.read(4096) else "\n"
        given.seek(0)
        writer = csv.writer(into, delimiter=delimiter, lineterminator=end)
        writer.writerows(_annotated(given, delimiter, notes))
    return "gb18030" if encoding == "gb18030" else "utf-8"


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


def _ndjson(file: Path, out: Path, problems: Sequence[UploadProblem]) -> None:
    """Write every line with its verdict put before the closing brace: its numbers stay as given."""
    by_row: dict[int, list[UploadProblem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row_no or 0, []).append(problem)
    with file.open("rb") as given, out.open("wb") as into:
        for number, line in enumerate(ndjson.lines(given), start=1):
            if not line.strip():
                into.write(line)
                continue
            into.write(_ndjson_line(line, by_row.get(number, [])) + b"\n")


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


def _list(out: Path, problems: Sequence[UploadProblem]) -> None:
    with out.open("w", encoding="utf-8-sig", newline="") as into:
        writer = csv.writer(into)
        writer.writerow(_LIST_HEADER)
        for each in problems:
            texts = (each.what_zh, each.what_en, each.cure_zh, each.cure_en)
            place = (each.sheet or "", each.row_no or "", _harmless(each.column_name or ""))
            writer.writerow([*place, *map(_harmless, texts)])
