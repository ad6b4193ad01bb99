import asyncio
import contextlib
import json
import os
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from issuance_svc.uploads import workbook as opening
from issuance_svc.uploads.errors import UploadWorkbookTooHeavy
from issuance_svc.uploads.limits import MIB, Limits
from issuance_svc.uploads.progress import Progress, UploadStopped
from issuance_svc_tests.factories import FOREST_ID, PV_ID, as_owner, forest_project, problem
from issuance_svc_tests.uploads.workbooks import (
    PLAIN_ROW,
    XLSX,
    far_cell,
    in_sheet,
    repacked,
    rows_bomb,
    with_shared_strings,
    workbook,
    zip_bomb,
)


async def upload(desk, content: bytes, **query):
    headers = as_owner() | {"Content-Type": XLSX, "Accept-Language": "en"}
    params = {"project_id": PV_ID, "kind": "meter_readings"} | query
    return await desk.api.post("/v1/uploads", params=params, content=content, headers=headers)


async def test_a_sheet_is_read_cell_by_cell(desk, database):
    rows = [
        PLAIN_ROW,
        ("M1", date(2025, 2, 1), 0.1 + 0.2, 1e-6, "VALID", None, None),
        (),
        (" M1 ", datetime(2025, 3, 1), "7.25", 0, "late", 0.5, -0.25),
    ]
    answer = await upload(desk, workbook(rows))
    assert answer.status_code == 201, answer.text
    summary = answer.json()["summary"]
    assert summary["export_kwh"] == "1208.05", "0.1 + 0.2 is 0.3 in fifteen digits"
    assert (summary["sheet"], summary["last_month"]) == ("电量", "2025-03")
    async with database.read() as session:
        found = await session.execute(
            text("SELECT export_kwh, import_kwh, error_pct FROM meter_readings ORDER BY month")
        )
        assert [tuple(map(str, row)) for row in found] == [
            ("1200.5", "12", "None"),
            ("0.3", "0.000001", "None"),
            ("7.25", "0", "-0.25"),
        ]


@pytest.mark.parametrize("mac", [False, True])
async def test_both_date_systems_are_known(desk, deliver, mac):
    await deliver(forest_project())
    header = (
        "plot_no",
        "stratum",
        "measured_on",
        "plot_area_m2",
        "stratum_area_ha",
        "agb_t_per_ha",
    )
    rows = [
        ("P1", "S1", date(2021, 3, 1), 600, 10, 20),
        ("P1", "S1", date(2025, 12, 31), 600, 10, 30),
    ]
    content = workbook(rows, header=header, mac=mac)
    answer = await upload(desk, content, project_id=FOREST_ID, kind="plot_inventory")
    assert answer.status_code == 201, answer.text
    summary = answer.json()["summary"]
    assert (summary["first_day"], summary["last_day"]) == ("2021-03-01", "2025-12-31")


async def test_the_sheet_is_named_where_several_hold_data(desk):
    def add(book):
        book.create_sheet("说明").append(["注"])
        hidden = book.create_sheet("草稿")
        hidden.append(["old"])
        hidden.sheet_state = "hidden"
        book.create_sheet("空白")

    content = workbook(change=add)
    refused = await upload(desk, content)
    assert problem(refused) == "upload-workbook-refused"
    assert "电量, 说明" in refused.json()["detail"]
    assert "草稿" not in refused.json()["detail"]
    named = await upload(desk, content, sheet="电量")
    assert (named.status_code, named.json()["options"]) == (201, {"sheet": "电量"})
    missing = await upload(desk, content, sheet="电费")
    assert "no sheet named 电费" in missing.json()["detail"]


async def test_a_hidden_sheet_is_left_out_and_said(desk):
    def add(book):
        book.create_sheet("草稿").append(["old"])
        book["草稿"].sheet_state = "hidden"

    answer = await upload(desk, workbook(change=add))
    assert answer.json()["summary"]["hidden_sheets_left_out"] == 1


async def test_texts_in_a_table_of_their_own_are_read(desk):
    answer = await upload(desk, with_shared_strings(workbook()))
    assert (answer.status_code, answer.json()["summary"]["export_kwh"]) == (201, "1200.5")


async def test_fifteen_digits_of_any_number_are_kept(desk):
    content = workbook([("M1", "2025-01", 111, 222, "valid", None, None)])
    content = in_sheet(content, "<v>111</v>", "<v>123456789012.34567890</v>")
    content = in_sheet(content, "<v>222</v>", "<v>1.2E-1</v>")
    summary = (await upload(desk, content)).json()["summary"]
    assert (summary["export_kwh"], summary["import_kwh"]) == ("123456789012.346", "0.12")


