"""Claim rules are data with a grade: shown to everybody, changed by two officers of a bureau."""

import pytest

from issuance_svc_tests.factories import BUREAU, OWNER, as_verifier, caller, problem

RULE = {
    "vintage_after": "2020-09-22",
    "lookback_years": 5,
    "notice_working_days": 10,
    "decision_working_days": 15,
    "retention_years": 10,
    "grade": "V1",
    "source": "重庆市碳惠通管理办法（试行）",
    "materiality_pct": "2.5",
    "verification_working_days": 15,
    "verification_grade": "D",
}


def officer(subject, org=BUREAU):
    return caller("factors:write", "factors:approve", org=org, subject=subject)


async def propose(desk, headers=None, unit_type="CQCER", **changes):
    return await desk.api.put(
        f"/v1/reports/rules/{unit_type}", json=RULE | changes, headers=headers or officer("a")
    )


async def rules(desk):
    shown = (await desk.api.get("/v1/reports/rules")).json()
    return {rule.pop("unit_type"): rule for rule in shown}


async def decide(desk, task_id, headers, verb="approval"):
    body = {"comment": "依据不足"} if verb == "rejection" else {}
    return await desk.api.post(f"/v1/issuance-tasks/{task_id}/{verb}", json=body, headers=headers)


async def test_everybody_sees_the_rules_with_their_grades(desk):
    shown = await rules(desk)
    assert set(shown) == {"CCER", "CQCER"}
    assert (shown["CCER"]["grade"], shown["CQCER"]["grade"]) == ("V1", "D")
    assert (shown["CCER"]["materiality_pct"], shown["CCER"]["verification_grade"]) == ("5", "D")


async def test_a_rule_changes_by_two_officers_and_leaves_a_running_notice_alone(desk):
    first = await desk.reported()
    notice = (await desk.notice(first["report_id"])).json()
    before = await rules(desk)
    task = await propose(desk)
    assert (task.status_code, task.json()["kind"]) == (202, "claim-rule-change")
    task_id = task.json()["task_id"]
    assert problem(await propose(desk)) == "task-pending"
    assert problem(await decide(desk, task_id, officer("a"))) == "task-own"
    assert await rules(desk) == before
    assert (await decide(desk, task_id, officer("b"))).status_code == 200
    assert (await rules(desk))["CQCER"] == RULE
    assert (await rules(desk))["CCER"] == before["CCER"]

    desk.pass_notice(notice)
    path = f"/v1/reports/{first['report_id']}"
    shown = (await desk.api.get(f"{path}/notice")).json()
    assert shown["notice_end"] == notice["notice_end"]
    # 2.5 % of 849 t is 21.225 t.
    item = {"subject": "meter", "label": "M1", "method": "现场核对"}
    plan = f"{path}/sampling-plan"
    await desk.api.post(plan, json={"items": [item]}, headers=as_verifier())
    found = {"result": "misstated", "misstatement_t": "21.226", "note": "有差异"}
    seen = await desk.api.post(f"{plan}/1/records", json=found, headers=as_verifier())
    assert (seen.json()["is_material"], seen.json()["materiality_pct"]) == (True, "2.5")


@pytest.mark.parametrize(
    "changes",
    [
        {"retention_years": 9},  # R11
        {"materiality_pct": "0"},
        {"materiality_pct": 5},
        {"materiality_pct": "100.01"},
        {"notice_working_days": 0},
        {"lookback_years": "5"},
        {"grade": "A"},
        {"source": ""},
        {"vintage_after": "2020-09-31"},
    ],
)
async def test_a_rule_that_cannot_be_is_refused(desk, changes):
    answer = await propose(desk, **changes)
    assert (answer.status_code, problem(answer)) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{next(iter(changes))}"]


async def test_only_officers_of_a_bureau_change_rules(desk):
    assert problem(await propose(desk, officer("x", OWNER))) == "organisation-unfit"
    assert (await propose(desk, caller("reports:write", org=BUREAU))).status_code == 403
    assert (await propose(desk, unit_type="VCU")).status_code == 422
    task_id = (await propose(desk)).json()["task_id"]
    assert problem(await decide(desk, task_id, officer("x", OWNER))) == "organisation-unfit"
    assert (await decide(desk, task_id, officer("b"), "rejection")).status_code == 200
    assert (await rules(desk))["CQCER"]["notice_working_days"] == 20
