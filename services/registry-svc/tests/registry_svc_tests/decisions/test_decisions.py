"""The bureau's decisions with four eyes: R3, R9, R10, R12, and what they do to a project."""

import asyncio
from datetime import date, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from registry_svc_tests.factories import (
    Register,
    approve,
    caller,
    drawn_parcel,
    forest_project,
    officer,
    pv_project,
    qualify,
    register_organisation,
)
from tht_contracts.events.registry import OrganisationRegistered, ProjectStatusChanged
from tht_kit.clock import legal_midnight
from tht_kit.ids import new_id

SHANGHAI = timezone(timedelta(hours=8))


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def status_of(register: Register, project_id: str) -> str:
    return (await register.api.get(f"/v1/projects/{project_id}")).json()["status"]


async def test_a_registration_is_proposed_by_one_and_approved_by_another(register: Register, api):
    project_id = await register.validated()
    task = (await register.propose(project_id, "registration")).json()
    assert (task["kind"], task["subject"], task["status"], task["proposed_by"]) == (
        "project-registration",
        project_id,
        "PENDING",
        "officer-a",
    )
    assert await status_of(register, project_id) == "VALIDATED"
    own = await register.approve(task["task_id"], officer="officer-a")
    assert refusal(own) == (403, "task-own")
    approved = (await register.approve(task["task_id"])).json()
    assert (approved["status"], approved["decided_by"]) == ("APPROVED", "officer-b")
    project = (await api.get(f"/v1/projects/{project_id}")).json()
    last = project["history"][-1]
    assert (last["step"], last["organisation_code"], last["task_id"]) == (
        "registration",
        register.bureau,
        task["task_id"],
    )
    assert refusal(await register.approve(task["task_id"])) == (409, "task-decided")


async def test_a_rejected_proposal_changes_nothing_and_needs_a_comment(register: Register):
    project_id = await register.validated()
    task = (await register.propose(project_id, "registration")).json()
    answer = await register.reject(task["task_id"], comment="  ")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/comment"
    # The initiator may reject its own proposal.
    rejected = await register.reject(task["task_id"], officer="officer-a", comment="金额有误")
    assert (rejected.status_code, rejected.json()["comment"]) == (200, "金额有误")
    assert await status_of(register, project_id) == "VALIDATED"
    assert (await register.decide(project_id)).json()["status"] == "REGISTERED"


async def test_one_decision_is_open_at_a_time(register: Register):
    project_id = await register.validated()
    assert (await register.propose(project_id, "registration")).status_code == 202
    second = await register.propose(
        project_id, "registration", officer="officer-b", decision="refuse", reason="重复"
    )
    assert refusal(second) == (409, "task-pending")


