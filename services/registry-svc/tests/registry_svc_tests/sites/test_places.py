"""Where a project may lie, and that a meter is one meter under every spelling of its number."""

import asyncio

import pytest

from registry_svc.sites.rules import meter_key
from registry_svc_tests.factories import (
    Register,
    caller,
    drawn_parcel,
    forest_project,
    parcel,
    pv_project,
)
from registry_svc_tests.sites.shapes import gauss_krueger, rectangle, rectangle_m2

SIDE = 0.01


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def pointers(answer):
    return [error["pointer"] for error in answer.json()["errors"]]


async def own(register: Register, project_id: str):
    headers = caller(org=register.owner)
    return (await register.api.get(f"/v1/projects/{project_id}", headers=headers)).json()


def at(east: float, north: float, **changes):
    outline = {"geometry": rectangle(east, north, SIDE, SIDE), "crs": "EPSG:4490"}
    return parcel(area_m2=f"{rectangle_m2(north, SIDE, SIDE):.2f}", outline=outline, **changes)


@pytest.mark.parametrize(
    ("east", "north", "refused"),
    [
        (116.4, 39.9, True),  # Beijing
        (105.23, 28.11, False),
        (105.229, 29.5, True),
        (106.5, 28.109, True),
        (110.24, 32.26, False),
        (110.241, 30.0, True),
        (106.5, 32.261, True),
    ],
)
async def test_the_citys_parcels_lie_in_the_city(register: Register, east, north, refused):
    body = forest_project(register.author, parcels=[drawn_parcel(), at(east, north)])
    answer = await register.file(body)
    if refused:
        assert refusal(answer) == (422, "parcel-outline-invalid")
        assert pointers(answer) == ["/parcels/1/outline"]
        assert "105.23–110.25°E, 28.11–32.27°N" in answer.json()["errors"][0]["detail"]
    else:
        assert answer.status_code == 201, answer.text


async def test_another_provinces_project_lies_in_the_country(register: Register):
    beijing = {"latitude": "39.904200", "longitude": "116.407400"}
    body = pv_project(register.author, district_code="110101", **beijing)
    assert (await register.file(body)).status_code == 201
    abroad = await register.file(body | {"latitude": "53.570001", "meters": ["M-ABROAD"]})
    assert (refusal(abroad), pointers(abroad)) == ((409, "project-not-eligible"), ["/latitude"])
    here = await register.file(body | {"district_code": "500157"})
    assert refusal(here) == (409, "project-not-eligible")
    assert pointers(here) == ["/latitude", "/longitude"]
    assert all("重庆" in error["detail"] for error in here.json()["errors"])


async def test_a_file_of_outlines_elsewhere_is_refused_as_a_whole(register: Register):
    project_id = await register.draft(forest_project(register.author))
    features = []
    for index, east in enumerate((107.0, 116.4)):
        shown = at(east, 30.0, parcel_no=f"FILE-{index}")
        geometry = shown.pop("outline")["geometry"]
        features.append({"type": "Feature", "geometry": geometry, "properties": shown})
    answer = await register.api.post(
        f"/v1/projects/{project_id}/imports",
        params={"kind": "parcels", "crs": "EPSG:4490"},
        json={"type": "FeatureCollection", "features": features},
        headers=caller("projects:write", org=register.owner)
        | {"Content-Type": "application/geo+json"},
    )
    assert refusal(answer) == (422, "parcel-outline-invalid")
    [error] = answer.json()["errors"]
    assert error["pointer"].endswith("geometry")
    project = await own(register, project_id)
    assert len(project["parcels"]) == 1


async def bring_one(register: Register, shown, *, crs: str):
    project_id = await register.draft(forest_project(register.author))
    geometry = shown.pop("outline")["geometry"]
    feature = {"type": "Feature", "geometry": geometry, "properties": shown}
    return await register.api.post(
        f"/v1/projects/{project_id}/imports",
        params={"kind": "parcels", "crs": crs},
        json={"type": "FeatureCollection", "features": [feature]},
        headers=caller("projects:write", org=register.owner)
        | {"Content-Type": "application/geo+json"},
    )


