"""Who may act: suspension, resumption and the ban (R10), and the history of it all."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from registry_svc.organisations.rules import ban_end
from registry_svc_tests.factories import (
    approve,
    caller,
    officer,
    overseer,
    pv_project,
    register_organisation,
)
from tht_kit.clock import legal_midnight

PATH = "/v1/organisations"


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest.fixture
async def bureau(api):
    return await register_organisation(api, "bureau")


@pytest.fixture
def propose(api, bureau):
    async def propose(code, step, *, by="officer-a", org=None, reason="核查发现数据弄虚作假"):
        return await api.post(
            f"{PATH}/{code}/{step}", json={"reason": reason}, headers=officer(org or bureau, by)
        )

    return propose


@pytest.fixture
def decide(api, bureau, propose):
    """Return a function that proposes a step and has another officer approve it."""

    async def decide(code, step):
        proposed = await propose(code, step)
        assert proposed.status_code == 202, proposed.text
        return await approve(api, proposed.json()["task_id"], officer(bureau, "officer-b"))

    return decide


async def test_a_suspended_organisation_cannot_act_until_it_is_resumed(
    api, register, propose, decide, events
):
    assert (await decide(register.owner, "suspension")).status_code == 200
    shown = (await api.get(f"{PATH}/{register.owner}")).json()
    assert (shown["status"], shown["status_reason"], shown["banned_until"], shown["version"]) == (
        "suspended",
        "核查发现数据弄虚作假",
        None,
        2,
    )
    refused = await register.file()
    assert refusal(refused) == (409, "organisation-unfit")
    assert "已暂停" in refused.json()["detail"]
    assert refusal(await propose(register.owner, "suspension")) == (
        409,
        "organisation-standing-refused",
    )
    assert (await decide(register.owner, "resumption")).status_code == 200
    assert (await register.file()).status_code == 201
    told = await events(register.owner)
    assert [(event.version, event.status) for event in told] == [
        (1, "active"),
        (2, "suspended"),
        (3, "active"),
    ]


async def test_falsification_bans_for_three_calendar_years_from_the_decision(
    api, register, propose, decide, events, clock
):
    project_id = await register.draft()
    proposed = await propose(register.owner, "ban")
    # The proposal alone changes nothing; the decision's day counts.
    assert (await register.file()).status_code == 201
    clock.set(legal_midnight(date(2026, 7, 20)))
    done = await approve(api, proposed.json()["task_id"], officer(register.bureau, "officer-b"))
    assert done.status_code == 200
    shown = (await api.get(f"{PATH}/{register.owner}")).json()
    assert (shown["status"], shown["banned_until"]) == ("suspended", "2029-07-20")
    event = (await events(register.owner))[-1]
    assert (event.status, event.banned_until) == ("suspended", date(2029, 7, 20))
    for answer in (await register.file(pv_project(register.author)),):
        assert refusal(answer) == (409, "organisation-unfit")
        assert "2029-07-20" in answer.json()["detail"]
    clock.set(datetime(2029, 7, 20, 15, 59, tzinfo=UTC))  # 23:59 in Chongqing
    refused = await propose(register.owner, "resumption")
    assert refusal(refused) == (409, "organisation-banned")
    clock.set(datetime(2029, 7, 20, 16, 0, tzinfo=UTC))  # the next day
    assert (await decide(register.owner, "resumption")).status_code == 200
    assert (await api.get(f"{PATH}/{register.owner}")).json()["banned_until"] is None
    kept = await api.get(f"/v1/projects/{project_id}", headers=overseer())
    assert kept.status_code == 200


@pytest.mark.parametrize(
    ("decided_on", "last_day"),
    [
        (date(2026, 7, 17), date(2029, 7, 17)),
        (date(2024, 2, 29), date(2027, 2, 28)),  # no such day that year: the month's last
        (date(2025, 12, 31), date(2028, 12, 31)),
        (date(2025, 2, 28), date(2028, 2, 28)),
        (date(2026, 1, 1), date(2029, 1, 1)),
    ],
)
def test_a_ban_ends_with_the_corresponding_day(decided_on, last_day):
    assert ban_end(decided_on, 3) == last_day


async def test_a_second_ban_runs_from_its_own_decision(api, register, decide, clock):
    await decide(register.owner, "ban")
    clock.set(legal_midnight(date(2027, 1, 4)))
    assert (await decide(register.owner, "ban")).status_code == 200
    assert (await api.get(f"{PATH}/{register.owner}")).json()["banned_until"] == "2030-01-04"


@pytest.mark.parametrize("step", ["suspension", "ban", "resumption"])
async def test_nobody_decides_alone(api, register, propose, decide, step):
    if step == "resumption":
        await decide(register.owner, "suspension")
    task_id = (await propose(register.owner, step)).json()["task_id"]
    own = await approve(api, task_id, officer(register.bureau, "officer-a"))
    assert refusal(own) == (403, "task-own")
    before = (await api.get(f"{PATH}/{register.owner}")).json()
    rejected = await api.post(
        f"/v1/registry-tasks/{task_id}/rejection",
        json={"comment": "证据不足"},
        headers=officer(register.bureau, "officer-b"),
    )
    assert rejected.status_code == 200
    assert (await api.get(f"{PATH}/{register.owner}")).json() == before


async def test_only_officers_of_the_bureau_or_the_operator_propose_and_approve(
    api, register, propose
):
    assert refusal(await propose(register.owner, "ban", org=register.author)) == (
        409,
        "organisation-unfit",
    )
    task_id = (await propose(register.owner, "ban")).json()["task_id"]
    by_owner = await approve(api, task_id, officer(register.author, "officer-b"))
    assert refusal(by_owner) == (409, "organisation-unfit")
    scopeless = caller("organisations:write", org=register.bureau, subject="clerk")
    assert refusal(await approve(api, task_id, scopeless)) == (403, "forbidden")
    assert (await api.get(f"{PATH}/{register.owner}")).json()["status"] == "active"


async def test_the_authority_cannot_be_stopped(propose, bureau):
    for step in ("suspension", "ban"):
        assert refusal(await propose(bureau, step)) == (409, "organisation-standing-refused")


async def test_two_approvers_at_once_carry_a_ban_out_once(api, register, propose, events):
    task_id = (await propose(register.owner, "ban")).json()["task_id"]
    answers = await asyncio.gather(
        *(approve(api, task_id, officer(register.bureau, f"officer-{n}")) for n in range(2, 10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await events(register.owner)) == 2


async def test_eight_proposals_at_once_open_one_task(register, propose):
    answers = await asyncio.gather(
        *(propose(register.owner, "suspension", by=f"officer-{n}") for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7


async def test_a_task_whose_ground_is_gone_stays_open_and_changes_nothing(
    api, register, propose, decide
):
    suspension = (await propose(register.owner, "suspension")).json()["task_id"]
    await decide(register.owner, "ban")
    late = await approve(api, suspension, officer(register.bureau, "officer-b"))
    assert refusal(late) == (409, "organisation-standing-refused")
    shown = (await api.get(f"{PATH}/{register.owner}")).json()
    assert shown["banned_until"] == "2029-07-17"


async def test_the_history_says_who_when_what_and_why(api, register, decide, clock, bureau):
    await api.put(
        f"{PATH}/{register.owner}",
        json={"name": "渝光能源集团", "kinds": ["owner"], "reason": "更名"},
        headers=caller("organisations:write", org=bureau, subject="clerk"),
    )
    clock.advance(days=1)
    await decide(register.owner, "suspension")
    answer = await api.get(f"{PATH}/{register.owner}/history", headers=officer(bureau))
    rows = answer.json()["items"]
    assert [
        (row["version"], row["action"], row["name"], row["status"], row["reason"]) for row in rows
    ] == [
        (1, "registered", "渝光分布式能源有限公司", "active", None),
        (2, "changed", "渝光能源集团", "active", "更名"),
        (3, "suspended", "渝光能源集团", "suspended", "核查发现数据弄虚作假"),
    ]
    assert [(row["changed_by"], row["approved_by"]) for row in rows] == [
        ("officer-a", None),
        ("clerk", None),
        ("officer-a", "officer-b"),
    ]
    assert rows[2]["changed_at"] == clock.now().isoformat().replace("+00:00", "Z")


async def test_the_history_is_for_the_organisation_and_its_overseers(api, register):
    path = f"{PATH}/{register.owner}/history"
    assert (await api.get(path, headers=caller(org=register.owner))).status_code == 200
    assert refusal(await api.get(path, headers=caller(org=register.author))) == (403, "forbidden")
    assert refusal(await api.get(path)) == (401, "unauthenticated")


async def test_pages_of_a_history_show_every_version_once(api, register, bureau):
    for number in range(6):
        await api.put(
            f"{PATH}/{register.owner}",
            json={"name": f"第 {number} 版", "kinds": ["owner"]},
            headers=caller("organisations:write", org=bureau),
        )
    seen, cursor = [], ""
    while cursor is not None:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (
            await api.get(f"{PATH}/{register.owner}/history", params=query, headers=officer(bureau))
        ).json()
        seen += [row["version"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert seen == list(range(1, 8))
