"""The recall (撤回): the way out of a project that should not have been filed (R12)."""

import asyncio
from datetime import date

import pytest

from registry_svc_tests.factories import (
    caller,
    forest_project,
    parcel,
    pv_project,
    register_organisation,
)
from tht_kit.clock import legal_midnight
from tht_kit.ids import new_id


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_a_recalled_draft_frees_its_meters_and_parcels_for_another_owner(register, api):
    meters = pv_project(register.author, meters=["CQ-M-FREED"])
    parcels = forest_project(register.author, parcels=[parcel(parcel_no="FREED-1")])
    mine = [await register.draft(meters), await register.draft(parcels)]
    owner, register.owner = register.owner, await register_organisation(api, "owner")
    for body in (meters, parcels):
        assert refusal(await register.file(body)) == (409, "site-taken")
    for project_id in mine:
        assert (await register.recall(project_id, org=owner)).status_code == 200
    for body in (meters, parcels):
        assert (await register.file(body)).status_code == 201


@pytest.mark.parametrize("at", ["draft", "under_notice", "validated"])
async def test_the_owner_recalls_a_project_until_it_is_decided_on(register, events, at):
    project_id = await getattr(register, at)()
    recalled = (await register.recall(project_id, reason="重复申报")).json()
    before = {"draft": "DRAFT", "under_notice": "NOTICE", "validated": "VALIDATED"}[at]
    assert (recalled["status"], recalled["project_no"]) == ("RECALLED", None)
    last = recalled["history"][-1]
    assert (last["status_before"], last["status"], last["reason"]) == (
        before,
        "RECALLED",
        "重复申报",
    )
    event = (await events(project_id))[-1]
    assert (event.status_before, event.status, event.reason, event.version) == (
        before,
        "RECALLED",
        "重复申报",
        recalled["version"],
    )
    assert refusal(await register.recall(project_id)) == (409, "project-step-refused")


async def test_a_registered_project_cannot_be_recalled_and_keeps_its_meter(register):
    body = pv_project(register.author, meters=["CQ-M-KEPT"])
    project_id = await register.registered(body)
    answer = await register.recall(project_id)
    assert refusal(answer) == (409, "project-step-refused")
    assert "REGISTERED" in answer.json()["detail"]
    assert refusal(await register.file(body)) == (409, "site-taken")


async def test_a_refused_project_cannot_be_recalled(register):
    project_id = await register.validated()
    await register.decide(project_id, decision="refuse", reason="额外性不足")
    assert refusal(await register.recall(project_id)) == (409, "project-step-refused")


async def test_only_the_owner_recalls_its_project(register, api):
    project_id = await register.under_notice()
    for org in (await register_organisation(api, "owner"), register.validator, register.author):
        assert refusal(await register.recall(project_id, org=org)) == (403, "not-project-owner")
    assert (await api.get(f"/v1/projects/{project_id}")).json()["status"] == "NOTICE"
    assert refusal(await register.recall(str(new_id()))) == (404, "project-not-found")


async def test_a_recall_needs_a_reason(register):
    project_id = await register.draft()
    answer = await register.recall(project_id, reason="  ")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/reason"


async def test_a_repeated_recall_with_its_key_answers_the_same(register, api):
    project_id = await register.draft()
    headers = caller("projects:write", org=register.owner)
    path, body = f"/v1/projects/{project_id}/recall", {"reason": "重复申报"}
    first = await api.post(path, json=body, headers=headers)
    again = await api.post(path, json=body, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)


async def test_a_recalled_project_takes_no_comment_and_is_never_overdue(register, clock, api):
    project_id = await register.validated()
    await register.recall(project_id)
    clock.set(legal_midnight(date(2027, 3, 1)))
    assert (await api.get(f"/v1/projects/{project_id}")).json()["decision_overdue"] is False
    assert refusal(await register.comment(project_id)) == (409, "notice-closed")


async def test_of_a_recall_and_an_ending_step_at_once_exactly_one_wins(register):
    noticed = [await register.under_notice() for _ in range(4)]
    register.after_notice()
    validated = [await register.under_notice() for _ in range(4)]
    register.clock.set(legal_midnight(date(2026, 9, 30)))
    for project_id in validated:
        assert (await register.validate(project_id)).status_code == 200
    for project_id, step in [
        *((found, register.validate(found, conclusion="negative")) for found in noticed),
        *((found, register.decide(found)) for found in validated),
    ]:
        answers = await asyncio.gather(register.recall(project_id), step)
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        [lost] = [answer for answer in answers if answer.status_code == 409]
        assert refusal(lost) == (409, "project-step-refused")
        project = (await register.api.get(f"/v1/projects/{project_id}")).json()
        assert project["status"] == won["status"]


async def test_a_recall_beside_a_positive_validation_ends_the_project(register):
    for _ in range(4):
        project_id = await register.under_notice()
        register.after_notice()
        recalled, validated = await asyncio.gather(
            register.recall(project_id), register.validate(project_id)
        )
        register.clock.set(legal_midnight(date(2026, 7, 17)))
        # A validated project can still be recalled; a recalled one is never validated.
        assert recalled.status_code == 200
        steps = [step["status"] for step in recalled.json()["history"]]
        if validated.status_code == 200:
            assert steps == ["NOTICE", "VALIDATED", "RECALLED"]
        else:
            assert refusal(validated) == (409, "project-step-refused")
            assert steps == ["NOTICE", "RECALLED"]
