import asyncio

import pytest
from sqlalchemy import text

from registry_svc_tests.factories import (
    Register,
    caller,
    forest_project,
    organisation_code,
    parcel,
    pv_project,
    register_organisation,
)


def pointers(answer):
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_a_project_is_filed_as_a_draft_and_its_owner_can_read_it(register, api):
    body = pv_project(register.author, meters=["CQ-M-2", "CQ-M-1"])
    filed = await register.file(body)
    assert filed.status_code == 201
    project = filed.json()
    assert filed.headers["location"] == f"/v1/projects/{project['project_id']}"
    assert project["status"] == "DRAFT"
    assert project["owner_code"] == register.owner
    assert (project["project_type"], project["scope_code"]) == ("distributed_pv", "01")
    assert project["is_local"] is True
    assert project["meters"] == [{"meter_no": "CQ-M-1"}, {"meter_no": "CQ-M-2"}]
    assert project["project_no"] is None
    assert project["history"] == []
    owner = caller(org=register.owner)
    assert (await api.get(filed.headers["location"], headers=owner)).json() == project


async def test_a_forest_project_keeps_its_parcels(register):
    filed = await register.file(forest_project(register.author, parcels=[parcel(parcel_no="A-1")]))
    assert filed.json()["parcels"] == [
        {
            "parcel_no": "A-1",
            "district_code": "500109",
            "area_m2": "642000.00",
            "land_use": "suitable_barren_land",
            "non_forest_since": "2010-01-01",
            "is_wetland": False,
            "computed_area_m2": None,
            "crs": None,
        }
    ]


async def test_a_project_outside_chongqing_is_not_local(register):
    filed = await register.file(pv_project(register.author, district_code="510107"))
    assert filed.json()["is_local"] is False


@pytest.mark.parametrize(
    ("construction_start", "status"),
    [("2012-11-08", 409), ("2012-11-09", 201), ("2012-11-07", 409)],
)
async def test_r1_construction_must_start_after_the_rules_day(register, construction_start, status):
    answer = await register.file(pv_project(register.author, construction_start=construction_start))
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["type"] == "/problems/project-not-eligible"
        assert pointers(answer) == ["/construction_start"]


@pytest.mark.parametrize(
    ("crediting_end", "status"),
    [
        ("2031-12-31", 201),  # ten years to the day
        ("2032-01-01", 409),
        ("2022-12-31", 201),
        ("2022-12-30", 409),
        ("2021-12-31", 409),  # before it starts
    ],
)
async def test_r8_renewables_claim_at_most_ten_years(register, crediting_end, status):
    answer = await register.file(pv_project(register.author, crediting_end=crediting_end))
    assert answer.status_code == status
    if status == 409:
        assert pointers(answer) == ["/crediting_end"]


@pytest.mark.parametrize(
    ("crediting_end", "status"),
    [("2041-03-10", 409), ("2041-03-11", 201), ("2061-03-11", 201), ("2061-03-12", 409)],
)
async def test_r8_afforestation_claims_twenty_to_forty_years(register, crediting_end, status):
    answer = await register.file(forest_project(register.author, crediting_end=crediting_end))
    assert answer.status_code == status
    if status == 409:
        assert pointers(answer) == ["/crediting_end"]


STARTED_2018 = {
    "construction_start": "2018-03-12",
    "operation_date": "2018-03-12",
    "crediting_start": "2018-03-12",
    "crediting_end": "2048-03-11",
}
LAST_OF_2019 = dict.fromkeys(
    ["construction_start", "operation_date", "crediting_start"], "2019-12-31"
)
FIRST_OF_2020 = dict.fromkeys(
    ["construction_start", "operation_date", "crediting_start"], "2020-01-01"
)


