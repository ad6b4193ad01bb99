import asyncio
import hashlib

import pytest

from issuance_svc.uploads.limits import MIB
from issuance_svc_tests.factories import (
    FOREST_ID,
    OPERATOR,
    PV_ID,
    as_officer,
    as_owner,
    forest_project,
    meter_csv,
    plot_csv,
    problem,
    pv_project,
)
from tht_kit.ids import new_id

HEADER = "meter_no,month,export_kwh,import_kwh,calibration,mpe_pct,error_pct"
PLOT_HEADER = "plot_no,stratum,measured_on,plot_area_m2,stratum_area_ha,volume_m3_per_ha"


async def test_a_file_is_stored_once(desk, api, count_rows):
    content = meter_csv()
    made = await desk.upload(content)
    assert made.status_code == 201
    upload = made.json()
    assert made.headers["location"] == f"/v1/uploads/{upload['upload_id']}"
    assert upload["sha256"] == hashlib.sha256(content.encode()).hexdigest()
    assert (upload["kind"], upload["rows"]) == ("meter_readings", 12)
    assert upload["summary"] == {
        "meters": 1,
        "first_month": "2025-01",
        "last_month": "2025-12",
        "export_kwh": "1200000",
        "import_kwh": "12000",
        "rows_not_calibrated": 0,
    }
    again = await desk.upload(content)
    assert (again.status_code, again.json()) == (200, upload)
    assert (await api.get(made.headers["location"], headers=as_owner())).json() == upload
    assert await count_rows("meter_readings") == 12


async def test_the_same_file_ten_times_at_once_is_one_upload(desk, count_rows):
    answers = await asyncio.gather(*(desk.upload(meter_csv()) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["upload_id"] for answer in answers}) == 1
    assert (await count_rows("uploads"), await count_rows("meter_readings")) == (1, 12)


async def test_the_same_bytes_for_two_projects_are_two_uploads_and_one_blob(
    desk, deliver, count_rows, kept_blobs
):
    other = str(new_id())
    await deliver(pv_project(project_id=other, project_no=6))
    first = await desk.uploaded(meter_csv())
    assert await desk.uploaded(meter_csv(), project_id=other) != first
    assert await count_rows("uploads") == 2
    assert kept_blobs() == [hashlib.sha256(meter_csv().encode()).hexdigest()]


async def test_a_plot_inventory_is_summed_up(desk, deliver):
    await deliver(forest_project())
    answer = await desk.upload(plot_csv(), project_id=FOREST_ID, kind="plot_inventory")
    assert answer.json()["summary"] == {
        "plots": 2,
        "strata": 1,
        "area_ha": "100",
        "first_day": "2021-01-01",
        "last_day": "2025-12-31",
        "path": "volume",
    }


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + meter_csv(),  # BOM
        meter_csv().replace("\n", "\r\n"),
        meter_csv().replace(",", " , "),
        meter_csv().replace("M1", '"M1"'),
        meter_csv().rstrip("\n"),
        meter_csv() + "\n\n,,,,,,\n",
        meter_csv().replace(HEADER, HEADER.upper()),
    ],
)
async def test_what_spreadsheets_write_is_understood(desk, content):
    answer = await desk.upload(content)
    assert (answer.status_code, answer.json()["rows"]) == (201, 12)


async def test_columns_may_stand_in_any_order(desk):
    csv = "month,meter_no,import_kwh,export_kwh,error_pct,calibration,mpe_pct\n2025-01,M1,2,1,,valid,\n"
    assert (await desk.upload(csv)).json()["summary"]["export_kwh"] == "1"


