"""The public's comments: sent once, limited, answered in public."""

import asyncio
from datetime import date

from sqlalchemy import text

from registry_svc_tests.factories import Register, caller
from tht_kit.clock import legal_midnight
from tht_kit.ids import new_id


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def say(register: Register, project_id: str, words: str, key: str | None = None):
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"author_name": "附近居民", "text": words}
    return await register.api.post(
        f"/v1/projects/{project_id}/comments", json=body, headers=headers
    )


async def answer(register: Register, project_id: str, comment_id: str, org: str | None = None):
    return await register.api.post(
        f"/v1/projects/{project_id}/comments/{comment_id}/answer",
        json={"answer": "已核实，无噪声源。"},
        headers=caller("projects:validate", org=org or register.validator),
    )


async def listed(register: Register, project_id: str):
    return (await register.api.get(f"/v1/projects/{project_id}/comments")).json()["items"]


async def test_a_comment_sent_again_with_its_key_is_the_same_comment(register: Register):
    project_id = await register.under_notice()
    first = await say(register, project_id, "夜间是否有噪声？", "k-1")
    again = await say(register, project_id, "夜间是否有噪声？", "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = await say(register, project_id, "反光是否影响行车？", "k-1")
    assert refusal(other) == (422, "idempotency-key-reused")
    assert len(await listed(register, project_id)) == 1
    # Without a key, and on another notice, it is another comment.
    assert (await say(register, project_id, "夜间是否有噪声？")).status_code == 201
    elsewhere = await register.under_notice()
    assert (await say(register, elsewhere, "夜间是否有噪声？", "k-1")).status_code == 201
    # A retry that arrives after the notice still finds its comment.
    register.after_notice()
    late = await say(register, project_id, "夜间是否有噪声？", "k-1")
    assert late.json() == first.json()
    assert refusal(await say(register, project_id, "迟到的意见", "k-2")) == (409, "notice-closed")


async def test_a_comment_sent_twice_at_once_is_one_comment(register: Register):
    project_id = await register.under_notice()
    answers = await asyncio.gather(
        *(say(register, project_id, "夜间是否有噪声？", "k-1") for _ in range(8))
    )
    assert {found.status_code for found in answers} == {201}
    assert len({found.json()["comment_id"] for found in answers}) == 1
    assert len(await listed(register, project_id)) == 1


async def test_a_notice_takes_as_many_comments_as_its_rule_says(register: Register, database):
    async with database.write() as session:
        await session.execute(text("UPDATE project_rules SET comments_max = 3"))
    project_id = await register.under_notice()
    answers = await asyncio.gather(
        *(say(register, project_id, f"意见 {number}") for number in range(6))
    )
    assert sorted(found.status_code for found in answers) == [201] * 3 + [409] * 3
    assert {refusal(found) for found in answers if found.status_code == 409} == {
        (409, "comments-full")
    }
    other = await register.under_notice()
    assert (await say(register, other, "意见")).status_code == 201


async def test_a_comment_is_limited_in_size_and_key(register: Register):
    project_id = await register.under_notice()
    assert (await say(register, project_id, "长" * 4000)).status_code == 201
    for words, key, pointer in [
        ("长" * 4001, None, "/text"),
        ("  ", None, "/text"),
        ("意见", "k" * 256, "header:idempotency-key"),
        ("意见", "\x7f", "header:idempotency-key"),
    ]:
        refused = await say(register, project_id, words, key)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"].lower() == pointer
    assert len(await listed(register, project_id)) == 1


async def test_the_validator_answers_before_its_report_and_the_answer_is_public(
    register: Register,
):
    project_id = await register.under_notice()
    first = (await say(register, project_id, "夜间是否有噪声？")).json()["comment_id"]
    second = (await say(register, project_id, "反光是否影响行车？")).json()["comment_id"]
    assert refusal(await answer(register, project_id, first, org=register.owner)) == (
        403,
        "not-project-validator",
    )
    answered = await answer(register, project_id, first)
    assert (answered.status_code, answered.json()["answer"]) == (200, "已核实，无噪声源。")
    assert refusal(await answer(register, project_id, first)) == (409, "comment-answered")
    assert refusal(await answer(register, project_id, str(new_id()))) == (404, "comment-not-found")
    assert [item["answer"] for item in await listed(register, project_id)] == [
        "已核实，无噪声源。",
        None,
    ]
    register.after_notice()
    # The report answers what is left, and cannot change what was said.
    again = [{"comment_id": first, "answer": "改口"}, {"comment_id": second, "answer": "无影响。"}]
    refused = await register.validate(project_id, comment_answers=again)
    assert refused.json()["errors"][0]["pointer"] == "/comment_answers/0/comment_id"
    assert refusal(await register.validate(project_id)) == (409, "comments-unanswered")
    assert (await register.validate(project_id, comment_answers=again[1:])).status_code == 200
    assert refusal(await answer(register, project_id, second)) == (409, "project-step-refused")


async def test_no_comment_slips_past_a_validation(register: Register):
    """At the turn of the notice's last day: every comment that was taken has its answer."""
    for _ in range(3):
        register.clock.set(legal_midnight(date(2026, 7, 17)))
        project_id = await register.under_notice()
        comment_id = (await say(register, project_id, "意见")).json()["comment_id"]
        register.after_notice()
        answers = [{"comment_id": comment_id, "answer": "已核实。"}]
        validated, late = await asyncio.gather(
            register.validate(project_id, comment_answers=answers),
            say(register, project_id, "迟到的意见"),
        )
        assert validated.status_code == 200
        assert refusal(late) == (409, "notice-closed")
        assert all(item["answer"] for item in await listed(register, project_id))
