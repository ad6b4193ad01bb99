"""Who may register and change organisations, and who makes a bureau one: two persons."""

import asyncio

import pytest

from registry_svc.organisations.seed import FOUNDING
from registry_svc.wiring import prepare
from registry_svc_tests.factories import (
    FOUNDER,
    approve,
    caller,
    officer,
    organisation,
    register_organisation,
)

PATH = "/v1/organisations"
POWERFUL = ("bureau", "operator", "validator_verifier")


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def propose(api, body, headers=None):
    body = body | {"reason": "主管部门公告"}
    return await api.post(f"{PATH}/appointments", json=body, headers=headers or officer(FOUNDER))


async def kinds_of(api, code):
    return (await api.get(f"{PATH}/{code}")).json()["kinds"]


@pytest.mark.parametrize("kind", POWERFUL)
async def test_one_hand_makes_nobody_a_bureau_operator_or_verification_body(api, kind):
    body = organisation(kinds=["owner", kind])
    made = await api.post(PATH, json=body, headers=officer(FOUNDER))
    assert refusal(made) == (409, "organisation-kinds-need-two-persons")
    assert made.json()["errors"][0]["pointer"] == "/kinds"
    code = await register_organisation(api, "owner")
    change = {"name": "改名", "kinds": ["owner", kind]}
    changed = await api.put(f"{PATH}/{code}", json=change, headers=officer(FOUNDER))
    assert refusal(changed) == (409, "organisation-kinds-need-two-persons")
    assert await kinds_of(api, code) == ["owner"]


@pytest.mark.parametrize("kind", POWERFUL)
async def test_two_officers_do_and_the_history_names_both(api, kind):
    body = organisation(kinds=[kind])
    code = body["organisation_code"]
    task = (await propose(api, body)).json()
    assert (await api.get(f"{PATH}/{code}")).status_code == 404
    own = await approve(api, task["task_id"], officer(FOUNDER))
    assert refusal(own) == (403, "task-own")
    assert (await approve(api, task["task_id"], officer(FOUNDER, "officer-b"))).status_code == 200
    assert await kinds_of(api, code) == [kind]
    [version] = (await api.get(f"{PATH}/{code}/history", headers=officer(FOUNDER))).json()["items"]
    assert (version["changed_by"], version["approved_by"]) == ("officer-a", "officer-b")


async def test_one_hand_takes_no_such_kind_away_either(api):
    code = await register_organisation(api, "operator", "owner")
    less = {"name": "改名", "kinds": ["owner"]}
    taken = await api.put(f"{PATH}/{code}", json=less, headers=officer(FOUNDER))
    assert refusal(taken) == (409, "organisation-kinds-need-two-persons")
    same = {"name": "只改名称", "kinds": ["operator", "owner", "merchant"]}
    changed = await api.put(f"{PATH}/{code}", json=same, headers=officer(FOUNDER))
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    task = (await propose(api, less | {"organisation_code": code})).json()
    assert (await approve(api, task["task_id"], officer(FOUNDER, "officer-b"))).status_code == 200
    assert await kinds_of(api, code) == ["owner"]


async def test_only_officers_register_and_change_whatever_their_token_says(api):
    owner = await register_organisation(api, "owner")
    change = {"name": "他人", "kinds": ["owner"]}
    for org in (owner, await register_organisation(api, "validator_verifier")):
        headers = caller("organisations:write", org=org)
        assert refusal(await api.post(PATH, json=organisation(), headers=headers)) == (
            409,
            "organisation-unfit",
        )
        headers = caller("organisations:write", org=org)
        changed = await api.put(f"{PATH}/{FOUNDER}", json=change, headers=headers)
        assert refusal(changed) == (409, "organisation-unfit")
        proposed = await propose(api, organisation(kinds=["bureau"]), officer(org))
        assert refusal(proposed) == (409, "organisation-unfit")
    nobody = caller("organisations:write")
    assert refusal(await api.post(PATH, json=organisation(), headers=nobody)) == (403, "forbidden")


async def test_an_approver_of_the_proposed_bureau_itself_is_refused(api):
    owner = await register_organisation(api, "owner")
    body = {"organisation_code": owner, "name": "自封主管", "kinds": ["bureau"]}
    task = (await propose(api, body)).json()
    own = await approve(api, task["task_id"], officer(owner, "officer-b"))
    assert refusal(own) == (409, "organisation-unfit")
    assert await kinds_of(api, owner) == ["owner"]


async def test_what_needs_no_second_person_is_not_proposed(api):
    assert refusal(await propose(api, organisation(kinds=["owner"]))) == (
        409,
        "organisation-appointment-not-needed",
    )
    bad = organisation(kinds=["bureau"], organisation_code="91500000MATHT0038B")
    assert refusal(await propose(api, bad)) == (422, "organisation-code-invalid")


async def test_the_first_bureau_is_there_from_the_start_and_once(api, container, events):
    await asyncio.gather(prepare(container), prepare(container))
    [version] = (await api.get(f"{PATH}/{FOUNDER}/history", headers=officer(FOUNDER))).json()[
        "items"
    ]
    assert (version["kinds"], version["changed_by"]) == (["bureau"], FOUNDING)
    assert len(await events(FOUNDER)) == 1
