"""R12 through the API: every status, every step, every actor; and what comes next is told."""

from datetime import date
from itertools import product

import httpx
import pytest

from registry_svc_tests.factories import SECTIONS, Register, caller, overseer, register_organisation
from tht_kit.clock import legal_midnight

# Written out by hand, not read from the table that is tested: where each operation begins, who may
# take it, and where it leads.
OPERATIONS = {
    "notice": ({"DRAFT"}, "owner", "NOTICE"),
    "recall": ({"DRAFT", "NOTICE", "VALIDATED"}, "owner", "RECALLED"),
    "validation": ({"NOTICE"}, "validator", "VALIDATED"),
    "registration": ({"VALIDATED"}, "bureau", "REGISTERED"),
    "suspension": ({"REGISTERED"}, "bureau", "SUSPENDED"),
    "resumption": ({"SUSPENDED"}, "bureau", "REGISTERED"),
    "deregistration": ({"REGISTERED", "SUSPENDED"}, "bureau", "DEREGISTERED"),
    "deregistration-request": ({"REGISTERED", "SUSPENDED"}, "owner", "DEREGISTERED"),
}
STATUSES = (
    "DRAFT",
    "NOTICE",
    "VALIDATED",
    "REGISTERED",
    "RECALLED",
    "REJECTED",
    "SUSPENDED",
    "DEREGISTERED",
)
SCOPES = {
    "owner": "projects:write",
    "other owner": "projects:write",
    "author": "projects:write",
    "validator": "projects:validate",
    "other validator": "projects:validate",
    "bureau": "projects:register",
    "operator": "projects:register",
}
ACTORS = (*SCOPES, "public")
FOUR_EYES = {"registration", "suspension", "resumption", "deregistration", "deregistration-request"}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def expected(status: str, operation: str, actor: str) -> tuple[int, str] | None:
    """Return the refusal of a cell of the table, None where the step is taken."""
    begins, who, _ = OPERATIONS[operation]
    if actor == "public":
        return 401, "unauthenticated"
    if SCOPES[actor] != SCOPES[who]:
        return 403, "forbidden"
    if operation == "validation" and status not in begins:
        return 409, "project-step-refused"
    if actor != who:
        return {
            "owner": (403, "not-project-owner"),
            "validator": (403, "not-project-validator"),
            "bureau": (409, "organisation-unfit"),
        }[who]
    return None if status in begins else (409, "project-step-refused")


async def bring(register: Register, status: str) -> str:
    """Return a project that stands at the status, by the steps that lead there."""
    register.clock.set(legal_midnight(date(2026, 7, 17)))
    if status == "DRAFT":
        return await register.draft()
    if status == "RECALLED":
        project_id = await register.draft()
        assert (await register.recall(project_id)).status_code == 200
        return project_id
    if status == "NOTICE":
        project_id = await register.under_notice()
        register.after_notice()
        return project_id
    if status in ("VALIDATED", "REJECTED"):
        project_id = await register.validated()
        if status == "REJECTED":
            refused = await register.decide(project_id, decision="refuse", reason="额外性不足")
            assert refused.json()["status"] == "REJECTED"
        return project_id
    project_id = await register.registered()
    step = {"SUSPENDED": "suspension", "DEREGISTERED": "deregistration"}.get(status)
    if step is not None:
        assert (await register.take(project_id, step)).status_code == 200
    return project_id


BODIES = {
    "validation": {"conclusion": "positive", "sections": SECTIONS, "comment_answers": []},
    "registration": {"decision": "register"},
    "deregistration": {"ground": "project_gone", "reason": "项目已拆除"},
}


class Cast:
    """Everybody who may try a step."""

    def __init__(self, register: Register, other_validator: str, operator: str) -> None:
        self.register = register
        self.codes = {
            "owner": register.owner,
            "other owner": register.author,
            "author": register.author,
            "validator": register.validator,
            "other validator": other_validator,
            "bureau": register.bureau,
            "operator": operator,
        }

    async def act(self, project_id: str, operation: str, actor: str) -> httpx.Response:
        body = BODIES.get(operation, {"reason": "依申请"})
        if operation == "notice":
            body = {"validator_code": self.register.validator}
        headers = {"Idempotency-Key": "public"}
        if actor != "public":
            headers = caller(SCOPES[actor], org=self.codes[actor], subject=f"{actor}-1")
        return await self.register.api.post(
            f"/v1/projects/{project_id}/{operation}", json=body, headers=headers
        )