@pytest.mark.parametrize(
    ("content", "refusal", "says"),
    [
        (meter_csv().encode("utf-16"), "upload-encoding", "UTF-16"),
        (meter_csv().encode("utf-16-le"), "upload-encoding", "UTF-16"),
        ((meter_csv() + "Köln,2025-01,1,1,valid,,\n").encode("latin-1"), "upload-encoding", "0xf6"),
        (meter_csv().encode() + b"\xff\xff\n", "upload-encoding", "0xff"),
        (b"", "upload-unreadable", "no rows"),
        (HEADER, "upload-unreadable", "no rows"),
        (meter_csv().replace("import_kwh", "imported"), "upload-unreadable", "import_kwh"),
        (meter_csv().replace("error_pct", "error_pct,colour"), "upload-unreadable", "colour"),
        (meter_csv().replace("error_pct", "mpe_pct"), "upload-unreadable", "error_pct"),
        (HEADER + ",mpe_pct\nM1,2025-01,1,1,valid,,,\n", "upload-unreadable", "mpe_pct"),
        (HEADER + '\n"M1,2025-01,1,1,valid,,\n', "upload-unreadable", "Row 2"),
        (HEADER + "\nM\x00,2025-01,1,1,valid,,\n", "upload-unreadable", "NUL"),
    ],
)
async def test_an_unreadable_file_is_refused_with_the_cure(
    desk, count_rows, content, refusal, says
):
    answer = await desk.upload(content, headers=as_owner() | {"Accept-Language": "en"})
    assert (answer.status_code, problem(answer)) == (422, refusal)
    assert says in answer.json()["detail"]
    assert await count_rows("uploads WHERE state <> 'REFUSED'") == 0
    assert await count_rows("meter_readings") == 0


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("M1,2025-13,1,1,valid,,", "month", "2025-01"),
        ("M1,2025/01,1,1,valid,,", "month", "2025-01"),
        ('M1,2025-01,"1,200",1,valid,,', "export_kwh", "1234.5"),
        ("M1,2025-01,1e3,1,valid,,", "export_kwh", "1234.5"),
        ("M1,2025-01,12 kWh,1,valid,,", "export_kwh", "1234.5"),
        ("M1,2025-01,１２,1,valid,,", "export_kwh", "1234.5"),
        ("M1,2025-01,nan,1,valid,,", "export_kwh", "1234.5"),
        ("M1,2025-01,-1,1,valid,,", "export_kwh", "-1"),
        ("M1,2025-01,,1,valid,,", "export_kwh", "empty"),
        ("M1,2025-01,1,,valid,,", "import_kwh", "empty"),
        ("M1,2025-01,1,1,ok,,", "calibration", "valid, late or missing"),
        ("M1,2025-01,1,1,late,,", "mpe_pct", "maximum permissible error"),
        ("M1,2025-01,1,1,missing,0,", "mpe_pct", "maximum permissible error"),
        ("M1,2025-01,1,1,valid,,0.6", "mpe_pct", "maximum permissible error"),
        ("M1,2025-01,1,1,valid,11,", "mpe_pct", "outside"),
        ("M1,2025-01,1,1,valid,0.5,101", "error_pct", "outside"),
        (",2025-01,1,1,valid,,", "meter_no", "empty"),
        (f"{'M' * 65},2025-01,1,1,valid,,", "meter_no", "64"),
        ("M9,2025-01,1,1,valid,,", "meter_no", "not registered"),
        ("M1,2025-01,1,1,valid,", "meter_no", "6 cells"),
    ],
)
async def test_a_wrong_row_is_named_with_its_cure(desk, count_rows, row, column, says):
    content = f"{HEADER}\nM1,2025-02,1,1,valid,,\n\n{row}\n"
    answer = await desk.upload(content, headers=as_owner() | {"Accept-Language": "en"})
    assert (answer.status_code, problem(answer)) == (422, "upload-rows-refused")
    errors = answer.json()["errors"]
    assert [error["pointer"] for error in errors] == [f"row:4,column:{column}"]
    assert says in errors[0]["detail"]
    assert await count_rows("uploads WHERE state <> 'REFUSED'") == 0
    assert await count_rows("meter_readings") == 0


async def test_a_month_that_stands_twice_names_the_other_row(desk):
    content = f"{HEADER}\nM1,2025-01,1,1,valid,,\nM1,2025-01,2,1,valid,,\n"
    answer = await desk.upload(content)
    assert answer.json()["errors"] == [
        {"pointer": "row:3,column:month", "detail": "与第 2 行是同一表计同一月份。留下一行"}
    ]


async def test_of_many_mistakes_a_hundred_are_listed_and_all_are_counted(desk):
    rows = "".join(f"M1,2025-{month:02},x,1,valid,,\n" for month in range(1, 13))
    answer = await desk.upload(HEADER + "\n" + rows * 20)
    problem_document = answer.json()
    assert len(problem_document["errors"]) == 100
    assert f"共 {20 * 12 + 19 * 12} 处" in problem_document["detail"]  # 228 months stand twice


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ("P1,S1,2021-02-30,600,100,20", "measured_on"),
        ("P1,S1,2021-01-01,0,100,20", "plot_area_m2"),
        ("P1,S1,2021-01-01,600,0,20", "stratum_area_ha"),
        ("P1,S1,2021-01-01,600,100,-1", "volume_m3_per_ha"),
        ("P1,S1,2021-01-01,600,100,20\nP2,S1,2021-01-01,600,90,20", "stratum_area_ha"),
        ("P1,S1,2021-01-01,600,100,20\nP1,S2,2025-01-01,600,10,20", "stratum"),
        ("P1,S1,2021-01-01,600,100,20\nP1,S1,2021-01-01,600,100,21", "measured_on"),
    ],
)
async def test_a_wrong_plot_is_named(desk, deliver, rows, column):
    await deliver(forest_project())
    content = f"{PLOT_HEADER}\n{rows}\n"
    answer = await desk.upload(content, project_id=FOREST_ID, kind="plot_inventory")
    assert problem(answer) == "upload-rows-refused"
    last = rows.count("\n") + 2
    assert [e["pointer"] for e in answer.json()["errors"]] == [f"row:{last},column:{column}"]


