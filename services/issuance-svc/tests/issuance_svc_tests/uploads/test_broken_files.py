"""Broken uploads of every kind, through the API: each a clear answer, nothing half-stored."""

import resource
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import pytest
from sqlalchemy import text

from issuance_svc.uploads.limits import MIB
from issuance_svc_tests.factories import PV_ID, as_owner, meter_csv, problem
from issuance_svc_tests.uploads.workbooks import (
    METER_HEADER,
    PLAIN_ROW,
    XLSX,
    far_cell,
    in_sheet,
    repacked,
    rows_bomb,
    workbook,
    zip_bomb,
)

HEADER = ",".join(METER_HEADER)
ROW = "M1,2025-01,1,1,valid,,"
CSV, NDJSON, NEM12 = "text/csv", "application/x-ndjson", "text/x-nem12"
UNREADABLE, ROWS = "upload-unreadable", "upload-rows-refused"
REFUSED, HEAVY = "upload-workbook-refused", "upload-workbook-too-heavy"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")
# What this process may grow by while one of these files is read.
PROCESS_GROWS_MIB_MAX = 64


@dataclass(frozen=True)
class Broken:
    name: str
    content: Callable[[], bytes]
    refusal: str
    pointer: str | None
    says: str
    content_type: str = CSV
    kind: str = "meter_readings"


def csv(*rows: str, header: str = HEADER) -> Callable[[], bytes]:
    return lambda: "\n".join([header, *rows, ""]).encode()


def merged(area: str, *, title: bool = False):
    def change(book):
        sheet = book.active
        if title:
            sheet.insert_rows(1)
            sheet["A1"] = "2025 年电量"
        sheet.merge_cells(area)

    return lambda: workbook(change=change)


def cell(place: str, value: object) -> Callable[[], bytes]:
    def change(book):
        book.active[place] = value

    return lambda: workbook(change=change)


def header_of_two_rows() -> bytes:
    def change(book):
        sheet = book.active
        sheet.insert_rows(1)
        sheet["A1"], sheet["C1"] = "表计", "电量"
        sheet.merge_cells("A1:B1")
        sheet.merge_cells("C1:D1")

    return workbook(change=change)


def nem(*lines: str) -> Callable[[], bytes]:
    return lambda: "\n".join(["100,NEM12,202301010000,MDP,RET", *lines, ""]).encode()


def ndjson(*lines: str) -> Callable[[], bytes]:
    return lambda: "\n".join([*lines, ""]).encode()


def without(member: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(workbook())) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            if name != member:
                after.writestr(name, before.read(name))
    return out.getvalue()


