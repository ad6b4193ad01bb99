import pytest

from trading_svc_tests.factories import (
    BUREAU,
    CEMENT,
    OPERATOR,
    PV_OWNER,
    STEEL,
    VERIFIER,
)


@pytest.fixture
async def issued(world):
    await world.usual_parties()
    return await world.issue(1000)


def problem(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_a_listing_reserves_its_exact_serials(world, issued):
    listed = await world.list(issued, 400)
    assert listed.status_code == 201, listed.text
    body = listed.json()
    assert listed.headers["location"] == f"/v1/listings/{body['listing_id']}"
    assert (body["remaining_t"], body["status"], body["is_local"]) == (400, "open", True)
    blocks = (await world.get(f"/v1/accounts/{PV_OWNER}/holdings", by=PV_OWNER)).json()["items"]
    assert [(b["start"], b["end"], b["state"], b["listing_id"]) for b in blocks] == [
        (1, 400, "reserved", body["listing_id"]),
        (401, 1000, "held", None),
    ]
    # R28: what is listed cannot be used twice.
    assert problem(await world.list(issued, 601)) == (409, "credits-insufficient")
    assert problem(await world.retire(PV_OWNER, 601)) == (409, "credits-insufficient")
    assert (await world.retire(PV_OWNER, 600)).status_code == 201
    await world.check_totals()


async def test_delivery_versus_payment_moves_both_or_nothing(world, issued):
    listing = (await world.list(issued, 400, price_fen=3590)).json()["listing_id"]
    await world.fund(STEEL, 100 * 3590 - 1)
    refused = await world.buy(listing, 100, by=STEEL)
    assert problem(refused) == (409, "cash-insufficient")
    assert (await world.account(STEEL))["credits"]["held_t"] == 0
    assert (await world.account(STEEL))["cash"]["balance_fen"] == 100 * 3590 - 1

    await world.fund(STEEL, 1)
    filled = await world.buy(listing, 100, by=STEEL)
    assert filled.status_code == 201, filled.text
    assert (await world.account(STEEL))["cash"]["balance_fen"] == 0
    assert (await world.account(PV_OWNER))["cash"]["balance_fen"] == 359_000
    assert (await world.account(PV_OWNER))["credits"]["sold_t"] == 100
    await world.check_totals()


async def test_a_listing_is_filled_in_parts_and_then_closed(world, issued):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    delivered = []
    for quantity_t in (3, 3, 4):
        answer = (await world.buy(listing, quantity_t, by=STEEL)).json()
        delivered += [(part["start"], part["end"]) for part in answer["delivered"]]
    assert delivered == [(1, 3), (4, 6), (7, 10)]
    found = (await world.get(f"/v1/listings/{listing}")).json()
    assert (found["status"], found["remaining_t"]) == ("filled", 0)
    assert found["closed_at"] is not None
    assert problem(await world.buy(listing, 1, by=STEEL)) == (409, "listing-closed")


async def test_more_than_a_listing_holds_is_refused_whole(world, issued):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    assert problem(await world.buy(listing, 11, by=STEEL)) == (409, "listing-short")


@pytest.mark.parametrize(("limit", "status"), [(3589, 409), (3590, 201), (3591, 201)])
async def test_the_buyer_pays_the_price_and_never_above_the_limit(world, issued, limit, status):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 10, price_fen=3590)).json()["listing_id"]
    answer = await world.buy(listing, 1, by=STEEL, at_most_fen=limit)
    assert answer.status_code == status
    if status == 201:
        assert answer.json()["amount_fen"] == 3590


async def test_an_own_listing_cannot_be_bought(world, issued):
    await world.fund(PV_OWNER, 10**9)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    assert problem(await world.buy(listing, 1, by=PV_OWNER)) == (409, "own-listing")


@pytest.mark.parametrize("code", [BUREAU, OPERATOR, VERIFIER])
async def test_authority_operator_and_verifier_may_not_trade(world, issued, code):
    await world.fund(code, 10**9)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    assert problem(await world.buy(listing, 1, by=code)) == (409, "trading-not-allowed")
    own = await world.issue(5, owner=code)
    assert problem(await world.list(own, 1)) == (409, "trading-not-allowed")
    # Retiring is no trade.
    assert (await world.retire(code, 5)).status_code == 201


async def test_a_second_role_does_not_lift_the_bar(world, issued):
    await world.organisation(CEMENT, "controlled_enterprise", "validator_verifier", version=2)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    assert problem(await world.buy(listing, 1, by=CEMENT)) == (409, "trading-not-allowed")


async def test_a_suspended_organisation_neither_buys_sells_nor_retires(world, issued):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    await world.organisation(PV_OWNER, "owner", status="suspended", version=2)
    assert problem(await world.buy(listing, 1, by=STEEL)) == (409, "account-not-open")
    assert problem(await world.list(issued, 1)) == (409, "account-not-open")
    assert problem(await world.retire(PV_OWNER, 1)) == (409, "account-not-open")


