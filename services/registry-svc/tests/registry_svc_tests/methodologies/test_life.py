"""The life of a methodology: drafted, reviewed by experts, published and withdrawn by two persons."""

import asyncio
from datetime import date

import pytest

from registry_svc.methodologies import service
from registry_svc.methodologies.errors import MethodologyNotInForce
from registry_svc_tests.factories import (
    approve,
    caller,
    officer,
    overseer,
    pv_project,
    register_organisation,
)
from tht_contracts.events.registry import MethodologyPublished, MethodologyWithdrawn
from tht_kit.clock import legal_midnight

PATH = "/v1/methodologies"
CODE, NEXT = "CQCM-905-V001", "CQCM-905-V002"
SCOPES = ("methodologies:write", "methodologies:approve")
TODAY = date(2026, 7, 17)


def plan(**changes):
    return {
        "name": "分布式光伏发电减排量方法学",
        "project_type": "distributed_pv",
        "scope_code": "01",
        "crediting_years_min": 1,
        "crediting_years_max": 10,
        "third_party_required": False,
        "non_permanence": "none",
        "applicability": [
            {
                "field": "capacity_kw",
                "op": "between",
                "value": ["1", "6000"],
                "zh": "装机 1 至 6,000 kW",
                "en": "a capacity of 1 to 6,000 kW",
            }
        ],
        "valid_from": "2026-08-01",
        "valid_until": None,
        "evidence_grade": "V1",
        "source": "备案文本",
    } | changes


def panel(*cast, held_on="2026-07-16"):
    return {
        "held_on": held_on,
        "minutes": "方法学科学、可操作。",
        "members": [
            {
                "name": f"专家{index}",
                "organisation": "评估中心",
                "vote": vote,
                "has_conflict": vote == "recused",
                "conflict": "参与编制" if vote == "recused" else None,
            }
            for index, vote in enumerate(cast or ["approve"] * 5)
        ],
    }


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest.fixture
async def bureau(api):
    return await register_organisation(api, "bureau")


@pytest.fixture
def desk(api, bureau):
    return Desk(api, bureau)


class Desk:
    """The steps that officers take."""

    def __init__(self, api, bureau):
        self.api, self.bureau = api, bureau

    def headers(self, subject="officer-a", org=None):
        return officer(org or self.bureau, subject, *SCOPES)

    async def draft(self, code=CODE, *, org=None, **changes):
        body = plan(**changes) | {"methodology_code": code}
        return await self.api.post(PATH, json=body, headers=self.headers(org=org))

    async def amend(self, code=CODE, **changes):
        return await self.api.put(f"{PATH}/{code}", json=plan(**changes), headers=self.headers())

    async def post(self, code, step, body, *, subject="officer-a"):
        return await self.api.post(
            f"{PATH}/{code}/{step}", json=body, headers=self.headers(subject)
        )

    async def review(self, code=CODE, *cast, **changes):
        return await self.post(code, "review", panel(*cast, **changes))

    async def approve(self, proposed, subject="officer-b"):
        assert proposed.status_code == 202, proposed.text
        return await approve(self.api, proposed.json()["task_id"], self.headers(subject))

    async def publish(self, code=CODE, **body):
        done = await self.approve(await self.post(code, "publication", body))
        assert done.status_code == 200, done.text

    async def withdraw(self, code=CODE, **body):
        return await self.approve(
            await self.post(code, "withdrawal", {"reason": "参数过时"} | body)
        )

    async def published(self, code=CODE, *, transition_until=None, **changes):
        assert (await self.draft(code, **changes)).status_code == 201
        assert (await self.review(code)).status_code == 201
        body = {} if transition_until is None else {"transition_until": transition_until}
        await self.publish(code, **body)

    async def get(self, code=CODE):
        return (await self.api.get(f"{PATH}/{code}")).json()


