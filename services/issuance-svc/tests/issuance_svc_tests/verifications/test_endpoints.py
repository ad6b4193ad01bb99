import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from issuance_svc_tests.factories import (
    BUREAU,
    OPERATOR,
    OPINION,
    OWNER,
    VALIDATOR,
    VERIFIER,
    as_officer,
    as_owner,
    as_verifier,
    caller,
    meter_csv,
    organisation,
    problem,
    pv_project,
)
from tht_contracts.events.registry import Accreditation, Competence
from tht_kit.clock import legal_midnight
from tht_kit.ids import new_id

SECOND = "91500000MATHT0089J"


@pytest.fixture
async def report(desk):
    """R13's year under notice: 849 t, to be verified by the verifier."""
    made = await desk.reported()
    notice = await desk.notice(made["report_id"])
    assert notice.status_code == 200, notice.text
    return notice.json()


def at(report, tail=""):
    return f"/v1/reports/{report['report_id']}{tail}"


async def comment(desk, report, text="读数与结算单是否一致？"):
    body = {"author_name": "附近居民", "text": text}
    return await desk.api.post(at(report, "/comments"), json=body)


async def raised(desk, report, kind="CAR", *, headers=None, **more):
    body = {"kind": kind, "text": "九月读数缺少校验记录。"} | more
    return await desk.api.post(at(report, "/findings"), json=body, headers=headers or as_verifier())


async def turn(desk, report, finding, verb, headers, **more):
    path = at(report, f"/findings/{finding['finding_id']}/{verb}")
    return await desk.api.post(path, json={"text": "说明如下。"} | more, headers=headers)


async def closed(desk, report, finding, headers=None):
    await turn(desk, report, finding, "answer", as_owner())
    answer = await turn(desk, report, finding, "acceptance", headers or as_verifier())
    assert answer.json()["status"] == "CLOSED", answer.text


async def plan(desk, report, *items, headers=None):
    body = {"items": [{"subject": s, "label": label, "method": "现场核对"} for s, label in items]}
    return await desk.api.post(
        at(report, "/sampling-plan"), json=body, headers=headers or as_verifier()
    )


async def record(desk, report, check_no, misstatement_t=None, *, headers=None):
    body = {"result": "conforms", "note": "一致"}
    if misstatement_t is not None:
        body = {"result": "misstated", "note": "有差异", "misstatement_t": misstatement_t}
    return await desk.api.post(
        at(report, f"/sampling-plan/{check_no}/records"),
        json=body,
        headers=headers or as_verifier(),
    )


# --- comments ------------------------------------------------------------------------------------


async def test_art_19_each_comment_is_answered_before_a_positive_opinion(desk, report):
    first, second = [(await comment(desk, report, text)).json() for text in ("甲", "乙")]
    desk.pass_notice(report)
    refused = await desk.verification(report["report_id"], 849)
    assert (refused.status_code, problem(refused)) == (409, "report-comments-unanswered")
    assert first["comment_id"] in refused.json()["detail"]

    path = at(report, f"/comments/{first['comment_id']}/answer")
    answered = await desk.api.post(path, json={"answer": "一致，附结算单。"}, headers=as_owner())
    assert answered.json()["answer"] == "一致，附结算单。"
    again = await desk.api.post(path, json={"answer": "另说"}, headers=as_verifier())
    assert (again.status_code, problem(again)) == (409, "report-comment-answered")

    rest = [{"comment_id": second["comment_id"], "answer": "已核对。"}]
    opinion = await desk.verification(report["report_id"], 849, comment_answers=rest)
    assert (opinion.status_code, opinion.json()["status"]) == (200, "VERIFIED")
    shown = (await desk.api.get(at(report, "/comments"))).json()["items"]  # for everybody
    assert [row["answer"] for row in shown] == ["一致，附结算单。", "已核对。"]


async def test_comments_are_taken_in_the_notice_only(desk):
    made = await desk.reported()
    early = await comment(desk, made)
    assert (early.status_code, problem(early)) == (409, "report-notice-closed")
    notice = (await desk.notice(made["report_id"])).json()
    desk.clock.set(legal_midnight(date.fromisoformat(notice["notice_end"])))  # its last day
    assert (await comment(desk, made)).status_code == 201
    desk.pass_notice(notice)
    assert problem(await comment(desk, made)) == "report-notice-closed"


