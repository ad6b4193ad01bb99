"""Random walks: whatever is tried, no status is skipped and the history is exactly the walk."""

import asyncio
import random
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry_svc_tests.factories import Register, overseer
from tht_contracts.events.registry import ProjectRegistered, ProjectStatusChanged
from tht_kit.clock import legal_date, legal_midnight

# What each try does to a status, written out by hand: everything else leaves it as it is.
WALKS = {
    ("DRAFT", "notice"): "NOTICE",
    ("DRAFT", "recall"): "RECALLED",
    ("NOTICE", "recall"): "RECALLED",
    ("VALIDATED", "recall"): "RECALLED",
    ("NOTICE", "validate"): "VALIDATED",
    ("NOTICE", "deny"): "REJECTED",
    ("VALIDATED", "register"): "REGISTERED",
    ("VALIDATED", "refuse"): "REJECTED",
    ("REGISTERED", "suspend"): "SUSPENDED",
    ("SUSPENDED", "resume"): "REGISTERED",
    ("REGISTERED", "deregister"): "DEREGISTERED",
    ("SUSPENDED", "deregister"): "DEREGISTERED",
}
WAITS_FOR_NOTICE = {"validate", "deny"}
TRIES = sorted({tried for _, tried in WALKS})
LATER = legal_midnight(date(2026, 8, 14))


async def attempt(register: Register, project_id: str, tried: str):
    """Try one thing with everybody it takes; return the last answer."""
    match tried:
        case "notice" | "recall" | "validate":
            return await getattr(register, tried)(project_id)
        case "deny":
            return await register.validate(project_id, conclusion="negative")
        case "register":
            return await register.decide(project_id)
        case "refuse":
            return await register.decide(project_id, decision="refuse", reason="额外性不足")
        case _:
            step = {"suspend": "suspension", "resume": "resumption"}.get(tried, "deregistration")
            return await register.take(project_id, step)


async def check(register: Register, events, project_id: str, walk: list[str]) -> None:
    """Assert that history and events are exactly the walk."""
    project = (await register.api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
    assert project["status"] == walk[-1]
    steps = [(step["status_before"], step["status"]) for step in project["history"]]
    assert steps == list(pairwise(walk))
    versions = [step["version"] for step in project["history"]]
    assert versions == list(range(2, len(walk) + 1))
    assert project["version"] == len(walk)
    assert (project["project_no"] is not None) == ("REGISTERED" in walk)
    emitted = await events(project_id)
    changes = [event for event in emitted if isinstance(event, ProjectStatusChanged)]
    assert [(event.status_before, event.status) for event in changes] == steps
    registrations = [event for event in emitted if isinstance(event, ProjectRegistered)]
    assert len(registrations) == ("REGISTERED" in walk)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    tries=st.lists(
        st.one_of(
            st.sampled_from([*TRIES, "wait"]),
            # Along the main way more often: a walk that ends early tries little.
            st.sampled_from(["notice", "wait", "validate", "register", "suspend", "resume"]),
        ),
        min_size=6,
        max_size=14,
    )
)
async def test_no_status_is_skipped_and_the_history_is_the_walk(register, events, tries):
    register.clock.set(legal_midnight(date(2026, 7, 17)))
    project_id = await register.draft()
    walk, notice_end = ["DRAFT"], None
    for tried in tries:
        if tried == "wait":
            if notice_end is not None:
                register.clock.set(legal_midnight(notice_end + timedelta(days=1)))
            continue
        answer = await attempt(register, project_id, tried)
        wanted = WALKS.get((walk[-1], tried))
        if wanted is not None and tried in WAITS_FOR_NOTICE:
            assert notice_end is not None, "set with the status NOTICE"
            wanted = wanted if legal_date(register.clock.now()) > notice_end else None
        if wanted is None:
            assert answer.status_code in (403, 409), answer.text
            continue
        assert answer.status_code == 200, answer.text
        walk.append(wanted)
        if tried == "notice":
            notice_end = date.fromisoformat(answer.json()["notice_end"])
    await check(register, events, project_id, walk)


@pytest.mark.parametrize("seed", range(4))
async def test_of_tries_at_once_the_winners_make_one_walk(register, events, seed):
    """Six people at once, again and again: the history is a walk of R12, whoever wins."""
    chance = random.Random(seed)
    project_id = await register.under_notice()
    register.clock.set(LATER)
    for _ in range(4):
        tries = chance.choices(TRIES, k=6)
        answers = await asyncio.gather(*(attempt(register, project_id, tried) for tried in tries))
        assert {answer.status_code for answer in answers} <= {200, 403, 409}
    project = (await register.api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
    walk = ["DRAFT", *(step["status"] for step in project["history"])]
    steps = list(pairwise(walk))
    assert set(steps) <= {(before, after) for (before, _), after in WALKS.items()}
    await check(register, events, project_id, walk)
