"""From notice to registration: R2, R3, R4, R12 through the API."""

import asyncio
from datetime import date, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from registry_svc_tests.factories import (
    SECTIONS,
    caller,
    forest_project,
    overseer,
    pv_project,
    register_organisation,
)
from tht_contracts.events.registry import ProjectRegistered, ProjectStatusChanged
from tht_kit.clock import legal_midnight
from tht_kit.ids import new_id

SHANGHAI = timezone(timedelta(hours=8))


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_a_project_goes_from_draft_to_the_register(register, api, events):
    project_id = await register.draft(forest_project(register.author))
    notice = (await register.notice(project_id)).json()
    assert (notice["status"], notice["notice_start"], notice["notice_end"]) == (
        "NOTICE",
        "2026-07-17",
        "2026-08-13",
    )
    comment = (await register.comment(project_id)).json()
    register.after_notice()
    answers = [{"comment_id": comment["comment_id"], "answer": "无噪声源。"}]
    validated = (await register.validate(project_id, comment_answers=answers)).json()
    assert validated["status"] == "VALIDATED"
    assert validated["validation"]["sections"] == SECTIONS
    registered = (await register.decide(project_id)).json()
    assert (registered["status"], registered["project_no"]) == ("REGISTERED", 1)
    assert registered["registered_on"] == "2026-08-14"
    assert [(step["status_before"], step["status"]) for step in registered["history"]] == [
        ("DRAFT", "NOTICE"),
        ("NOTICE", "VALIDATED"),
        ("VALIDATED", "REGISTERED"),
    ]
    assert (await api.get(f"/v1/projects/{project_id}", headers=overseer())).json() == registered
    [listed] = (await api.get(f"/v1/projects/{project_id}/comments", headers=overseer())).json()[
        "items"
    ]
    assert listed["answer"] == "无噪声源。"
    emitted = await events(project_id)
    assert [type(event) for event in emitted] == [
        ProjectStatusChanged,
        ProjectStatusChanged,
        ProjectRegistered,
        ProjectStatusChanged,
    ]
    assert [event.version for event in emitted] == [2, 3, 4, 4]
    fact = emitted[2]
    assert (fact.project_no, fact.validator_code, fact.is_local) == (1, register.validator, True)
    # What counts is the area of the outline, not the declared 642,000 m².
    assert [(found.parcel_no, found.area_m2) for found in fact.parcels] == [
        (registered["parcels"][0]["parcel_no"], registered["parcels"][0]["computed_area_m2"])
    ]


@pytest.mark.parametrize(
    ("moment", "start", "end"),
    [
        # The real notice of a Hubei project, R2.
        (datetime(2026, 7, 17, 10, tzinfo=SHANGHAI), "2026-07-17", "2026-08-13"),
        # Legal days are those of Shanghai: still the 16th in UTC.
        (datetime(2026, 7, 17, 0, 0, tzinfo=SHANGHAI), "2026-07-17", "2026-08-13"),
        (datetime(2026, 7, 16, 23, 59, 59, tzinfo=SHANGHAI), "2026-07-16", "2026-08-12"),
        # A Saturday does not count, so Monday is the first of the twenty.
        (datetime(2026, 7, 18, 10, tzinfo=SHANGHAI), "2026-07-18", "2026-08-14"),
        # Over 国庆 with its make-up Saturdays.
        (datetime(2026, 9, 21, 10, tzinfo=SHANGHAI), "2026-09-21", "2026-10-23"),
    ],
)
async def test_r2_the_notice_lasts_twenty_working_days(register, clock, moment, start, end):
    project_id = await register.draft()
    clock.set(moment)
    answer = (await register.notice(project_id)).json()
    assert (answer["notice_start"], answer["notice_end"]) == (start, end)


async def test_a_notice_into_a_year_without_calendar_names_the_year(register, clock):
    project_id = await register.draft()
    clock.set(datetime(2026, 12, 21, 10, tzinfo=SHANGHAI))
    answer = await register.notice(project_id)
    assert refusal(answer) == (409, "calendar-year-missing")
    assert "2027" in answer.json()["detail"]
    assert (await register.api.get(f"/v1/projects/{project_id}", headers=overseer())).json()[
        "status"
    ] == "DRAFT"


async def test_only_the_owner_puts_its_project_under_notice(register):
    project_id = await register.draft()
    assert refusal(await register.notice(project_id, org=register.author)) == (
        403,
        "not-project-owner",
    )


async def test_r4_the_validator_is_neither_owner_nor_author(register, api):
    both = await register_organisation(api, "owner", "validator_verifier")
    register.owner = both
    own = await register.draft()
    assert refusal(await register.notice(own, validator=both)) == (409, "validator-not-independent")
    register.owner = await register_organisation(api, "owner")
    written = await register.draft(pv_project(both))
    assert refusal(await register.notice(written, validator=both)) == (
        409,
        "validator-not-independent",
    )


async def test_r4_the_validator_must_be_a_validation_body(register, api):
    project_id = await register.draft()
    for kind in ("owner", "bureau", "operator"):
        other = await register_organisation(api, kind)
        assert refusal(await register.notice(project_id, validator=other)) == (
            409,
            "organisation-unfit",
        )