async def test_strangers_answer_no_comment_and_refused_answers_leave_no_trace(desk, report):
    filed = (await comment(desk, report)).json()
    path = at(report, f"/comments/{filed['comment_id']}/answer")
    for headers in (as_owner(OPERATOR), as_verifier(VALIDATOR)):
        refused = await desk.api.post(path, json={"answer": "好"}, headers=headers)
        assert (refused.status_code, problem(refused)) == (403, "forbidden")
    desk.pass_notice(report)
    given = [
        {"comment_id": filed["comment_id"], "answer": "好"},
        {"comment_id": str(new_id()), "answer": "好"},
    ]
    refused = await desk.verification(report["report_id"], 849, comment_answers=given)
    assert problem(refused) == "report-comment-not-found"
    assert refused.json()["errors"][0]["pointer"] == "/comment_answers/1/comment_id"
    assert (await desk.api.get(at(report, "/comments"))).json()["items"][0]["answer"] is None


# --- findings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["CAR", "CL"])
async def test_a_finding_is_raised_answered_returned_answered_and_closed(desk, report, kind):
    made = await raised(desk, report, kind, reference="/tree/operands/0")
    assert made.status_code == 201
    finding = made.json()
    assert (finding["kind"], finding["number"], finding["status"]) == (kind, 1, "OPEN")
    assert finding["referenced"]["symbol"] == "ER"
    assert Decimal(finding["referenced"]["value"]) == Decimal("849.8655")
    desk.pass_notice(report)
    for verb, headers, status in (
        ("answer", as_owner(), "ANSWERED"),
        ("return", as_verifier(), "RETURNED"),
        ("answer", as_owner(), "ANSWERED"),
    ):
        refused = await desk.verification(report["report_id"], 849)
        assert problem(refused) == "findings-open"
        assert f"{kind} 1" in refused.json()["detail"]
        assert (await turn(desk, report, finding, verb, headers)).json()["status"] == status
    assert problem(await desk.verification(report["report_id"], 849)) == "findings-open"
    done = await turn(desk, report, finding, "acceptance", as_verifier())
    assert [entry["status"] for entry in done.json()["entries"]] == [
        "OPEN",
        "ANSWERED",
        "RETURNED",
        "ANSWERED",
        "CLOSED",
    ]
    assert (await desk.verification(report["report_id"], 849)).json()["status"] == "VERIFIED"


@pytest.mark.parametrize(
    ("done", "verb", "who"),
    [
        ([], "acceptance", "verifier"),
        ([], "return", "verifier"),
        (["answer"], "answer", "owner"),
        (["answer", "return"], "return", "verifier"),
        (["answer", "return"], "acceptance", "verifier"),
        (["answer", "acceptance"], "answer", "owner"),
        (["answer", "acceptance"], "return", "verifier"),
    ],
)
async def test_owner_and_verifier_take_turns(desk, report, done, verb, who):
    finding = (await raised(desk, report)).json()
    turns = {"answer": as_owner, "return": as_verifier, "acceptance": as_verifier}
    for taken in done:
        assert (await turn(desk, report, finding, taken, turns[taken]())).status_code == 200
    headers = as_owner() if who == "owner" else as_verifier()
    refused = await turn(desk, report, finding, verb, headers)
    assert (refused.status_code, problem(refused)) == (409, "finding-step-refused")


async def test_only_the_parties_take_part(desk, report):
    assert (await raised(desk, report, headers=as_verifier(VALIDATOR))).status_code == 403
    assert (await raised(desk, report, headers=as_owner())).status_code == 403
    finding = (await raised(desk, report)).json()
    for verb, headers in (
        ("answer", as_owner(OPERATOR)),
        ("answer", as_verifier()),
        ("acceptance", as_verifier(VALIDATOR)),
        ("return", as_owner()),
    ):
        assert (await turn(desk, report, finding, verb, headers)).status_code == 403
    for headers in (as_owner(), as_verifier(), as_officer("officer-a")):
        for tail in ("/findings", "/sampling-plan", "/verification"):
            assert (await desk.api.get(at(report, tail), headers=headers)).status_code == 200
    for headers, status in ((as_owner(OPERATOR), 403), (caller("trips:write"), 403), ({}, 401)):
        for tail in ("/findings", "/sampling-plan", "/verification"):
            assert (await desk.api.get(at(report, tail), headers=headers)).status_code == status


