"""Files into a draft: every format, every refusal with its row, all or nothing."""

import asyncio
import io
import json
import stat
import zipfile

import pytest
import shapefile

from registry_svc_tests.factories import (
    caller,
    drawn_parcel,
    forest_project,
    overseer,
    pv_project,
    register_organisation,
)
from registry_svc_tests.sites.shapes import (
    PRJ_GEOGRAPHIC,
    PRJ_ZONE_36,
    gauss_krueger,
    polygon,
    rectangle,
    rectangle_m2,
    ring,
)
from tht_kit.ids import new_id

CSV, GEOJSON, ZIP = "text/csv", "application/geo+json", "application/zip"
SIDE = 0.002


@pytest.fixture
async def draft(register):
    return await register.draft(forest_project(register.author))


async def send(
    register, project_id, content, media_type=GEOJSON, *, kind="parcels", org=None, **query
):
    return await register.api.post(
        f"/v1/projects/{project_id}/imports",
        params={"kind": kind, **query},
        content=content if isinstance(content, bytes) else json.dumps(content).encode(),
        headers=caller("projects:write", org=org or register.owner) | {"Content-Type": media_type},
    )


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def problems(answer):
    assert refusal(answer) == (422, "import-refused"), answer.text
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


def reason(answer):
    assert refusal(answer) == (422, "import-file-invalid"), answer.text
    return answer.json()["detail"]


def place(index):
    return 107.5 + index % 100 * 0.003, 30.5 + index // 100 * 0.003


def feature(index=0, **changes):
    east, north = place(index)
    properties = {
        "parcel_no": f"P-{index:05d}",
        "area_m2": f"{rectangle_m2(north, SIDE, SIDE):.2f}",
        "land_use": "suitable_barren_land",
        "non_forest_since": "2010-01-01",
        "is_wetland": False,
    } | changes
    geometry = properties.pop("geometry", rectangle(east, north, SIDE, SIDE))
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features, **changes):
    return {"type": "FeatureCollection", "features": list(features)} | changes


def wkt(geometry):
    [shell] = geometry["coordinates"]
    return "POLYGON ((" + ", ".join(f"{east} {north}" for east, north in shell) + "))"


HEADER = "地块编号,面积,地类,非林地起,湿地,边界"


def csv_line(index=0, **changes):
    found = feature(index, **changes)
    cells = [*found["properties"].values(), f'"{wkt(found["geometry"])}"']
    return ",".join(map(str, cells))


def csv_file(*lines, header=HEADER, encoding="utf-8"):
    return "\r\n".join([header, *lines, ""]).encode(encoding)


async def held(register, project_id):
    return (await register.api.get(f"/v1/projects/{project_id}", headers=overseer())).json()[
        "parcels"
    ]


async def test_features_come_in_and_the_same_file_again_answers_the_same(register, draft):
    content = collection(feature(0), feature(1))
    first = await send(register, draft, content, crs="EPSG:4490")
    assert first.status_code == 200, first.text
    answer = first.json()
    expected = rectangle_m2(30.5, SIDE, SIDE) * 2
    assert float(answer.pop("area_m2")) == pytest.approx(expected, abs=0.05)
    assert len(answer.pop("sha256")) == 64
    assert answer == {
        "project_id": draft,
        "kind": "parcels",
        "dry_run": False,
        "format": "geojson",
        "encoding": "UTF-8",
        "crs": "EPSG:4490",
        "rows": 2,
        "held": 3,  # one was filed
    }
    before = (await register.api.get(f"/v1/projects/{draft}", headers=overseer())).json()
    assert {"P-00000", "P-00001"} < {found["parcel_no"] for found in before["parcels"]}
    again = await send(register, draft, content, crs="EPSG:4490")
    assert (again.status_code, again.content) == (200, first.content)
    assert (await register.api.get(f"/v1/projects/{draft}", headers=overseer())).json() == before


