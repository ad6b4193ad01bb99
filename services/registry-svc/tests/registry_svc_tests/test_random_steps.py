"""Random steps against a model that fits on a page: nothing skips, nobody decides alone."""

from datetime import timedelta
from random import Random

import pytest

from registry_svc.organisations.rules import ban_end
from registry_svc_tests.factories import approve, officer, organisation, register_organisation
from tht_kit.clock import legal_date

STEPS = 60
SCOPES = ("methodologies:write", "methodologies:approve")
METHODOLOGY = {
    "name": "随机方法学",
    "project_type": "distributed_pv",
    "scope_code": "01",
    "crediting_years_min": 1,
    "crediting_years_max": 10,
    "third_party_required": True,
    "non_permanence": "none",
    "applicability": [],
    "valid_from": "2030-01-01",
    "valid_until": None,
    "evidence_grade": "D",
    "source": "test",
}


def panel(passes):
    return {
        "held_on": "2026-07-16",
        "minutes": "记录",
        "members": [
            {
                "name": f"专家{index}",
                "organisation": "中心",
                "vote": "approve" if passes or index else "reject",
                "has_conflict": False,
            }
            for index in range(5 if passes else 2)
        ]
        + [
            {
                "name": f"反对{index}",
                "organisation": "中心",
                "vote": "reject",
                "has_conflict": False,
            }
            for index in range(0 if passes else 3)
        ],
    }


@pytest.fixture
async def bureau(api):
    return await register_organisation(api, "bureau")


async def decide(api, bureau, proposed, *, own):
    """Approve a proposal, or have its initiator try to; say whether it was carried out."""
    if proposed.status_code != 202:
        return False
    who = "officer-a" if own else "officer-b"
    answer = await approve(api, proposed.json()["task_id"], officer(bureau, who, *SCOPES))
    if answer.status_code != 200:
        rejection = await api.post(
            f"/v1/registry-tasks/{proposed.json()['task_id']}/rejection",
            json={"comment": "撤回"},
            headers=officer(bureau, "officer-a", *SCOPES),
        )
        assert rejection.status_code == 200
    return answer.status_code == 200


@pytest.mark.parametrize("seed", range(3))
async def test_an_organisation_stands_as_the_model_says(api, bureau, events, clock, seed):
    random = Random(seed)
    body = organisation()
    code, path = body["organisation_code"], f"/v1/organisations/{body['organisation_code']}"
    made = await api.post("/v1/organisations", json=body, headers=officer(bureau))
    assert made.status_code == 201
    status, banned_until, version = "active", None, 1
    for _ in range(STEPS):
        step = random.choice(["suspension", "resumption", "ban", "wait"])
        own = random.random() < 0.2
        if step == "wait":
            clock.advance(days=random.choice([1, 400, 1096]))
            continue
        proposed = await api.post(
            f"{path}/{step}", json={"reason": "理由"}, headers=officer(bureau, "officer-a")
        )
        done = await decide(api, bureau, proposed, own=own)
        today = legal_date(clock.now())
        allowed = (
            not own
            and {
                "suspension": status == "active",
                "resumption": status == "suspended"
                and (banned_until is None or today > banned_until),
                "ban": True,
            }[step]
        )
        assert done is allowed
        if done:
            version += 1
            status = "active" if step == "resumption" else "suspended"
            if step == "ban":
                banned_until = max(banned_until or today, ban_end(today, 3))
            elif step == "resumption":
                banned_until = None
        shown = (await api.get(path)).json()
        assert (shown["status"], shown["version"]) == (status, version)
        assert shown["banned_until"] == (banned_until and banned_until.isoformat())
    told = await events(code)
    assert [event.version for event in told] == list(range(1, version + 1))
    history = await api.get(f"{path}/history", params={"limit": 200}, headers=officer(bureau))
    rows = history.json()["items"]
    assert [row["version"] for row in rows] == list(range(1, version + 1))
    assert all(row["approved_by"] != row["changed_by"] for row in rows)


@pytest.mark.parametrize("seed", range(3))
async def test_a_methodology_never_skips_a_step(api, bureau, events, clock, seed):
    random = Random(seed)
    code, path = "CQCM-950-V001", "/v1/methodologies/CQCM-950-V001"
    status, published = None, 0
    for _ in range(STEPS):
        step = random.choice(
            ["draft", "amend", "review", "failed review", "publication", "withdrawal"]
        )
        own = random.random() < 0.2
        headers = officer(bureau, "officer-a", *SCOPES)
        before = status
        if step == "draft":
            answer = await api.post(
                "/v1/methodologies",
                json=METHODOLOGY | {"methodology_code": code},
                headers=headers,
            )
            assert (answer.status_code == 201) is (status is None)
            status = status or "DRAFT"
        elif step == "amend":
            answer = await api.put(path, json=METHODOLOGY, headers=headers)
            assert (answer.status_code == 200) is (status in ("DRAFT", "REVIEWED"))
            status = "DRAFT" if answer.status_code == 200 else status
        elif step.endswith("review"):
            passes = step == "review"
            answer = await api.post(f"{path}/review", json=panel(passes), headers=headers)
            assert (answer.status_code == 201) is (status == "DRAFT")
            if answer.status_code == 201:
                assert answer.json()["is_passed"] is passes
                status = "REVIEWED" if passes else "DRAFT"
        else:
            body = {"reason": "理由"} if step == "withdrawal" else {}
            proposed = await api.post(f"{path}/{step}", json=body, headers=headers)
            done = await decide(api, bureau, proposed, own=own)
            needed = "REVIEWED" if step == "publication" else "PUBLISHED"
            assert done is (status == needed and not own)
            if done:
                status = "PUBLISHED" if step == "publication" else "WITHDRAWN"
                published += 1
        shown = await api.get(path)
        assert shown.json().get("status") == (404 if status is None else status)
        order = (None, "DRAFT", "REVIEWED", "PUBLISHED", "WITHDRAWN")
        assert order.index(status) - order.index(before) <= 1
        clock.advance(seconds=timedelta(minutes=5).total_seconds())
    assert len(await events(code)) == published