async def test_inline_strings_and_cells_without_references_are_read(desk):
    content = workbook([("M1", "2025-01", 1, 2, "valid", None, None)])
    content = in_sheet(content, 'r="C2"', "")
    content = in_sheet(content, 'r="D2"', "")
    assert (await upload(desk, content)).json()["summary"]["import_kwh"] == "2"


def limits_of(**changes) -> Limits:
    return replace(Limits(), **changes)


@pytest.mark.parametrize(
    ("changes", "content"),
    [
        ({"workbook_memory_bytes_max": 16 * MIB}, workbook()),
        ({"workbook_wall_s_max": 0}, far_cell()),
        ({"workbook_expanded_bytes_max": 1000}, workbook()),
    ],
)
async def test_the_child_is_limited(tmp_path, changes, content):
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(UploadWorkbookTooHeavy):
        await opening.convert(file, tmp_path, limits_of(**changes), Progress(), sheet=None)


@pytest.mark.parametrize(
    ("make", "is_refused", "most_mib"),
    [
        (lambda: zip_bomb(300), True, 80),
        (far_cell, False, 80),
        (lambda: rows_bomb(120_000), True, 96),
    ],
    ids=["zip bomb", "far cell", "strings"],
)
async def test_the_childs_memory_is_bounded(tmp_path, make, is_refused, most_mib):
    file = tmp_path / "file"
    file.write_bytes(make())
    limits = limits_of(workbook_memory_bytes_max=96 * MIB)
    refused = False
    try:
        await opening.convert(file, tmp_path, limits, Progress(), sheet=None)
    except UploadWorkbookTooHeavy:
        refused = True
    assert refused is is_refused
    about = json.loads((tmp_path / "about.json").read_text())
    assert 10 < about["peak_kib"] // 1024 < most_mib


async def test_the_child_ends_when_the_reading_is_told_to_stop(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(workbook())
    progress = Progress()
    progress.stop()
    with pytest.raises(UploadStopped):
        await opening.convert(file, tmp_path, Limits(), progress, sheet=None)
    assert children() == []


def children() -> list[str]:
    """Return the command lines of this process's living children that open workbooks."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            command = (folder / "cmdline").read_text()
            if int(parent) == os.getpid() and opening.CHILD in command:
                found.append(command)
    return found


async def test_few_workbooks_are_open_at_once(desk):
    """Ten workbooks sent together: each may take a gigabyte, so they wait for each other."""
    most = 0
    done = asyncio.Event()

    async def watch():
        nonlocal most
        while not done.is_set():
            most = max(most, len(children()))
            await asyncio.sleep(0.005)

    async def send(n: int):
        row = (*PLAIN_ROW[:2], n, *PLAIN_ROW[3:])
        return (await upload(desk, workbook([row]))).status_code

    watching = asyncio.ensure_future(watch())
    codes = await asyncio.gather(*(send(n) for n in range(1, 11)))
    done.set()
    await watching
    assert codes == [201] * 10
    assert 1 <= most <= 2


async def test_the_child_has_no_network_and_starts_nothing():
    program = (
        "import issuance_svc.uploads.workbook_child as child, os, socket\n"
        "child.deny_calls()\n"
        "for act in (socket.socket, lambda: os.execv('/bin/true', ['true'])):\n"
        "    try: act()\n"
        "    except PermissionError: print('denied')\n"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    assert out.split() == [b"denied", b"denied"]


async def test_formulas_errors_hidden_rows_and_merged_cells_are_named(desk):
    rows = [(f"M{n}", "2025-01", 1, 1, "valid", None, None) for n in range(1, 8)]

    def spoil(book):
        sheet = book.active
        sheet["C2"] = "=1+1"
        sheet["D3"] = "#N/A"
        sheet.row_dimensions[4].hidden = True
        sheet["I5"] = "ein Zettel"
        sheet.merge_cells("E6:E7")

    answer = await upload(desk, workbook(rows, change=spoil))
    assert problem(answer) == "upload-rows-refused"
    found = {each["pointer"]: each["detail"] for each in answer.json()["errors"]}
    assert "merged (E6:E7)" in found["sheet:电量,row:6,column:E"]
    assert "a formula =1+1" in found["sheet:电量,row:2,column:export_kwh"]
    assert "the error #N/A" in found["sheet:电量,row:3,column:import_kwh"]
    assert "hidden" in found["sheet:电量,row:4,column:meter_no"]
    assert "outside of the header" in found["sheet:电量,row:5,column:I"]


async def test_macros_are_refused_by_what_is_inside(desk):
    content = repacked(workbook(), {"xl/vbaProject.bin": lambda _: b"\x00"})
    answer = await upload(desk, content)
    assert problem(answer) == "upload-workbook-refused"
    assert "macros" in answer.json()["detail"]