@pytest.mark.parametrize(
    "reference", ["/tree/operands/9", "/inputs/readings/x", "tree", "/nothing", "/tree/value/0"]
)
async def test_a_reference_that_leads_nowhere_is_refused(desk, report, reference):
    refused = await raised(desk, report, reference=reference)
    assert (refused.status_code, problem(refused)) == (422, "finding-reference-unknown")
    assert refused.json()["errors"][0]["pointer"] == "/reference"


async def test_an_answer_rests_on_files_of_the_project(desk, deliver, report):
    finding = (await raised(desk, report)).json()
    own = report["uploads"][0]["upload_id"]
    documents = [str(new_id())]
    foreign = await turn(
        desk, report, finding, "answer", as_owner(), upload_ids=[own, str(new_id())]
    )
    assert (foreign.status_code, problem(foreign)) == (404, "upload-not-found")
    assert foreign.json()["errors"][0]["pointer"] == "/upload_ids/1"
    given = await turn(
        desk, report, finding, "answer", as_owner(), upload_ids=[own], document_ids=documents
    )
    assert given.json()["entries"][-1]["upload_ids"] == [own]
    assert given.json()["entries"][-1]["document_ids"] == documents


async def test_a_forward_action_waits_for_the_next_report(desk, report):
    far = (await raised(desk, report, "FAR")).json()
    desk.pass_notice(report)
    assert (await desk.verification(report["report_id"], 849)).status_code == 200
    following = await desk.reported(
        meter_csv(year=2024), period_start="2024-01-01", period_end="2024-12-31"
    )
    notice = (await desk.notice(following["report_id"])).json()
    shown = (await desk.api.get(at(following, "/findings"), headers=as_verifier())).json()
    assert [found["finding_id"] for found in shown["items"]] == [far["finding_id"]]
    desk.pass_notice(notice)
    refused = await desk.verification(following["report_id"], 849)
    assert problem(refused) == "findings-open"
    assert "FAR 1" in refused.json()["detail"]
    await closed(desk, following, far)
    assert (await desk.verification(following["report_id"], 849)).status_code == 200


async def test_findings_follow_the_revisions_and_a_fresh_report_of_the_same_days(desk, report):
    finding = (await raised(desk, report)).json()
    upload_id = await desk.uploaded(meter_csv(export="1190000"))
    revised = (await desk.revise(report["report_id"], upload_ids=[upload_id])).json()
    assert (await turn(desk, revised, finding, "answer", as_owner())).status_code == 200
    shown = (await desk.api.get(at(revised, "/findings"), headers=as_owner())).json()
    assert [(found["number"], found["status"]) for found in shown["items"]] == [(1, "ANSWERED")]

    await desk.recall(revised["report_id"])
    fresh = await desk.reported(meter_csv(export="1190000"))
    notice = (await desk.notice(fresh["report_id"])).json()
    desk.pass_notice(notice)
    refused = await desk.verification(fresh["report_id"], fresh["calculated_t"])
    assert problem(refused) == "findings-open"
    done = await turn(desk, fresh, finding, "acceptance", as_verifier())
    assert done.json()["status"] == "CLOSED"
    given = await desk.verification(fresh["report_id"], fresh["calculated_t"])
    assert given.json()["status"] == "VERIFIED"


async def test_two_findings_at_once_have_two_numbers(desk, report):
    made = await asyncio.gather(*(raised(desk, report) for _ in range(6)))
    assert sorted(answer.json()["number"] for answer in made) == [1, 2, 3, 4, 5, 6]
    other = (await raised(desk, report, "CL")).json()
    assert other["number"] == 1


# --- sampling plan and materiality ---------------------------------------------------------------


