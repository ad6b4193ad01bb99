"""The public list as a file: CSV for spreadsheets, JSON lines of it as one array."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

Rows = Sequence[Mapping[str, Any]]

COLUMNS = (
    "project_no",
    "name",
    "status",
    "unit_type",
    "project_type",
    "methodology_code",
    "owner_code",
    "owner_name",
    "district_code",
    "district_name",
    "is_local",
    "construction_start",
    "operation_date",
    "crediting_start",
    "crediting_end",
    "notice_start",
    "notice_end",
    "decision_due",
    "decision_overdue",
    "registered_on",
    "issued_t",
    "last_issued_on",
    "project_id",
)
# A spreadsheet takes a cell that begins so for a formula (OWASP: CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


async def as_csv(pages: AsyncIterator[Rows]) -> AsyncIterator[bytes]:
    """Yield the list as CSV in UTF-8, with the mark that makes Excel read it as such."""
    yield b"\xef\xbb\xbf" + _lines([COLUMNS])
    async for page in pages:
        yield _lines([[_cell(row[name]) for name in COLUMNS] for row in page])


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, str) and text.startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text


async def as_json(pages: AsyncIterator[Rows]) -> AsyncIterator[bytes]:
    """Yield the list as one JSON array."""
    yield b"["
    separator = b""
    async for page in pages:
        for row in page:
            yield separator + orjson.dumps(row, default=str)
            separator = b",\n"
    yield b"]\n"