async def test_a_changed_row_replaces_the_parcel_of_its_number(register, draft):
    await send(register, draft, collection(feature(0), feature(1)), crs="EPSG:4490")
    version = (await register.api.get(f"/v1/projects/{draft}", headers=overseer())).json()[
        "version"
    ]
    moved = feature(2, parcel_no="P-00000")
    assert (await send(register, draft, collection(moved), crs="EPSG:4490")).json()["held"] == 3
    exported = (await register.api.get(f"/v1/projects/{draft}/parcels", headers=overseer())).json()
    [found] = [f for f in exported["features"] if f["properties"]["parcel_no"] == "P-00000"]
    assert found["geometry"] == moved["geometry"]
    assert (await register.api.get(f"/v1/projects/{draft}", headers=overseer())).json()[
        "version"
    ] == version + 1
    # Its old place is free again.
    other = await register.draft(forest_project(register.author))
    freed = feature(0, parcel_no="OTHER-1")
    assert (await send(register, other, collection(freed), crs="EPSG:4490")).status_code == 200


async def test_a_dry_run_answers_as_if_and_changes_nothing(register, draft):
    before = (await register.api.get(f"/v1/projects/{draft}", headers=overseer())).json()
    content = collection(feature(0), feature(1))
    tried = await send(register, draft, content, crs="EPSG:4490", dry_run=True)
    assert tried.status_code == 200
    assert (tried.json()["dry_run"], tried.json()["held"]) == (True, 3)
    assert (await register.api.get(f"/v1/projects/{draft}", headers=overseer())).json() == before
    # Nothing is held: another project takes the land, and then the trial says so.
    other = await register.draft(forest_project(register.author))
    taken = collection(feature(0, parcel_no="X-1"))
    assert (await send(register, other, taken, crs="EPSG:4490")).status_code == 200
    tried = await send(register, draft, content, crs="EPSG:4490", dry_run=True)
    assert refusal(tried) == (409, "parcels-overlap")
    [error] = tried.json()["errors"]
    assert error["pointer"] == "row:1,column:geometry"
    assert "X-1" in error["detail"]


async def test_one_wrong_row_keeps_all_out_and_every_wrong_cell_is_named(register, draft):
    before = await held(register, draft)
    content = collection(
        feature(0),
        feature(1, parcel_no="p 1", area_m2="约 5 亩", land_use="林地", non_forest_since="2021-02-29",
                is_wetland="也许"),
        feature(2, parcel_no="P-00000"),
        feature(3, geometry=None),
        feature(4, geometry=rectangle(30.5, 107.5, SIDE, SIDE)),
        feature(5, is_wetland="是"),
        feature(6, area_m2=1),
        feature(7, land_use=""),
    )  # fmt: skip
    found = problems(await send(register, draft, content, crs="EPSG:4490"))
    assert list(found) == [
        "row:2,column:parcel_no",
        "row:2,column:area_m2",
        "row:2,column:land_use",
        "row:2,column:non_forest_since",
        "row:2,column:is_wetland",
        "row:8,column:land_use",
        "row:3,column:parcel_no",
        "row:4,column:geometry",
        "row:5,column:geometry",
        "row:6,column:is_wetland",
        "row:7,column:area_m2",
    ]
    assert "大写字母" in found["row:2,column:parcel_no"]  # each says what to write instead
    assert "第 1 行" in found["row:3,column:parcel_no"]
    assert "颠倒" in found["row:5,column:geometry"]
    assert "相差超过 1%" in found["row:7,column:area_m2"]
    assert await held(register, draft) == before


@pytest.mark.parametrize(("share", "status"), [("0.9901", 200), ("1.0099", 200), ("0.989", 422),
                                               ("1.011", 422)])  # fmt: skip