async def test_a_positive_opinion_needs_a_plan_that_was_carried_out(desk, report):
    desk.pass_notice(report)
    refused = await desk.verification(report["report_id"], 849, sampled=False)
    assert (refused.status_code, problem(refused)) == (409, "sampling-incomplete")
    made = await plan(desk, report, ("meter", "M1"), ("month", "2025-09"), ("record", "结算单"))
    assert [item["check_no"] for item in made.json()["items"]] == [1, 2, 3]
    for check_no in (1, 2):
        assert (await record(desk, report, check_no)).status_code == 201
    refused = await desk.verification(report["report_id"], 849, sampled=False)
    assert problem(refused) == "sampling-incomplete"
    await record(desk, report, 3)
    given = await desk.verification(report["report_id"], 849, sampled=False)
    assert given.json()["status"] == "VERIFIED"


async def test_every_wrong_item_of_a_plan_is_named_and_none_is_kept(desk, report):
    refused = await plan(
        desk,
        report,
        ("meter", "M1"),
        ("meter", "M9"),
        ("month", "2024-12"),
        ("plot", "P1"),
        ("meter", "M1"),
        ("record", "随便"),
    )
    assert (refused.status_code, problem(refused)) == (422, "sampling-plan-refused")
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/items/1/label",
        "/items/2/label",
        "/items/3/label",
        "/items/4/label",
    ]
    shown = await desk.api.get(at(report, "/sampling-plan"), headers=as_verifier())
    assert shown.json()["items"] == []
    assert (shown.json()["materiality_pct"], shown.json()["materiality_grade"]) == ("5", "D")


@pytest.mark.parametrize(
    ("found", "total", "is_material"),
    [
        # 5 % of 849 t is 42.45 t: exactly that is not above it
        (["42.45"], "42.45", False),
        (["42.46"], "42.46", True),
        (["30", "12.45"], "42.45", False),
        # errors in opposite directions are two errors
        (["30", "-12.46"], "42.46", True),
        (["-42.45"], "42.45", False),
        (["0.000001"], "0.000001", False),
    ],
)
async def test_r5_misstatements_above_five_percent_bar_a_positive_opinion(
    desk, report, found, total, is_material
):
    desk.pass_notice(report)
    await plan(desk, report, ("meter", "M1"), ("month", "2025-01"))
    await record(desk, report, 2)
    for number, misstatement_t in enumerate(found, start=1):
        await record(desk, report, number, misstatement_t)
    if len(found) == 1:
        await record(desk, report, 2)
    shown = (await desk.api.get(at(report, "/sampling-plan"), headers=as_owner())).json()
    assert (Decimal(shown["misstated_t"]), shown["is_material"]) == (Decimal(total), is_material)
    answer = await desk.verification(report["report_id"], 849, sampled=False)
    if is_material:
        assert (answer.status_code, problem(answer)) == (409, "misstatement-material")
        negative = await desk.verification(report["report_id"], 0, opinion="negative")
        assert negative.json()["status"] == "REJECTED"
    else:
        # What was found stays below the threshold: the issued quantity is the calculated one.
        assert (answer.json()["status"], answer.json()["verified_t"]) == ("VERIFIED", 849)
        opinion = (await desk.api.get(at(report, "/verification"), headers=as_owner())).json()
        assert Decimal(opinion["opinion"]["misstated_t"]) == Decimal(total)


async def counting(desk, report, check_no, misstatement_t=None):
    """Record at an item, a second later; return what counts of it and in all."""
    desk.clock.advance(seconds=1)
    shown = (await record(desk, report, check_no, misstatement_t)).json()
    return shown["items"][check_no - 1]["counted_t"], shown["misstated_t"], shown["is_material"]


async def test_a_misstatement_is_not_recorded_away(desk, report):
    await plan(desk, report, ("meter", "M1"), ("month", "2025-01"))
    assert await counting(desk, report, 1, "43") == ("43", "43", True)
    assert await counting(desk, report, 1, "-3") == ("43", "43", True)
    assert await counting(desk, report, 1) == ("43", "43", True)
    assert await counting(desk, report, 2) == ("0", "43", True)
    desk.pass_notice(report)
    refused = await desk.verification(report["report_id"], 849, sampled=False)
    assert (refused.status_code, problem(refused)) == (409, "misstatement-material")
    assert "/sampling-plan/" in refused.json()["fix"]
    assert await counting(desk, report, 1, "-50") == ("-50", "50", True)
    shown = (await desk.api.get(at(report, "/sampling-plan"), headers=as_owner())).json()
    assert [row["misstatement_t"] for row in shown["items"][0]["records"]] == [
        "43", "-3", "0", "-50",
    ]  # fmt: skip


