import csv
import io
import json

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from issuance_svc.uploads import workbook_child
from issuance_svc_tests.factories import OPERATOR, PV_ID, as_owner, meter_csv, problem
from issuance_svc_tests.uploads.workbooks import PLAIN_ROW, XLSX, far_cell, workbook
from tht_kit.ids import new_id

NEM12 = "text/x-nem12"
HEADER = "meter_no,month,export_kwh,import_kwh,calibration,mpe_pct,error_pct"


async def refused(api, content: bytes, content_type: str = "text/csv", **query) -> str:
    """Upload what is refused; return the path of the upload."""
    answer = await api.post(
        "/v1/uploads",
        params={"project_id": PV_ID, "kind": "meter_readings"} | query,
        content=content,
        headers=as_owner() | {"Content-Type": content_type},
    )
    assert answer.status_code == 422, answer.text
    listed = await api.get("/v1/uploads", params={"project_id": PV_ID}, headers=as_owner())
    return f"/v1/uploads/{listed.json()['items'][0]['upload_id']}"


async def annotated(api, path: str):
    answer = await api.get(f"{path}/annotated", headers=as_owner())
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("encoding", "delimiter", "end"),
    [("utf-8", ",", "\n"), ("utf-8-sig", ";", "\r\n"), ("gb18030", "\t", "\n")],
)
async def test_a_csv_comes_back_as_it_came_with_the_verdict_on_every_row(
    api, desk, encoding, delimiter, end
):
    lines = [
        HEADER.replace("meter_no", "表计编号"),
        "M1,2025-01,1,1,valid,,",
        "M1,2025-02,x,1,ok,,",
    ]
    content = end.join([*lines, ""]).replace(",", delimiter).encode(encoding)
    answer = await annotated(api, await refused(api, content))
    assert answer.headers["content-type"].startswith("text/csv")
    assert "annotated.csv" in answer.headers["content-disposition"]
    assert answer.content.startswith(content[:3])
    assert answer.content.count(end.encode()) == 3
    rows = list(csv.reader(io.StringIO(answer.content.decode(encoding)), delimiter=delimiter))
    assert rows[0][0] == "表计编号"
    assert rows[0][7:] == ["_verdict", "_column", "_zh", "_en"]
    assert rows[1] == ["M1", "2025-01", "1", "1", "valid", "", "", "正确 ok", "", "", ""]
    assert rows[2][:8] == ["M1", "2025-02", "x", "1", "ok", "", "", "错误 wrong"]
    assert rows[2][8] == "calibration export_kwh"
    assert "“x”不是十进制数：写成 1234.5" in rows[2][9]
    assert "write valid, late or missing" in rows[2][10]


async def test_a_mended_annotated_file_is_taken_as_it_is(api, desk):
    content = f"{HEADER}\nM1,2025-01,x,1,valid,,\n".encode()
    answer = await annotated(api, await refused(api, content))
    mended = answer.text.replace(",x,", ",7,")
    taken = await desk.upload(mended)
    assert (taken.status_code, taken.json()["summary"]["export_kwh"]) == (201, "7")
    # And again: annotations of an earlier time are replaced, not added up.
    wrong = answer.text.replace(",x,", ",y,")
    again = await annotated(api, await refused(api, wrong.encode()))
    assert again.text.splitlines()[0] == answer.text.splitlines()[0]


async def test_a_header_that_is_wrong_says_so_beside_itself(api, desk):
    content = HEADER.replace("mpe_pct", "colour").encode() + b"\nM1,2025-01,1,1,valid,,\n"
    rows = (await annotated(api, await refused(api, content))).text.splitlines()
    assert "错误 wrong" in rows[0]
    assert "the column colour is not known: rename or remove the column." in rows[0]


async def test_ndjson_comes_back_with_its_numbers_untouched(api, desk):
    lines = [
        '{"meter_no": "M1", "month": "2025-01", "export_kwh": 1.10, "import_kwh": 1e2, "calibration": "valid"}',
        '{"meter_no": "M1", "month": "2025-02", "export_kwh": 1.10, "import_kwh": 0, "calibration": "valid"}',
        "[1, 2]",
    ]
    path = await refused(api, "\n".join(lines).encode(), "application/x-ndjson")
    answer = await annotated(api, path)
    first, second, third = answer.text.splitlines()
    assert first.startswith(lines[0][:-1])
    assert json.loads(first)["_verdict"] == "错误 wrong"
    assert json.loads(first)["_column"] == "import_kwh"
    assert json.loads(second)["_verdict"] == "正确 ok"
    assert json.loads(third)["_line"] == "[1, 2]"