async def test_the_declared_area_is_within_a_hundredth_of_the_true_one(
    register, draft, share, status
):
    declared = rectangle_m2(place(0)[1], SIDE, SIDE) * float(share)
    answer = await send(
        register, draft, collection(feature(0, area_m2=f"{declared:.2f}")), crs="EPSG:4490"
    )
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("true_m2", "status"), [(399.0, 422), (401.0, 200)])
async def test_r19_counts_the_true_area_of_each_contiguous_piece(register, draft, true_m2, status):
    # Both are declared with 400 m²; a second, large piece does not help.
    wide = true_m2 / rectangle_m2(30.5, 1, 0.0002)
    large = feature(1)["geometry"]["coordinates"]
    pieces = {
        "type": "MultiPolygon",
        "coordinates": [[ring(107.45, 30.5, wide, 0.0002)], large],
    }
    for geometry, area_m2 in (
        (rectangle(107.4, 30.5, wide, 0.0002), 400.0),
        (pieces, 400.0 + rectangle_m2(30.5, SIDE, SIDE)),
    ):
        row = feature(0, geometry=geometry, area_m2=f"{area_m2:.2f}")
        answer = await send(register, draft, collection(row), crs="EPSG:4490", dry_run=True)
        assert answer.status_code == status, answer.text
        if status == 422:
            assert list(problems(answer)) == ["row:1,column:geometry"]


async def test_an_area_without_a_unit_that_is_hectares_or_mu_is_refused(register, draft):
    true = rectangle_m2(place(0)[1], SIDE, SIDE)
    for unit, declared in (("公顷", true / 10_000), ("亩", true * 15 / 10_000)):
        answer = await send(
            register, draft, collection(feature(0, area_m2=f"{declared:.2f}")), crs="EPSG:4490"
        )
        assert unit in problems(answer)["row:1,column:area_m2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_csv_file_may_be_utf_8_or_gb18030(register, draft, encoding):
    lines = [csv_line(0, land_use="宜林荒山荒地", is_wetland="否"), "", csv_line(1)]
    content = csv_file(*lines, encoding=encoding)
    answer = await send(register, draft, content, CSV, crs="CGCS2000")
    assert answer.status_code == 200, answer.text
    assert answer.json()["encoding"] == ("GB18030" if encoding == "gb18030" else "UTF-8")
    assert answer.json()["rows"] == 2


async def test_csv_rows_are_numbered_as_a_spreadsheet_shows_them(register, draft):
    content = csv_file(csv_line(0), "", csv_line(1, area_m2="0"), csv_line(2).replace("((", "(("))
    found = problems(await send(register, draft, content, CSV, crs="EPSG:4490"))
    assert list(found) == ["row:4,column:area_m2"]
    deep = "GEOMETRYCOLLECTION(" * 40_000 + "POINT(1 2)" + ")" * 40_000
    open_ring = csv_line(0).rpartition(",")[0].rpartition(",")[0] + '))"'
    for broken in (
        "POLYGON ((",
        open_ring,
        "POLYGON EMPTY",
        "POINT (107.5 30.5)",
        deep,
        "",
        "(" * 9_000,
    ):
        cells = ",".join(map(str, feature(0)["properties"].values()))
        line = broken if broken is open_ring else f'{cells},"{broken}"'
        answer = await send(register, draft, csv_file(line), CSV, crs="EPSG:4490")
        assert list(problems(answer)) == ["row:2,column:geometry"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "缺少列"),
        (csv_file(), "没有任何一行"),
        (csv_file(csv_line(), header="地块编号,面积(亩),地类,非林地起,湿地,边界"), "area_m2"),
        (csv_file(csv_line(), header=HEADER + ",WKT"), "出现两次"),
        (csv_file("A-1,5"), "有 2 格"),
        (csv_file('"A-1,5'), "不是有效的 CSV"),
        (b"\xff\xfe\x00\x01\x80\xff", "编码"),
        (csv_file(*["A"] * 10_001, header="地块编号"), "缺少列"),
    ],
)
async def test_a_csv_file_that_cannot_be_read_says_why(register, draft, content, says):
    assert says in reason(await send(register, draft, content, CSV, crs="EPSG:4490"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[0,0]," * 1_000_001, "边界点总数"),
        (b"null", "FeatureCollection"),
        (collection(), "没有任何一行"),
        ({"type": "FeatureCollection", "features": {}}, "FeatureCollection"),
        (collection({"type": "Polygon"}), "第 1 个要素"),
        (collection(feature(), crs={"type": "name"}), "crs"),
        (collection(*[feature()] * 10_001), "10000 行"),
    ],
)
async def test_a_geojson_file_that_cannot_be_read_says_why(register, draft, content, says):
    assert says in reason(await send(register, draft, content, crs="EPSG:4490"))


