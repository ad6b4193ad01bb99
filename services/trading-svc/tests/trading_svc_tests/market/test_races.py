"""Real concurrency: every request has a connection and a transaction of its own."""

import asyncio
from collections import Counter

import pytest

from trading_svc_tests.factories import CEMENT, PV_OWNER, STEEL


@pytest.fixture
async def issued(world):
    await world.usual_parties()
    await world.fund(STEEL, 10**9)
    await world.fund(CEMENT, 10**9)
    return await world.issue(800)


async def test_the_last_unit_is_sold_once_to_twenty_buyers(world, issued):
    listing = (await world.list(issued, 1)).json()["listing_id"]
    answers = await asyncio.gather(
        *(world.buy(listing, 1, by=(STEEL, CEMENT)[i % 2]) for i in range(20))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    refused = {a.json()["type"] for a in answers if a.status_code == 409}
    assert refused == {"/problems/listing-closed"}
    totals = await world.check_totals()
    assert (totals["traded_t"], totals["traded_fen"]) == (1, 3590)


async def test_ten_listings_of_a_hundred_on_eight_hundred_eight_stand(world, issued):
    answers = await asyncio.gather(*(world.list(issued, 100) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 8, 409: 2}
    assert (await world.account(PV_OWNER))["credits"]["reserved_t"] == 800
    await world.check_totals()


async def test_of_retiring_and_listing_the_same_units_one_wins(world, issued):
    listed, retired = await asyncio.gather(world.list(issued, 500), world.retire(PV_OWNER, 400))
    assert sorted((listed.status_code, retired.status_code)) == [201, 409]
    await world.check_totals()


async def test_of_ten_uses_of_two_hundred_on_eight_hundred_four_stand(world, issued):
    answers = await asyncio.gather(
        *(world.list(issued, 200) for _ in range(5)),
        *(world.retire(PV_OWNER, 200) for _ in range(5)),
    )
    assert Counter(answer.status_code for answer in answers) == {201: 4, 409: 6}
    assert (await world.account(PV_OWNER))["credits"]["available_t"] == 0
    await world.check_totals()


async def test_buying_and_withdrawing_never_give_a_unit_to_both(world, issued):
    listing = (await world.list(issued, 100)).json()["listing_id"]
    bought, gone = await asyncio.gather(
        world.buy(listing, 100, by=STEEL),
        world.api.delete(f"/v1/listings/{listing}", headers=world.headers(PV_OWNER)),
    )
    assert sorted((bought.status_code, gone.status_code)) in ([200, 409], [201, 409])
    await world.check_totals()


async def test_crossing_purchases_do_not_deadlock(world, issued):
    for buyer in (STEEL, CEMENT):
        listing = (await world.list(issued, 100)).json()["listing_id"]
        await world.buy(listing, 100, by=buyer)
    steel = (await world.list(issued, 50, by=STEEL)).json()["listing_id"]
    cement = (await world.list(issued, 50, by=CEMENT)).json()["listing_id"]
    answers = await asyncio.gather(
        *(world.buy(steel, 1, by=CEMENT) for _ in range(15)),
        *(world.buy(cement, 1, by=STEEL) for _ in range(15)),
    )
    assert {answer.status_code for answer in answers} == {201}
    await world.check_totals()


async def test_one_key_a_hundred_times_at_once_is_one_effect_and_one_answer(world, issued):
    listing = (await world.list(issued, 100)).json()["listing_id"]
    body = {"listing_id": listing, "quantity_t": 1, "price_fen_per_t_max": 3590}
    answers = await asyncio.gather(
        *(world.post("/v1/orders", body, by=STEEL, key="same") for _ in range(100))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (await world.account(STEEL))["credits"]["held_t"] == 1


async def test_cash_is_not_spent_twice(world, issued):
    await world.organisation("91500000MATHT0097X", "merchant", version=2)
    buyer = "91500000MATHT0097X"
    await world.fund(buyer, 10 * 3590)
    listing = (await world.list(issued, 100)).json()["listing_id"]
    answers = await asyncio.gather(*(world.buy(listing, 3, by=buyer) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 7}
    assert (await world.account(buyer))["cash"]["balance_fen"] == 3590
    await world.check_totals()
