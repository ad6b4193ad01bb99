"""Workbooks as the tests need them: whole ones, and ones with a fault of every kind."""

import hashlib
import io
import itertools
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

METER_HEADER = (
    "meter_no",
    "month",
    "export_kwh",
    "import_kwh",
    "calibration",
    "mpe_pct",
    "error_pct",
)
PLAIN_ROW = ("M1", "2025-01", 1200.5, 12, "valid", 0.5, None)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHEET = "xl/worksheets/sheet1.xml"
_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRINGS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def workbook(
    rows: Sequence[Sequence[Any]] = (PLAIN_ROW,),
    *,
    header: Sequence[Any] = METER_HEADER,
    change: Callable[[Workbook], None] | None = None,
    mac: bool = False,
) -> bytes:
    """A workbook with one sheet of meter readings; `change` may spoil it before it is saved."""
    book = Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.title = "电量"
    for row in (header, *rows):
        sheet.append(list(row))
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(content: bytes, changes: dict[str, Callable[[bytes], bytes]]) -> bytes:
    """Return the archive with members changed, or added where they are not there."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            change = changes.get(name, bytes)
            after.writestr(name, change(before.read(name)))
        for name in set(changes) - set(before.namelist()):
            after.writestr(name, changes[name](b""))
    return out.getvalue()


def in_sheet(content: bytes, old: str, new: str) -> bytes:
    """Return the workbook with a text of its sheet's XML replaced."""

    def change(xml: bytes) -> bytes:
        assert old.encode() in xml, xml[:2000]
        return xml.replace(old.encode(), new.encode())

    return repacked(content, {_SHEET: change})


def zip_bomb(expanded_mib: int) -> bytes:
    """A workbook of some kilobytes whose sheet grows to many MiB; made without growing itself."""
    spaces, out = b" " * (1024 * 1024), io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook())) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            head, tag, tail = before.read(name).partition(b"<sheetData>")
            with after.open(name, "w") as member:
                member.write(head)
                for _ in range(expanded_mib if tag else 0):
                    member.write(spaces)
                member.write(tag + tail)
    return out.getvalue()


def with_shared_strings(content: bytes, more: Iterable[bytes] = ()) -> bytes:
    """Return the workbook as Excel writes it: texts in a table of their own, and more of them."""
    texts: list[bytes] = []

    def moved(found: re.Match[bytes]) -> bytes:
        texts.append(found[1])
        return b't="s"><v>%d</v></c>' % (len(texts) - 1)

    def change(xml: bytes) -> bytes:
        return re.sub(rb't="inlineStr"><is>(.*?)</is></c>', moved, xml)

    def declare(xml: bytes) -> bytes:
        part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_STRINGS}" /></Types>'
        return xml.replace(b"</Types>", part.encode())

    def table(_: bytes) -> bytes:
        entries = b"".join(b"<si>%s</si>" % each for each in itertools.chain(texts, more))
        return b'<sst xmlns="%s">%s</sst>' % (_MAIN, entries)

    changed = repacked(content, {_SHEET: change, "[Content_Types].xml": declare})
    return repacked(changed, {"xl/sharedStrings.xml": table})


def rows_bomb(rows: int) -> bytes:
    """A workbook that compresses within the limits and whose strings fill the memory."""
    texts = (
        b"<t>%s%s</t>" % (hashlib.sha256(b"%d" % n).hexdigest().encode(), b"x" * 400)
        for n in range(rows)
    )
    return with_shared_strings(workbook(), texts)


def far_cell() -> bytes:
    """A sheet with one row of data and one cell at the very end of the grid."""

    def change(book: Workbook) -> None:
        book.active["XFD1048576"] = 1

    return workbook(change=change)
