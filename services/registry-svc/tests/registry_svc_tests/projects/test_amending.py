"""Amending a draft: by version, everything kept; and what a project declares of itself."""

import asyncio
from datetime import date

import pytest
from sqlalchemy import text

from registry_svc_tests.factories import (
    Register,
    caller,
    forest_project,
    overseer,
    pv_project,
    register_organisation,
)
from tht_contracts.events.registry import ProjectRegistered
from tht_kit.clock import legal_midnight
from tht_kit.ids import new_id


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def pointers(answer):
    return [error["pointer"] for error in answer.json()["errors"]]


async def amend(register: Register, project_id: str, body, *, match='"1"', org=None):
    headers = caller("projects:write", org=org or register.owner)
    headers |= {} if match is None else {"If-Match": match}
    return await register.api.put(f"/v1/projects/{project_id}", json=body, headers=headers)


async def test_a_draft_is_amended_and_every_version_is_kept(register: Register, api):
    body = pv_project(register.author, meters=["CQ-M-OLD", "CQ-M-KEPT"])
    filed = await register.file(body)
    project_id = filed.json()["project_id"]
    assert filed.headers["etag"] == '"1"'
    new = body | {"name": "更名后的项目", "meters": ["CQ-M-KEPT", "CQ-M-NEW"], "capacity_kw": "120"}
    amended = await amend(register, project_id, new)
    assert (amended.status_code, amended.headers["etag"]) == (200, '"2"')
    assert amended.json()["name"] == "更名后的项目"
    assert [meter["meter_no"] for meter in amended.json()["meters"]] == ["CQ-M-KEPT", "CQ-M-NEW"]
    read = await api.get(f"/v1/projects/{project_id}", headers=overseer())
    assert (read.headers["etag"], read.json()) == ('"2"', amended.json())
    versions = (await api.get(f"/v1/projects/{project_id}/versions", headers=overseer())).json()[
        "items"
    ]
    assert [version["version"] for version in versions] == [1, 2]
    assert [version["declared"]["name"] for version in versions] == [body["name"], new["name"]]
    assert versions[0]["declared"]["meters"] == ["CQ-M-OLD", "CQ-M-KEPT"]
    # The meter that was given up is free, the others are held.
    register.owner = await register_organisation(api, "owner")
    assert (
        await register.file(pv_project(register.author, meters=["CQ-M-OLD"]))
    ).status_code == 201
    taken = await register.file(pv_project(register.author, meters=["CQ-M-NEW"]))
    assert refusal(taken) == (409, "site-taken")


async def test_an_amended_project_takes_its_steps_on(register: Register):
    project_id = await register.draft()
    await amend(register, project_id, pv_project(register.author))
    noticed = (await register.notice(project_id)).json()
    assert (noticed["status"], noticed["version"]) == ("NOTICE", 3)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (None, (428, "project-version-missing")),
        ('"2"', (412, "project-version-changed")),
        ('"0"', (412, "project-version-changed")),
        ("*", (412, "project-version-changed")),
        ('W/"1"', (412, "project-version-changed")),
        ("x", (412, "project-version-changed")),
    ],
)
async def test_an_amendment_names_the_version_it_is_based_on(register: Register, match, expected):
    project_id = await register.draft()
    answer = await amend(register, project_id, pv_project(register.author), match=match)
    assert refusal(answer) == expected
    assert answer.json()["errors"][0]["pointer"] == "header:If-Match"