@pytest.mark.parametrize(
    "header",
    [
        PLOT_HEADER + ",agb_t_per_ha",
        PLOT_HEADER.replace(",volume_m3_per_ha", ""),
    ],
)
async def test_one_of_the_two_paths_is_chosen(desk, deliver, header):
    await deliver(forest_project())
    answer = await desk.upload(header + "\n", project_id=FOREST_ID, kind="plot_inventory")
    assert problem(answer) == "upload-unreadable"


@pytest.mark.parametrize("limits", [{"bytes_max": 2 * MIB}], indirect=True)
async def test_a_file_over_the_limit_is_refused(desk, count_rows, kept_blobs, limits):
    answer = await desk.upload(meter_csv().encode() + b" " * limits.bytes_max)
    assert (answer.status_code, problem(answer)) == (413, "upload-too-large")
    assert await count_rows("uploads") == 0
    assert kept_blobs() == []


@pytest.mark.parametrize("limits", [{"inline_bytes_max": 64 * MIB}], indirect=True)
async def test_too_many_rows_are_refused(desk, limits):
    content = HEADER + "\n" + "M1,2025-01,1,1,valid,,\n" * 100_001
    assert len(content) < limits.inline_bytes_max
    answer = await desk.upload(content)
    assert problem(answer) == "upload-unreadable"


@pytest.mark.parametrize(
    ("content_type", "query"),
    [
        ("application/json", {}),
        ("application/vnd.ms-excel", {}),
        ("application/octet-stream", {}),
        ("application/json", {"format": "csv"}),
        ("text/x-nem12", {}),
        ("", {}),
    ],
)
async def test_only_formats_of_the_kind_are_taken(api, desk, content_type, query):
    answer = await api.post(
        "/v1/uploads",
        params={"project_id": PV_ID, "kind": "meter_readings", **query},
        content=meter_csv().encode(),
        headers=as_owner() | {"Content-Type": content_type},
    )
    assert (answer.status_code, problem(answer)) == (415, "upload-format-unknown")


async def test_a_compressed_body_is_not_taken(desk):
    answer = await desk.upload(meter_csv(), headers=as_owner() | {"Content-Encoding": "gzip"})
    assert (answer.status_code, problem(answer)) == (415, "upload-content-encoding")


async def test_the_format_may_be_said_by_a_parameter(api, desk):
    answer = await api.post(
        "/v1/uploads",
        params={"project_id": PV_ID, "kind": "meter_readings", "format": "csv"},
        content=meter_csv().encode(),
        headers=as_owner() | {"Content-Type": "application/octet-stream"},
    )
    assert (answer.status_code, answer.json()["format"]) == (201, "csv")


@pytest.mark.parametrize("name", ["colour", "sheet"])
async def test_a_parameter_that_the_kind_does_not_have_is_refused(api, desk, count_rows, name):
    answer = await api.post(
        "/v1/uploads",
        params={"project_id": PV_ID, "kind": "meter_readings", name: "red"},
        content=meter_csv().encode(),
        headers=as_owner() | {"Content-Type": "text/csv"},
    )
    assert (answer.status_code, problem(answer)) == (422, "upload-options-wrong")
    assert answer.json()["errors"][0]["pointer"] == f"query:{name}"
    assert await count_rows("uploads") == 0


async def test_only_the_owner_uploads_and_reads(desk, api):
    stranger = await desk.upload(meter_csv(), headers=as_owner(OPERATOR))
    assert (stranger.status_code, problem(stranger)) == (403, "forbidden")
    upload_id = await desk.uploaded(meter_csv())
    path = f"/v1/uploads/{upload_id}"
    assert (await api.get(path, headers=as_owner(OPERATOR))).status_code == 403
    assert (await api.get(path, headers=as_officer("officer-a"))).status_code == 200
    unknown = await api.get(f"/v1/uploads/{new_id()}", headers=as_owner())
    assert problem(unknown) == "upload-not-found"
    nowhere = await desk.upload(meter_csv(), project_id="nowhere")
    assert (nowhere.status_code, problem(nowhere)) == (404, "project-not-registered")