async def test_structures_where_a_value_belongs_are_wrong_cells(register, draft):
    deep = "[" * 900 + "]" * 900
    text = json.dumps(collection(feature(0, parcel_no="DEEP", geometry="DEEPER")))
    content = text.replace('"DEEP"', deep).replace(
        '"DEEPER"', '{"type": "Polygon", "coordinates": DEEPER}'
    )
    found = problems(
        await send(register, draft, content.replace("DEEPER", deep).encode(), crs="EPSG:4490")
    )
    assert list(found) == ["row:1,column:parcel_no", "row:1,column:geometry"]


async def test_the_coordinate_system_is_stated_once_and_means_what_it_says(register, draft):
    content = collection(feature())
    assert "未注明坐标系" in reason(await send(register, draft, content))
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    stated = collection(feature(), crs=named)
    assert (await send(register, draft, stated, dry_run=True)).status_code == 200
    assert "改成一致" in reason(await send(register, draft, stated, crs="EPSG:4326"))
    answer = await send(register, draft, content, crs="GCJ-02")
    assert refusal(answer) == (422, "crs-refused")
    assert "火星" in answer.json()["detail"]


def shape_files(
    *features, prj=PRJ_GEOGRAPHIC, encoding="utf-8", cpg="UTF-8", chinese=False, stem="地块"
):
    """The parts of a Shapefile, as GIS software writes them."""
    shp, shx, dbf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    names = ["parcel_no", "area_m2", "land_use", "non_forest", "is_wetland"]
    if chinese:
        names = ["地块号", "面积", "地类", "非林地起", "湿地"]
    with shapefile.Writer(shp=shp, shx=shx, dbf=dbf, encoding=encoding) as writer:
        writer.shapeType = shapefile.POLYGON
        for name, (kind, *size) in zip(
            names, [("C", 32), ("N", 14, 2), ("C", 60), ("D",), ("L",)], strict=True
        ):
            writer.field(name, kind, *size)
        for found in features:
            properties = found["properties"]
            writer.record(
                properties["parcel_no"],
                float(properties["area_m2"]),
                properties["land_use"],
                properties["non_forest_since"].replace("-", ""),
                properties["is_wetland"],
            )
            writer.shape(found["geometry"] or {"type": "Null"})
    parts = {"shp": shp, "shx": shx, "dbf": dbf}
    files = {f"{stem}.{suffix}": part.getvalue() for suffix, part in parts.items()}
    if prj is not None:
        files[f"{stem}.prj"] = prj.encode()
    if cpg is not None:
        files[f"{stem}.cpg"] = cpg.encode()
    return files


def zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [("utf-8", "UTF-8"), ("gbk", "GBK"), ("gbk", "936"), ("gbk", None), ("utf-8", None)],
)
async def test_a_zipped_shapefile_may_be_gbk_or_utf_8(register, draft, encoding, cpg):
    rows = [feature(0, land_use="宜林荒山荒地"), feature(1, land_use="火烧迹地")]
    files = shape_files(*rows, encoding=encoding, cpg=cpg, chinese=encoding == "gbk")
    answer = await send(register, draft, zipped(files), ZIP)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["format"], found["crs"], found["rows"]) == ("shapefile", "EPSG:4490", 2)
    uses = {parcel["parcel_no"]: parcel["land_use"] for parcel in await held(register, draft)}
    assert (uses["P-00000"], uses["P-00001"]) == ("suitable_barren_land", "cleared_land")