async def test_of_two_amendments_of_one_version_one_is_taken(register: Register):
    project_id = await register.draft()
    answers = await asyncio.gather(
        *(
            amend(register, project_id, pv_project(register.author, name=f"版本 {number}"))
            for number in range(5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 4


async def test_only_the_owner_amends_and_only_a_draft(register: Register):
    project_id = await register.draft()
    body = pv_project(register.author)
    assert refusal(await amend(register, project_id, body, org=register.author)) == (
        403,
        "not-project-owner",
    )
    await register.notice(project_id)
    assert refusal(await amend(register, project_id, body, match='"2"')) == (
        409,
        "project-not-draft",
    )
    assert refusal(await amend(register, str(new_id()), body)) == (404, "project-not-found")
    unknown = await register.api.get(f"/v1/projects/{new_id()}/versions", headers=overseer())
    assert refusal(unknown) == (404, "project-not-found")


async def test_a_refused_amendment_leaves_the_draft_and_its_site(register: Register, api):
    body = pv_project(register.author, meters=["CQ-M-MINE"])
    project_id = await register.draft(body)
    other = await register.draft(pv_project(register.author, meters=["CQ-M-THEIRS"]))
    before = (await api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
    taken = await amend(register, project_id, body | {"meters": ["CQ-M-FREE", "CQ-M-THEIRS"]})
    assert (refusal(taken), pointers(taken)) == ((409, "site-taken"), ["/meters/1"])
    assert other in taken.json()["errors"][0]["detail"]
    late = await amend(register, project_id, body | {"construction_start": "2012-11-08"})
    assert refusal(late) == (409, "project-not-eligible")
    assert (await api.get(f"/v1/projects/{project_id}", headers=overseer())).json() == before
    assert refusal(await register.file(body)) == (409, "site-taken")
    assert (
        await register.file(pv_project(register.author, meters=["CQ-M-FREE"]))
    ).status_code == 201


async def test_a_draft_may_become_another_kind_of_project(register: Register):
    project_id = await register.draft()
    amended = await amend(register, project_id, forest_project(register.author))
    project = amended.json()
    assert (project["project_type"], project["capacity_kw"], project["pv_mode"]) == (
        "afforestation",
        None,
        None,
    )
    assert project["meters"] == []
    assert len(project["parcels"]) == 1


PLACES = [
    # field, value, refused
    ("latitude", "29.563010", False),
    ("latitude", "29.56301", True),  # five decimals
    ("latitude", "29", True),
    ("latitude", "28.110000", False),
    ("latitude", "28.109999", True),
    ("latitude", "32.270000", False),
    ("latitude", "32.270001", True),
    ("latitude", "-29.563010", True),
    ("latitude", "39.904200", True),  # Beijing's
    ("longitude", "105.230000", False),
    ("longitude", "105.229999", True),
    ("longitude", "110.250000", False),
    ("longitude", "110.250001", True),
    ("longitude", "-106.551557", True),
    ("longitude", "106.551557123", False),
]


@pytest.mark.parametrize(("field", "value", "refused"), PLACES)
async def test_a_place_has_six_decimals_and_lies_in_the_city(
    register: Register, field, value, refused
):
    answer = await register.file(pv_project(register.author, **{field: value}))
    if refused:
        assert refusal(answer) == (409, "project-not-eligible")
        assert set(pointers(answer)) == {f"/{field}"}
    else:
        assert answer.json()[field] == value


@pytest.mark.parametrize(
    ("make", "changes", "expected"),
    [
        (pv_project, {"capacity_kw": None}, ["/capacity_kw"]),
        (pv_project, {"latitude": None}, ["/latitude"]),
        (pv_project, {"latitude": None, "longitude": None}, ["/latitude", "/longitude"]),
        (pv_project, {"green_certificate_claim": True}, ["/green_certificate_claim"]),
        (forest_project, {"capacity_kw": "98.5"}, ["/capacity_kw"]),
        (forest_project, {"pv_mode": "own_use"}, ["/pv_mode"]),
        (forest_project, {"latitude": "29.563010"}, ["/longitude"]),
        (forest_project, {"green_certificate_claim": True}, ["/green_certificate_claim"]),
    ],
)
async def test_each_type_declares_what_it_is(register: Register, make, changes, expected):
    answer = await register.file(make(register.author, **changes))
    assert refusal(answer) == (409, "project-not-eligible")
    assert pointers(answer) == expected


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"capacity_kw": "0"}, "/capacity_kw"),
        ({"capacity_kw": "-1"}, "/capacity_kw"),
        ({"capacity_kw": "1.2345"}, "/capacity_kw"),
        ({"capacity_kw": 98.5}, "/capacity_kw"),
        ({"latitude": 29.56301}, "/latitude"),
        ({"latitude": "NaN"}, "/latitude"),
        ({"latitude": "2.9e1"}, "/latitude"),
        ({"pv_mode": "both"}, "/pv_mode"),
        ({"green_certificate_claim": "no"}, "/green_certificate_claim"),
    ],
)
async def test_a_wrong_declaration_is_refused_naming_the_place(register, changes, pointer):
    answer = await register.file(pv_project(register.author, **changes))
    assert (answer.status_code, pointers(answer)) == (422, [pointer])