async def test_two_reviewers_at_once_complete_a_task_once(register: Register, events):
    for _ in range(3):
        project_id = await register.validated()
        task_id = (await register.propose(project_id, "registration")).json()["task_id"]
        answers = await asyncio.gather(
            *(register.approve(task_id, officer=f"officer-{n}") for n in range(5)),
            register.reject(task_id, officer="officer-r"),
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
        assert {refusal(answer) for answer in answers if answer.status_code == 409} == {
            (409, "task-decided")
        }
        changes = [
            event for event in await events(project_id) if type(event) is ProjectStatusChanged
        ]
        rejected = answers[-1].status_code == 200
        assert [event.status for event in changes] == ["NOTICE", "VALIDATED"] + (
            [] if rejected else ["REGISTERED"]
        )
        register.clock.set(legal_midnight(date(2026, 7, 17)))


async def test_an_approver_of_another_body_or_without_the_scope_is_refused(register: Register, api):
    project_id = await register.validated()
    task_id = (await register.propose(project_id, "registration")).json()["task_id"]
    for org in (register.owner, await register_organisation(api, "operator")):
        answer = await register.approve(task_id, org=org)
        assert refusal(answer) == (409, "organisation-unfit")
    headers = caller("projects:validate", org=register.bureau, subject="officer-b")
    assert refusal(await approve(api, task_id, headers)) == (403, "forbidden")
    assert await status_of(register, project_id) == "VALIDATED"


async def test_a_project_recalled_meanwhile_is_not_registered(register: Register, api):
    project_id = await register.validated()
    task_id = (await register.propose(project_id, "registration")).json()["task_id"]
    assert (await register.recall(project_id)).status_code == 200
    assert refusal(await register.approve(task_id)) == (409, "project-step-refused")
    headers = caller("projects:register", org=register.bureau)
    task = (await api.get(f"/v1/registry-tasks/{task_id}", headers=headers)).json()
    assert task["status"] == "PENDING"
    assert (await register.reject(task_id, comment="业主已撤回")).status_code == 200


async def test_an_owner_suspended_meanwhile_is_not_registered(register: Register, api):
    project_id = await register.validated()
    task_id = (await register.propose(project_id, "registration")).json()["task_id"]
    answer = await api.post(
        f"/v1/organisations/{register.owner}/suspension",
        json={"reason": "失联"},
        headers=officer(register.bureau),
    )
    await approve(api, answer.json()["task_id"], officer(register.bureau, "officer-b"))
    assert refusal(await register.approve(task_id)) == (409, "organisation-unfit")
    assert refusal(await register.propose(project_id, "registration")) == (
        409,
        "organisation-unfit",
    )


async def test_r3_an_overdue_task_stays_open_until_an_officer_decides(register: Register, api):
    project_id = await register.validated()
    task_id = (await register.propose(project_id, "registration")).json()["task_id"]
    register.clock.set(datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI))
    project = (await api.get(f"/v1/projects/{project_id}")).json()
    assert (project["status"], project["decision_overdue"]) == ("VALIDATED", True)
    assert (await register.approve(task_id)).status_code == 200
    assert await status_of(register, project_id) == "REGISTERED"


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=SHANGHAI), "2026-12-31"),
        (datetime(2027, 1, 1, 0, 0, tzinfo=SHANGHAI), "2027-01-01"),
        (datetime(2028, 2, 29, 12, 0, tzinfo=SHANGHAI), "2028-02-29"),
    ],
)
async def test_a_decision_belongs_to_the_legal_day_in_shanghai(register: Register, moment, day):
    project_id = await register.validated()
    register.clock.set(moment)
    registered = (await register.decide(project_id)).json()
    assert registered["registered_on"] == day


async def test_a_suspended_project_goes_on_after_its_resumption(register: Register, events):
    project_id = await register.registered()
    suspended = (await register.take(project_id, "suspension", reason="计量异常")).json()
    assert (suspended["status"], suspended["project_no"]) == ("SUSPENDED", 1)
    resumed = (await register.take(project_id, "resumption", reason="已整改")).json()
    assert (resumed["status"], resumed["project_no"]) == ("REGISTERED", 1)
    changes = [event for event in await events(project_id) if type(event) is ProjectStatusChanged]
    assert [(event.status, event.reason) for event in changes[-2:]] == [
        ("SUSPENDED", "计量异常"),
        ("REGISTERED", "已整改"),
    ]
    # The event of the registration itself is told once.
    assert len(await events(project_id)) == len(changes) + 1