async def test_a_shapefile_in_gauss_krueger_zone_36_lands_where_it_belongs(register, draft):
    def projected(found):
        [shell] = found["geometry"]["coordinates"]
        corners = [
            list(gauss_krueger(east, north, meridian=108, false_east=36_500_000))
            for east, north in shell
        ]
        return found | {"geometry": polygon(corners)}

    files = shape_files(projected(feature(0)), projected(feature(1)), prj=PRJ_ZONE_36)
    answer = await send(register, draft, zipped(files), ZIP)
    assert answer.status_code == 200, answer.text
    assert answer.json()["crs"] == "EPSG:4524"
    exported = (await register.api.get(f"/v1/projects/{draft}/parcels", headers=overseer())).json()
    [found] = [f for f in exported["features"] if f["properties"]["parcel_no"] == "P-00000"]
    corners = found["geometry"]["coordinates"][0]
    east, north = place(0)
    assert min(x for x, _ in corners) == pytest.approx(east, abs=3e-8)
    assert max(y for _, y in corners) == pytest.approx(north + SIDE, abs=3e-8)
    # The same parcels as degrees are the same land.
    other = await register.draft(forest_project(register.author))
    again = collection(feature(0, parcel_no="AGAIN-1"))
    assert refusal(await send(register, other, again, crs="EPSG:4490")) == (409, "parcels-overlap")


def many_rings(count):
    """A shell with holes in rows."""
    east, north = place(1)
    step = SIDE / 40
    holes = [
        ring(east + (1 + i % 38) * step, north + (1 + i // 38) * step, step / 2, step / 2)[::-1]
        for i in range(count - 1)
    ]
    return polygon(ring(east, north, SIDE, SIDE), *holes)


GOOD = shape_files(feature(0))


def vast_record(count):
    """A .shp whose one shape has so many positions."""
    content = bytes(44 + 16 * count)
    header = (1).to_bytes(4, "big") + (len(content) // 2).to_bytes(4, "big")
    return GOOD["地块.shp"][:100] + header + content


def linked():
    files = dict(GOOD)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            if name.endswith(".shx"):
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def bomb():
    # 200 MiB of zeros in some 200 KB, as the .dbf of a Shapefile.
    return zipped(GOOD | {"地块.dbf": bytes(200 * 1024 * 1024)})


def lying_bomb():
    """A bomb whose directory says that its .dbf is small."""
    content = bytearray(bomb())
    size = (200 * 1024 * 1024).to_bytes(4, "little")
    return bytes(content.replace(size, (1000).to_bytes(4, "little")))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: b"no zip at all", "ZIP"),
        (lambda: zipped(GOOD)[:300], "ZIP"),
        (lambda: zipped({}), "有且仅有一个 .shp"),
        (lambda: zipped(GOOD | shape_files(feature(1), stem="第二")), "有且仅有一个 .shp"),
        (lambda: zipped(shape_files(feature(0), prj=None)), "缺少 .prj"),
        (lambda: zipped({k: v for k, v in GOOD.items() if k[-3:] != "dbf"}), "缺少 .dbf"),
        (lambda: zipped(GOOD | {"../../etc/passwd": b""}), "路径不可用"),
        (lambda: zipped(GOOD | {"/srv/x.txt": b""}), "路径不可用"),
        (lambda: zipped(GOOD | {"C:\\x.txt": b""}), "路径不可用"),
        (linked, "链接"),
        (bomb, "解压后超过"),
        (lying_bomb, "ZIP"),
        (lambda: zipped(GOOD | {"地块.shp": vast_record(2_500_000)}), "边界点总数"),
        (lambda: zipped(GOOD | {"地块.shp": vast_record(50_000)}), "10000 个顶点"),
        (lambda: zipped(GOOD | {f"{i}.txt": b"" for i in range(70)}), "超过 64 个文件"),
        (lambda: zipped(GOOD | {"地块.shp": GOOD["地块.shp"][:150]}), "已损坏"),
        (lambda: zipped(GOOD | {"地块.dbf": GOOD["地块.dbf"][:40]}), "已损坏"),
        (lambda: zipped(GOOD | {"地块.shp": bytes(100)}), "已损坏"),
        (lambda: zipped(GOOD | {"地块.dbf": shape_files(feature(0), feature(1))["地块.dbf"]}),
         "二者应相同"),
        (lambda: zipped(shape_files(feature(0, land_use="火烧迹地"), encoding="gbk")), ".dbf 的文字"),
        (lambda: zipped(shape_files(feature(0), feature(1, geometry=many_rings(1001)))), "1000 个环"),
    ],
)  # fmt: skip
async def test_an_archive_that_is_anything_but_one_shapefile_says_why(register, draft, make, says):
    before = await held(register, draft)
    assert says in reason(await send(register, draft, make(), ZIP))
    assert await held(register, draft) == before