async def test_withdrawing_frees_the_rest_and_keeps_its_place_in_the_order(world, issued):
    second = await world.issue(50)
    listing = (await world.list(issued, 100)).json()["listing_id"]
    await world.fund(STEEL, 10**9)
    await world.buy(listing, 30, by=STEEL)
    headers = world.headers(PV_OWNER)
    gone = await world.api.delete(f"/v1/listings/{listing}", headers=headers)
    assert (gone.status_code, gone.json()["status"]) == (200, "withdrawn")
    again = await world.api.delete(f"/v1/listings/{listing}", headers=headers)
    assert problem(again) == (409, "listing-closed")
    assert problem(await world.buy(listing, 1, by=STEEL)) == (409, "listing-closed")
    # 31-100 were acquired before the second issuance and are used first again.
    retired = (await world.retire(PV_OWNER, 75)).json()["serials"]
    assert [(part["start"], part["end"]) for part in retired] == [(31, 105)]
    assert second.blocks[0].start == 1001
    await world.check_totals()


async def test_only_the_seller_withdraws(world, issued):
    listing = (await world.list(issued, 10)).json()["listing_id"]
    answer = await world.api.delete(f"/v1/listings/{listing}", headers=world.headers(STEEL))
    assert problem(answer) == (404, "listing-not-found")


async def test_an_instrument_is_project_and_vintage(world, issued):
    other = await world.issue(10, vintage=2024)
    body = {
        "project_id": issued.project_id,
        "vintage": 2024,
        "quantity_t": 1,
        "price_fen_per_t": 1,
    }
    assert problem(await world.post("/v1/listings", body, by=PV_OWNER)) == (
        409,
        "credits-insufficient",
    )
    assert (await world.list(other, 10)).status_code == 201


async def test_what_is_bought_can_be_sold_on(world, issued):
    await world.fund(STEEL, 10**9)
    await world.fund(CEMENT, 10**9)
    listing = (await world.list(issued, 100)).json()["listing_id"]
    await world.buy(listing, 100, by=STEEL)
    resold = (await world.list(issued, 60, by=STEEL)).json()["listing_id"]
    bought = await world.buy(resold, 60, by=CEMENT)
    assert [(d["start"], d["end"]) for d in bought.json()["delivered"]] == [(1, 60)]
    await world.check_totals()


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity_t": 0},
        {"quantity_t": 1.0},
        {"price_fen_per_t": 0},
        {"price_fen_per_t": 35.9},
        {"vintage": "2025"},
        {"project_id": "x"},
        {"extra": 1},
    ],
)
async def test_r29_quantities_and_prices_are_whole(world, issued, changes):
    body = {
        "project_id": issued.project_id,
        "vintage": 2025,
        "quantity_t": 1,
        "price_fen_per_t": 3590,
    }
    assert (await world.post("/v1/listings", body | changes, by=PV_OWNER)).status_code == 422


async def test_listings_are_public_and_filtered(world, issued):
    other = await world.issue(10, vintage=2024)
    first = (await world.list(issued, 10)).json()["listing_id"]
    second = (await world.list(other, 10)).json()["listing_id"]
    everything = (await world.get("/v1/listings")).json()["items"]
    assert [item["listing_id"] for item in everything] == [first, second]
    filtered = (await world.get("/v1/listings", project_id=other.project_id)).json()["items"]
    assert [item["listing_id"] for item in filtered] == [second]
    assert (await world.get("/v1/listings", status="filled")).json()["items"] == []
    page = (await world.get("/v1/listings", limit=1)).json()
    following = (await world.get("/v1/listings", limit=1, cursor=page["next_cursor"])).json()
    assert [item["listing_id"] for item in following["items"]] == [second]
    assert following["next_cursor"] is None


async def test_orders_are_shown_to_their_parties(world, issued):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    order = (await world.buy(listing, 1, by=STEEL)).json()["order_id"]
    for code, status in ((STEEL, 200), (PV_OWNER, 200), (CEMENT, 404)):
        assert (await world.get(f"/v1/orders/{order}", by=code)).status_code == status
    mine = (await world.get("/v1/orders", by=STEEL)).json()["items"]
    assert [item["order_id"] for item in mine] == [order]
    assert (await world.get("/v1/orders", by=CEMENT)).json()["items"] == []


async def test_a_repeated_purchase_with_its_key_buys_once(world, issued):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 10)).json()["listing_id"]
    body = {"listing_id": listing, "quantity_t": 2, "price_fen_per_t_max": 10_000}
    first = await world.post("/v1/orders", body, by=STEEL, key="one")
    again = await world.post("/v1/orders", body, by=STEEL, key="one")
    assert again.json() == first.json()
    assert (await world.account(STEEL))["credits"]["held_t"] == 2
    other = await world.post("/v1/orders", body | {"quantity_t": 3}, by=STEEL, key="one")
    assert problem(other) == (422, "idempotency-key-reused")


async def test_a_filled_order_is_told_to_the_others(world, issued, events):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 10, price_fen=3590)).json()["listing_id"]
    await world.buy(listing, 4, by=STEEL)
    [filled] = await events(listing)
    assert (filled.seller_code, filled.buyer_code) == (PV_OWNER, STEEL)
    assert (filled.quantity_t, filled.amount_fen) == (4, 14_360)
    assert [(b.start, b.end) for b in filled.blocks] == [(1, 4)]
