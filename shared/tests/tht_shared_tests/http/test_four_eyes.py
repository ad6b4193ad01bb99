"""Four eyes (双人复核): proposed by one, decided by another, once."""

import asyncio

import pytest

from tht_kit.ids import new_id
from tht_kit.testing.tokens import bearer

TASKS = "/v1/test-tasks"


def person(name: str, *scopes: str) -> dict[str, str]:
    return bearer(name, *scopes) | {"Idempotency-Key": str(new_id())}


def officer(name: str) -> dict[str, str]:
    return person(name, "effects:write", "effects:approve")


async def propose(api, name: str, by: str = "anna") -> str:
    answer = await api.post(
        "/v1/effect-proposals", json={"name": name}, headers=person(by, "effects:write")
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "PENDING"
    return str(answer.json()["task_id"])


async def approve(api, task_id: str, by: str):
    return await api.post(f"{TASKS}/{task_id}/approval", headers=officer(by))


async def reject(api, task_id: str, by: str, comment: str | None = "不合规"):
    body = {} if comment is None else {"comment": comment}
    return await api.post(f"{TASKS}/{task_id}/rejection", json=body, headers=officer(by))


async def test_nothing_happens_before_another_person_approves(api, count):
    task_id = await propose(api, "a")
    assert await count() == 0
    own = await approve(api, task_id, "anna")
    assert (own.status_code, own.json()["type"].rsplit("/")[-1]) == (403, "task-own")
    assert await count() == 0
    approved = await approve(api, task_id, "ben")
    assert approved.status_code == 200
    assert approved.json()["status"] == "APPROVED"
    assert approved.json()["decided_by"] == "ben"
    assert await count() == 1


async def test_the_initiator_may_reject_and_a_rejection_needs_a_comment(api, count):
    task_id = await propose(api, "a")
    for comment in (None, "", "   "):
        assert (await reject(api, task_id, "anna", comment)).status_code == 422
    rejected = await reject(api, task_id, "anna", "填错了")
    assert rejected.status_code == 200
    assert rejected.json()["comment"] == "填错了"
    assert await count() == 0
    # Then it can be proposed anew.
    assert await propose(api, "a") != task_id


async def test_a_decision_stands(api, count):
    task_id = await propose(api, "a")
    assert (await approve(api, task_id, "ben")).status_code == 200
    for answer in (await approve(api, task_id, "cleo"), await reject(api, task_id, "cleo")):
        assert answer.status_code == 409
        assert "ben" in answer.json()["detail"]
    assert await count() == 1


async def test_an_approval_that_is_refused_leaves_the_task_open(api, count):
    task_id = await propose(api, "refused")
    assert (await approve(api, task_id, "ben")).status_code == 409
    found = await api.get(f"{TASKS}/{task_id}", headers=officer("ben"))
    assert found.json()["status"] == "PENDING"
    assert await count() == 0


async def test_one_open_task_of_a_kind_about_a_subject(api):
    task_id = await propose(api, "a")
    again = await api.post(
        "/v1/effect-proposals", json={"name": "a"}, headers=person("dora", "effects:write")
    )
    assert again.status_code == 409
    assert task_id in again.json()["detail"]


@pytest.mark.parametrize("second", ["approval", "rejection"])
async def test_of_two_who_decide_at_once_one_is_first(api, count, second):
    task_id = await propose(api, "a")
    other = approve(api, task_id, "cleo") if second == "approval" else reject(api, task_id, "cleo")
    answers = await asyncio.gather(approve(api, task_id, "ben"), other)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert await count() == (1 if winner.json()["status"] == "APPROVED" else 0)


async def test_deciding_needs_the_scope_of_the_kind(api, count):
    task_id = await propose(api, "a")
    stranger = person("eve", "effects:write")
    for path, body in (("approval", None), ("rejection", {"comment": "x"})):
        answer = await api.post(f"{TASKS}/{task_id}/{path}", json=body, headers=stranger)
        assert answer.status_code == 403
        assert "effects:approve" in answer.json()["detail"]
    assert await count() == 0


async def test_a_caller_sees_what_it_may_decide_and_what_it_proposed(api):
    mine, other = await propose(api, "a", by="anna"), await propose(api, "b", by="dora")
    for headers, seen in (
        (person("anna"), [mine]),
        (person("eve"), []),
        (officer("ben"), [other, mine]),
    ):
        listed = await api.get(TASKS, headers=headers)
        assert [task["task_id"] for task in listed.json()["items"]] == seen
    assert (await api.get(f"{TASKS}/{mine}", headers=person("eve"))).status_code == 404
    filtered = await api.get(f"{TASKS}?subject=b&status=PENDING", headers=officer("ben"))
    assert [task["task_id"] for task in filtered.json()["items"]] == [other]
    assert (await api.get(f"{TASKS}?kind=other", headers=officer("ben"))).json()["items"] == []


async def test_pages_follow_each_other(api):
    made = [await propose(api, f"subject-{n}") for n in range(5)]
    seen, path = [], f"{TASKS}?limit=2"
    cursor = ""
    while cursor is not None:
        page = (await api.get(path + cursor, headers=officer("ben"))).json()
        seen += [task["task_id"] for task in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