@pytest.mark.parametrize(
    ("project", "land", "refused"),
    [
        ({}, {"area_m2": "399"}, "area_m2"),
        ({}, {"area_m2": "399.99"}, "area_m2"),
        ({}, {"area_m2": "400"}, None),
        (STARTED_2018, {"area_m2": "650"}, "area_m2"),
        (STARTED_2018, {"area_m2": "666.99"}, "area_m2"),
        (STARTED_2018, {"area_m2": "667"}, None),
        (LAST_OF_2019 | {"crediting_end": "2049-12-30"}, {"area_m2": "400"}, "area_m2"),
        (FIRST_OF_2020 | {"crediting_end": "2049-12-31"}, {"area_m2": "400"}, None),
        ({}, {"is_wetland": True}, "is_wetland"),
        ({}, {"land_use": "economic_forest"}, "land_use"),
        ({}, {"land_use": "greening_land"}, "land_use"),
        ({}, {"non_forest_since": "2018-03-12"}, None),  # three years to the day
        ({}, {"non_forest_since": "2018-03-13"}, "non_forest_since"),
        ({}, {"non_forest_since": "2021-06-01"}, "non_forest_since"),
    ],
)
async def test_r19_a_parcel_must_be_large_dry_and_long_without_forest(
    register, project, land, refused
):
    body = forest_project(register.author, parcels=[parcel(), parcel(**land)], **project)
    answer = await register.file(body)
    if refused is None:
        assert answer.status_code == 201, answer.text
    else:
        assert answer.json()["type"] == "/problems/project-not-eligible"
        assert pointers(answer) == [f"/parcels/1/{refused}"]


async def test_every_failed_condition_is_named_at_once(register):
    wrong = parcel(area_m2="10", is_wetland=True, non_forest_since="2000-01-01")
    body = forest_project(
        register.author,
        construction_start="2012-11-08",
        parcels=[wrong],
        crediting_end="2031-01-01",
    )
    assert pointers(await register.file(body)) == [
        "/construction_start",
        "/crediting_end",
        "/parcels/0/area_m2",
        "/parcels/0/is_wetland",
    ]


@pytest.mark.parametrize(
    ("make", "changes", "expected"),
    [
        (pv_project, {"meters": []}, ["/meters"]),
        (pv_project, {"baseline_grid": None}, ["/baseline_grid"]),
        (pv_project, {"baseline_factor_year": None}, ["/baseline_factor_year"]),
        (pv_project, {"species": "马尾松"}, ["/species"]),
        (pv_project, {"parcels": [parcel()]}, ["/parcels"]),
        (pv_project, {"meters": ["M-1", "M-2", "M-1"]}, ["/meters/2"]),
        (pv_project, {"meters": ["SPB-1", "M-2", "SPB1"]}, ["/meters/2"]),
        (pv_project, {"operation_date": "2021-02-28"}, ["/operation_date"]),
        (pv_project, {"operation_date": "2022-01-02"}, ["/crediting_start"]),
        (forest_project, {"parcels": []}, ["/parcels"]),
        (forest_project, {"species": None}, ["/species"]),
        (forest_project, {"meters": ["M-1"]}, ["/meters"]),
        (
            forest_project,
            {"parcels": [parcel(parcel_no="P-1"), parcel(parcel_no="P-1")]},
            ["/parcels/1"],
        ),
    ],
)
async def test_each_type_declares_what_it_has(register, make, changes, expected):
    answer = await register.file(make(register.author, **changes))
    assert answer.status_code == 409
    assert pointers(answer) == expected


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"construction_start": "2021-02-29"}, "/construction_start"),
        ({"construction_start": "2021-03-01T00:00:00Z"}, "/construction_start"),
        ({"construction_start": 1614556800}, "/construction_start"),
        ({"construction_start": "0001-01-01"}, "/construction_start"),
        ({"construction_start": "1899-12-31"}, "/construction_start"),
        ({"operation_date": "2201-01-01"}, "/operation_date"),
        ({"crediting_start": "9980-01-01"}, "/crediting_start"),
        ({"crediting_start": "9999-12-31"}, "/crediting_start"),
        ({"crediting_end": "9999-12-31"}, "/crediting_end"),
        ({"parcels": [parcel(non_forest_since="9999-12-31")]}, "/parcels/0/non_forest_since"),
        ({"parcels": [parcel(non_forest_since="0001-01-01")]}, "/parcels/0/non_forest_since"),
        ({"district_code": "5001"}, "/district_code"),
        ({"meters": ["cq-m-1"]}, "/meters/0"),  # one device, one spelling
        ({"meters": [" CQ-M-1"]}, "/meters/0"),
        ({"unit_type": "VCU"}, "/unit_type"),
        ({"parcels": [parcel(area_m2=400.5)]}, "/parcels/0/area_m2"),
        ({"parcels": [parcel(area_m2="-1")]}, "/parcels/0/area_m2"),
        ({"parcels": [parcel(area_m2="1e3")]}, "/parcels/0/area_m2"),
        ({"parcels": [parcel(area_m2="NaN")]}, "/parcels/0/area_m2"),
        ({"parcels": [parcel(land_use="desert")]}, "/parcels/0/land_use"),
        ({"status": "REGISTERED"}, "/status"),
    ],
)
async def test_a_wrong_body_is_refused_naming_the_place(register, changes, pointer):
    answer = await register.file(pv_project(register.author, **changes))
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]


