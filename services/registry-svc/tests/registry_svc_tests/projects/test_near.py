"""Two solar projects on one roof: barred beside a deregistered one, shown beside any other."""

import pytest

from registry_svc_tests.factories import Register, caller, pv_project

EAST = "106.551557"
# By hand: a degree of the meridian at 29.563° is 110,850 m, so 25 m are 0.0002255 degrees.
HERE, NEAR, FAR = "29.563010", "29.563234", "29.563237"


def at(author: str, latitude: str, longitude: str = EAST):
    return pv_project(author, latitude=latitude, longitude=longitude)


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest.mark.parametrize(
    ("latitude", "longitude", "barred"),
    [
        (HERE, EAST, True),
        (NEAR, EAST, True),
        (FAR, EAST, False),
        # 25 m along the parallel at 29.563° are 0.000258 degrees (96,915 m to the degree).
        (HERE, "106.551814", True),
        (HERE, "106.551817", False),
    ],
)
async def test_r9_the_roof_of_a_deregistered_project_is_barred(
    register: Register, latitude, longitude, barred
):
    gone = await register.registered(at(register.author, HERE))
    assert (await register.take(gone, "deregistration")).status_code == 200
    answer = await register.file(at(register.author, latitude, longitude))
    if not barred:
        assert answer.status_code == 201, answer.text
        return
    assert refusal(answer) == (409, "site-barred")
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/latitude"
    assert gone in error["detail"]


async def test_a_draft_is_not_amended_onto_a_barred_roof(register: Register):
    gone = await register.registered(at(register.author, HERE))
    assert (await register.take(gone, "deregistration")).status_code == 200
    body = at(register.author, FAR)
    project_id = await register.draft(body)
    headers = caller("projects:write", org=register.owner) | {"If-Match": '"1"'}
    answer = await register.api.put(
        f"/v1/projects/{project_id}", json=body | {"latitude": NEAR}, headers=headers
    )
    assert refusal(answer) == (409, "site-barred")


async def test_a_roof_that_is_barred_meanwhile_is_not_registered(register: Register):
    first = await register.draft(at(register.author, HERE))
    second = await register.draft(at(register.author, NEAR))
    for project_id in (first, second):
        assert (await register.notice(project_id)).status_code == 200
    register.after_notice()
    for project_id in (first, second):
        assert (await register.validate(project_id)).status_code == 200
    assert (await register.decide(first)).status_code == 200
    proposed = await register.propose(second, "registration")
    assert (await register.take(first, "deregistration")).status_code == 200
    answer = await register.approve(proposed.json()["task_id"])
    assert refusal(answer) == (409, "site-barred")


async def test_an_officer_is_shown_the_project_beside(register: Register):
    first = await register.draft(at(register.author, HERE))
    second = await register.draft(at(register.author, NEAR))
    far = await register.draft(at(register.author, "29.600000"))
    for project_id in (first, second, far):
        assert (await register.notice(project_id)).status_code == 200
    register.after_notice()
    for project_id in (first, second, far):
        assert (await register.validate(project_id)).status_code == 200
    proposed = (await register.propose(second, "registration")).json()
    [beside] = proposed["proposal"]["near_projects"]
    assert (beside["project_id"], beside["status"]) == (first, "VALIDATED")
    assert 24 < float(beside["distance_m"]) < 25
    for project_id, expected in ((second, [first]), (far, [])):
        told = (await register.api.get(f"/v1/projects/{project_id}/steps")).json()
        steps = {step["name"]: step["warnings"] for step in told["steps"]}
        assert len(steps["registration"]) == len(expected)
        assert all(other in str(steps["registration"]) for other in expected)
        assert steps["refusal"] == []
    assert (await register.propose(far, "registration")).json()["proposal"]["near_projects"] == []


async def test_a_draft_beside_is_nobodys_business(register: Register):
    await register.draft(at(register.author, HERE))
    project_id = await register.validated(at(register.author, HERE))
    proposed = (await register.propose(project_id, "registration")).json()
    assert proposed["proposal"]["near_projects"] == []