@pytest.mark.parametrize("ground", ["owner_gone", "project_gone"])
async def test_r9_a_deregistered_project_and_its_site_are_barred_for_ever(
    register: Register, events, ground
):
    meters = pv_project(register.author, meters=["CQ-M-EVER"])
    parcels = forest_project(register.author, parcels=[drawn_parcel(parcel_no="EVER-1")])
    ended = []
    for body in (meters, parcels):
        register.clock.set(legal_midnight(date(2026, 7, 17)))
        project_id = await register.registered(body)
        project = (await register.take(project_id, "deregistration", ground=ground)).json()
        assert (
            project["status"],
            project["deregistration_ground"],
            project["deregistered_on"],
        ) == (
            "DEREGISTERED",
            ground,
            "2026-08-14",
        )
        assert (await events(project_id))[-1].deregistration_ground == ground
        ended.append(project_id)
    register.clock.set(datetime(2035, 1, 1, tzinfo=SHANGHAI))
    for body in (meters, parcels):
        assert refusal(await register.file(body | {"name": "换个名字"})) == (409, "site-barred")
    for project_id in ended:
        for step in ("registration", "suspension", "resumption", "deregistration"):
            assert refusal(await register.propose(project_id, step)) == (
                409,
                "project-step-refused",
            )


async def test_the_owner_asks_for_its_own_deregistration(register: Register, api):
    project_id = await register.registered()
    answer = await api.post(
        f"/v1/projects/{project_id}/deregistration-request",
        json={"reason": "屋顶改建"},
        headers=caller("projects:write", org=register.owner, subject="pv-owner"),
    )
    assert (answer.status_code, answer.json()["proposal"]["ground"]) == (202, "voluntary")
    # One officer's approval is the second pair of eyes.
    assert (await register.approve(answer.json()["task_id"])).status_code == 200
    project = (await api.get(f"/v1/projects/{project_id}")).json()
    assert (project["status"], project["deregistration_ground"]) == ("DEREGISTERED", "voluntary")


async def test_an_officer_cannot_call_a_deregistration_voluntary(register: Register):
    project_id = await register.registered()
    answer = await register.propose(project_id, "deregistration", ground="voluntary", reason="？")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/ground"


async def test_r10_falsification_bans_the_owner_for_three_years(register: Register, api, events):
    register.clock.set(legal_midnight(date(2026, 7, 17)))
    project_id = await register.registered()
    other = await register.file()
    assert other.status_code == 201
    done = await register.take(
        project_id, "deregistration", ground="falsification", reason="电量数据弄虚作假"
    )
    assert done.json()["status"] == "DEREGISTERED"
    owner = (await api.get(f"/v1/organisations/{register.owner}")).json()
    assert (owner["status"], owner["banned_until"]) == ("suspended", "2029-08-14")
    told = [
        event for event in await events(register.owner) if type(event) is OrganisationRegistered
    ]
    assert told[-1].banned_until == date(2029, 8, 14)
    assert (await events(project_id))[-1].deregistration_ground == "falsification"
    # The owner can neither file nor go on with what it has filed.
    assert refusal(await register.file()) == (409, "organisation-unfit")
    noticed = await register.notice(other.json()["project_id"])
    assert refusal(noticed) == (409, "organisation-unfit")


async def test_of_a_suspension_and_a_deregistration_at_once_both_or_one_hold(register: Register):
    """Two different tasks on one project: the history stays a walk of R12."""
    for _ in range(3):
        register.clock.set(legal_midnight(date(2026, 7, 17)))
        project_id = await register.registered()
        tasks = [
            (await register.propose(project_id, step)).json()["task_id"]
            for step in ("suspension", "deregistration")
        ]
        answers = await asyncio.gather(*(register.approve(task_id) for task_id in tasks))
        project = (await register.api.get(f"/v1/projects/{project_id}")).json()
        steps = [step["status"] for step in project["history"]][3:]
        # A suspended project may be deregistered; a deregistered one never suspended.
        if answers[0].status_code == 200:
            assert steps == ["SUSPENDED", "DEREGISTERED"]
        else:
            assert refusal(answers[0]) == (409, "project-step-refused")
            assert steps == ["DEREGISTERED"]
        assert answers[1].status_code == 200