async def test_the_first_and_the_last_day_that_can_be_meant_are_taken_as_days(register):
    early = await register.file(pv_project(register.author, construction_start="1900-01-01"))
    assert (early.status_code, pointers(early)) == (409, ["/construction_start"])
    late = {"crediting_start": "2200-12-31", "crediting_end": "2200-12-31"}
    answer = await register.file(pv_project(register.author, **late))
    assert (answer.status_code, pointers(answer)) == (409, ["/crediting_end"])


async def test_a_unit_without_a_rule_is_refused(register):
    answer = await register.file(pv_project(register.author, unit_type="CCER"))
    assert answer.json()["type"] == "/problems/project-rule-missing"


async def test_a_methodology_must_be_in_force(register, database):
    async with database.write() as session:
        await session.execute(
            text("UPDATE methodologies SET valid_until = '2026-07-16' WHERE scope_code = '01'")
        )
    for code in ("CQCM-901-V001", "CQCM-001-V001"):
        answer = await register.file(pv_project(register.author, methodology_code=code))
        assert answer.json()["type"] == "/problems/methodology-not-in-force"
        assert pointers(answer) == ["/methodology_code"]


@pytest.mark.parametrize("kind", ["merchant", "validator_verifier", "bureau"])
async def test_only_an_owner_or_the_operator_files(register, api, kind):
    register.owner = await register_organisation(api, kind)
    assert (await register.file()).json()["type"] == "/problems/organisation-unfit"


async def test_the_operator_files(register, api):
    register.owner = await register_organisation(api, "operator")
    assert (await register.file()).status_code == 201


async def test_the_author_of_the_design_document_must_be_registered(register):
    answer = await register.file(pv_project(organisation_code()))
    assert answer.json()["type"] == "/problems/organisation-unfit"
    assert pointers(answer) == ["/pdd_author_code"]


async def test_a_suspended_owner_cannot_file(register, database):
    async with database.write() as session:
        statement = text("UPDATE organisations SET status = 'suspended' WHERE name <> ''")
        await session.execute(statement)
    assert (await register.file()).json()["type"] == "/problems/organisation-unfit"


async def test_a_credential_without_organisation_cannot_file(register, api):
    headers = caller("projects:write")
    answer = await api.post("/v1/projects", json=pv_project(register.author), headers=headers)
    assert answer.status_code == 403


async def test_r7_a_meter_is_in_one_project(register):
    first = await register.draft(pv_project(register.author, meters=["M-1", "M-2"]))
    answer = await register.file(pv_project(register.author, meters=["M-3", "M-2"]))
    assert answer.json()["type"] == "/problems/site-taken"
    assert pointers(answer) == ["/meters/1"]
    assert first in answer.json()["errors"][0]["detail"]
    # The refused one holds nothing: its other meter is free.
    assert (await register.file(pv_project(register.author, meters=["M-3"]))).status_code == 201


async def test_r7_a_parcel_number_is_unique_in_its_district(register):
    await register.draft(forest_project(register.author, parcels=[parcel(parcel_no="P-1")]))
    same = forest_project(register.author, parcels=[parcel(parcel_no="P-1")])
    answer = await register.file(same)
    assert (answer.json()["type"], pointers(answer)) == ("/problems/site-taken", ["/parcels/0"])
    assert (await register.file(same | {"district_code": "500157"})).status_code == 201


async def test_r7_of_projects_that_want_the_same_meters_at_once_one_is_filed(register):
    # Both orders of the same two meters: unsorted inserts would deadlock.
    answers = await asyncio.gather(
        *(
            register.file(pv_project(register.author, meters=meters))
            for meters in [["M-1", "M-2"], ["M-2", "M-1"]] * 10
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    refused = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert refused == {"/problems/site-taken"}


@pytest.mark.parametrize("ending", ["rejected by the validator", "refused by the bureau"])
async def test_a_rejected_project_gives_its_site_back(register: Register, ending):
    body = pv_project(register.author, meters=["M-1"])
    if ending == "refused by the bureau":
        project_id = await register.validated(body)
        answer = await register.decide(project_id, decision="refuse", reason="资料不实")
    else:
        project_id = await register.under_notice(body)
        register.after_notice()
        answer = await register.validate(project_id, conclusion="negative")
    assert answer.json()["status"] == "REJECTED"
    assert (await register.file(body)).status_code == 201