async def test_a_version_goes_from_draft_to_published(desk, api, events, clock):
    drafted = await desk.draft()
    assert (drafted.status_code, drafted.json()["status"]) == (201, "DRAFT")
    assert drafted.headers["location"] == f"{PATH}/{CODE}"
    listed = [item["methodology_code"] for item in (await api.get(PATH)).json()["items"]]
    assert CODE not in listed
    reviewed = (await desk.review(CODE, *["approve"] * 5, "reject", "recused")).json()
    assert (reviewed["is_passed"], reviewed["is_unanimous"]) == (True, False)
    assert (reviewed["approve_votes"], reviewed["reject_votes"]) == (5, 1)
    assert await events(CODE) == []
    await desk.publish(note="会议纪要〔2026〕3号")
    shown = await desk.get()
    assert (shown["status"], shown["series"], shown["version_no"]) == ("PUBLISHED", "CQCM-905", 1)
    assert shown["panels"][0]["members"][6]["vote"] == "recused"
    assert [step["what"] for step in shown["steps"]] == ["drafted", "review passed", "published"]
    assert not any("changed_by" in step for step in shown["steps"])
    history = (await api.get(f"{PATH}/{CODE}/history", headers=desk.headers())).json()
    assert [(step["what"], step["changed_by"], step["approved_by"]) for step in history] == [
        ("drafted", "officer-a", None),
        ("review passed", "officer-a", None),
        ("published", "officer-a", "officer-b"),
    ]
    [event] = await events(CODE)
    assert isinstance(event, MethodologyPublished)
    assert (event.series, event.version_no, event.third_party_required) == ("CQCM-905", 1, False)


async def test_who_took_a_step_is_for_those_who_oversee(desk, api):
    await desk.draft()
    assert refusal(await api.get(f"{PATH}/{CODE}/history")) == (401, "unauthenticated")
    answer = await api.get(f"{PATH}/{CODE}/history", headers=caller("projects:write"))
    assert refusal(answer) == (403, "forbidden")


async def test_no_step_is_skipped(desk):
    await desk.draft()
    withdrawal = {"reason": "参数过时"}
    for step, body in (("publication", {}), ("withdrawal", withdrawal)):
        assert refusal(await desk.post(CODE, step, body)) == (409, "methodology-step-refused")
    await desk.review()
    assert refusal(await desk.post(CODE, "withdrawal", withdrawal))[0] == 409
    assert refusal(await desk.review()) == (409, "methodology-step-refused")
    await desk.publish()
    for answer in (
        await desk.review(),
        await desk.amend(),
        await desk.post(CODE, "publication", {}),
    ):
        assert refusal(answer) == (409, "methodology-step-refused")
    assert (await desk.withdraw()).status_code == 200
    for answer in (
        await desk.amend(),
        await desk.post(CODE, "publication", {}),
        await desk.post(CODE, "withdrawal", withdrawal),
    ):
        assert refusal(answer) == (409, "methodology-step-refused")


async def test_the_proposer_cannot_publish_alone(desk, api):
    await desk.draft()
    await desk.review()
    proposed = await desk.post(CODE, "publication", {})
    assert refusal(await desk.approve(proposed, "officer-a")) == (403, "task-own")
    assert (await desk.get())["status"] == "REVIEWED"


async def test_only_the_authority_or_the_operator_writes_methodologies(desk, api):
    owner = await register_organisation(api, "owner")
    assert refusal(await desk.draft(org=owner)) == (409, "organisation-unfit")
    body = plan() | {"methodology_code": CODE}
    answer = await api.post(PATH, json=body, headers=caller("projects:write", org=owner))
    assert refusal(answer) == (403, "forbidden")


async def test_a_failed_vote_is_on_record_and_the_draft_can_be_mended(desk):
    await desk.draft()
    failed = (await desk.review(CODE, *["approve"] * 3, "reject", "abstain")).json()
    assert failed["is_passed"] is False
    shown = await desk.get()
    assert (shown["status"], shown["panels"][0]["is_passed"]) == ("DRAFT", False)
    await desk.amend(crediting_years_max=8)
    await desk.review()
    shown = await desk.get()
    assert (shown["status"], shown["crediting_years_max"]) == ("REVIEWED", 8)
    assert [one["is_passed"] for one in shown["panels"]] == [False, True]