OBJECT = '{"meter_no":"M1","month":"2025-01","export_kwh":1,"import_kwh":1,"calibration":"valid"}'
BROKEN = [
    Broken("utf-16", lambda: meter_csv().encode("utf-16"), "upload-encoding", None, "UTF-16"),
    Broken(
        "latin-1",
        lambda: meter_csv().replace("M1", "Süd", 1).encode("latin-1"),
        "upload-encoding",
        None,
        "0xfc",
    ),
    Broken("empty", lambda: b"", UNREADABLE, None, "no rows"),
    Broken("header only", csv(), UNREADABLE, None, "no rows"),
    Broken(
        "duplicate columns",
        csv(ROW + ",", header=HEADER + ",month"),
        UNREADABLE,
        "row:1,column:month",
        "month stands twice",
    ),
    Broken(
        "a column and its alias",
        csv(ROW + ",", header=HEADER + ",月份"),
        UNREADABLE,
        "row:1,column:month",
        "month stands twice",
    ),
    Broken(
        "unknown and missing columns",
        csv(ROW, header=HEADER.replace("import_kwh", "消耗")),
        UNREADABLE,
        "row:1,column:import_kwh",
        "the column 消耗 is not known",
    ),
    Broken(
        "a header of two lines",
        csv(HEADER, ROW, header="表计,,电量,,质量,,"),
        UNREADABLE,
        "row:1",
        "Row 1 does not name the columns, row 2 does",
    ),
    Broken("a NUL", csv(ROW.replace("M1", "M\x00")), UNREADABLE, "row:2", "NUL character"),
    Broken("an unclosed quote", csv(ROW, '"' + ROW, ROW), UNREADABLE, "row:3", "never closed"),
    Broken("a ragged row", csv(ROW, ROW + ",1,2"), ROWS, "row:3,column:meter_no", "9 cells"),
    Broken(
        "a totals row", csv(ROW, "合计,,1,1,,,"), ROWS, "row:3,column:meter_no", "row of totals"
    ),
    Broken(
        "thousands separators",
        csv('M1,2025-01,"1,200.5",1,valid,,'),
        ROWS,
        "row:2,column:export_kwh",
        "thousands separators; write 1234.5",
    ),
    Broken(
        "units in cells",
        csv("M1,2025-01,12.5 kWh,1,valid,,"),
        ROWS,
        "row:2,column:export_kwh",
        "carries the unit kWh",
    ),
    Broken(
        "the wrong unit in Chinese",
        csv("M1,2025-01,3.2万千瓦时,1,valid,,"),
        ROWS,
        "row:2,column:export_kwh",
        "carries the unit 万千瓦时",
    ),
    Broken(
        "a decimal comma",
        csv('M1,2025-01,"12,5",1,valid,,'),
        ROWS,
        "row:2,column:export_kwh",
        "decimal comma",
    ),
    Broken("an endless line", lambda: b"a" * 900_000, UNREADABLE, None, "more than 65536"),
    Broken("a truncated workbook", lambda: workbook()[:-700], UNREADABLE, None, "cut off", XLSX),
    Broken(
        "damage inside a workbook",
        lambda: in_sheet(workbook(), "<sheetData>", "<sheetData"),
        UNREADABLE,
        None,
        "XML is damaged",
        XLSX,
    ),
    Broken(
        "no workbook in the archive",
        lambda: without("xl/workbook.xml"),
        UNREADABLE,
        None,
        "content is wrong",
        XLSX,
    ),
    Broken("a CSV said to be a workbook", csv(ROW), REFUSED, None, "not an .xlsx workbook", XLSX),
    Broken("an old .xls", lambda: OLE + b"\x00" * 600, REFUSED, None, "old .xls format", XLSX),
    Broken(
        "a password",
        lambda: OLE + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"),
        REFUSED,
        None,
        "password",
        XLSX,
    ),
    Broken(
        "macros",
        lambda: repacked(workbook(), {"xl/vbaProject.bin": lambda _: b"x"}),
        REFUSED,
        None,
        "macros",
        XLSX,
    ),
    Broken(
        "an OpenDocument sheet",
        lambda: repacked(workbook(), {"mimetype": lambda _: b"application/vnd.oasis"}),
        REFUSED,
        None,
        "OpenDocument",
        XLSX,
    ),
    Broken("a zip bomb", lambda: zip_bomb(300), HEAVY, None, "compressed suspiciously well", XLSX),
    Broken(
        "strings that fill the memory",
        lambda: rows_bomb(120_000),
        HEAVY,
        None,
        "memory",
        XLSX,
    ),
    Broken(
        "a sparse far cell",
        far_cell,
        ROWS,
        "sheet:电量,row:1048576,column:XFD",
        "outside of the header",
        XLSX,
    ),
    Broken(
        "a row beyond any sheet",
        lambda: in_sheet(workbook(), '<row r="2"', '<row r="2000000000"'),
        UNREADABLE,
        None,
        "outside of any sheet",
        XLSX,
    ),
    Broken(
        "a formula",
        cell("C2", "=SUM(1,2)"),
        ROWS,
        "sheet:电量,row:2,column:export_kwh",
        "a formula =SUM(1,2); copy it and paste it as a value",
        XLSX,
    ),
    Broken(
        "merged cells above the header",
        header_of_two_rows,
        UNREADABLE,
        "sheet:电量,row:1,column:A",
        "merged cells (A1:B1)",
        XLSX,
    ),
    Broken(
        "merged data",
        lambda: workbook([PLAIN_ROW, PLAIN_ROW], change=lambda b: b.active.merge_cells("A2:A3")),
        ROWS,
        "sheet:电量,row:2,column:A",
        "merged (A2:A3)",
        XLSX,
    ),
    Broken(
        "a NEM12 file that is cut off",
        nem("200,NMI1234567,B1,1,B1,N1,S1,kWh,30,"),
        UNREADABLE,
        "row:2",
        "no 900 record",
        NEM12,
        "interval_readings",
    ),
    Broken(
        "a NEM12 day with too few intervals",
        nem("200,NMI1234567,B1,1,B1,N1,S1,kWh,30,", "300,20230301,1,2,A,,,,", "900"),
        ROWS,
        "row:3,column:IntervalValue3",
        "needs 48 interval values",
        NEM12,
        "interval_readings",
    ),
    Broken(
        "a NEM13 file said to be NEM12",
        lambda: b"100,NEM13,202301010000,MDP,RET\n900\n",
        UNREADABLE,
        "row:1",
        "use format=nem13",
        NEM12,
        "interval_readings",
    ),
    Broken(
        "JSON that is no line of objects",
        ndjson(OBJECT, "[1]"),
        ROWS,
        "row:2",
        "not a JSON object",
        NDJSON,
    ),
    Broken(
        "a key that stands twice",
        ndjson(OBJECT.replace("{", '{"export_kwh":9,')),
        ROWS,
        "row:1,column:export_kwh",
        "stands twice",
        NDJSON,
    ),
    Broken(
        "texts that no database keeps",
        ndjson(OBJECT.replace('"M1"', '"\\u0000\\ud800"').replace("{", '{"a\\u0000\\udc00":1,')),
        ROWS,
        "row:1,column:a��",
        "is not known",
        NDJSON,
    ),
    Broken(
        "NaN in JSON",
        ndjson(OBJECT.replace('_kwh":1', '_kwh":NaN', 1)),
        ROWS,
        "row:1",
        "NaN is no number",
        NDJSON,
    ),
    Broken("JSON nested without end", lambda: b"[" * 60_000, ROWS, "row:1", "not a JSON", NDJSON),
]
TABLES = ("meter_readings", "plot_measurements", "report_uploads", "outbox")


