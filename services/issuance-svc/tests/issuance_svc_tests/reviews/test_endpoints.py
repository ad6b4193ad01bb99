import asyncio

import pytest

from issuance_svc_tests.factories import (
    BUREAU,
    FOREST_ID,
    OPERATOR,
    OWNER,
    VERIFIER,
    as_officer,
    as_owner,
    as_verifier,
    caller,
    forest_project,
    organisation,
    plot_csv,
    problem,
)
from tht_kit.ids import new_id

OTHER_BUREAU = "11500000MATHT0089J"
FIVE_YEARS = {"project_id": FOREST_ID, "period_start": "2021-01-01", "period_end": "2025-12-31"}


@pytest.fixture
async def flagged(desk, deliver):
    """A forest that grows 67 tCO2 per hectare and year: above the bound of 40."""
    await deliver(forest_project())
    return await desk.reported(plot_csv("20", "320"), **FIVE_YEARS)


async def decide(desk, review_id, decision="accept", *, headers=None, comment="已实地核对样地"):
    return await desk.api.post(
        f"/v1/reviews/{review_id}/decision",
        json={"decision": decision, "comment": comment},
        headers=headers or as_officer("officer-a"),
    )


async def test_r20_an_alarm_opens_a_review_and_stops_the_notice(desk, flagged):
    (brief,) = flagged["reviews"]
    assert (brief["code"], brief["status"]) == ("uptake-over-bound", "OPEN")
    assert flagged["flags"][0]["bound"] == "40"
    refused = await desk.notice(flagged["report_id"])
    assert (refused.status_code, problem(refused)) == (409, "reviews-unsettled")
    assert "uptake-over-bound (OPEN)" in refused.json()["detail"]

    decided = await decide(desk, brief["review_id"])
    assert decided.status_code == 200
    shown = decided.json()
    assert (shown["status"], shown["decided_by"], shown["officer_code"]) == (
        "ACCEPTED",
        "officer-a",
        BUREAU,
    )
    assert shown["details"]["value"].startswith("67.19")
    assert (await desk.notice(flagged["report_id"])).status_code == 200


async def test_a_rejected_alarm_stops_the_report_for_good_and_a_revision_goes_on(desk, flagged):
    await decide(desk, flagged["reviews"][0]["review_id"], "reject", comment="样地面积有误")
    refused = await desk.notice(flagged["report_id"])
    assert problem(refused) == "reviews-unsettled"
    assert "REJECTED" in refused.json()["detail"]
    upload_id = await desk.uploaded(plot_csv(), project_id=FOREST_ID, kind="plot_inventory")
    revised = await desk.revise(
        flagged["report_id"],
        period_start="2021-01-01",
        period_end="2025-12-31",
        upload_ids=[upload_id],
    )
    assert (revised.status_code, revised.json()["reviews"]) == (201, [])
    assert (await desk.notice(revised.json()["report_id"])).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "type_"),
    [
        (as_owner(), 403, "forbidden"),  # no such scope
        (as_verifier(), 403, "forbidden"),
        (caller("reviews:decide", org=OWNER, subject="o"), 409, "organisation-unfit"),
        (caller("reviews:decide", org=VERIFIER, subject="v"), 409, "organisation-unfit"),
        (caller("reviews:decide", org=OTHER_BUREAU, subject="x"), 409, "organisation-unfit"),
    ],
    ids=["owner", "verifier", "owner-with-scope", "verifier-with-scope", "suspended-bureau"],
)
async def test_only_an_officer_of_an_active_bureau_decides(
    desk, deliver, flagged, headers, status, type_
):
    await deliver(organisation(OTHER_BUREAU, "bureau", status="suspended"))
    review_id = flagged["reviews"][0]["review_id"]
    refused = await decide(desk, review_id, headers=headers)
    assert (refused.status_code, problem(refused)) == (status, type_)
    found = await desk.api.get(f"/v1/reviews/{review_id}", headers=as_officer("officer-a"))
    assert found.json()["status"] == "OPEN"