async def test_what_is_changed_after_its_review_is_reviewed_again(desk):
    await desk.draft()
    await desk.review()
    proposed = await desk.post(CODE, "publication", {})
    assert (await desk.amend(crediting_years_max=9)).json()["status"] == "DRAFT"
    assert refusal(await desk.approve(proposed)) == (409, "methodology-step-refused")
    assert (await desk.get())["status"] == "DRAFT"


@pytest.mark.parametrize(
    ("cast", "held_on", "pointers"),
    [
        (["approve"] * 4, "2026-07-16", ["/members"]),
        (["approve"] * 4 + ["recused"], "2026-07-16", ["/members"]),
        (["approve"] * 5, "2026-07-18", ["/held_on"]),
        (["approve"] * 3, "2026-07-18", ["/members", "/held_on"]),
    ],
)
async def test_a_panel_that_breaks_the_rules_is_not_recorded(desk, cast, held_on, pointers):
    await desk.draft()
    answer = await desk.review(CODE, *cast, held_on=held_on)
    assert refusal(answer) == (422, "methodology-panel-invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await desk.get())["panels"] == []


@pytest.mark.parametrize(
    ("code", "changes", "pointers"),
    [
        ("CQCM-905-V1", {}, ["/methodology_code"]),
        ("CCER-14-001-V01", {}, ["/scope_code"]),
        (
            CODE,
            {"crediting_years_max": 1, "crediting_years_min": 2, "valid_until": "2026-07-31"},
            ["/crediting_years_max", "/valid_until"],
        ),
        (
            CODE,
            {
                "applicability": [
                    {"field": "unit_type", "op": "in", "value": "CQCER", "zh": "甲", "en": "a"},
                    {"field": "capacity_kw", "op": "ge", "value": "many", "zh": "乙", "en": "b"},
                ]
            },
            ["/applicability/0/value", "/applicability/1/value"],
        ),
        (
            CODE,
            {"applicability": [{"field": "a", "op": "ge", "value": 1.5, "zh": "甲", "en": "a"}]},
            None,
        ),
        (
            CODE,
            {"applicability": [{"field": "a", "op": "like", "value": "1", "zh": "甲", "en": "a"}]},
            ["/applicability/0/op"],
        ),
    ],
)
async def test_a_wrong_draft_is_refused_naming_every_place(desk, code, changes, pointers):
    answer = await desk.draft(code, **changes)
    assert answer.status_code == 422
    if pointers is not None:
        assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await desk.api.get(f"{PATH}/{code}")).status_code == 404


