import asyncio
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import text

from trading_svc.holdings.rules import Span
from trading_svc_tests.factories import CEMENT, PV_OWNER, STEEL

# Kafka refuses more than 1 MiB with headers.
EVENT_BYTES_MAX = 900_000


@pytest.fixture
async def issued(world):
    await world.usual_parties()
    return await world.issue(2519)


def problem(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_r33_retiring_500_of_2519(world, issued):
    answer = await world.retire(PV_OWNER, 500)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/v1/retirements/{body['retirement_id']}"
    assert [(part["start"], part["end"]) for part in body["serials"]] == [(1, 500)]
    blocks = (await world.get(f"/v1/accounts/{PV_OWNER}/holdings", by=PV_OWNER)).json()["items"]
    assert [(b["start"], b["end"], b["state"]) for b in blocks] == [
        (1, 500, "retired"),
        (501, 2519, "held"),
    ]
    totals = await world.check_totals()
    assert (totals["retired_t"], totals["held_t"]) == (500, 2019)


async def test_first_acquired_is_first_used_over_several_blocks(world, issued):
    await world.issue(100)
    await world.issue(100)
    answer = await world.retire(PV_OWNER, 2650)
    spans = [(part["start"], part["end"]) for part in answer.json()["serials"]]
    assert spans == [(1, 2519), (2520, 2619), (2620, 2650)]


async def test_project_and_vintage_choose_the_units(world, issued):
    other = await world.issue(100, vintage=2024)
    answer = await world.retire(PV_OWNER, 10, project_id=other.project_id, vintage=2024)
    assert [(part["start"], part["end"]) for part in answer.json()["serials"]] == [(2520, 2529)]
    none = await world.retire(PV_OWNER, 10, project_id=other.project_id, vintage=2023)
    assert problem(none) == (409, "credits-insufficient")


async def test_many_small_blocks_are_used_in_one_request(world, issued, events):
    # More blocks than one read brings.
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 250)).json()["listing_id"]
    for _ in range(125):
        assert (await world.buy(listing, 2, by=STEEL)).status_code == 201
    answer = await world.retire(STEEL, 249)
    assert answer.status_code == 201, answer.text
    # What was bought bit by bit without a gap is one range, to whoever asks.
    retired = answer.json()
    [part] = retired["serials"]
    assert (part["start"], part["end"], part["quantity_t"]) == (1, 249, 249)
    assert part["serial"].endswith("-000000001-000000249")
    again = await world.get(f"/v1/retirements/{retired['retirement_id']}")
    assert again.json()["serials"] == retired["serials"]
    document = (await world.get(retired["certificate_url"])).json()["document"]
    assert document["units"][0]["serials"] == [part]
    [event] = await events(STEEL)
    assert [(block.start, block.end) for block in event.blocks] == [(1, 249)]
    verified = await world.get(f"/v1/verify/{retired['certificate_id']}")
    assert verified.json()["valid"] is True
    assert problem(await world.retire(STEEL, 2)) == (409, "credits-insufficient")
    await world.check_totals()


async def test_a_range_ends_where_the_next_issuance_begins(world, issued):
    await world.issue(10, project_id=UUID(issued.project_id))
    retired = (await world.retire(PV_OWNER, 2529)).json()
    assert [(part["start"], part["end"]) for part in retired["serials"]] == [
        (1, 2519),
        (2520, 2529),
    ]
    for part in retired["serials"]:
        assert (await world.get(f"/v1/holdings/serials/{part['serial']}")).status_code == 200


@pytest.fixture
async def scattered(world, issued):
    """Let the owner hold 3,000 single tonnes, none next to another."""
    first = issued.blocks[0].end + 1
    await world.retire(PV_OWNER, 2519)
    await world.issue(6_000)
    for start in range(first, first + 6_000, 2_000):
        named = [{"start": odd, "end": odd} for odd in range(start, start + 2_000, 2)]
        assert (await world.retire(PV_OWNER, 1_000, serials=named)).status_code == 201
    return Span(first, first + 5_999)


async def test_a_request_over_too_many_blocks_is_refused_and_says_how_many_fit(world, scattered):
    answer = await world.retire(PV_OWNER, 2_001)
    assert problem(answer) == (409, "too-many-blocks")
    assert "at most 2000 t" in answer.json()["fix"]
    everything = [{"start": scattered.first, "end": scattered.last}]
    answer = await world.retire(PV_OWNER, 6_000, serials=everything)
    assert problem(answer) == (409, "too-many-blocks")
    assert (await world.retire(PV_OWNER, 2_000)).status_code == 201
    assert problem(await world.retire(PV_OWNER, 1_001)) == (409, "credits-insufficient")
    assert (await world.retire(PV_OWNER, 1_000)).status_code == 201
    await world.check_totals()


