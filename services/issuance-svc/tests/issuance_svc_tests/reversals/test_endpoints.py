"""Reversals from the report of a fire to the last cancelled tonne, each step through the API."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise
from typing import Any

import pytest

from issuance_svc_tests.factories import (
    BUREAU,
    FOREST_ID,
    OWNER,
    PV_ID,
    VERIFIER,
    as_owner,
    caller,
    forest_project,
    organisation,
    plot_csv,
    problem,
)
from tht_contracts.events.common import Block
from tht_contracts.events.issuance import CreditsIssued, ReversalRecorded, ReversalSettled
from tht_contracts.events.trading import CreditsRetired
from tht_kit.ids import new_id

EVIDENCE = [{"name": "卫星影像.tif", "sha256": "ab" * 32}]
KEPT = Decimal("279.96993")  # R16's deduction, to six places


def as_reporter(org: str = OWNER, subject: str | None = None) -> dict[str, str]:
    return caller("reversals:write", org=org, subject=subject or f"owner-{org}")


def as_confirmer(subject: str = "officer-b", org: str = BUREAU) -> dict[str, str]:
    return caller("reversals:confirm", org=org, subject=subject)


class Forest:
    """R16's hill, its reports and its losses."""

    def __init__(self, desk, deliver, events) -> None:
        self.desk, self.api, self.deliver, self.events = desk, desk.api, deliver, events

    async def plant(self, **changes) -> None:
        await self.deliver(forest_project(**changes))

    async def grown(self, volumes=("20", "45"), years=(2021, 2025)) -> dict[str, Any]:
        """Report the growth between two inventories."""
        days = (f"{years[0]}-01-01", f"{years[1]}-12-31")
        return await self.desk.reported(
            plot_csv(*volumes, days=days),
            project_id=FOREST_ID,
            period_start=days[0],
            period_end=days[1],
        )

    async def issued(self, **how) -> dict[str, Any]:
        return await self.desk.issued(await self.grown(**how))

    async def report(self, loss_t: str = "1000", *, headers=None, **changes):
        body = {
            "project_id": FOREST_ID,
            "kind": "fire",
            "occurred_on": "2026-01-15",
            "area_ha": "12.5",
            "loss_t": loss_t,
            "description": "雷击火，过火十二公顷半。",
            "evidence": EVIDENCE,
        }
        return await self.api.post(
            "/v1/reversals", json=body | changes, headers=headers or as_reporter()
        )

    async def decide(self, task_id: str, decision: str = "approval", *, headers=None, **body):
        path = f"/v1/issuance-tasks/{task_id}/{decision}"
        return await self.api.post(path, json=body, headers=headers or as_confirmer())

    async def lost(self, loss_t: str = "1000", **changes) -> dict[str, Any]:
        """Report a loss, have it confirmed, and return it as it stands then."""
        told = await self.report(loss_t, **changes)
        assert told.status_code == 202, told.text
        decided = await self.decide(told.json()["task_id"])
        assert decided.status_code == 200, decided.text
        return await self.get(told.json()["reversal"]["reversal_id"])

    async def get(self, reversal_id: str) -> dict[str, Any]:
        answer = await self.api.get(f"/v1/reversals/{reversal_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def standing(self, project_id: str = FOREST_ID) -> dict[str, Any]:
        return (await self.api.get(f"/v1/reversals/standings/{project_id}")).json()

    async def cancel(self, reversal: dict[str, Any], quantity_t: int, **changes) -> CreditsRetired:
        """Tell of the owner's cancellation, as trading-svc would."""
        told = CreditsRetired.model_validate(
            {
                "retirement_id": str(new_id()),
                "certificate_id": "CQ-R-2026-000001",
                "account_code": reversal["owner_code"],
                "beneficiary_code": reversal["owner_code"],
                "reason": "REVERSAL_REPLACEMENT",
                "compliance_year": None,
                "claim_id": None,
                "quantity_t": quantity_t,
                "blocks": [Block(project_id=FOREST_ID, vintage=2025, start=1, end=quantity_t)],
                "retired_at": datetime(2026, 2, 1, tzinfo=UTC),
                "reversal_id": reversal["reversal_id"],
            }
            | changes
        )
        await self.deliver(told)
        return told

    async def told(self, *kinds) -> list[Any]:
        return [event for event in await self.events(FOREST_ID) if isinstance(event, kinds)]


@pytest.fixture
async def forest(desk, deliver, events) -> Forest:
    found = Forest(desk, deliver, events)
    await found.plant()
    return found


async def test_after_r16_a_loss_of_1000_t_leaves_a_debt_of_721(forest):
    issued = await forest.issued()
    assert issued["quantity_t"] == 2519
    told = await forest.report()
    assert told.headers["Location"] == f"/v1/reversals/{told.json()['reversal']['reversal_id']}"
    assert told.json()["reversal"]["status"] == "REPORTED"
    assert await forest.told(ReversalRecorded) == []
    assert (await forest.decide(told.json()["task_id"])).status_code == 200
    reversal = await forest.get(told.json()["reversal"]["reversal_id"])
    assert (reversal["status"], reversal["debt_t"], reversal["settled_t"]) == ("OPEN", 721, 0)
    assert Decimal(reversal["covered_t"]).quantize(Decimal("0.00001")) == KEPT
    [event] = await forest.told(ReversalRecorded)
    assert (event.debt_t, event.owner_code, event.kind) == (721, OWNER, "fire")
    assert (event.loss_t, event.buffer_blocks) == ("1000", [])
    assert event.issuance_ids == [issued["issuance_id"]]
    standing = await forest.standing()
    assert (standing["outstanding_t"], standing["owed_t"]) == (2519 - 721, 721)
    assert Decimal(standing["cover_t"]) == 0
    assert standing["deficit_t"] == reversal["covered_t"]


async def test_a_loss_below_the_cover_costs_nothing_but_regrows_before_the_next_issuance(forest):
    await forest.issued(years=(2021, 2023))
    reversal = await forest.lost("100")
    assert (reversal["status"], reversal["debt_t"]) == ("SETTLED", 0)
    second = await forest.issued(volumes=("45", "70"), years=(2024, 2025))
    # 2,799.70 grown, 100 of it made good what was lost; nine tenths of the rest is new.
    assert (second["quantity_t"], second["withheld_t"]) == (2429, 90)
    assert sum(block["quantity_t"] for block in second["blocks"]) == 2429
    assert second["blocks"][0]["start"] == 2520
    standing = await forest.standing()
    assert Decimal(standing["deficit_t"]) == 0
    assert Decimal(standing["cover_t"]).quantize(Decimal("0.01")) == Decimal("549.94")


async def test_growth_that_only_makes_good_a_loss_issues_nothing(forest):
    await forest.issued(years=(2021, 2023))
    reversal = await forest.lost()
    await forest.cancel(reversal, 721)
    second = await forest.issued(volumes=("45", "46"), years=(2024, 2025))
    assert (second["status"], second["quantity_t"], second["withheld_t"]) == ("ISSUED", 0, 100)
    assert (second["batch_no"], second["blocks"]) == (None, [])
    assert len(await forest.told(CreditsIssued)) == 1
    left = Decimal((await forest.standing())["deficit_t"])
    assert left.quantize(Decimal("0.01")) == Decimal("167.98")  # 279.97 less 111.99 gross


async def test_nothing_is_issued_while_a_reversal_is_undecided_or_owed_for(forest):
    await forest.issued(years=(2021, 2023))
    second = await forest.grown(volumes=("45", "70"), years=(2024, 2025))
    await forest.desk.verified(second)
    told = (await forest.report()).json()
    blocked = await forest.desk.ask(second["report_id"])
    assert (blocked.status_code, problem(blocked)) == (409, "reversal-open")
    assert "REPORTED" in blocked.json()["detail"]
    await forest.decide(told["task_id"])
    blocked = await forest.desk.ask(second["report_id"])
    assert problem(blocked) == "reversal-open"
    assert "721" in blocked.json()["detail"]
    await forest.cancel(told["reversal"], 720)
    assert problem(await forest.desk.ask(second["report_id"])) == "reversal-open"
    await forest.cancel(told["reversal"], 1)
    asked = await forest.desk.ask(second["report_id"])
    assert asked.status_code == 201, asked.text
    issued = (await forest.desk.approve(asked.json()["issuance_id"])).json()
    assert (issued["quantity_t"], issued["withheld_t"]) == (2267, 252)


async def test_a_reversal_between_request_and_approval_stops_the_issuance(forest):
    await forest.issued(years=(2021, 2023))
    second = await forest.grown(volumes=("45", "70"), years=(2024, 2025))
    issuance_id = await forest.desk.asked(second)
    told = (await forest.report("100")).json()
    assert problem(await forest.desk.approve(issuance_id)) == "reversal-open"
    await forest.decide(told["task_id"])
    changed = await forest.desk.approve(issuance_id)
    assert (changed.status_code, problem(changed)) == (409, "issuable-quantity-changed")
    assert (await forest.desk.reject(issuance_id)).status_code == 200
    again = (await forest.desk.ask(second["report_id"])).json()
    assert (again["quantity_t"], again["withheld_t"]) == (2429, 90)
    assert (await forest.desk.approve(again["issuance_id"])).status_code == 200


async def test_a_rejected_report_of_a_loss_blocks_nothing(forest):
    await forest.issued(years=(2021, 2023))
    told = (await forest.report()).json()
    silent = await forest.decide(told["task_id"], "rejection")
    assert silent.status_code == 422
    rejected = await forest.decide(told["task_id"], "rejection", comment="影像日期不符")
    assert rejected.status_code == 200, rejected.text
    assert (await forest.get(told["reversal"]["reversal_id"]))["status"] == "REJECTED"
    assert await forest.told(ReversalRecorded) == []
    second = await forest.issued(volumes=("45", "70"), years=(2024, 2025))
    assert second["withheld_t"] == 0


async def test_the_debt_is_settled_by_cancellations_each_counted_once(forest):
    await forest.issued()
    reversal = await forest.lost()
    first = await forest.cancel(reversal, 300)
    for _ in range(3):
        await forest.deliver(first)  # the same cancellation under other event ids
    assert (await forest.get(reversal["reversal_id"]))["settled_t"] == 300
    last = await forest.cancel(reversal, 421)
    await forest.deliver(first, last)
    found = await forest.get(reversal["reversal_id"])
    assert (found["status"], found["settled_t"]) == ("SETTLED", 721)
    assert [part["quantity_t"] for part in found["settlements"]] == [300, 421]
    [told] = await forest.told(ReversalSettled)
    assert (told.reversal_id, told.debt_t) == (reversal["reversal_id"], 721)
    assert (await forest.standing())["owed_t"] == 0


async def test_cancellations_for_other_reasons_settle_nothing(forest, count_rows):
    await forest.issued()
    reversal = await forest.lost()
    await forest.cancel(reversal, 721, reversal_id=None, reason="VOLUNTARY")
    assert (await forest.get(reversal["reversal_id"]))["settled_t"] == 0
    assert await count_rows("reversal_settlements") == 0


async def test_a_second_loss_finds_the_cover_eaten(forest):
    await forest.issued()
    await forest.lost("100")
    second = await forest.lost("200.5")
    # 179.97 of the cover are left; 20.53 are owed, rounded up.
    assert second["debt_t"] == 21
    assert Decimal(second["covered_t"]).quantize(Decimal("0.01")) == Decimal("179.97")


async def test_nobody_owes_for_what_was_never_issued(forest):
    reversal = await forest.lost("500", occurred_on="2026-01-01")
    assert (reversal["status"], reversal["debt_t"], reversal["deficit_t"]) == ("SETTLED", 0, "500")
    first = await forest.issued()
    assert (first["quantity_t"], first["withheld_t"]) == (2069, 450)


async def test_a_fire_before_the_first_issuance_is_in_the_inventory_alone(forest):
    await forest.lost("500", occurred_on="2025-06-01")
    first = await forest.issued()
    # 2,799.70 stand there after the fire; 500 are added back and regrow at once.
    assert first["quantity_t"] == 2519


# ---- the buffer


@pytest.fixture
async def buffered(desk, deliver, events) -> Forest:
    found = Forest(desk, deliver, events)
    await found.plant(methodology_code="CQCM-904-V001", non_permanence="buffer")
    return found


async def test_owner_and_buffer_are_what_was_verified(buffered):
    report = await buffered.grown()
    assert (report["calculated_t"], report["buffer_t"]) == (2799, 280)
    issued = await buffered.desk.issued(report)
    assert (issued["quantity_t"], issued["buffer_t"], issued["withheld_t"]) == (2799, 280, 0)
    parts = [(b["vintage"], b["account"], b["quantity_t"]) for b in issued["blocks"]]
    wholes, kept = (559, 560, 560, 560, 560), (55, 56, 56, 56, 57)
    assert parts == [
        part
        for year, whole_t, kept_t in zip(range(2021, 2026), wholes, kept, strict=True)
        for part in ((year, "owner", whole_t - kept_t), (year, "buffer", kept_t))
    ]
    spans = [(b["start"], b["end"]) for b in issued["blocks"]]
    assert spans[0][0] == 1
    assert spans[-1][1] == 2799
    assert all(one[1] + 1 == after[0] for one, after in pairwise(spans))
    [told] = await buffered.told(CreditsIssued)
    assert sum(b.end - b.start + 1 for b in told.blocks if b.account == "buffer") == 280
    assert told.quantity_t == 2799
    totals = (await buffered.api.get("/v1/buffer")).json()
    assert totals == {"deposited_t": 280, "cancelled_t": 0, "balance_t": 280}
    place = (await buffered.api.get(f"/v1/serials/{issued['blocks'][1]['start']}")).json()
    assert place["block"]["account"] == "buffer"


async def test_a_loss_is_covered_by_the_buffer_first_oldest_vintage_first(buffered):
    issued = await buffered.issued()
    kept = [b for b in issued["blocks"] if b["account"] == "buffer"]
    reversal = await buffered.lost("99.2")
    assert (reversal["status"], reversal["buffer_t"], reversal["debt_t"]) == ("SETTLED", 100, 0)
    expected = [
        (kept[0]["start"], kept[0]["end"]),
        (kept[1]["start"], kept[1]["start"] + 99 - kept[0]["quantity_t"]),
    ]
    assert [(b["start"], b["end"]) for b in reversal["buffer_blocks"]] == expected
    [told] = await buffered.told(ReversalRecorded)
    assert [(b.start, b.end) for b in told.buffer_blocks] == expected
    assert Decimal((await buffered.standing())["deficit_t"]) == 0  # cancelled: nothing regrows
    second = await buffered.lost("1000")
    assert (second["buffer_t"], second["debt_t"]) == (180, 820)
    third = await buffered.lost("1")
    assert (third["buffer_t"], third["debt_t"]) == (0, 1)
    page = (await buffered.api.get("/v1/buffer/projects")).json()
    assert page["items"] == [
        {"project_id": FOREST_ID, "deposited_t": 280, "cancelled_t": 280, "balance_t": 0}
    ]


async def test_losses_confirmed_at_once_share_the_buffer(buffered):
    await buffered.issued()
    told = [(await buffered.report("100")).json() for _ in range(5)]
    answers = await asyncio.gather(
        *(
            buffered.decide(each["task_id"], headers=as_confirmer(f"officer-{i}"))
            for i, each in enumerate(told)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    found = [await buffered.get(each["reversal"]["reversal_id"]) for each in told]
    assert sum(each["buffer_t"] for each in found) == 280
    assert sum(each["debt_t"] for each in found) == 220
    blocks = sorted((b["start"], b["end"]) for each in found for b in each["buffer_blocks"])
    assert all(one[1] < after[0] for one, after in pairwise(blocks))


# ---- a negative period


async def test_a_negative_period_opens_the_reversal_itself(forest):
    await forest.issued(years=(2021, 2023))
    report = await forest.grown(volumes=("45", "40"), years=(2024, 2025))
    loss = Decimal(report["loss"])
    assert (report["calculated_t"], loss > 279) == (0, True)
    [opened] = (await forest.api.get("/v1/reversals")).json()["items"]
    assert (opened["kind"], opened["status"]) == ("monitored_loss", "REPORTED")
    assert (opened["report_id"], Decimal(opened["loss_t"])) == (report["report_id"], loss)
    assert opened["occurred_on"] == "2025-12-31"
    [task] = (await forest.api.get("/v1/issuance-tasks", headers=as_confirmer())).json()["items"]
    assert (await forest.decide(task["task_id"])).status_code == 200
    found = await forest.get(opened["reversal_id"])
    assert found["status"] == "OPEN"
    rest = loss - Decimal(found["covered_t"])
    assert found["debt_t"] == int(rest.to_integral_value(rounding=ROUND_CEILING)) == 280
    refused = await forest.desk.recall(report["report_id"])
    assert (refused.status_code, problem(refused)) == (409, "reversal-decided")


async def test_a_negative_report_that_is_taken_back_takes_its_reversal_along(forest):
    await forest.issued(years=(2021, 2023))
    report = await forest.grown(volumes=("45", "40"), years=(2024, 2025))
    [opened] = (await forest.api.get("/v1/reversals")).json()["items"]
    assert (await forest.desk.recall(report["report_id"])).status_code == 200
    assert (await forest.get(opened["reversal_id"]))["status"] == "REJECTED"
    [task] = (await forest.api.get("/v1/issuance-tasks", headers=as_confirmer())).json()["items"]
    late = await forest.decide(task["task_id"])
    assert (late.status_code, problem(late)) == (409, "reversal-decided")
    ended = await forest.decide(task["task_id"], "rejection", comment="报告已撤回")
    assert ended.status_code == 200
    again = await forest.grown(volumes=("45", "40"), years=(2024, 2025))
    newest = (await forest.api.get("/v1/reversals")).json()["items"][0]
    assert (newest["report_id"], newest["status"]) == (again["report_id"], "REPORTED")


@pytest.mark.parametrize("headers", [caller(org=OWNER, subject="owner-person"), as_confirmer()])
async def test_nobody_waves_a_measured_loss_away_while_its_report_stands(forest, headers):
    await forest.issued(years=(2021, 2023))
    report = await forest.grown(volumes=("45", "40"), years=(2024, 2025))
    [opened] = (await forest.api.get("/v1/reversals")).json()["items"]
    [task] = (await forest.api.get("/v1/issuance-tasks", headers=as_confirmer())).json()["items"]
    proposer = caller("reports:write", org=OWNER, subject=task["proposed_by"])
    for by in (headers, proposer):
        refused = await forest.decide(task["task_id"], "rejection", headers=by, comment="不认可")
        assert refused.status_code in (403, 409), refused.text
    assert (refused.status_code, problem(refused)) == (409, "measured-loss-stands")
    assert (await forest.get(opened["reversal_id"]))["status"] == "REPORTED"
    assert (await forest.desk.recall(report["report_id"])).status_code == 200
    ended = await forest.decide(task["task_id"], "rejection", headers=proposer, comment="已撤回")
    assert ended.status_code == 200, ended.text


async def test_the_initiator_takes_a_report_of_a_loss_back(forest):
    await forest.issued(years=(2021, 2023))
    told = (await forest.report()).json()
    back = await forest.decide(
        told["task_id"], "rejection", headers=as_reporter(), comment="面积有误"
    )
    assert back.status_code == 200, back.text
    assert (await forest.get(told["reversal"]["reversal_id"]))["status"] == "REJECTED"


async def test_a_scope_alone_rejects_no_report_of_a_loss(forest):
    await forest.issued(years=(2021, 2023))
    told = (await forest.report(headers=as_reporter(BUREAU, "officer-a"))).json()
    for org in (OWNER, VERIFIER):
        refused = await forest.decide(
            told["task_id"], "rejection", headers=as_confirmer("someone", org), comment="不认可"
        )
        assert (refused.status_code, problem(refused)) == (409, "organisation-unfit")
    assert (await forest.get(told["reversal"]["reversal_id"]))["status"] == "REPORTED"


async def test_a_loss_between_two_periods_cannot_be_taken_out_from_under_the_later(forest):
    first = await forest.issued(years=(2021, 2022))
    loss = await forest.grown(volumes=("45", "30"), years=(2023, 2024))
    later = await forest.grown(volumes=("30", "50"), years=(2025, 2025))
    recalled = await forest.desk.recall(loss["report_id"])
    assert (recalled.status_code, problem(recalled)) == (409, "report-built-on")
    assert later["report_id"] in recalled.json()["detail"]
    revised = await forest.desk.revise(loss["report_id"], upload_ids=[str(new_id())])
    assert (revised.status_code, problem(revised)) == (409, "report-built-on")
    assert (await forest.get(await opened_by(forest, loss)))["status"] == "REPORTED"
    # In their order it goes: the last one first; then the loss stands between 45 and 30 again.
    assert (await forest.desk.recall(later["report_id"])).status_code == 200
    assert (await forest.desk.recall(loss["report_id"])).status_code == 200
    whole = await forest.grown(volumes=("45", "50"), years=(2023, 2025))
    issued = await forest.desk.issued(whole)
    # 2,519.7 for 25 m3/ha, so 503.9 for 5 more: nothing of 30 to 45 twice.
    assert (first["quantity_t"], issued["quantity_t"]) == (2519, 503)


async def opened_by(forest: Forest, report: dict[str, Any]) -> str:
    found = (await forest.api.get("/v1/reversals")).json()["items"]
    return next(each["reversal_id"] for each in found if each["report_id"] == report["report_id"])


async def test_no_report_is_put_between_two_inventories_afterwards(forest, count_rows):
    await forest.issued(years=(2021, 2022))
    await forest.grown(volumes=("45", "50"), years=(2025, 2025))
    days = ("2023-01-01", "2024-12-31")
    upload = await forest.desk.uploaded(
        plot_csv("45", "60", days=days), project_id=FOREST_ID, kind="plot_inventory"
    )
    between = await forest.desk.report(
        project_id=FOREST_ID, upload_ids=[upload], period_start=days[0], period_end=days[1]
    )
    # It would issue up to 60, and nobody would miss what the later report lacks: it began with 45.
    assert (between.status_code, problem(between)) == (409, "report-built-on")
    assert await count_rows("reports") == 2


async def test_what_began_with_a_rejected_report_s_end_is_not_issued(forest):
    await forest.issued(years=(2021, 2022))
    middle = await forest.grown(volumes=("45", "60"), years=(2023, 2024))
    later = await forest.grown(volumes=("60", "65"), years=(2025, 2025))
    notice = (await forest.desk.notice(middle["report_id"])).json()
    await forest.desk.notice(later["report_id"])
    forest.desk.pass_notice(notice)
    rejected = await forest.desk.verification(
        middle["report_id"], middle["calculated_t"], opinion="negative"
    )
    assert rejected.json()["status"] == "REJECTED"
    positive = await forest.desk.verification(later["report_id"], later["calculated_t"])
    assert positive.status_code == 200, positive.text
    refused = await forest.desk.ask(later["report_id"])
    assert (refused.status_code, problem(refused)) == (409, "report-basis-changed")
    assert (await forest.desk.recall(later["report_id"])).status_code == 200
    whole = await forest.grown(volumes=("45", "65"), years=(2023, 2025))
    assert (await forest.desk.issued(whole))["quantity_t"] == 2015


# ---- a fire that the next inventory shows as well


async def test_a_fire_is_charged_once_although_the_next_inventory_shows_it(forest):
    await forest.issued(years=(2021, 2023))
    fire = await forest.lost("1000", occurred_on="2024-06-01")
    await forest.cancel(fire, fire["debt_t"])
    # 700 of the 1,000 t grew back: the stock falls by 300 t, 2.679 m3/ha.
    report = await forest.grown(volumes=("45", "42.321"), years=(2024, 2025))
    assert (report["loss"], report["calculated_t"]) == ("0", 629)  # nine tenths of 699.98
    assert [found["kind"] for found in (await forest.api.get("/v1/reversals")).json()["items"]] == [
        "fire"
    ]
    path = f"/v1/reports/{report['report_id']}/calculation"
    shown = (await forest.api.get(path, headers=as_owner())).json()
    assert shown["inputs"]["charged_losses"] == [
        {
            "reversal_id": fire["reversal_id"],
            "kind": "fire",
            "occurred_on": "2024-06-01",
            "loss_t": "1000",
        }
    ]
    assert f"reversal {fire['reversal_id']}, fire" in json.dumps(shown["tree"])
    issued = await forest.desk.issued(report)
    # 279.97 of them fill the cover again, nine tenths of the other 420.01 are new.
    assert (issued["quantity_t"], issued["withheld_t"]) == (378, 251)
    standing = await forest.standing()
    behind = standing["outstanding_t"] + Decimal(standing["cover_t"])
    assert standing["outstanding_t"] == 2519 - 721 + 378
    # What stands there: 2,799.70 less 300.02; never more credits and cover than stock.
    assert 0 <= Decimal("2499.68") - behind < 2


async def test_what_is_lost_beyond_a_fire_is_measured_net_of_it(forest):
    await forest.issued(years=(2021, 2023))
    fire = await forest.lost("1000", occurred_on="2024-06-01")
    await forest.cancel(fire, fire["debt_t"])
    # 25 m3/ha are 2,799.70 t: 10 are 1,119.88, so 119.88 beyond the fire.
    report = await forest.grown(volumes=("45", "35"), years=(2024, 2025))
    assert Decimal(report["loss"]).quantize(Decimal("0.01")) == Decimal("119.88")


async def test_a_fire_is_added_back_once_and_one_after_the_inventory_not_yet(forest):
    await forest.issued(years=(2021, 2022))
    early = await forest.lost("10", occurred_on="2023-06-01")
    second = await forest.grown(volumes=("45", "50"), years=(2023, 2024))
    late = await forest.lost("20", occurred_on="2024-02-01")
    await forest.lost("30", occurred_on="2026-01-01")
    third = await forest.grown(volumes=("50", "55"), years=(2025, 2025))
    added = []
    for report in (second, third):
        path = f"/v1/reports/{report['report_id']}/calculation"
        inputs = (await forest.api.get(path, headers=as_owner())).json()["inputs"]
        added.append([found["reversal_id"] for found in inputs["charged_losses"]])
    assert added == [[early["reversal_id"]], [late["reversal_id"]]]
    # A report that is taken back adds nothing back any more: the next one does.
    await forest.desk.recall(third["report_id"])
    again = await forest.grown(volumes=("50", "55"), years=(2025, 2025))
    assert again["calculated_t"] == third["calculated_t"]


# ---- corrections (R10)


async def correction(forest: Forest, issued: dict[str, Any], loss_t: str, **changes):
    given = {
        "project_id": PV_ID,
        "kind": "error",
        "issuance_id": issued["issuance_id"],
        "area_ha": None,
        "headers": as_reporter(BUREAU, "officer-a"),
    }
    return await forest.report(loss_t, **(given | changes))


async def test_an_error_is_corrected_by_a_linked_debt_and_no_row_is_changed(forest, api):
    issued = await forest.desk.issued(await forest.desk.reported())
    told = await correction(forest, issued, "49")
    assert (await forest.decide(told.json()["task_id"])).status_code == 200
    found = await forest.get(told.json()["reversal"]["reversal_id"])
    assert (found["debt_t"], found["covered_t"], found["issuance_id"]) == (
        49,
        "0",
        issued["issuance_id"],
    )
    assert (await api.get(f"/v1/issuances/{issued['issuance_id']}")).json() == issued
    await forest.cancel(found, 49)
    assert (await forest.get(found["reversal_id"]))["status"] == "SETTLED"


async def test_falsification_costs_an_equal_quantity_and_no_cover_helps(forest):
    issued = await forest.issued()
    reversal = await forest.lost(
        "2519",
        kind="falsification",
        issuance_id=issued["issuance_id"],
        area_ha=None,
        headers=as_reporter(BUREAU, "officer-a"),
    )
    assert (reversal["debt_t"], reversal["covered_t"], reversal["deficit_t"]) == (2519, "0", "0")
    [told] = await forest.told(ReversalRecorded)
    assert told.issuance_ids == [issued["issuance_id"]]


def corrected(forest: Forest, issued: dict[str, Any], loss_t: str):
    return forest.lost(
        loss_t,
        kind="error",
        issuance_id=issued["issuance_id"],
        area_ha=None,
        headers=as_reporter(BUREAU, "officer-a"),
    )


async def test_what_is_taken_back_leaves_no_cover_behind(forest):
    issued = await forest.issued(years=(2021, 2023))
    await forest.cancel(await corrected(forest, issued, "2000"), 2000)
    standing = await forest.standing()
    # 519 of 2,519 t are left, and as much of the 279.97 t that were kept back for them.
    expected = (KEPT * 519 / 2519).quantize(Decimal("0.0001"))
    assert Decimal(standing["cover_t"]).quantize(Decimal("0.0001")) == expected
    await forest.cancel(await corrected(forest, issued, "519"), 519)
    standing = await forest.standing()
    assert (standing["outstanding_t"], standing["owed_t"]) == (0, 0)
    assert [Decimal(standing[name]) for name in ("cover_t", "deficit_t")] == [Decimal(0)] * 2
    # Nothing stands behind anything: the next loss is borne by whom it hits, not by a phantom.
    second = await forest.issued(volumes=("45", "70"), years=(2024, 2025))
    assert (second["quantity_t"], second["withheld_t"]) == (2519, 0)
    assert (await forest.lost("1000"))["debt_t"] == 721


async def test_what_a_growth_that_never_was_made_good_is_missing_again(forest):
    await forest.issued(years=(2021, 2022))
    await forest.lost("100", occurred_on="2026-01-15")
    second = await forest.issued(volumes=("45", "70"), years=(2023, 2025))
    assert Decimal((await forest.standing())["deficit_t"]) == 0
    await forest.cancel(await corrected(forest, second, "2429"), 2429)
    standing = await forest.standing()
    assert Decimal(standing["deficit_t"]) == 100
    assert Decimal(standing["cover_t"]).quantize(Decimal("0.00001")) == KEPT - 100


@pytest.mark.parametrize("loss_t", ["850", "0.5", "848.5"])
async def test_a_correction_takes_whole_tonnes_that_were_issued(forest, loss_t):
    issued = await forest.desk.issued(await forest.desk.reported())
    refused = await correction(forest, issued, loss_t)
    assert (refused.status_code, problem(refused)) == (422, "correction-invalid")


async def test_an_issuance_is_not_corrected_twice_over(forest, count_rows):
    issued = await forest.desk.issued(await forest.desk.reported())
    assert (await correction(forest, issued, "800")).status_code == 202
    refused = await correction(forest, issued, "50")
    assert problem(refused) == "correction-invalid"
    assert "49" in refused.json()["detail"]
    foreign = await correction(forest, issued, "1", project_id=FOREST_ID)
    assert problem(foreign) == "correction-invalid"
    unknown = await correction(forest, issued, "1", issuance_id=str(new_id()))
    assert problem(unknown) == "correction-invalid"
    assert await count_rows("reversals") == 1


# ---- who may, and what is refused


async def test_the_one_who_reported_may_not_confirm(forest):
    await forest.issued()
    told = (await forest.report(headers=as_reporter(BUREAU, "officer-a"))).json()
    own = await forest.decide(told["task_id"], headers=as_confirmer("officer-a"))
    assert (own.status_code, problem(own)) == (403, "task-own")
    assert (await forest.decide(told["task_id"])).status_code == 200


@pytest.mark.parametrize("org", [OWNER, VERIFIER])
async def test_only_an_independent_bureau_confirms(forest, deliver, org):
    await forest.issued()
    told = (await forest.report()).json()
    refused = await forest.decide(told["task_id"], headers=as_confirmer("someone", org))
    assert (refused.status_code, problem(refused)) == (409, "organisation-unfit")
    await deliver(organisation(OWNER, "owner", "bureau", version=2))
    if org == OWNER:
        refused = await forest.decide(told["task_id"], headers=as_confirmer("someone", org))
        assert problem(refused) == "reversal-officer-not-independent"
    assert (await forest.get(told["reversal"]["reversal_id"]))["status"] == "REPORTED"


async def test_strangers_report_nothing_and_owners_no_falsification(forest, count_rows):
    issued = await forest.issued()
    stranger = await forest.report(headers=as_reporter(VERIFIER))
    assert (stranger.status_code, problem(stranger)) == (409, "reversal-reporter-unfit")
    own = await forest.report(
        "1", kind="falsification", issuance_id=issued["issuance_id"], headers=as_reporter()
    )
    assert problem(own) == "reversal-reporter-unfit"
    unscoped = await forest.report(headers=caller("reports:write", org=OWNER))
    assert unscoped.status_code == 403
    assert await count_rows("reversals") == 0


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"loss_t": "0"}, 422),
        ({"loss_t": "-1"}, 422),
        ({"loss_t": 1000}, 422),
        ({"loss_t": "NaN"}, 422),
        ({"occurred_on": "2027-01-01"}, 422),
        ({"occurred_on": "2010-01-01"}, 422),
        ({"evidence": []}, 422),
        ({"evidence": [{"name": "x", "sha256": "AB" * 32}]}, 422),
        ({"kind": "monitored_loss"}, 422),
        ({"kind": "error"}, 422),
        ({"issuance_id": str(new_id())}, 422),
        ({"project_id": str(new_id())}, 404),
        ({"description": " "}, 422),
        ({"area_ha": "0"}, 422),
    ],
)
async def test_what_is_not_a_reversal_is_refused(forest, count_rows, changes, status):
    answer = await forest.report(**changes)
    assert answer.status_code == status, answer.text
    assert await count_rows("reversals") == 0