@pytest.fixture
async def cast(register: Register, api) -> Cast:
    return Cast(
        register,
        other_validator=await register_organisation(api, "validator_verifier"),
        operator=await register_organisation(api, "operator"),
    )


@pytest.mark.parametrize("status", STATUSES)
async def test_every_cell_of_status_step_and_actor(cast: Cast, register: Register, api, status):
    project_id = await bring(register, status)
    path = f"/v1/projects/{project_id}"
    before = (await api.get(path, headers=overseer())).json()
    assert before["status"] == status
    taken = []
    for operation, actor in product(OPERATIONS, ACTORS):
        cell = expected(status, operation, actor)
        if cell is None:
            taken.append((operation, actor))
            continue
        assert refusal(await cast.act(project_id, operation, actor)) == cell, (operation, actor)
    assert (await api.get(path, headers=overseer())).json() == before
    for operation, actor in taken:
        project_id = await bring(register, status)
        answer = await cast.act(project_id, operation, actor)
        if operation in FOUR_EYES:
            assert answer.status_code == 202, answer.text
            standing = (await api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
            assert standing["status"] == status
            answer = await register.approve(answer.json()["task_id"])
        assert answer.status_code == 200, answer.text
        project = (await api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
        assert project["status"] == OPERATIONS[operation][2]
        last = project["history"][-1]
        assert (last["status_before"], last["status"]) == (status, project["status"])


@pytest.mark.parametrize("status", STATUSES)
async def test_what_comes_next_is_told_with_whose_turn_it_is(register: Register, api, status):
    project_id = await bring(register, status)
    told = (await api.get(f"/v1/projects/{project_id}/steps", headers=overseer())).json()
    assert (told["project_id"], told["status"]) == (project_id, status)
    who = {"owner": register.owner, "validator": register.validator, "bureau": None}
    found = {
        (step["operation"].rsplit("/", 1)[-1], step["actor"], step["scope"], step["four_eyes"])
        for step in told["steps"]
    }
    assert found == {
        (operation, actor, SCOPES[actor], actor == "bureau")
        for operation, (begins, actor, _) in OPERATIONS.items()
        if status in begins and operation != "deregistration-request"
    }
    for step in told["steps"]:
        if step["actor"] != "validator" or status == "NOTICE":
            assert step["organisation_code"] == who[step["actor"]]
        assert step["ready"] is True, step
        assert step["title"]["zh"]
        assert step["title"]["en"]
        asks = f"POST /v1/projects/{project_id}/deregistration-request"
        assert step["owner_operation"] == (asks if step["name"] == "deregistration" else None)


async def test_what_is_missing_for_the_next_step_is_named(register: Register, api):
    project_id = await register.under_notice()
    await register.comment(project_id)
    steps = (await api.get(f"/v1/projects/{project_id}/steps", headers=overseer())).json()["steps"]
    by_name = {step["name"]: step for step in steps}
    assert by_name["recall"]["ready"] is True
    for name in ("validation", "negative_validation"):
        assert by_name[name]["ready"] is False
        missing = [found["en"] for found in by_name[name]["missing"]]
        assert missing == [
            "The notice runs through 2026-08-13.",
            "1 comment(s) of the public are not answered yet.",
        ]
    validated = await register.validated()
    told = (await api.get(f"/v1/projects/{validated}/steps", headers=overseer())).json()
    due = {step["name"]: step["due_on"] for step in told["steps"]}
    assert due == {"recall": None, "registration": "2026-09-04", "refusal": "2026-09-04"}
    assert told["decision_overdue"] is False
    register.clock.set(legal_midnight(date(2026, 9, 5)))
    told = (await api.get(f"/v1/projects/{validated}/steps", headers=overseer())).json()
    assert told["decision_overdue"] is True