async def test_a_lower_figure_counts_once_a_corrective_action_about_the_item_is_closed(
    desk, report
):
    await plan(desk, report, ("meter", "M1"), ("month", "2025-01"))
    await counting(desk, report, 2)
    assert await counting(desk, report, 1, "43") == ("43", "43", True)
    for kind, reference in (
        ("CL", "/sampling-plan/1"),  # no corrective action
        ("CAR", "/sampling-plan/2"),  # about another item
        ("CAR", None),  # about none
    ):
        desk.clock.advance(seconds=1)
        finding = (await raised(desk, report, kind, reference=reference)).json()
        await closed(desk, report, finding)
        assert await counting(desk, report, 1, "-3") == ("43", "43", True)

    finding = (await raised(desk, report, reference="/sampling-plan/1")).json()
    assert finding["referenced"] == {"subject": "meter", "label": "M1"}
    assert await counting(desk, report, 1, "-3") == ("43", "43", True)  # it is open
    desk.clock.advance(seconds=1)
    await closed(desk, report, finding)
    shown = (await desk.api.get(at(report, "/sampling-plan"), headers=as_owner())).json()
    assert shown["misstated_t"] == "43"  # nobody has looked at it again
    assert await counting(desk, report, 1, "3") == ("3", "3", False)
    assert await counting(desk, report, 1, "-44") == ("-44", "44", True)
    assert await counting(desk, report, 1, "-3") == ("-44", "44", True)
    finding = (await raised(desk, report, reference="/sampling-plan/1")).json()
    desk.clock.advance(seconds=1)
    await closed(desk, report, finding)
    assert await counting(desk, report, 1, "-3") == ("-3", "3", False)
    desk.pass_notice(report)
    given = await desk.verification(report["report_id"], 849, sampled=False)
    assert given.json()["status"] == "VERIFIED", given.text
    opinion = (await desk.api.get(at(report, "/verification"), headers=as_owner())).json()
    assert opinion["opinion"]["misstated_t"] == "3"


async def test_a_finding_names_an_item_that_is_in_the_plan(desk, report):
    await plan(desk, report, ("meter", "M1"))
    for reference in ("/sampling-plan/2", "/sampling-plan/01", "/sampling-plan/M1"):
        refused = await raised(desk, report, reference=reference)
        assert (refused.status_code, problem(refused)) == (422, "finding-reference-unknown")


@pytest.mark.parametrize(
    "body",
    [
        {"result": "misstated", "note": "x"},
        {"result": "misstated", "misstatement_t": "0", "note": "x"},
        {"result": "conforms", "misstatement_t": "1", "note": "x"},
        {"result": "misstated", "misstatement_t": 1.5, "note": "x"},
        {"result": "misstated", "misstatement_t": "NaN", "note": "x"},
        {"result": "conforms"},
    ],
)
async def test_a_record_that_contradicts_itself_is_refused(desk, report, body):
    await plan(desk, report, ("meter", "M1"))
    answer = await desk.api.post(
        at(report, "/sampling-plan/1/records"), json=body, headers=as_verifier()
    )
    assert (answer.status_code, problem(answer)) == (422, "invalid-request")


async def test_only_the_named_verifier_plans_and_records(desk, report):
    assert (await plan(desk, report, ("meter", "M1"), headers=as_owner())).status_code == 403
    await plan(desk, report, ("meter", "M1"))
    for headers in (as_owner(), as_verifier(VALIDATOR), caller("reports:x", org=VERIFIER)):
        assert (await record(desk, report, 1, headers=headers)).status_code == 403
    missing = await record(desk, report, 2)
    assert (missing.status_code, problem(missing)) == (404, "sampling-item-not-found")


# --- the opinion ---------------------------------------------------------------------------------