@pytest.mark.parametrize(
    ("crs", "status"),
    [("EPSG:4545", 200), ("EPSG:4544", 422), ("EPSG:4547", 422)],  # 108°, 105° and 114° east
)
async def test_a_file_in_another_zone_than_it_says_lands_elsewhere(register: Register, crs, status):
    drawn = at(106.5, 29.5)
    [shell] = drawn["outline"]["geometry"]["coordinates"]
    shell[:] = [
        list(gauss_krueger(*position, meridian=108, false_east=500_000)) for position in shell
    ]
    answer = await bring_one(register, drawn, crs=crs)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert refusal(answer) == (422, "parcel-outline-invalid")


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
async def test_a_file_has_days_that_can_be_meant(register: Register, day):
    answer = await bring_one(register, at(106.5, 29.5, non_forest_since=day), crs="EPSG:4490")
    assert refusal(answer) == (422, "import-refused")
    [error] = answer.json()["errors"]
    assert error["pointer"].endswith("non_forest_since")
    assert "1900-01-01" in error["detail"]


@pytest.mark.parametrize("spelt", ["SPB1", "0SPB-1", "S-P-B-1", "00SPB1-"])
async def test_r7_a_meter_is_one_meter_under_every_spelling(register: Register, spelt):
    first = await register.draft(pv_project(register.author, meters=["SPB-1"]))
    answer = await register.file(pv_project(register.author, meters=["M-FREE", spelt]))
    assert (refusal(answer), pointers(answer)) == ((409, "site-taken"), ["/meters/1"])
    detail = answer.json()["errors"][0]["detail"]
    assert first in detail
    assert "SPB-1" in detail


async def test_other_numbers_are_other_meters(register: Register):
    await register.draft(pv_project(register.author, meters=["SPB-1"]))
    others = ["SPB-01", "SPB-10", "SPB-2", "SPC-1", "1"]
    assert (await register.file(pv_project(register.author, meters=others))).status_code == 201


async def test_r9_a_deregistered_meter_is_barred_under_every_spelling(register: Register):
    project_id = await register.registered(pv_project(register.author, meters=["000042"]))
    assert (await register.take(project_id, "deregistration")).status_code == 200
    answer = await register.file(pv_project(register.author, meters=["42"]))
    assert refusal(answer) == (409, "site-barred")
    assert project_id in str(answer.json()["errors"])


async def test_r7_of_spellings_that_come_at_once_one_is_filed(register: Register):
    spellings = [["AB-1", "CD-2"], ["CD2", "AB1"], ["0AB1", "C-D2"]]
    answers = await asyncio.gather(
        *(register.file(pv_project(register.author, meters=found)) for found in spellings * 4)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11


async def test_a_file_of_meters_names_the_one_that_another_project_holds(register: Register):
    holder = await register.draft(pv_project(register.author, meters=["SPB-1"]))
    project_id = await register.draft(pv_project(register.author, meters=["OWN-1"]))

    async def bring(content: str):
        return await register.api.post(
            f"/v1/projects/{project_id}/imports",
            params={"kind": "meters"},
            content=content,
            headers=caller("projects:write", org=register.owner) | {"Content-Type": "text/csv"},
        )

    taken = await bring("meter_no\nNEW-1\nSPB1\n")
    assert refusal(taken) == (409, "site-taken")
    assert holder in taken.json()["errors"][0]["detail"]
    twice = await bring("meter_no\nNEW-1\nNEW1\n")
    assert refusal(twice) == (409, "site-taken")
    assert project_id in twice.json()["errors"][0]["detail"]
    project = await own(register, project_id)
    assert project["meters"] == [{"meter_no": "OWN-1"}]


def test_a_key_is_what_the_spellings_share():
    assert {meter_key(found) for found in ("SPB-1", "SPB1", "0SPB-1", "spb-1", "S P B 1")} == {
        "SPB1"
    }
    assert meter_key("000000123456") == "123456"
    assert meter_key("10-0") == "100"