async def test_the_event_of_the_most_scattered_request_fits_on_the_bus(world, database, scattered):
    assert (await world.retire(PV_OWNER, 2_000)).status_code == 201
    async with database.read() as session:
        largest = await session.scalar(text("SELECT max(length(body)) FROM outbox"))
    # The largest serials have fifteen digits more than these.
    assert largest + 2_000 * 2 * 15 < EVENT_BYTES_MAX


async def test_exact_serials_can_be_named(world, issued):
    serials = [{"start": 1000, "end": 1009}, {"start": 2519, "end": 2519}]
    answer = await world.retire(PV_OWNER, 11, serials=serials)
    assert answer.status_code == 201, answer.text
    assert [(part["start"], part["end"]) for part in answer.json()["serials"]] == [
        (1000, 1009),
        (2519, 2519),
    ]
    again = await world.retire(PV_OWNER, 11, serials=serials)
    assert problem(again) == (409, "serials-unavailable")
    assert len(again.json()["errors"]) == 2
    await world.check_totals()


async def test_a_named_unit_of_somebody_else_cannot_be_retired(world, issued):
    answer = await world.retire(STEEL, 1, serials=[{"start": 1, "end": 1}])
    assert problem(answer) == (409, "serials-unavailable")
    assert "NOT_HELD" in answer.json()["errors"][0]["pointer"]


async def test_on_behalf_of_a_registered_organisation_only(world, issued):
    answer = await world.retire(PV_OWNER, 5, beneficiary_code=STEEL, note="合同 2026-17")
    assert answer.json()["beneficiary_code"] == STEEL
    document = (await world.get(answer.json()["certificate_url"])).json()["document"]
    assert document["beneficiary"]["name"] == "渝钢集团有限责任公司"
    assert document["retirement"]["note"] == "合同 2026-17"
    unknown = await world.retire(PV_OWNER, 5, beneficiary_code="91500000MATHT9999X")
    assert problem(unknown) == (409, "beneficiary-unknown")
    assert (await world.account(PV_OWNER))["credits"]["retired_t"] == 5


@pytest.mark.parametrize("reason", ["ETS_COMPLIANCE", "EVENT_NEUTRAL", "ORG_NEUTRAL", "OTHER"])
async def test_reasons_with_rules_of_their_own_have_doors_of_their_own(world, issued, reason):
    assert (await world.retire(PV_OWNER, 1, reason=reason)).status_code == 422


@pytest.mark.parametrize("quantity_t", [0, -1, 1.5, "1", 10**13])
async def test_only_whole_tonnes(world, issued, quantity_t):
    assert (await world.retire(PV_OWNER, quantity_t)).status_code == 422


async def test_more_than_available_is_refused_and_says_how_many_there_are(world, issued):
    answer = await world.retire(PV_OWNER, 2520)
    assert problem(answer) == (409, "credits-insufficient")
    assert "2519 t available" in answer.json()["detail"]


async def test_retirements_are_public_newest_first(world, issued):
    first = (await world.retire(PV_OWNER, 1)).json()["retirement_id"]
    second = (await world.retire(PV_OWNER, 2, reason="PERSONAL")).json()["retirement_id"]
    items = (await world.get("/v1/retirements")).json()["items"]
    assert [item["retirement_id"] for item in items] == [second, first]
    items = (await world.get("/v1/retirements", reason="VOLUNTARY")).json()["items"]
    assert [item["retirement_id"] for item in items] == [first]
    page = (await world.get("/v1/retirements", limit=1)).json()
    rest = (await world.get("/v1/retirements", limit=1, cursor=page["next_cursor"])).json()
    assert [item["retirement_id"] for item in rest["items"]] == [first]
    one = (await world.get(f"/v1/retirements/{first}")).json()
    assert one["serials"][0]["start"] == 1
    assert (await world.get(f"/v1/retirements/{issued.issuance_id}")).status_code == 404


async def test_ten_retirements_at_once_take_different_serials(world, issued):
    answers = await asyncio.gather(*(world.retire(PV_OWNER, 300) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 8, 409: 2}
    spans = sorted(
        (part["start"], part["end"])
        for answer in answers
        if answer.status_code == 201
        for part in answer.json()["serials"]
    )
    assert spans == [(i * 300 + 1, i * 300 + 300) for i in range(8)]
    numbers = [a.json()["certificate_id"] for a in answers if a.status_code == 201]
    assert len(set(numbers)) == 8
    await world.check_totals()


async def test_the_same_named_serial_is_retired_once_of_ten(world, issued):
    serials = [{"start": 77, "end": 77}]
    answers = await asyncio.gather(*(world.retire(PV_OWNER, 1, serials=serials) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}
    await world.check_totals()


async def test_an_account_holds_itself_only(world, issued):
    assert problem(await world.retire(CEMENT, 1)) == (409, "credits-insufficient")
