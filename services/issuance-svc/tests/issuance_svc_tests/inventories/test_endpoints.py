"""Tree inventories from file to tonnes, through the API."""

from decimal import Decimal

import pytest

from issuance_svc_tests.factories import FOREST_ID, as_owner, caller, forest_project, problem

HEADER = "plot_no,stratum,stratum_area_ha,measured_on,tree_no,species,status,dbh_cm,height_m,plot_area_m2"
FIRST, LAST = "2021-01-01", "2025-12-31"


def listed(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def row(plot="P1", tree="1", day=FIRST, species="马尾松", status="live", dbh="12", height="8", area="600", stratum="S1", area_ha="100"):  # fmt: skip  # noqa: E501 - the columns of the file
    return f"{plot},{stratum},{area_ha},{day},{tree},{species},{status},{dbh},{height},{area}"


def two_plots() -> str:
    """Two plots of 600 m2 with ten trees each, from 12 cm to 20 cm in five years."""
    return listed(
        *(
            row(plot, str(number), day, dbh=dbh)
            for plot in ("P1", "P2")
            for day, dbh in ((FIRST, "12"), (LAST, "20"))
            for number in range(10)
        )
    )


@pytest.fixture
async def forest(desk, deliver):
    await deliver(forest_project())
    return desk


async def send(desk, content):
    return await desk.upload(content, project_id=FOREST_ID, kind="tree_inventory")


async def stored(desk, content) -> str:
    return await desk.uploaded(content, project_id=FOREST_ID, kind="tree_inventory")


async def test_from_a_tree_list_to_tonnes(forest):
    upload = await send(forest, two_plots())
    assert upload.status_code == 201, upload.text
    summary = upload.json()["summary"]
    assert (summary["plots"], summary["visits"], summary["rows_live"]) == (2, 4, 40)
    report = await forest.reported(
        project_id=FOREST_ID,
        period_start=FIRST,
        period_end=LAST,
        upload_ids=[upload.json()["upload_id"]],
    )
    # 0.3 * 0.38 * D^(7/3) kg a tree, 166.67 trees/ha, roots 0.187, CF 0.46, 100 ha, K_RISK 0.1
    grown = (Decimal(20) ** 7) ** (Decimal(1) / 3) - (Decimal(12) ** 7) ** (Decimal(1) / 3)
    biomass = Decimal("0.3") * Decimal("0.38") * grown * 10 * 10000 / 600 / 1000
    expected = biomass * Decimal("1.187") * Decimal("0.46") * 44 / 12 * 100 * Decimal("0.9")
    assert abs(Decimal(report["calculated"]) - expected) < Decimal("1e-18")
    assert report["formula_version"] == "2"


async def test_what_is_odd_is_named_row_by_row_and_counted(forest, api):
    content = listed(
        row(tree="1"), row(tree="2"), row(tree="3"), row(tree="4", height=""),
        row(plot="P2", tree="1"),
        row(tree="1", day=LAST, dbh="11.5"), row(tree="2", day=LAST, species="杉木", dbh="14"),
        row(tree="3", day=LAST, status="dead", dbh=""),
        row(plot="P2", tree="-", day=LAST, species="-", status="empty", dbh="", height=""),
    )  # fmt: skip
    upload = (await send(forest, content)).json()
    counted = {
        name: count for name, count in upload["summary"].items() if name.startswith("remarks")
    }
    assert counted == {
        "remarks": 6,
        "remarks_dies": 1,
        "remarks_height-missing": 1,
        "remarks_not-found-again": 2,
        "remarks_shrinks": 1,
        "remarks_species-changes": 1,
    }
    path = f"/v1/uploads/{upload['upload_id']}/remarks"
    shown = (await api.get(path, headers=as_owner())).json()["items"]
    assert [
        (found["row"], found["code"], found["plot_no"], found["tree_no"]) for found in shown
    ] == [
        (5, "height-missing", "P1", "4"),
        (5, "not-found-again", "P1", "4"),
        (6, "not-found-again", "P2", "1"),
        (7, "shrinks", "P1", "1"),
        (8, "species-changes", "P1", "2"),
        (9, "dies", "P1", "3"),
    ]
    assert "11.5" in shown[3]["text"]["zh"]
    only = await api.get(path, params={"code": "dies"}, headers=as_owner())
    assert [found["row"] for found in only.json()["items"]] == [9]
    pages = await api.get(path, params={"limit": 4}, headers=as_owner())
    rest = await api.get(
        path, params={"limit": 4, "cursor": pages.json()["next_cursor"]}, headers=as_owner()
    )
    assert [*pages.json()["items"], *rest.json()["items"]] == shown
    stands = f"/v1/uploads/{upload['upload_id']}/stands"
    first = (await api.get(stands, params={"limit": 2}, headers=as_owner())).json()
    second = await api.get(
        stands, params={"limit": 9, "cursor": first["next_cursor"]}, headers=as_owner()
    )
    found = [*first["items"], *second.json()["items"]]
    assert [
        (each["plot_no"], each["measured_on"], each["species"], each["trees"]) for each in found
    ] == [
        ("P1", FIRST, "马尾松", 4),
        ("P1", LAST, "杉木", 1),
        ("P1", LAST, "马尾松", 1),
        ("P2", FIRST, "马尾松", 1),
        ("P2", LAST, None, 0),
    ]
    stranger = caller("reports:write", org="91500000MATHT00540")
    for each in (path, stands):
        assert (await api.get(each, headers=stranger)).status_code == 403


SITES = "site," + HEADER + ",trees_per_ha,agb_kg"


async def test_plot_numbers_that_repeat_across_counties_are_told_apart_by_site(forest, api):
    same = listed(row(), row(stratum="S2"))
    refused = await send(forest, same)
    assert problem(refused) == "upload-rows-refused"
    told = {error["pointer"]: error["detail"] for error in refused.json()["errors"]}
    assert "site" in told["row:3,column:plot_no"]
    apart = listed(f"巴南,{row()},,", f"江津,{row(stratum='S2')},,", header=SITES)
    upload = await stored(forest, apart)
    found = await api.get(f"/v1/uploads/{upload}/stands", headers=as_owner())
    assert [each["plot_no"] for each in found.json()["items"]] == ["巴南/P1", "江津/P1"]


@pytest.mark.parametrize(
    ("rows", "pointers"),
    [
        ([row(), row()], {"row:3,column:tree_no"}),
        ([row(dbh="")], {"row:2,column:dbh_cm"}),
        ([row(dbh="0")], {"row:2,column:dbh_cm"}),
        ([row(dbh="501")], {"row:2,column:dbh_cm"}),
        ([row(status="alive")], {"row:2,column:status"}),
        ([row(area="")], {"row:2,column:plot_area_m2"}),
        ([row(), row(tree="2", area="500")], {"row:3,column:plot_area_m2"}),
        ([row(), row(plot="P2", area_ha="90")], {"row:3,column:stratum_area_ha"}),
        ([row(area_ha="0")], {"row:2,column:stratum_area_ha"}),
        ([row(), row(tree="-", status="empty", dbh="")], {"row:3,column:status"}),
        ([row(day="2021-02-30")], {"row:2,column:measured_on"}),
        ([row(tree="", species="")], {"row:2,column:tree_no", "row:2,column:species"}),
        ([row(height="十")], {"row:2,column:height_m"}),
    ],
)
async def test_what_is_wrong_is_refused_with_row_and_column(forest, rows, pointers, count_rows):
    answer = await send(forest, listed(*rows))
    assert problem(answer) == "upload-rows-refused", answer.text
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    assert await count_rows("tree_measurements") == await count_rows("stands") == 0


async def test_a_measured_biomass_stands_for_the_diameter(forest, api):
    header = HEADER + ",trees_per_ha,agb_kg"
    upload = await stored(forest, listed(f"{row(dbh='', area='')},25,40", header=header))
    found = (await api.get(f"/v1/uploads/{upload}/stands", headers=as_owner())).json()["items"][0]
    assert (found["basis"], found["agb_t_per_ha"], found["plot_area_m2"]) == ("measured", "1", "1")


async def test_chinese_headings_and_states_are_understood(forest, api):
    header = "样地号,层,层面积(ha),调查日期,树号,树种,状态,胸径(cm),树高(m),样地面积(m2)"
    rows = [row(status="存活"), row(tree="2", status="采伐", dbh="")]
    upload = await stored(forest, listed(*rows, header=header))
    found = (await api.get(f"/v1/uploads/{upload}", headers=as_owner())).json()
    assert (found["summary"]["rows_live"], found["summary"]["rows_removed"]) == (1, 1)


async def test_one_visit_in_two_files_is_refused_by_name(forest):
    both = [await stored(forest, two_plots()), await stored(forest, listed(row(tree="99")))]
    answer = await forest.report(
        project_id=FOREST_ID, period_start=FIRST, period_end=LAST, upload_ids=both
    )
    assert (answer.status_code, problem(answer)) == (409, "activity-data-contradict")
    assert "P1 2021-01-01" in answer.json()["detail"]