async def test_a_shapefile_in_a_folder_of_a_mac_is_found(register, draft):
    files = {f"导出/{name}": content for name, content in GOOD.items()}
    files["__MACOSX/导出/._地块.shp"] = b"\0"
    assert (await send(register, draft, zipped(files), ZIP)).status_code == 200


async def test_a_prj_of_another_datum_is_refused_and_a_null_shape_has_its_row(register, draft):
    beijing = PRJ_GEOGRAPHIC.replace("D_China_2000", "D_Beijing_1954")
    answer = await send(register, draft, zipped(shape_files(feature(0), prj=beijing)), ZIP)
    assert refusal(answer) == (422, "crs-refused")
    files = shape_files(feature(0), feature(1, geometry=None))
    found = problems(await send(register, draft, zipped(files), ZIP))
    assert list(found) == ["row:2,column:geometry"]


async def test_a_file_over_the_limit_and_an_unknown_type_are_refused(register, draft):
    answer = await send(register, draft, bytes(32 * 1024 * 1024 + 1), crs="EPSG:4490")
    assert refusal(answer) == (413, "import-too-large")
    answer = await send(register, draft, b"x", "application/pdf")
    assert refusal(answer) == (415, "media-type-unsupported")


async def test_meters_come_in_from_csv_and_each_is_in_one_project(register):
    body = pv_project(register.author, meters=["CQ-M-0"])
    first, second = [await register.draft(body), None]
    lines = [f"CQ-M-{number}" for number in range(1, 1501)]
    content = csv_file(*lines, header="备注,电表号").replace(b"\nCQ", b"\n,CQ")
    answer = await send(register, first, content, CSV, kind="meters")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["rows"], answer.json()["held"]) == (1500, 1501)
    assert (answer.json()["crs"], answer.json()["area_m2"]) == (None, None)
    again = await send(register, first, content, CSV, kind="meters")
    assert again.content == answer.content
    second = await register.draft(pv_project(register.author))
    taken = csv_file("CQ-M-9999", "CQ-M-700", header="meter_no")
    answer = await send(register, second, taken, CSV, kind="meters")
    assert refusal(answer) == (409, "site-taken")
    [error] = answer.json()["errors"]
    assert error["pointer"] == "row:3,column:meter_no"
    assert first in error["detail"]
    project = (await register.api.get(f"/v1/projects/{second}", headers=overseer())).json()
    assert len(project["meters"]) == 1
    wrong = csv_file("cq-1", "", "CQ-1", "CQ-1", header="meter_no")
    found = problems(await send(register, second, wrong, CSV, kind="meters"))
    assert list(found) == ["row:2,column:meter_no", "row:5,column:meter_no"]