async def test_a_workbook_comes_back_with_its_styles(api, desk):
    def spoil(book):
        book.active["C2"].number_format = "#,##0.00"
        book.active["C3"] = "=1+1"
        book.create_sheet("草稿").sheet_state = "hidden"

    content = workbook([PLAIN_ROW, PLAIN_ROW], change=spoil)
    answer = await annotated(api, await refused(api, content, XLSX))
    assert answer.headers["content-type"] == XLSX
    book = load_workbook(io.BytesIO(answer.content))
    sheet = book["电量"]
    assert book.sheetnames == ["电量", "草稿"]
    assert [cell.value for cell in sheet[1]][7:] == ["_verdict", "_column", "_zh", "_en"]
    assert [cell.value for cell in sheet[2]][7:9] == ["正确 ok", None]
    assert [cell.value for cell in sheet[3]][7:9] == ["错误 wrong", "export_kwh"]
    assert sheet["C3"].value == "=1+1"
    assert sheet["C2"].number_format == "#,##0.00"


async def test_a_workbook_with_a_far_cell_is_annotated_beside_its_data(api, desk):
    answer = await annotated(api, await refused(api, far_cell(), XLSX))
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet["H1"].value == "_verdict"
    assert sheet["XFD1048576"].value == 1


def test_a_large_workbook_is_copied_value_by_value(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_child, "WHOLE_BYTES_MAX", 0)
    (tmp_path / "in").write_bytes(workbook([PLAIN_ROW, (), PLAIN_ROW]))
    notes = {
        "sheet": "电量",
        "headings": ["_verdict", "_column", "_zh", "_en"],
        "fine": "ok",
        "notes": {"4": ["wrong", "month", "=1", "two"]},
    }
    (tmp_path / "notes").write_text(json.dumps(notes))
    workbook_child.annotate(tmp_path / "in", tmp_path / "out.xlsx", tmp_path / "notes")
    sheet = load_workbook(tmp_path / "out.xlsx")["电量"]
    assert [cell.value for cell in sheet[1]][6:] == [
        "error_pct",
        "_verdict",
        "_column",
        "_zh",
        "_en",
    ]
    assert sheet["C2"].value == "1200.5"
    assert (sheet["H2"].value, sheet["H3"].value, sheet["H4"].value) == ("ok", None, "wrong")
    assert (sheet["J4"].value, sheet["J4"].data_type) == ("=1", "s")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (meter_csv().encode("utf-16"), "text/csv"),
        ((HEADER + '\n"M1,2025-01\n').encode(), "text/csv"),
        (b"PK\x03\x04 cut off", XLSX),
        (b"100,NEM12,202301010000,MDP,RET\n200,N,B1,1,B1,N1,S1,kWh,10,\n900\n", NEM12),
    ],
)
async def test_a_file_that_cannot_be_annotated_comes_back_as_the_list_of_its_problems(
    api, desk, content, content_type
):
    kind = "interval_readings" if content_type == NEM12 else "meter_readings"
    answer = await annotated(api, await refused(api, content, content_type, kind=kind))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["sheet", "row", "column", "zh", "en", "cure_zh", "cure_en"]
    assert len(rows) == 2
    assert rows[1][4]


async def test_the_list_runs_no_formula(api, desk):
    content = b'{"=cmd()": 1}\n'
    path = await refused(api, content, "application/x-ndjson")
    answer = await annotated(api, path)
    assert json.loads(answer.text)["_column"] == "'=cmd()"


async def test_who_may_not_see_the_upload_may_not_have_its_file(api, desk, clock):
    upload_id = await desk.uploaded(meter_csv())
    path = f"/v1/uploads/{upload_id}"
    denied = await api.get(f"{path}/annotated", headers=as_owner(OPERATOR))
    assert denied.status_code == 403
    assert "正确 ok" in (await annotated(api, path)).text
    headers = as_owner() | {"Prefer": "respond-async"}
    waiting = await desk.upload(meter_csv(months=3), headers=headers)
    early = await api.get(f"{waiting.headers['location']}/annotated", headers=as_owner())
    assert (early.status_code, problem(early)) == (409, "upload-not-stored")


async def test_a_file_of_before_the_store_of_files_can_still_be_read(api, desk, database):
    path = f"/v1/uploads/{new_id()}"
    content = meter_csv(meter_no="M1", months=2)
    async with database.write() as session:
        await session.execute(
            text("INSERT INTO upload_contents (sha256, body) VALUES ('abc', :body)"),
            {"body": content.encode()},
        )
        await session.execute(
            text(
                "INSERT INTO uploads (upload_id, project_id, kind, format, options, options_key,"
                " sha256, size_bytes, state, rows, summary, rows_read, bytes_read, problems_total,"
                " attempts, uploaded_by, uploaded_at) VALUES (:id, :project, 'meter_readings', 'csv',"
                " '{}', '', 'abc', 1, 'STORED', 2, '{}', 2, 1, 0, 1, 'x', now())"
            ),
            {"id": path.rpartition("/")[2], "project": PV_ID},
        )
    assert (await annotated(api, path)).text.splitlines()[1].startswith("M1,2025-01,1200000,")