@pytest.fixture
async def everything(database):
    """Return a function that counts what the tables hold."""

    async def counted() -> dict[str, int]:
        async with database.read() as session:
            return {
                table: (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
                for table in TABLES
            }

    return counted


def peak_mib() -> int:
    """Return the highest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize(
    "limits",
    [{"workbook_memory_bytes_max": 96 * MIB, "inline_bytes_max": 64 * MIB}],
    indirect=True,
)
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
async def test_a_broken_file_has_a_clear_answer_and_leaves_nothing(
    api, desk, limits, broken, everything, kept_blobs, count_rows
):
    assert limits.workbook_memory_bytes_max == 96 * MIB
    before, content = await everything(), broken.content()
    peak = peak_mib()
    answer = await api.post(
        "/v1/uploads",
        params={"project_id": PV_ID, "kind": broken.kind},
        content=content,
        headers=as_owner() | {"Content-Type": broken.content_type, "Accept-Language": "en"},
    )
    grown = peak_mib() - peak
    assert (answer.status_code, problem(answer)) == (422, broken.refusal), answer.text
    found = answer.json()
    errors = found.get("errors", [])
    if broken.pointer is not None:
        assert broken.pointer in [error["pointer"] for error in errors]
    assert broken.says in " ".join([found["detail"], *(error["detail"] for error in errors)])
    assert found["fix"]
    chinese = await api.get("/v1/uploads", params={"project_id": PV_ID}, headers=as_owner())
    (kept,) = chinese.json()["items"]
    assert (kept["state"], kept["rows"]) == ("REFUSED", 0)
    assert kept["problems_total"] >= 1
    assert await everything() == before
    assert kept_blobs() == [kept["sha256"]]
    assert await count_rows("upload_problems") == kept["problems_total"]
    # The child's own memory is held by the kernel, and measured in test_workbooks.
    assert grown < PROCESS_GROWS_MIB_MAX


def test_the_broken_files_are_of_thirty_kinds():
    assert len({broken.name for broken in BROKEN}) == len(BROKEN) >= 30


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("a NEM12 file that is cut off", "900 record"),
        ("a NEM13 file said to be NEM12", "format="),
        ("a truncated workbook", "save it as a new .xlsx"),
        ("an endless line", "CSV UTF-8"),
        ("an unclosed quote", "quote"),
        ("header only", "below the names"),
    ],
)
async def test_each_fault_has_its_own_cure(api, desk, name, cure):
    (broken,) = [known for known in BROKEN if known.name == name]
    answer = await api.post(
        "/v1/uploads",
        params={"project_id": PV_ID, "kind": broken.kind},
        content=broken.content(),
        headers=as_owner() | {"Content-Type": broken.content_type, "Accept-Language": "en"},
    )
    assert problem(answer) == "upload-unreadable"
    assert cure in answer.json()["fix"]
    assert "names the columns" not in answer.json()["fix"]


async def test_a_heading_is_cured_by_the_heading_and_a_missing_option_by_the_option(api, desk):
    async def fix(content, kind, **options):
        answer = await api.post(
            "/v1/uploads",
            params={"project_id": PV_ID, "kind": kind} | options,
            content=content,
            headers=as_owner() | {"Content-Type": CSV},
        )
        assert problem(answer) == "upload-unreadable"
        return answer.json()["fix"]

    assert "规定的列名" in await fix("a,b\n1,2\n", "meter_readings")
    interval = "meter_no,channel,time,value\nM1,export,2025-01-01T00:00:00+08:00,1\n"
    missing = await fix(interval, "interval_readings", unit="kWh")
    assert "interval_min=15" in missing
    assert "列名" not in missing