async def test_the_opinion_has_every_field(desk, report):
    desk.pass_notice(report)
    before = (await desk.api.get(at(report, "/verification"), headers=as_owner())).json()
    assert (before["opinion"], before["checks_planned"]) == (None, 0)
    await desk.verification(
        report["report_id"], 849, criteria="CQCM-901-V001 与核查指南", assurance_level="limited"
    )
    shown = (await desk.api.get(at(report, "/verification"), headers=as_owner())).json()["opinion"]
    assert shown == {
        "body_code": VERIFIER,
        "mode": "third_party",
        "criteria": "CQCM-901-V001 与核查指南",
        "scope": OPINION["scope"],
        "assurance_level": "limited",
        "quantity_t": 849,
        "period_start": "2025-01-01",
        "period_end": "2025-12-31",
        "conclusion": "positive",
        "statement": OPINION["statement"],
        "misstated_t": "0",
        "given_on": str(date.fromisoformat(report["notice_end"]) + timedelta(days=1)),
        "reviewed_by": None,
    }


LACKING: list[tuple[dict[str, Any], set[str]]] = [
    ({"criteria": None}, {"/criteria"}),
    ({"scope": None, "assurance_level": None}, {"/scope", "/assurance_level"}),
    ({"statement": "属实"}, {"/statement"}),
    ({"statement": "属" * 19 + " " * 9 + "\n"}, {"/statement"}),
    ({"statement": "属 实" * 9, "criteria": None}, {"/statement", "/criteria"}),
]


@pytest.mark.parametrize(("changes", "pointers"), LACKING)
async def test_a_positive_opinion_is_complete(desk, report, changes, pointers):
    desk.pass_notice(report)
    refused = await desk.verification(report["report_id"], 849, **changes)
    assert (refused.status_code, problem(refused)) == (422, "verification-opinion-incomplete")
    assert {error["pointer"] for error in refused.json()["errors"]} == pointers
    for empty in ("", "  "):
        blank = await desk.verification(report["report_id"], 849, statement=empty)
        assert (blank.status_code, problem(blank)) == (422, "invalid-request")
        assert [error["pointer"] for error in blank.json()["errors"]] == ["/statement"]
    given = await desk.verification(report["report_id"], 849, statement="属" * 20)
    assert given.json()["status"] == "VERIFIED"


@pytest.mark.parametrize(("changes", "pointers"), LACKING)
async def test_a_self_prepared_opinion_is_as_complete(desk, small, changes, pointers):
    desk.pass_notice(small)
    await plan(desk, small, ("meter", "M1"), headers=as_owner())
    await record(desk, small, 1, headers=as_owner())
    refused = await propose(desk, small, **changes)
    assert (refused.status_code, problem(refused)) == (422, "verification-opinion-incomplete")
    assert {error["pointer"] for error in refused.json()["errors"]} == pointers


async def test_a_negative_opinion_waits_for_nothing_but_the_notice(desk, report):
    await comment(desk, report)
    await raised(desk, report)
    early = await desk.verification(report["report_id"], 0, opinion="negative")
    assert problem(early) == "notice-running"
    desk.pass_notice(report)
    given = await desk.verification(report["report_id"], 0, opinion="negative")
    assert (given.status_code, given.json()["status"]) == (200, "REJECTED")


# --- R4: who verifies ----------------------------------------------------------------------------


async def replace(desk, report, code, *, headers=None, reason="原机构人员不足"):
    return await desk.api.post(
        at(report, "/verifier"),
        json={"verifier_code": code, "reason": reason},
        headers=headers or as_owner(),
    )


async def test_r4_a_verifier_is_replaced_before_its_opinion_and_the_history_keeps_both(
    desk, deliver, report
):
    await deliver(organisation(SECOND, "validator_verifier"))
    finding = (await raised(desk, report)).json()
    replaced = await replace(desk, report, SECOND)
    assert replaced.status_code == 200
    assert [(row["verifier_code"], row["reason"]) for row in replaced.json()["verifiers"]] == [
        (VERIFIER, None),
        (SECOND, "原机构人员不足"),
    ]
    assert replaced.json()["notice_end"] == report["notice_end"]
    desk.pass_notice(report)
    first = await desk.verification(report["report_id"], 849)
    assert (first.status_code, problem(first)) == (403, "forbidden")
    await closed(desk, report, finding, as_verifier(SECOND))
    given = await desk.verification(report["report_id"], 849, headers=as_verifier(SECOND))
    assert given.json()["status"] == "VERIFIED"
    late = await replace(desk, report, VERIFIER)
    assert (late.status_code, problem(late)) == (409, "report-step-refused")


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (VALIDATOR, "verifier-not-independent"),
        (OWNER, "verifier-not-independent"),
        (BUREAU, "organisation-unfit"),
        (VERIFIER, "verifier-unchanged"),
    ],
)
async def test_r4_the_replacement_is_as_independent(desk, report, code, refusal):
    refused = await replace(desk, report, code)
    assert (refused.status_code, problem(refused)) == (409, refusal)