async def test_a_photovoltaic_project_feeds_the_grid_unless_it_says_otherwise(
    register: Register, events
):
    place = {"latitude": "29.563010", "longitude": "106.551557"}
    for stated, mode in [({}, "grid_connected"), ({"pv_mode": "own_use"}, "own_use")]:
        changes = stated | place
        register.clock.set(legal_midnight(date(2026, 7, 17)))
        project_id = await register.registered(pv_project(register.author, **changes))
        [event] = [found for found in await events(project_id) if type(found) is ProjectRegistered]
        assert (event.pv_mode, event.capacity_kw, event.latitude, event.longitude) == (
            mode,
            "98.500",
            "29.563010",
            "106.551557",
        )


async def test_a_forest_says_where_it_is_if_it_likes(register: Register, events):
    place = {"latitude": "29.830000", "longitude": "106.390000"}
    project_id = await register.registered(forest_project(register.author, **place))
    [event] = [found for found in await events(project_id) if type(found) is ProjectRegistered]
    assert (event.latitude, event.longitude, event.pv_mode, event.capacity_kw) == (
        "29.830000",
        "106.390000",
        None,
        None,
    )


async def test_a_methodologys_own_rules_are_asked_when_a_project_is_filed(register: Register):
    too_large = await register.file(pv_project(register.author, capacity_kw="999999"))
    assert (refusal(too_large), pointers(too_large)) == (
        (409, "project-not-eligible"),
        ["/capacity_kw"],
    )
    orchard = await register.file(forest_project(register.author, species="柑橘"))
    assert (refusal(orchard), pointers(orchard)) == ((409, "project-not-eligible"), ["/species"])
    # Also when it is amended, together with what the platform asks itself.
    project_id = await register.draft()
    worse = pv_project(register.author, capacity_kw="999999", construction_start="2012-11-08")
    answer = await amend(register, project_id, worse)
    assert pointers(answer) == ["/construction_start", "/capacity_kw"]


@pytest.mark.parametrize(
    ("code", "non_permanence"),
    [("CQCM-902-V001", "deduction"), ("CQCM-904-V001", "buffer")],
)
async def test_the_event_says_how_the_methodology_covers_a_reversal(
    register: Register, events, code, non_permanence
):
    project_id = await register.registered(forest_project(register.author, methodology_code=code))
    [event] = [found for found in await events(project_id) if type(found) is ProjectRegistered]
    assert (event.non_permanence, event.third_party_required) == (non_permanence, True)


async def test_the_event_says_where_no_third_party_is_needed(register: Register, events, database):
    project_id = await register.validated()
    async with database.write() as session:
        await session.execute(text("UPDATE methodologies SET third_party_required = false"))
    await register.decide(project_id)
    [event] = [found for found in await events(project_id) if type(found) is ProjectRegistered]
    assert (event.non_permanence, event.third_party_required) == ("none", False)


async def test_of_an_amendment_and_a_notice_at_once_the_public_sees_one_declaration(
    register: Register, api
):
    for _ in range(4):
        project_id = await register.draft()
        amended, noticed = await asyncio.gather(
            amend(register, project_id, pv_project(register.author, name="改后的项目")),
            register.notice(project_id),
        )
        assert noticed.status_code == 200
        project = (await api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
        assert project["status"] == "NOTICE"
        if amended.status_code == 200:
            assert (project["name"], project["version"]) == ("改后的项目", 3)
        else:
            assert refusal(amended) == (409, "project-not-draft")
            assert project["version"] == 2
        versions = (
            await api.get(f"/v1/projects/{project_id}/versions", headers=overseer())
        ).json()["items"]
        assert versions[-1]["declared"]["name"] == project["name"]