def travel_project(author, **changes):
    body = pv_project(author, methodology_code="CQCM-903-V001", name="绿色出行", **changes)
    for name in ("meters", "baseline_grid", "baseline_factor_year", "capacity_kw", "latitude",
                 "longitude"):  # fmt: skip
        del body[name]
    return body


async def test_a_vehicle_is_in_one_fleet_and_no_plate_is_shown(register):
    first = await register.draft(travel_project(register.author, fleet_vehicles=["渝A12345"]))
    content = csv_file("渝AD12345", "渝B·88888", header="车牌号", encoding="gb18030")
    answer = await send(register, first, content, CSV, kind="vehicles")
    assert (answer.status_code, answer.json()["held"]) == (200, 3)
    shown = await register.api.get(f"/v1/projects/{first}", headers=overseer())
    assert shown.json()["fleet_size"] == 3
    versions = await register.api.get(f"/v1/projects/{first}/versions", headers=overseer())
    assert "渝A12345" not in shown.text + versions.text
    answer = await register.file(
        travel_project(register.author, fleet_vehicles=["渝C00001", "渝B88888"])
    )
    assert refusal(answer) == (409, "site-taken")
    assert answer.json()["errors"][0]["pointer"] == "/fleet_vehicles/1"
    second = await register.draft(travel_project(register.author))
    answer = await send(
        register, second, csv_file("渝A12345", "渝D", header="plate_no"), CSV, kind="vehicles"
    )
    assert list(problems(answer)) == ["row:3,column:plate_no"]
    assert (await register.recall(first)).status_code == 200
    freed = csv_file("渝A12345", "渝B88888", header="plate_no")
    assert (await send(register, second, freed, CSV, kind="vehicles")).json()["held"] == 2


async def test_a_kind_that_the_project_has_not_is_refused(register, draft):
    content = csv_file("CQ-1", header="meter_no")
    answer = await send(register, draft, content, CSV, kind="meters")
    assert refusal(answer) == (409, "import-kind-unfit")


async def test_only_the_owner_of_a_draft_imports(register, draft):
    content = collection(feature())
    stranger = await register_organisation(register.api, "owner")
    answer = await send(register, draft, content, crs="EPSG:4490", org=stranger)
    assert refusal(answer) == (403, "not-project-owner")
    answer = await send(register, str(new_id()), content, crs="EPSG:4490")
    assert refusal(answer) == (404, "project-not-found")
    assert (await register.notice(draft)).status_code == 200
    answer = await send(register, draft, content, crs="EPSG:4490")
    assert refusal(answer) == (409, "project-not-draft")


async def test_an_afforestation_project_is_drawn_before_its_notice(register):
    body = forest_project(register.author)
    [filed] = body["parcels"]
    outline = filed.pop("outline")
    project_id = await register.draft(body)
    answer = await register.notice(project_id)
    assert refusal(answer) == (409, "parcel-outline-missing")
    assert filed["parcel_no"] in answer.json()["detail"]
    steps = await register.api.get(f"/v1/projects/{project_id}/steps", headers=overseer())
    assert "1 个地块还没有边界" in steps.text
    row = {"type": "Feature", "geometry": outline["geometry"], "properties": filed}
    answer = await send(register, project_id, collection(row), crs=outline["crs"])
    assert (answer.status_code, answer.json()["held"]) == (200, 1)
    steps = await register.api.get(f"/v1/projects/{project_id}/steps", headers=overseer())
    assert "没有边界" not in steps.text
    assert (await register.notice(project_id)).status_code == 200