async def test_only_the_owner_replaces_the_verifier_and_says_why(desk, deliver, report):
    await deliver(organisation(SECOND, "validator_verifier"))
    foreign = await replace(desk, report, SECOND, headers=as_owner(OPERATOR))
    assert foreign.status_code == 403
    assert (await replace(desk, report, SECOND, reason=" ")).status_code == 422


async def test_an_opinion_and_a_replacement_at_once_leave_one_verifier_in_charge(
    desk, deliver, report
):
    await deliver(organisation(SECOND, "validator_verifier"))
    desk.pass_notice(report)
    await desk.sample(report["report_id"])
    replaced, opinion, early = await asyncio.gather(
        replace(desk, report, SECOND),
        desk.verification(report["report_id"], 849, sampled=False),
        desk.verification(report["report_id"], 849, sampled=False, headers=as_verifier(SECOND)),
    )
    shown = (await desk.api.get(at(report), headers=as_owner())).json()
    opinions = sorted((opinion.status_code, early.status_code))
    if shown["status"] == "VERIFIED":
        assert opinions in ([200, 403], [200, 409])
        given = (await desk.api.get(at(report, "/verification"), headers=as_owner())).json()
        assert given["opinion"]["body_code"] == shown["verifier_code"]
    else:
        assert opinions == [403, 403]
    assert (replaced.status_code == 200) == (shown["verifier_code"] == SECOND)


FIT: dict[str, Any] = {
    "staff_full_time": 10,
    "staff_experienced": 5,
    "last_dishonesty_on": None,
    "accreditations": [
        Accreditation(
            certificate_no="C-1",
            scope_code="01",
            valid_from=date(2025, 1, 1),
            valid_until=date(2026, 1, 1),
        )
    ],
    "staff_full_time_min": 10,
    "staff_experienced_min": 5,
    "dishonesty_free_years": 5,
    "accreditation_required": True,
}


@pytest.mark.parametrize(
    ("changes", "told", "word"),
    [
        ({}, {}, None),
        ({"staff_full_time": 9}, {}, "9"),
        ({"staff_experienced": 4}, {}, "4"),
        ({"last_dishonesty_on": date(2021, 1, 2)}, {}, "2021-01-02"),
        ({"last_dishonesty_on": date(2021, 1, 1)}, {}, None),  # five years ago today
        ({"accreditations": []}, {}, "01"),
        ({"accreditations": [], "accreditation_required": False}, {}, None),
        (
            {
                "accreditations": [
                    FIT["accreditations"][0].model_copy(update={"valid_until": date(2025, 12, 31)})
                ]
            },
            {},
            "01",
        ),
        (
            {"accreditations": [FIT["accreditations"][0].model_copy(update={"scope_code": "14"})]},
            {},
            "01",
        ),
        ({}, {"banned_until": date(2026, 1, 1)}, "2026-01-01"),
        ({}, {"banned_until": date(2025, 12, 31)}, None),
    ],
)
async def test_art_30_the_verifier_is_competent_on_the_day(desk, deliver, changes, told, word):
    made = await desk.reported()
    competence = Competence(**(FIT | changes))
    await deliver(
        organisation(VERIFIER, "validator_verifier", version=2, competence=competence, **told)
    )
    answer = await desk.notice(made["report_id"])
    if word is None:
        assert answer.status_code == 200, answer.text
    else:
        assert (answer.status_code, problem(answer)) == (409, "verifier-not-competent")
        assert word in answer.json()["detail"]


# --- self-prepared verification ------------------------------------------------------------------


@pytest.fixture
async def small(desk, deliver):
    """A project whose methodology lets its owner prepare the verification, under notice."""
    await deliver(pv_project(third_party_required=False, version=5))
    made = await desk.reported()
    body: dict[str, str] = {}
    notice = await desk.api.post(at(made, "/notice"), json=body, headers=as_owner())
    assert notice.status_code == 200, notice.text
    return notice.json()


