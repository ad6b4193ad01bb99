"""The public page: true totals, without a script, and still a page when a service is away."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gateway.portal.snapshot import PUBLISHED

REPOSITORY = Path(__file__).parents[4]
TOTALS = {
    "registry": {"organisations": 11, "projects_by_status": {"REGISTERED": 2}},
    "issuance": {"issued_t": 12345, "issuances": 3, "by_project_type": {}},
    "trading": {"issued_t": 12345, "held_t": 12000, "retired_t": 345},
    "points": {
        "citizens": None,
        "trips_accepted": 9876,
        "grams_credited": 5,
        "points_issued_tenths": 1234,
        "points_redeemed_tenths": 50,
    },
}


def listing(*projects):
    """Answer as the registry lists projects: newest first, of one status if asked so."""

    def answer(query):
        asked = parse_qs(query.decode())
        found = [one for one in projects if one["status"] in asked.get("status", [one["status"]])]
        found.sort(key=lambda one: one["project_id"], reverse=True)
        return {"items": found[: int(asked["limit"][0])]}

    return answer


@pytest.fixture
async def portal(start):
    platform = await start("direct")
    for name, totals in TOTALS.items():
        platform.services[name].answers[f"/v1/totals/{name}"] = totals
    platform.services["registry"].answers["/v1/projects"] = listing(
        {"project_id": "p-1", "name": "<i>光伏</i>", "status": "NOTICE"}
    )
    platform.services["issuance"].answers["/v1/issuances"] = {
        "items": [
            {
                "issuance_id": "i-1",
                "quantity_t": 120,
                "status": "ISSUED",
                "project_id": "p-1",
                "decided_at": "2026-04-27T18:00:00Z",
                "blocks": [{"serial": "CQ-CQCER-01-1"}, {"serial": "CQ-CQCER-01-2"}],
            }
        ]
    }
    platform.services["registry"].answers["/v1/projects/p-1"] = {"name": "两江<光伏>"}
    platform.services["trading"].answers["/v1/retirements"] = {"items": []}
    return platform


async def test_totals_stand_side_by_side(portal):
    totals = (await portal.client.get("/v1/totals")).json()
    assert {name: totals[name] for name in TOTALS} == TOTALS
    assert totals["generated_at"].endswith("Z")


async def test_the_page_shows_what_the_ledgers_say(portal):
    answer = await portal.client.get("/")
    page = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "12\u202f345" in page
    assert "账平" in page
    assert "&lt;i&gt;光伏" in page
    assert '<a href="/v1/issuances/i-1">两江&lt;光伏&gt;</a>' in page
    assert "CQ-CQCER-01-1" in page
    assert "2026-04-28" in page  # the day in Asia/Shanghai
    assert "尚无注销记录" in page
    assert "123.4" in page
    assert not re.findall(r"<script|https?://", page)
    english = (await portal.client.get("/", headers={"Accept-Language": "en-GB"})).text
    assert "In balance" in english
    assert '<html lang="en">' in english


async def test_the_newest_published_projects_are_listed_and_no_draft(portal):
    # One of each status, oldest first.
    published = [
        {"project_id": f"p-{number:02}", "name": f"项目{number:02}", "status": status}
        for number, status in enumerate(PUBLISHED)
    ]
    drafts = [
        {"project_id": f"p-{number}", "name": f"草稿{number}", "status": status}
        for number, status in enumerate(["DRAFT", "RECALLED"] * 5, 10)
    ]
    portal.services["registry"].answers["/v1/projects"] = listing(*published, *drafts)
    page = (await portal.client.get("/")).text
    assert "草稿" not in page
    assert re.findall(r"项目\d\d", page) == [f"项目{number:02}" for number in (5, 4, 3, 2, 1)]


def test_every_status_past_draft_is_published():
    document = json.loads((REPOSITORY / "docs/openapi/registry-svc.json").read_bytes())
    known = document["components"]["schemas"]["ProjectStatus"]["enum"]
    assert set(PUBLISHED) == set(known) - {"DRAFT", "RECALLED"}


async def test_books_that_do_not_agree_are_said_so(portal):
    portal.services["trading"].answers["/v1/totals/trading"] = {"held_t": 1, "retired_t": 2}
    page = (await portal.client.get("/")).text
    assert "账平" not in page
    assert "≠" in page


async def test_a_service_that_is_away_leaves_a_page(portal):
    class Away:
        async def __call__(self, scope, receive, send):
            raise OSError("away")

    portal.container.upstreams["points"] = Away()
    answer = await portal.client.get("/")
    assert answer.status_code == 200
    assert "points" in answer.text
    assert (await portal.client.get("/v1/totals")).json()["points"] is None


async def test_a_certificate_is_verified_for_a_person(portal):
    answers = portal.services["trading"].answers
    answers["/v1/verify/c-1"] = {"valid": True, "state": "ACTIVE", "quantity_t": 353}
    answers["/v1/verify/c-2"] = {"valid": False, "state": "REVOKED"}
    get = portal.client.get
    assert "请核对编号" not in (await get("/verify")).text
    good = await get("/verify", params={"certificate": " c-1 "})
    assert "有效" in good.text
    assert "353" in good.text
    assert "无效" in (await get("/verify", params={"certificate": "c-2"})).text
    for wrong in ("../../metrics", "<script>", "a" * 65):
        refused = await get("/verify", params={"certificate": wrong})
        assert refused.status_code == 400
        assert "<script>" not in refused.text
    assert (await get("/verify", params={"certificate": "c-1", "sha256": "xyz"})).status_code == 400


async def test_readiness_is_everyones_and_the_gateways_own(portal):
    get = portal.client.get
    await portal.bus.start()
    assert (await get("/readyz")).json()["checks"] == dict.fromkeys(
        ("database", "bus", "issuance", "points", "registry", "trading"), "ok"
    )
    portal.services["trading"].ready = False
    answer = await get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["trading"]) == (503, "not ready")
    assert (await get("/readyz/self")).status_code == 200
    await portal.bus.close()