async def test_an_amendment_does_not_drop_what_was_imported_without_being_told(register):
    body = pv_project(register.author, meters=["CQ-M-1"])
    project_id = await register.draft(body)
    await send(register, project_id, csv_file("CQ-M-2", header="meter_no"), CSV, kind="meters")

    async def amend(version, **query):
        headers = caller("projects:write", org=register.owner) | {"If-Match": f'"{version}"'}
        return await register.api.put(
            f"/v1/projects/{project_id}", json=body, params=query, headers=headers
        )

    async def meters():
        project = (await register.api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
        return [meter["meter_no"] for meter in project["meters"]]

    assert refusal(await amend(1)) == (412, "project-version-changed")
    assert refusal(await amend(2)) == (409, "imports-would-be-lost")
    assert await meters() == ["CQ-M-1", "CQ-M-2"]
    assert (await amend(2, drop_imports=True)).status_code == 200
    assert await meters() == ["CQ-M-1"]
    assert (await amend(3)).status_code == 200


async def test_the_export_is_geojson_that_may_be_imported_again(register, draft):
    await send(register, draft, collection(feature(0), feature(1)), crs="EPSG:4326")
    exported = await register.api.get(f"/v1/projects/{draft}/parcels", headers=overseer())
    assert exported.headers["content-type"] == "application/geo+json"
    found = exported.json()
    assert found["type"] == "FeatureCollection"
    by_number = {f["properties"]["parcel_no"]: f for f in found["features"]}
    first = by_number["P-00000"]
    assert first["geometry"] == feature(0)["geometry"]
    assert first["properties"]["crs"] == "EPSG:4326"
    assert first["properties"]["is_wetland"] is False
    other = await register.draft(forest_project(register.author))
    answer = await register.recall(draft)
    assert answer.status_code == 200
    assert (await send(register, other, exported.content)).status_code == 200
    missing = await register.api.get(f"/v1/projects/{new_id()}/parcels", headers=overseer())
    assert refusal(missing) == (404, "project-not-found")


async def test_of_files_with_the_same_land_at_once_one_comes_in(register):
    drafts = [await register.draft(forest_project(register.author)) for _ in range(6)]
    answers = await asyncio.gather(
        *(
            send(
                register,
                project_id,
                collection(*(feature(i, parcel_no=f"D{turn}-{i}") for i in range(30))),
                crs="EPSG:4490",
            )
            for turn, project_id in enumerate(drafts)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    counts = [len(await held(register, project_id)) for project_id in drafts]
    assert sorted(counts) == [1] * 5 + [31]


async def test_the_same_file_twice_at_once_comes_in_once(register, draft):
    content = collection(*(feature(i) for i in range(20)))
    answers = await asyncio.gather(
        *(send(register, draft, content, crs="EPSG:4490") for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await held(register, draft)) == 21


async def test_a_parcel_filed_without_its_true_area_names_the_difference(register):
    made = drawn_parcel(area_m2="642000.00")
    answer = await register.file(
        forest_project(register.author, parcels=[made | {"area_m2": "660000.00"}])
    )
    assert refusal(answer) == (409, "project-not-eligible")
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/parcels/0/area_m2"
    assert "660000.00" in error["detail"]


async def test_wrong_outlines_of_a_filing_are_all_named_at_once(register):
    def outline(geometry, crs="EPSG:4490"):
        return drawn_parcel() | {"outline": {"geometry": geometry, "crs": crs}}

    answer = await register.file(
        forest_project(
            register.author,
            parcels=[
                outline(rectangle(29.5, 106.5, SIDE, SIDE)),
                drawn_parcel(),
                outline(rectangle(106.5, 29.5, SIDE, SIDE), "BD-09"),
            ],
        )
    )
    assert refusal(answer) == (422, "parcel-outline-invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/parcels/0/outline/geometry",
        "/parcels/2/outline/crs",
    ]


@pytest.mark.parametrize("depth", [4, 30, 240, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
async def test_coordinates_nested_too_deep_are_refused(register, depth, opening, closing):
    body = forest_project(register.author)
    body["parcels"][0]["outline"]["geometry"]["coordinates"] = "DEEP"
    content = json.dumps(body).replace('"DEEP"', f"[{opening * depth}1{closing * depth}]")
    answer = await register.api.post(
        "/v1/projects",
        content=content,
        headers=caller("projects:write", org=register.owner) | {"Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422), answer.text