async def propose(desk, report, verified_t=849, *, headers=None, **more):
    return await desk.api.post(
        at(report, "/self-verification"),
        json={"verified_t": verified_t} | OPINION | more,
        headers=headers or as_owner(),
    )


async def decide(desk, task_id, verb="approval", *, headers=None):
    body = {} if verb == "approval" else {"comment": "缺少现场照片"}
    return await desk.api.post(
        f"/v1/issuance-tasks/{task_id}/{verb}",
        json=body,
        headers=headers or as_officer("officer-a"),
    )


async def test_a_third_party_verifies_unless_the_methodology_says_otherwise(desk, report):
    made = await desk.reported(
        meter_csv(year=2024), period_start="2024-01-01", period_end="2024-12-31"
    )
    refused = await desk.api.post(at(made, "/notice"), json={}, headers=as_owner())
    assert (refused.status_code, problem(refused)) == (422, "verifier-needed")
    desk.pass_notice(report)
    refused = await propose(desk, report)
    assert (refused.status_code, problem(refused)) == (409, "verification-not-self-prepared")


async def test_the_owner_prepares_and_the_bureau_takes_over(desk, small):
    assert (small["verification_mode"], small["verifier_code"]) == ("self_prepared", None)
    assert problem(await propose(desk, small)) == "notice-running"
    desk.pass_notice(small)
    assert problem(await propose(desk, small)) == "sampling-incomplete"
    await plan(desk, small, ("meter", "M1"), headers=as_owner())
    await record(desk, small, 1, headers=as_owner())
    assert problem(await propose(desk, small, 850)) == "verified-quantity-differs"
    proposed = await propose(desk, small)
    assert (proposed.status_code, proposed.json()["kind"]) == (202, "self-prepared-verification")
    task_id = proposed.json()["task_id"]
    assert problem(await propose(desk, small)) == "task-pending"

    own = caller("reviews:decide", org=OWNER, subject=f"owner-{OWNER}")
    assert problem(await decide(desk, task_id, headers=own)) == "task-own"
    other = caller("reviews:decide", org=OWNER, subject="owner-2")
    assert problem(await decide(desk, task_id, headers=other)) == "organisation-unfit"
    assert (await desk.api.get(at(small), headers=as_owner())).json()["status"] == "NOTICE"

    rejected = await decide(desk, task_id, "rejection")
    assert rejected.json()["status"] == "REJECTED"
    task_id = (await propose(desk, small)).json()["task_id"]
    approved = await decide(desk, task_id)
    assert (approved.status_code, approved.json()["status"]) == (200, "APPROVED")
    shown = (await desk.api.get(at(small), headers=as_owner())).json()
    assert (shown["status"], shown["verified_t"]) == ("VERIFIED", 849)
    opinion = (await desk.api.get(at(small, "/verification"), headers=as_owner())).json()["opinion"]
    assert (opinion["body_code"], opinion["mode"], opinion["reviewed_by"]) == (
        OWNER,
        "self_prepared",
        "officer-a",
    )
    asked = await desk.ask(small["report_id"])
    assert asked.status_code == 201


async def test_no_third_party_interferes_with_a_self_prepared_verification(desk, deliver, small):
    desk.pass_notice(small)
    refused = await desk.verification(small["report_id"], 849)
    assert (refused.status_code, problem(refused)) == (409, "report-step-refused")
    assert (await raised(desk, small)).status_code == 403
    assert (await plan(desk, small, ("meter", "M1"))).status_code == 403
    assert problem(await replace(desk, small, VERIFIER)) == "report-step-refused"


async def test_a_recalled_report_is_not_verified_by_a_task_left_open(desk, small):
    desk.pass_notice(small)
    await plan(desk, small, ("meter", "M1"), headers=as_owner())
    await record(desk, small, 1, headers=as_owner())
    task_id = (await propose(desk, small)).json()["task_id"]
    await desk.recall(small["report_id"])
    refused = await decide(desk, task_id)
    assert (refused.status_code, problem(refused)) == (409, "report-step-refused")
    assert (await decide(desk, task_id, "rejection")).status_code == 200
