"""District codes and the days they are in force."""

import pytest

from registry_svc.districts.service import CHONGQING
from registry_svc_tests.factories import caller, pv_project, register_organisation

# The tests' first day is 2026-07-17.


async def file(register, code: str):
    return await register.file(pv_project(register.author, district_code=code))


@pytest.mark.parametrize(
    ("code", "status", "named"),
    [
        ("500157", 201, ""),  # 两江新区, since 2025-11-06
        ("500109", 201, ""),
        ("500242", 201, ""),
        ("500112", 422, "500157"),  # 渝北区, until then: its successors are named
        ("500105", 422, "2025-11-05"),
        ("500227", 422, "500120"),  # 璧山县, a district since 2014
        ("500199", 422, "no such code"),
        ("500000", 422, "no such code"),
        ("510104", 201, ""),  # Chengdu: other provinces are not listed
        ("160101", 422, "no province"),
        ("000000", 422, "no province"),
    ],
)
async def test_a_project_names_a_district_of_its_day(register, code, status, named):
    answer = await file(register, code)
    assert answer.status_code == status, answer.text
    if status == 422:
        problem = answer.json()
        assert problem["type"].endswith("district-not-in-force")
        assert problem["errors"][0]["pointer"] == "/district_code"
        english = (
            await register.api.post(
                "/v1/projects",
                json=pv_project(register.author, district_code=code),
                headers=caller("projects:write", org=register.owner) | {"Accept-Language": "en"},
            )
        ).json()
        assert named in english["detail"]
    else:
        assert answer.json()["is_local"] is code.startswith(CHONGQING)


async def test_the_list_of_a_day(api):
    async def codes(on: str) -> set[str]:
        listed = await api.get(f"/v1/districts?on={on}&limit=200")
        return {row["district_code"] for row in listed.json()["items"]}

    today, before = await codes("2026-07-17"), await codes("2025-11-05")
    # 25 区, 8 县 and 4 自治县 after the change (the city's press conference), 26 区 before it.
    assert len(today) == 37
    assert len(before) == 38
    assert today - before == {"500157"}
    assert before - today == {"500105", "500112"}
    assert len(await codes("2012-01-01")) == 38


async def test_the_bureau_enters_a_change_as_the_next_version(api):
    bureau = await register_organisation(api, "bureau")
    body: dict[str, object] = {
        "name": "示范区",
        "valid_from": "2026-01-01",
        "valid_until": None,
        "successor_codes": [],
        "source": "民政部公告",
    }
    put = caller("districts:write", org=bureau)
    first = await api.put("/v1/districts/500158", json=body, headers=put)
    assert (first.status_code, first.json()["version"]) == (200, 1)
    ended = body | {"valid_until": "2026-06-30", "successor_codes": ["500157"]}
    second = await api.put("/v1/districts/500158", json=ended, headers=put)
    assert (second.json()["version"], second.json()["valid_until"]) == (2, "2026-06-30")
    assert (await api.get("/v1/districts/500158")).json() == second.json()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"valid_until": "2025-12-31"}, "/valid_until"),
        ({"successor_codes": ["500157"]}, "/successor_codes"),
        ({"successor_codes": ["50015"]}, "/successor_codes/0"),
        ({"name": ""}, "/name"),
        ({"valid_from": "2026-02-30"}, "/valid_from"),
    ],
)
async def test_a_wrong_change_changes_nothing(api, changes, pointer):
    bureau = await register_organisation(api, "bureau")
    body = {"name": "示范区", "valid_from": "2026-01-01", "source": "民政部公告"} | changes
    answer = await api.put(
        "/v1/districts/500158", json=body, headers=caller("districts:write", org=bureau)
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await api.get("/v1/districts/500158")).status_code == 404


async def test_only_the_bureau_changes_districts(api):
    owner = await register_organisation(api, "owner")
    body = {"name": "示范区", "valid_from": "2026-01-01", "source": "民政部公告"}
    for scope, status in (("districts:write", 409), ("projects:write", 403)):
        headers = caller(scope, org=owner)
        answer = await api.put("/v1/districts/500158", json=body, headers=headers)
        assert answer.status_code == status
    assert (await api.put("/v1/districts/500158", json=body)).status_code == 401