async def test_green_certificates_stop_a_registration_and_suspend_a_registered_project(
    register: Register, api
):
    def flag(project_id, path="green-certificate", subject="officer-a"):
        return api.post(
            f"/v1/projects/{project_id}/{path}",
            json={"reason": "国家绿证核发系统查得"},
            headers=caller("projects:register", org=register.bureau, subject=subject),
        )

    validated = await register.validated()
    flagged = (await flag(validated)).json()
    assert (flagged["green_certificate_claim"], flagged["status"]) == (True, "VALIDATED")
    assert refusal(await flag(validated)) == (409, "green-certificate-flagged")
    assert refusal(await register.decide(validated)) == (409, "green-certificate-claimed")
    steps = (await api.get(f"/v1/projects/{validated}/steps")).json()["steps"]
    assert {step["name"]: step["ready"] for step in steps} == {
        "recall": True,
        "registration": False,
        "refusal": True,
    }
    # Two officers lift the flag: one of them alone cannot.
    cleared = (await flag(validated, "green-certificate/clearance")).json()
    own = await register.approve(cleared["task_id"], officer="officer-a")
    assert refusal(own) == (403, "task-own")
    assert (await register.approve(cleared["task_id"])).status_code == 200
    assert refusal(await flag(validated, "green-certificate/clearance")) == (
        409,
        "green-certificate-unclaimed",
    )
    assert (await register.decide(validated)).json()["status"] == "REGISTERED"

    await flag(validated)
    headers = caller("projects:register", org=register.bureau)
    query = {"subject": validated, "status": "PENDING"}
    [task] = (await api.get("/v1/registry-tasks", params=query, headers=headers)).json()["items"]
    assert task["kind"] == "project-suspension"
    assert (await register.approve(task["task_id"])).status_code == 200
    assert refusal(await register.propose(validated, "resumption")) == (
        409,
        "green-certificate-claimed",
    )


async def test_only_the_bureau_flags_green_certificates(register: Register, api):
    project_id = await register.draft()
    path = f"/v1/projects/{project_id}/green-certificate"
    headers = caller("projects:register", org=register.owner)
    answer = await api.post(path, json={"reason": "？"}, headers=headers)
    assert refusal(answer) == (409, "organisation-unfit")
    await register.recall(project_id)
    headers = caller("projects:register", org=register.bureau)
    answer = await api.post(path, json={"reason": "？"}, headers=headers)
    assert refusal(answer) == (409, "green-certificate-flagged")
    answer = await api.post(
        f"/v1/projects/{new_id()}/green-certificate",
        json={"reason": "？"},
        headers=caller("projects:register", org=register.bureau),
    )
    assert refusal(answer) == (404, "project-not-found")


async def test_a_refused_approval_leaves_no_trace(register: Register, database):
    """The numbers end: the approval is refused, the task stays open, no number is lost."""
    project_id = await register.validated()
    task_id = (await register.propose(project_id, "registration")).json()["task_id"]
    async with database.write() as session:
        await session.execute(text("INSERT INTO project_numbers VALUES (1, 9999)"))
    assert refusal(await register.approve(task_id)) == (409, "project-numbers-exhausted")
    async with database.write() as session:
        await session.execute(text("UPDATE project_numbers SET last_no = 41"))
    assert (await register.approve(task_id)).status_code == 200
    project = (await register.api.get(f"/v1/projects/{project_id}")).json()
    assert project["project_no"] == 42


async def test_a_project_under_a_withdrawn_methodology_registers_to_the_end_of_its_window(
    register: Register, database
):
    projects = []
    for _ in range(2):
        register.clock.set(legal_midnight(date(2026, 7, 17)))
        projects.append(await register.validated())
    async with database.write() as session:
        await session.execute(
            text(
                "UPDATE methodologies SET status = 'WITHDRAWN', withdrawn_on = '2026-08-14',"
                " transition_until = '2026-08-20' WHERE methodology_code = 'CQCM-901-V001'"
            )
        )
    register.clock.set(datetime(2026, 8, 20, 23, 59, 59, tzinfo=SHANGHAI))
    assert (await register.decide(projects[0])).json()["status"] == "REGISTERED"
    task_id = (await register.propose(projects[1], "registration")).json()["task_id"]
    register.clock.set(datetime(2026, 8, 21, tzinfo=SHANGHAI))
    assert refusal(await register.approve(task_id)) == (409, "methodology-not-in-force")
    assert (await register.reject(task_id)).status_code == 200
    refused = await register.decide(projects[1], decision="refuse", reason="方法学已废止")
    assert refused.json()["status"] == "REJECTED"


