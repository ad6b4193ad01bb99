import pytest

from tht_kit.testing.tokens import bearer
from trading_svc_tests.factories import CEMENT, PV_OWNER, STEEL


@pytest.fixture
async def traded(world):
    """849 issued to the owner; steel bought 1-100 and retired 1-30, 101-120 stand in the listing."""
    await world.usual_parties()
    issued = await world.issue(849)
    await world.fund(STEEL, 10_000_000)
    listing = (await world.list(issued, 120)).json()["listing_id"]
    assert (await world.buy(listing, 100, by=STEEL)).status_code == 201
    assert (await world.retire(STEEL, 30)).status_code == 201
    return issued


async def trace(world, serial: str, **headers: str):
    return await world.api.get(f"/v1/holdings/serials/{serial}", headers=headers)


async def test_a_printed_range_is_found_in_all_its_present_places(world, traded):
    answer = await trace(world, traded.blocks[0].serial)
    assert answer.status_code == 200, answer.text
    places = answer.json()["places"]
    assert [(p["start"], p["end"], p["state"]) for p in places] == [
        (1, 30, "retired"),
        (31, 100, "held"),
        (101, 120, "reserved"),
        (121, 849, "held"),
    ]
    assert sum(p["quantity_t"] for p in places) == 849


async def test_a_serial_tells_its_way_from_the_issue_on(world, traded):
    [place] = (await trace(world, "17")).json()["places"]
    assert [step["cause"] for step in place["movements"]] == ["issued", "listed", "sold", "retired"]
    assert [step["serial"][-19:] for step in place["movements"]] == [
        "000000001-000000849",
        "000000001-000000120",
        "000000001-000000100",
        "000000001-000000030",
    ]
    [remainder] = (await trace(world, "31-31")).json()["places"]
    assert [step["cause"] for step in remainder["movements"]] == ["issued", "listed", "sold"]


async def test_the_public_sees_states_and_no_holders(world, traded):
    places = (await trace(world, "1-849")).json()["places"]
    assert {place["account_code"] for place in places} == {None}
    assert {s["to_account"] for p in places for s in p["movements"]} == {None}


async def test_a_holder_sees_itself_and_oversight_sees_all(world, traded):
    own = bearer("steel-erp", organisation_code=STEEL)
    places = (await trace(world, "1-849", **own)).json()["places"]
    assert [place["account_code"] for place in places] == [STEEL, STEEL, None, None]
    oversight = bearer("auditor", "oversight:read")
    places = (await trace(world, "1-849", **oversight)).json()["places"]
    assert [p["account_code"] for p in places] == [STEEL, STEEL, PV_OWNER, PV_OWNER]


async def test_a_bad_token_is_refused_rather_than_ignored(world, traded):
    assert (await trace(world, "1", Authorization="Bearer nonsense")).status_code == 401


@pytest.mark.parametrize(
    "serial",
    [
        "850",
        "840-850",
        "0",
        "nonsense",
        "5-3",
        "１",
        "CQ-CQCER-01-0001-2024-01-000000001-000000849",
        "99999999999999999999999",
    ],
)
async def test_what_was_never_issued_is_not_found(world, traded, serial):
    answer = await trace(world, serial)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/serial-unknown")


async def test_an_account_is_shown_to_its_organisation_and_to_oversight_only(world, traded):
    path = f"/v1/accounts/{STEEL}"
    assert (await world.get(path)).status_code == 401
    assert (await world.get(path, by=CEMENT)).status_code == 403
    assert (await world.get(f"{path}/holdings", by=CEMENT)).status_code == 403
    assert (await world.api.get(path, headers=bearer("a", "oversight:read"))).status_code == 200
    assert (
        await world.get("/v1/accounts/91500000MATHT9999X", by="91500000MATHT9999X")
    ).status_code == 404


async def test_holdings_come_in_pages_without_gap_or_repeat(world, traded):
    seen, cursor = [], None
    while True:
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await world.get(f"/v1/accounts/{STEEL}/holdings", by=STEEL, **params)).json()
        seen += [(item["start"], item["end"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [(1, 30), (31, 100)]