async def test_a_version_is_drafted_once_and_never_behind_a_published_one(desk):
    answers = await asyncio.gather(*(desk.draft() for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    await desk.review()
    await desk.publish()
    assert refusal(await desk.draft()) == (409, "methodology-exists")
    await desk.published("CQCM-905-V003", valid_from="2026-09-01")
    assert refusal(await desk.draft(NEXT)) == (409, "methodology-version-stale")


async def test_a_version_that_was_overtaken_is_not_published(desk):
    await desk.draft(NEXT)
    await desk.review(NEXT)
    proposed = await desk.post(NEXT, "publication", {})
    await desk.published("CQCM-905-V003")
    assert refusal(await desk.approve(proposed)) == (409, "methodology-version-stale")
    assert (await desk.get(NEXT))["status"] == "REVIEWED"


async def test_eight_approvals_at_once_publish_once(desk, events):
    await desk.draft()
    await desk.review()
    proposed = await desk.post(CODE, "publication", {})
    answers = await asyncio.gather(
        *(desk.approve(proposed, f"officer-{number}") for number in range(2, 10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await events(CODE)) == 1


async def test_two_versions_published_at_once_end_in_order(desk):
    await desk.published()
    proposals = []
    for code in (NEXT, "CQCM-905-V003"):
        await desk.draft(code, valid_from="2026-09-01")
        await desk.review(code)
        proposals.append(await desk.post(code, "publication", {}))
    answers = await asyncio.gather(*(desk.approve(proposed) for proposed in proposals))
    assert answers[1].status_code == 200
    if answers[0].status_code == 200:
        assert (await desk.get(NEXT))["transition_until"] == "2026-08-31"
    else:
        assert refusal(answers[0]) == (409, "methodology-version-stale")
    assert (await desk.get("CQCM-905-V003"))["transition_until"] is None


async def in_force(database, code, day):
    async with database.read() as session:
        try:
            await service.get_in_force(session, code, day, pointer="/methodology_code")
        except MethodologyNotInForce:
            return False
        return True


async def registrable(database, code, day):
    async with database.read() as session:
        try:
            await service.get_registrable(session, code, day)
        except MethodologyNotInForce:
            return False
        return True


@pytest.mark.parametrize(
    ("transition_until", "last_day"), [(None, "2026-08-31"), ("2026-12-31", "2026-12-31")]
)
async def test_a_superseded_version_registers_to_the_end_of_its_window(
    desk, database, events, transition_until, last_day
):
    await desk.published()
    await desk.published(NEXT, valid_from="2026-09-01", transition_until=transition_until)
    assert (await desk.get())["transition_until"] == last_day
    assert (await desk.get())["status"] == "PUBLISHED"
    last = date.fromisoformat(last_day)
    after = date.fromordinal(last.toordinal() + 1)
    for day, old, new in (
        (date(2026, 7, 31), False, False),
        (date(2026, 8, 1), True, False),
        (date(2026, 8, 31), True, False),
        (date(2026, 9, 1), transition_until is not None, True),
        (last, True, last >= date(2026, 9, 1)),
        (after, False, True),
    ):
        assert await in_force(database, CODE, day) is old, day
        assert await registrable(database, CODE, day) is old, day
        assert await in_force(database, NEXT, day) is new, day
    told = await events(CODE)
    assert [event.transition_until for event in told] == [None, last]


@pytest.mark.parametrize(
    ("transition_until", "pointer"),
    [("2026-08-30", "/transition_until"), ("2026-08-31", None), ("2027-01-01", None)],
)
async def test_a_window_never_leaves_a_gap(desk, transition_until, pointer):
    await desk.published()
    await desk.draft(NEXT, valid_from="2026-09-01")
    await desk.review(NEXT)
    answer = await desk.post(NEXT, "publication", {"transition_until": transition_until})
    if pointer is None:
        assert answer.status_code == 202
    else:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_what_begins_in_the_past_is_refused_as_a_draft_and_by_the_panel(desk, clock):
    answer = await desk.draft(valid_from="2026-07-16")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/valid_from"]
    assert (await desk.draft(valid_from="2026-07-17")).status_code == 201
    amended = await desk.amend(valid_from="0001-01-01")
    assert [error["pointer"] for error in amended.json()["errors"]] == ["/valid_from"]
    clock.set(legal_midnight(date(2026, 7, 18)))
    reviewed = await desk.review()
    assert refusal(reviewed) == (422, "methodology-panel-invalid")
    assert [error["pointer"] for error in reviewed.json()["errors"]] == ["/valid_from"]
    assert (await desk.amend(valid_from="2026-07-18")).status_code == 200
    assert (await desk.review()).status_code == 201


async def test_a_first_version_has_no_window_and_none_begins_in_the_past(desk, clock):
    await desk.draft(valid_from="2026-07-17")
    await desk.review()
    clock.set(legal_midnight(date(2026, 7, 18)))
    answer = await desk.post(CODE, "publication", {"transition_until": "2026-12-31"})
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/valid_from",
        "/transition_until",
    ]


async def test_a_withdrawn_version_takes_no_project_and_keeps_those_it_has(
    desk, register, database, events, clock
):
    project_id = await register.draft()
    done = await desk.withdraw("CQCM-901-V001", transition_until="2026-10-31")
    assert done.status_code == 200
    refused = await register.file(pv_project(register.author))
    assert refusal(refused) == (409, "methodology-not-in-force")
    project = (await register.api.get(f"/v1/projects/{project_id}", headers=overseer())).json()
    assert project["methodology_code"] == "CQCM-901-V001"
    for day, may in ((TODAY, True), (date(2026, 10, 31), True), (date(2026, 11, 1), False)):
        assert await registrable(database, "CQCM-901-V001", day) is may
        assert await in_force(database, "CQCM-901-V001", day) is False
    assert (await events("CQCM-901-V001"))[-1] == MethodologyWithdrawn(
        methodology_code="CQCM-901-V001",
        withdrawn_on=TODAY,
        transition_until=date(2026, 10, 31),
        reason="参数过时",
    )
    shown = await desk.get("CQCM-901-V001")
    assert (shown["status"], shown["withdrawn_on"]) == ("WITHDRAWN", "2026-07-17")


async def test_a_withdrawal_without_a_window_ends_at_once(desk, database):
    assert (await desk.withdraw("CQCM-903-V001")).status_code == 200
    assert not await registrable(database, "CQCM-903-V001", TODAY)
    answer = await desk.post(
        "CQCM-902-V001", "withdrawal", {"reason": "过时", "transition_until": "2026-07-16"}
    )
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/transition_until"]


async def test_a_version_past_its_validity_takes_no_project(desk, database):
    await desk.published(valid_until="2026-12-31")
    assert await in_force(database, CODE, date(2026, 12, 31))
    assert not await in_force(database, CODE, date(2027, 1, 1))


@pytest.mark.parametrize(
    ("code", "facts", "pointers"),
    [
        (
            "CQCM-901-V001",
            {
                "unit_type": "CQCER",
                "green_certificate_claim": False,
                "capacity_kw": "3500.5",
                "pv_mode": "own_use",
            },
            [],
        ),
        (
            "CQCM-901-V001",
            {"unit_type": "CCER", "green_certificate_claim": True, "capacity_kw": "20000.01"},
            ["/unit_type", "/green_certificate_claim", "/capacity_kw", "/pv_mode"],
        ),
        ("CQCM-902-V001", {"unit_type": "CQCER", "species": "马尾松"}, []),
        ("CQCM-904-V001", {"unit_type": "CQCER", "species": "柑橘"}, ["/species"]),
        ("CQCM-903-V001", {"unit_type": "CQCER", "district_code": "510107"}, ["/district_code"]),
    ],
)
async def test_the_rules_of_the_seeded_versions_can_be_tried(api, code, facts, pointers):
    answer = await api.post(f"{PATH}/{code}/applicability-check", json={"facts": facts})
    body = answer.json()
    assert answer.status_code == 200
    assert [problem["pointer"] for problem in body["problems"]] == pointers
    assert body["is_applicable"] is (pointers == [])


async def test_lists_are_filtered_by_status_type_and_series(desk, api):
    await desk.published()
    await desk.draft(NEXT)

    async def codes(**query):
        page = (await api.get(PATH, params=query)).json()
        return [item["methodology_code"] for item in page["items"]]

    assert await codes(series="CQCM-905") == [CODE]
    assert await codes(series="CQCM-905", status="DRAFT") == [NEXT]
    assert await codes(project_type="afforestation") == ["CQCM-902-V001", "CQCM-904-V001"]
    assert await codes(project_type="distributed_pv") == ["CQCM-901-V001", CODE]


async def test_the_buffer_version_says_so(desk, clock):
    clock.set(legal_midnight(date(2026, 8, 1)))
    shown = await desk.get("CQCM-904-V001")
    assert (shown["non_permanence"], shown["scope_code"], shown["evidence_grade"]) == (
        "buffer",
        "14",
        "D",
    )
    assert (shown["crediting_years_min"], shown["crediting_years_max"]) == (20, 40)
    assert (await desk.get("CQCM-902-V001"))["non_permanence"] == "deduction"