async def test_two_confirmations_at_once_make_one_debt(forest):
    await forest.issued()
    told = (await forest.report()).json()
    answers = await asyncio.gather(
        *(forest.decide(told["task_id"], headers=as_confirmer(f"officer-{i}")) for i in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert len(await forest.told(ReversalRecorded)) == 1


async def test_a_confirmation_and_an_approval_at_once_agree_on_what_was_issued(forest):
    await forest.issued(years=(2021, 2023))
    second = await forest.grown(volumes=("45", "70"), years=(2024, 2025))
    issuance_id = await forest.desk.asked(second)
    told, approved = await asyncio.gather(forest.report("3000"), forest.desk.approve(issuance_id))
    await forest.decide(told.json()["task_id"])
    issued = await forest.told(CreditsIssued)
    reversal = await forest.get(told.json()["reversal"]["reversal_id"])
    outstanding_t = sum(event.quantity_t for event in issued) - reversal["debt_t"]
    assert (approved.status_code == 200) == (len(issued) == 2)
    assert (await forest.standing())["outstanding_t"] == outstanding_t
    [event] = await forest.told(ReversalRecorded)
    assert set(event.issuance_ids) == {each.issuance_id for each in issued}


async def test_everybody_can_read_the_record(forest, api):
    await forest.issued()
    first, second = await forest.lost("1"), await forest.lost("1000")
    page = (await api.get("/v1/reversals", params={"limit": 1})).json()
    assert [found["reversal_id"] for found in page["items"]] == [second["reversal_id"]]
    following = await api.get("/v1/reversals", params={"limit": 1, "cursor": page["next_cursor"]})
    assert following.json()["items"][0]["reversal_id"] == first["reversal_id"]
    opened = (await api.get("/v1/reversals", params={"status": "OPEN"})).json()["items"]
    assert [found["reversal_id"] for found in opened] == [second["reversal_id"]]
    assert (await api.get("/v1/reversals", params={"project_id": PV_ID})).json()["items"] == []
    unknown = await api.get(f"/v1/reversals/{new_id()}")
    assert (unknown.status_code, problem(unknown)) == (404, "reversal-not-found")
    assert first["evidence"] == EVIDENCE