async def test_r4_only_the_named_validator_validates(register, api):
    project_id = await register.under_notice()
    register.after_notice()
    other = await register_organisation(api, "validator_verifier")
    for org in (other, register.owner, register.author):
        assert refusal(await register.validate(project_id, org=org)) == (
            403,
            "not-project-validator",
        )


async def test_r4_a_suspended_validator_cannot_validate(register, database):
    project_id = await register.under_notice()
    register.after_notice()
    async with database.write() as session:
        await session.execute(
            text("UPDATE organisations SET status = 'suspended' WHERE organisation_code = :code"),
            {"code": register.validator},
        )
    assert refusal(await register.validate(project_id)) == (409, "organisation-unfit")


async def test_r2_validation_waits_for_the_last_day_of_the_notice(register, clock):
    project_id = await register.under_notice()
    clock.set(legal_midnight(date(2026, 8, 14)) - timedelta(microseconds=1))
    answer = await register.validate(project_id)
    assert refusal(answer) == (409, "notice-running")
    assert "2026-08-13" in answer.json()["detail"]
    clock.set(legal_midnight(date(2026, 8, 14)))
    assert (await register.validate(project_id)).status_code == 200


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (legal_midnight(date(2026, 7, 17)), 201),
        (legal_midnight(date(2026, 8, 14)) - timedelta(seconds=1), 201),
        (legal_midnight(date(2026, 8, 14)), 409),
    ],
)
async def test_the_public_comments_while_the_notice_runs(register, clock, moment, status):
    project_id = await register.under_notice()
    clock.set(moment)
    answer = await register.comment(project_id)
    assert answer.status_code == status
    if status == 409:
        assert refusal(answer) == (409, "notice-closed")


async def test_a_draft_and_a_decided_project_take_no_comments(register):
    draft = await register.draft()
    assert refusal(await register.comment(draft)) == (409, "notice-closed")
    registered = await register.registered()
    assert refusal(await register.comment(registered)) == (409, "notice-closed")
    assert refusal(await register.comment(str(new_id()))) == (404, "project-not-found")


async def test_comments_are_listed_in_order_page_by_page(register, api):
    project_id = await register.under_notice()
    for number in range(5):
        await register.comment(project_id, f"意见 {number}")
    path = f"/v1/projects/{project_id}/comments"
    page = (await api.get(path, params={"limit": 3})).json()
    rest = (await api.get(path, params={"limit": 3, "cursor": page["next_cursor"]})).json()
    texts = [item["text"] for item in page["items"] + rest["items"]]
    assert texts == [f"意见 {number}" for number in range(5)]
    assert rest["next_cursor"] is None
    assert refusal(await api.get(f"/v1/projects/{new_id()}/comments", headers=overseer())) == (
        404,
        "project-not-found",
    )


async def test_every_comment_is_answered_by_the_validation(register):
    project_id = await register.under_notice()
    first = (await register.comment(project_id)).json()["comment_id"]
    second = (await register.comment(project_id)).json()["comment_id"]
    register.after_notice()
    one = [{"comment_id": first, "answer": "已核实。"}]
    answer = await register.validate(project_id, comment_answers=one)
    assert refusal(answer) == (409, "comments-unanswered")
    assert second in answer.json()["detail"]
    assert first not in answer.json()["detail"]
    twice = one * 2
    answer = await register.validate(project_id, comment_answers=twice)
    assert answer.json()["errors"][0]["pointer"] == "/comment_answers/1/comment_id"
    foreign = [*one, {"comment_id": str(new_id()), "answer": "？"}]
    answer = await register.validate(project_id, comment_answers=foreign)
    assert answer.json()["errors"][0]["pointer"] == "/comment_answers/1/comment_id"
    both = [*one, {"comment_id": second, "answer": "已核实。"}]
    # Also a negative validation treats the comments.
    assert refusal(await register.validate(project_id, conclusion="negative")) == (
        409,
        "comments-unanswered",
    )
    assert (await register.validate(project_id, comment_answers=both)).status_code == 200


@pytest.mark.parametrize("section", SECTIONS)
async def test_the_report_has_every_section(register, section):
    project_id = await register.under_notice()
    register.after_notice()
    missing = {name: text for name, text in SECTIONS.items() if name != section}
    answer = await register.validate(project_id, sections=missing)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/sections/{section}"


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 8, 14), "2026-09-04"),
        (date(2026, 9, 24), "2026-10-22"),  # over 国庆
    ],
)
async def test_r3_the_decision_is_due_fifteen_working_days_after_receipt(
    register, clock, received, due
):
    project_id = await register.under_notice()
    clock.set(legal_midnight(received))
    assert (await register.validate(project_id)).json()["decision_due"] == due


