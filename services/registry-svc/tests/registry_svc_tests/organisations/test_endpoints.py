import asyncio

import pytest

from registry_svc_tests.factories import (
    FOUNDER,
    caller,
    organisation,
    organisation_code,
    register_organisation,
)
from tht_contracts.events.registry import OrganisationRegistered

PATH = "/v1/organisations"


def writer():
    return caller("organisations:write", org=FOUNDER, subject="officer-a")


async def test_an_organisation_is_registered_and_anyone_can_read_it(api, clock, events):
    body = organisation(kinds=["owner", "controlled_enterprise"])
    made = await api.post(PATH, json=body, headers=writer())
    assert made.status_code == 201
    assert made.headers["location"] == f"{PATH}/{body['organisation_code']}"
    assert made.json() == {
        "organisation_code": body["organisation_code"],
        "account_subject": body["organisation_code"][8:17],
        "former_codes": [],
        "name": "渝光分布式能源有限公司",
        "kinds": ["controlled_enterprise", "owner"],
        "status": "active",
        "status_reason": None,
        "banned_until": None,
        "code_warnings": [],
        "code_override_reason": None,
        "version": 1,
        "registered_at": clock.now().isoformat().replace("+00:00", "Z"),
    }
    got = await api.get(made.headers["location"])
    assert (got.status_code, got.json()) == (200, made.json())
    assert await events(body["organisation_code"]) == [
        OrganisationRegistered(
            organisation_code=body["organisation_code"],
            name="渝光分布式能源有限公司",
            kinds=["controlled_enterprise", "owner"],
            status="active",
            version=1,
            account_subject=body["organisation_code"][8:17],
        )
    ]


async def test_a_code_is_registered_once(api, events):
    body = organisation()
    first = await api.post(PATH, json=body, headers=writer())
    second = await api.post(PATH, json=body | {"name": "另一家"}, headers=writer())
    assert (first.status_code, second.status_code) == (201, 409)
    assert second.json()["type"] == "/problems/organisation-exists"
    assert len(await events(body["organisation_code"])) == 1


async def test_twenty_registrations_of_one_code_at_once_make_one_organisation(api, events):
    body = organisation()
    answers = await asyncio.gather(
        *(api.post(PATH, json=body, headers=writer()) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert len(await events(body["organisation_code"])) == 1


async def test_the_same_key_again_gets_the_first_answer_and_one_event(api, events):
    body, headers = organisation(), writer()
    first = await api.post(PATH, json=body, headers=headers)
    again = await api.post(PATH, json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert len(await events(body["organisation_code"])) == 1


@pytest.mark.parametrize(
    ("language", "says"),
    [("zh-CN,zh;q=0.9", "第 18 位应为 A，实为 B"), ("en", "position 18 should be A, not B")],
)
async def test_a_wrong_code_is_refused_in_the_readers_language(api, language, says):
    body = organisation(organisation_code="91500000MATHT0038B")
    answer = await api.post(PATH, json=body, headers=writer() | {"Accept-Language": language})
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "/problems/organisation-code-invalid")
    assert says in problem["detail"]
    assert problem["errors"][0]["pointer"] == "/organisation_code"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "   "}, "/name"),
        ({"name": "渝" * 201}, "/name"),
        ({"name": "渝\x00光"}, "/name"),
        ({"kinds": []}, "/kinds"),
        ({"kinds": ["owner", "bank"]}, "/kinds/1"),
        ({"organisation_code": 915}, "/organisation_code"),
        ({"organisation_code": "9" * 65}, "/organisation_code"),
        ({"colour": "green"}, "/colour"),
    ],
)
async def test_a_wrong_body_is_refused_naming_the_place(api, change, pointer):
    answer = await api.post(PATH, json=organisation(**change), headers=writer())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_registering_needs_the_scope(api):
    answer = await api.post(PATH, json=organisation(), headers=caller("projects:write"))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


async def test_an_unknown_organisation_is_not_found(api):
    answer = await api.get(f"{PATH}/{organisation_code()}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/organisation-not-found")


async def test_pages_show_every_organisation_of_a_kind_once(api):
    made = {await register_organisation(api, "merchant") for _ in range(5)}
    seen, cursor = [], ""
    while cursor is not None:
        query = {"kind": "merchant", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(PATH, params=query)).json()
        assert len(page["items"]) <= 2
        seen += [item["organisation_code"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(set(seen))
    assert made <= set(seen)


async def test_a_cursor_fits_its_own_filter_only(api):
    for _ in range(2):
        await register_organisation(api, "bureau", "operator")
    page = (await api.get(PATH, params={"kind": "bureau", "limit": 1})).json()
    cursor = page["next_cursor"]
    answer = await api.get(PATH, params={"kind": "operator", "limit": 1, "cursor": cursor})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/cursor-invalid")


async def test_a_change_is_the_next_version_and_told_once(api, events):
    body = organisation()
    path = f"{PATH}/{body['organisation_code']}"
    await api.post(PATH, json=body, headers=writer())
    change = {"name": "渝光能源集团", "kinds": ["owner", "controlled_enterprise"]}
    for _ in range(2):
        changed = await api.put(path, json=change, headers=writer())
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert (await api.get(path)).json() == changed.json()
    told = await events(body["organisation_code"])
    assert [(event.version, event.name) for event in told] == [
        (1, "渝光分布式能源有限公司"),
        (2, "渝光能源集团"),
    ]


async def test_changes_at_once_make_one_version_each(api, events):
    code = await register_organisation(api, "owner")
    bodies = [{"name": f"第 {number} 版", "kinds": ["owner"]} for number in range(8)]
    answers = await asyncio.gather(
        *(api.put(f"{PATH}/{code}", json=body, headers=writer()) for body in bodies)
    )
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 10))
    assert [event.version for event in await events(code)] == list(range(1, 10))


async def test_an_unknown_organisation_cannot_be_changed(api):
    change = {"name": "无", "kinds": ["owner"]}
    answer = await api.put(f"{PATH}/{organisation_code()}", json=change, headers=writer())
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/organisation-not-found")


async def test_lists_are_filtered_by_a_part_of_the_name_and_take_no_wildcards(api):
    for name in ("渝北100%绿电", "渝中_Solar Ltd", "山城林业"):
        await api.post(PATH, json=organisation(name=name), headers=writer())
    for query, expected in (
        ("渝", ["渝北100%绿电", "渝中_Solar Ltd"]),
        ("SOLAR", ["渝中_Solar Ltd"]),
        ("%", ["渝北100%绿电"]),
        ("_", ["渝中_Solar Ltd"]),
        ("海", []),
    ):
        page = (await api.get(PATH, params={"name": query, "status": "active"})).json()
        assert sorted(item["name"] for item in page["items"]) == sorted(expected), query
    stopped = (await api.get(PATH, params={"status": "suspended"})).json()
    assert stopped["items"] == []