async def test_the_kind_is_one_that_is_known(desk):
    answer = await desk.upload(meter_csv(), kind="fuel")
    assert (answer.status_code, problem(answer)) == (422, "upload-kind-unknown")
    assert answer.json()["errors"][0]["pointer"] == "query:kind"


async def test_the_kinds_are_listed_with_their_columns(api, desk):
    kinds = {
        kind["kind"]: kind
        for kind in (await api.get("/v1/uploads/kinds", headers=as_owner())).json()
    }
    assert kinds["meter_readings"]["columns"] == HEADER.split(",")
    assert kinds["meter_readings"]["aliases"]["上网电量_kWh"] == "export_kwh"
    assert kinds["plot_inventory"]["one_of_columns"] == ["volume_m3_per_ha", "agb_t_per_ha"]


async def test_chinese_headings_in_gb18030_are_understood(desk):
    content = (
        "表计编号,月份,上网电量_kWh,下网电量_kWh,校准状态,最大允许误差_%,实际误差_%\n"
        "M1,2025-01,1200.5,12,valid,,\n"
    )
    answer = await desk.upload(content.encode("gb18030"))
    assert answer.status_code == 201, answer.text
    assert answer.json()["summary"]["export_kwh"] == "1200.5"
    assert answer.json()["summary"]["encoding"] == "GB18030"
    utf8 = await desk.upload(content)
    assert "encoding" not in utf8.json()["summary"]


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab")])
async def test_another_delimiter_is_found_out(desk, delimiter, name):
    answer = await desk.upload(meter_csv().replace(",", delimiter))
    assert (answer.status_code, answer.json()["summary"]["delimiter"]) == (201, name)


async def test_numbers_of_ndjson_keep_their_digits(api, desk, database):
    line = (
        '{"meter_no": "M1", "month": "2025-01", "export_kwh": 1200.100001, "import_kwh": "0.000001",'
        ' "calibration": "valid", "mpe_pct": null}\n'
    )
    answer = await api.post(
        "/v1/uploads",
        params={"project_id": PV_ID, "kind": "meter_readings"},
        content=line,
        headers=as_owner() | {"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 201, answer.text
    summary = answer.json()["summary"]
    assert (summary["export_kwh"], summary["import_kwh"]) == ("1200.100001", "0.000001")


async def test_a_refused_file_keeps_its_problems_and_may_come_again(api, desk, deliver, count_rows):
    content = meter_csv(meter_no="M2")
    refused = await desk.upload(content)
    assert problem(refused) == "upload-rows-refused"
    listed = await api.get("/v1/uploads", params={"project_id": PV_ID}, headers=as_owner())
    (upload,) = listed.json()["items"]
    assert (upload["state"], upload["rows"], upload["problems_total"]) == ("REFUSED", 0, 1)
    path = f"/v1/uploads/{upload['upload_id']}"
    problems = (await api.get(f"{path}/problems", headers=as_owner())).json()["items"]
    assert [(p["row"], p["column"], p["cure_en"]) for p in problems] == [
        (2, "meter_no", "check the number, or register the meter with the project first")
    ]
    report = await desk.report(upload_ids=[upload["upload_id"]])
    assert (report.status_code, problem(report)) == (409, "upload-not-stored")
    await deliver(pv_project(meters=["M1", "M2"], version=9))
    again = await desk.upload(content)
    assert (again.status_code, again.json()["upload_id"]) == (201, upload["upload_id"])
    assert (again.json()["state"], again.json()["problems_total"]) == ("STORED", 0)
    assert (await count_rows("uploads"), await count_rows("upload_problems")) == (1, 0)


async def test_problems_and_uploads_are_paged(api, desk):
    rows = "".join(f"M1,2025-{month:02},x,1,valid,,\n" for month in range(1, 8))
    assert problem(await desk.upload(HEADER + "\n" + rows)) == "upload-rows-refused"
    await desk.uploaded(meter_csv())
    pages = await read_pages(api, "/v1/uploads", {"project_id": PV_ID, "limit": 1})
    assert [upload["state"] for upload in pages] == ["STORED", "REFUSED"]
    path = f"/v1/uploads/{pages[1]['upload_id']}/problems"
    problems = await read_pages(api, path, {"limit": 3})
    assert [found["problem_no"] for found in problems] == list(range(1, 8))
    only = await read_pages(api, "/v1/uploads", {"project_id": PV_ID, "state": "REFUSED"})
    assert [upload["upload_id"] for upload in only] == [pages[1]["upload_id"]]
    stranger = await api.get(path, headers=as_owner(OPERATOR))
    assert stranger.status_code == 403


async def read_pages(api, path, params):
    items, cursor = [], None
    while True:
        given = params | ({"cursor": cursor} if cursor else {})
        page = (await api.get(path, params=given, headers=as_owner())).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items