async def test_r3_an_overdue_decision_is_flagged_and_never_taken_by_itself(register, clock, api):
    project_id = await register.validated()
    path = f"/v1/projects/{project_id}"
    clock.set(legal_midnight(date(2026, 9, 4)))
    assert (await api.get(path)).json()["decision_overdue"] is False
    clock.set(legal_midnight(date(2026, 9, 5)))
    project = (await api.get(path)).json()
    assert (project["status"], project["decision_overdue"]) == ("VALIDATED", True)
    [listed] = (
        await api.get("/v1/projects", headers=overseer(), params={"status": "VALIDATED"})
    ).json()["items"]
    assert listed["decision_overdue"] is True
    registered = (await register.decide(project_id)).json()
    assert (registered["status"], registered["decision_overdue"]) == ("REGISTERED", True)


async def test_only_the_bureau_decides(register, api):
    project_id = await register.validated()
    for org in (register.owner, register.validator, await register_organisation(api, "operator")):
        assert refusal(await register.decide(project_id, org=org)) == (409, "organisation-unfit")
    headers = caller("projects:write", org=register.bureau)
    answer = await api.post(
        f"/v1/projects/{project_id}/registration", json={"decision": "register"}, headers=headers
    )
    assert refusal(answer) == (403, "forbidden")


async def test_a_refusal_needs_a_reason_and_keeps_it(register, events):
    project_id = await register.validated()
    answer = await register.decide(project_id, decision="refuse")
    assert answer.json()["errors"][0]["pointer"] == "/reason"
    refused = (await register.decide(project_id, decision="refuse", reason="额外性不足")).json()
    assert (refused["status"], refused["project_no"]) == ("REJECTED", None)
    assert refused["history"][-1]["reason"] == "额外性不足"
    assert (await events(project_id))[-1].reason == "额外性不足"


async def test_a_refused_step_says_what_comes_next(register):
    project_id = await register.draft()
    answer = await register.decide(project_id)
    assert answer.json()["detail"] == (
        "项目当前状态为草稿（DRAFT），不能转为已登记（REGISTERED）；下一步是提交公示。"
    )


async def test_steps_of_an_unknown_project_are_not_found(register):
    unknown = str(new_id())
    for step in (register.notice, register.validate, register.decide):
        assert refusal(await step(unknown)) == (404, "project-not-found")


async def test_project_numbers_have_no_gap_and_no_repetition_under_concurrency(register):
    projects = [await register.under_notice() for _ in range(12)]
    register.after_notice()
    for project_id in projects:
        await register.validate(project_id)
    # Two of them are decided twice at once, and a refused one draws no number.
    answers = await asyncio.gather(
        *(register.decide(project_id) for project_id in projects[:10] + projects[:2]),
        register.decide(projects[10], decision="refuse", reason="额外性不足"),
        register.decide(projects[11]),
    )
    numbers = [answer.json()["project_no"] for answer in answers if answer.status_code == 200]
    assert sorted(number for number in numbers if number) == list(range(1, 12))
    refused = [refusal(answer) for answer in answers if answer.status_code != 200]
    assert len(refused) == 2
    assert set(refused) <= {(409, "task-pending"), (409, "project-step-refused")}


async def test_the_numbers_end_at_four_digits(register, database):
    project_id = await register.validated()
    async with database.write() as session:
        await session.execute(text("INSERT INTO project_numbers VALUES (1, 9998)"))
    assert (await register.decide(project_id)).json()["project_no"] == 9999
    register.clock.set(datetime(2026, 7, 17, 10, tzinfo=SHANGHAI))
    another = await register.validated()
    assert refusal(await register.decide(another)) == (409, "project-numbers-exhausted")


async def test_a_repeated_decision_with_its_key_draws_no_second_number(register, api, events):
    project_id = await register.validated()
    headers = caller("projects:register", org=register.bureau, subject="officer-a")
    path, body = f"/v1/projects/{project_id}/registration", {"decision": "register"}
    first = await api.post(path, json=body, headers=headers)
    again = await api.post(path, json=body, headers=headers)
    assert (again.status_code, again.content) == (202, first.content)
    path = f"/v1/registry-tasks/{first.json()['task_id']}/approval"
    headers = caller("projects:register", org=register.bureau, subject="officer-b")
    approved = await api.post(path, headers=headers)
    repeated = await api.post(path, headers=headers)
    assert (repeated.status_code, repeated.content) == (200, approved.content)
    registered = [found for found in await events(project_id) if type(found) is ProjectRegistered]
    assert len(registered) == 1


async def test_projects_are_listed_newest_first_by_status_type_and_owner(register, api):
    draft = await register.draft(forest_project(register.author))
    noticed = await register.under_notice()
    other = register.owner
    register.owner = await register_organisation(api, "owner")
    theirs = await register.draft()

    async def listed(**query):
        page = (await api.get("/v1/projects", headers=overseer(), params=query)).json()
        return [item["project_id"] for item in page["items"]]

    assert await listed() == [theirs, noticed, draft]
    assert await listed(status="DRAFT") == [theirs, draft]
    assert await listed(status="NOTICE") == [noticed]
    assert await listed(project_type="afforestation") == [draft]
    assert await listed(owner_code=other) == [noticed, draft]
    assert await listed(owner_code=other, status="DRAFT") == [draft]
    first = (await api.get("/v1/projects", headers=overseer(), params={"limit": 1})).json()
    assert await listed(limit=5, cursor=first["next_cursor"]) == [noticed, draft]