async def test_a_bureau_does_not_review_its_own_project(desk, deliver):
    await deliver(forest_project(owner_code=BUREAU, version=5))
    upload_id = await desk.uploaded(
        plot_csv("20", "320"),
        project_id=FOREST_ID,
        kind="plot_inventory",
        headers=as_owner(BUREAU),
    )
    report = await desk.report(**FIVE_YEARS, upload_ids=[upload_id], headers=as_owner(BUREAU))
    review_id = report.json()["reviews"][0]["review_id"]
    refused = await decide(desk, review_id)
    assert (refused.status_code, problem(refused)) == (409, "reviewer-not-independent")
    await deliver(organisation(OTHER_BUREAU, "bureau"))
    by_submitter = caller("reviews:decide", org=OTHER_BUREAU, subject=f"owner-{BUREAU}")
    refused = await decide(desk, review_id, headers=by_submitter)
    assert problem(refused) == "reviewer-not-independent"
    other = as_officer("officer-x", OTHER_BUREAU)
    assert (await decide(desk, review_id, headers=other)).status_code == 200


@pytest.mark.parametrize("body", [{"decision": "accept"}, {"decision": "accept", "comment": " "}])
async def test_an_acceptance_needs_its_reason_too(desk, flagged, body):
    answer = await desk.api.post(
        f"/v1/reviews/{flagged['reviews'][0]['review_id']}/decision",
        json=body,
        headers=as_officer("officer-a"),
    )
    assert (answer.status_code, problem(answer)) == (422, "invalid-request")


async def test_two_reviewers_at_once_decide_once(desk, flagged):
    review_id = flagged["reviews"][0]["review_id"]
    answers = await asyncio.gather(
        decide(desk, review_id, "accept", headers=as_officer("officer-a")),
        decide(desk, review_id, "reject", headers=as_officer("officer-b")),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    late = next(answer for answer in answers if answer.status_code == 409)
    assert problem(late) == "review-decided"


async def test_the_reviews_of_a_recalled_report_lapse_and_are_never_accepted(desk, flagged):
    review_id = flagged["reviews"][0]["review_id"]
    await desk.recall(flagged["report_id"])
    found = (await desk.api.get(f"/v1/reviews/{review_id}", headers=as_owner())).json()
    assert (found["status"], found["decided_by"]) == ("LAPSED", None)
    assert problem(await decide(desk, review_id)) == "review-decided"


async def test_the_bureau_lists_all_reviews_and_an_owner_those_of_its_project(desk, flagged):
    everything = await desk.api.get(
        "/v1/reviews", params={"status": "OPEN"}, headers=as_officer("officer-a")
    )
    assert [row["subject_id"] for row in everything.json()["items"]] == [flagged["report_id"]]
    none = await desk.api.get(
        "/v1/reviews", params={"code": "other"}, headers=as_officer("officer-a")
    )
    assert none.json() == {"items": [], "next_cursor": None}
    for headers, status in ((as_owner(), 200), (as_owner(OPERATOR), 403)):
        own = await desk.api.get("/v1/reviews", params={"project_id": FOREST_ID}, headers=headers)
        assert own.status_code == status
    assert (await desk.api.get("/v1/reviews", headers=as_owner())).status_code == 403
    assert (await desk.api.get("/v1/reviews")).status_code == 401
    gone = await desk.api.get(f"/v1/reviews/{new_id()}", headers=as_officer("officer-a"))
    assert (gone.status_code, problem(gone)) == (404, "review-not-found")


async def test_reviews_come_in_pages_the_newest_first(desk, deliver, flagged):
    await desk.recall(flagged["report_id"])
    again = await desk.reported(plot_csv("20", "321"), **FIVE_YEARS)
    first = (
        await desk.api.get("/v1/reviews", params={"limit": 1}, headers=as_officer("officer-a"))
    ).json()
    assert [row["subject_id"] for row in first["items"]] == [again["report_id"]]
    second = await desk.api.get(
        "/v1/reviews",
        params={"limit": 1, "cursor": first["next_cursor"]},
        headers=as_officer("officer-a"),
    )
    assert [row["subject_id"] for row in second.json()["items"]] == [flagged["report_id"]]
    assert second.json()["next_cursor"] is None