async def publish(api, bureau: str, year: int, *holidays: str) -> None:
    answer = await api.put(
        f"/v1/calendar/{year}",
        json={"holidays": list(holidays), "makeup_workdays": [], "source": "测试日历"},
        headers=caller("calendar:write", org=bureau),
    )
    assert answer.status_code == 200, answer.text


async def test_r2_and_r3_over_the_turn_of_the_year(register: Register, api):
    """From Friday 2026-12-18, 2027-01-01 being off: 20 days counted with it, 15 without it."""
    await publish(api, register.bureau, 2027, "2027-01-01")
    noticed = await register.draft()
    register.clock.set(datetime(2026, 12, 18, 23, 59, tzinfo=SHANGHAI))
    assert (await register.notice(noticed)).json()["notice_end"] == "2027-01-15"
    register.clock.set(legal_midnight(date(2026, 7, 17)))
    received = await register.under_notice()
    register.clock.set(datetime(2026, 12, 18, 23, 59, tzinfo=SHANGHAI))
    assert (await register.validate(received)).json()["decision_due"] == "2027-01-11"
    # A minute later it is Saturday in Chongqing, and Friday still in UTC.
    register.clock.set(datetime(2026, 12, 19, tzinfo=SHANGHAI))
    second = await register.draft()
    assert (await register.notice(second)).json()["notice_start"] == "2026-12-19"


async def test_r2_a_notice_from_a_leap_day(register: Register, api):
    await publish(api, register.bureau, 2028)
    project_id = await register.draft()
    register.clock.set(datetime(2028, 2, 29, 9, tzinfo=SHANGHAI))
    noticed = (await register.notice(project_id)).json()
    assert (noticed["notice_start"], noticed["notice_end"]) == ("2028-02-29", "2028-03-27")
    register.clock.set(datetime(2028, 3, 27, 23, 59, 59, tzinfo=SHANGHAI))
    assert refusal(await register.validate(project_id)) == (409, "notice-running")
    register.clock.set(datetime(2028, 3, 28, tzinfo=SHANGHAI))
    assert (await register.validate(project_id)).json()["decision_due"] == "2028-04-18"


async def test_a_validator_that_is_no_longer_competent_cannot_validate(register: Register, api):
    project_id = await register.under_notice()
    register.after_notice()
    short = {"staff_full_time": 9, "staff_experienced": 5}
    await qualify(api, register.validator, bureau=register.bureau, **short)
    assert refusal(await register.validate(project_id)) == (409, "verifier-not-competent")
    other = await register.draft()
    assert refusal(await register.notice(other)) == (409, "verifier-not-competent")


async def test_green_certificates_are_flagged_whatever_suspension_waits_already(
    register: Register, api
):
    project_id = await register.registered()
    waiting = (await register.propose(project_id, "suspension")).json()["task_id"]
    answer = await api.post(
        f"/v1/projects/{project_id}/green-certificate",
        json={"reason": "国家绿证核发系统查得"},
        headers=caller("projects:register", org=register.bureau),
    )
    assert (answer.status_code, answer.json()["green_certificate_claim"]) == (200, True)
    assert (await register.approve(waiting)).status_code == 200
    project = (await api.get(f"/v1/projects/{project_id}")).json()
    assert (project["status"], project["green_certificate_claim"]) == ("SUSPENDED", True)
    assert refusal(await register.propose(project_id, "resumption")) == (
        409,
        "green-certificate-claimed",
    )
