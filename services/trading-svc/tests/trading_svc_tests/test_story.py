"""The main job's trading leg, end to end through the service's edges."""

from trading_svc_tests.factories import PV_OWNER, STEEL


async def test_credits_are_listed_bought_surrendered_and_certified(world, events):
    await world.usual_parties()
    issued = await world.issue(849)
    await world.fund(STEEL, 10_000_000)

    listed = await world.list(issued, 800)
    assert listed.status_code == 201, listed.text
    listing_id = listed.json()["listing_id"]

    bought = await world.buy(listing_id, 500, by=STEEL)
    assert bought.status_code == 201, bought.text
    assert bought.json()["amount_fen"] == 500 * 3590
    assert [(d["start"], d["end"]) for d in bought.json()["delivered"]] == [(1, 500)]

    await world.obligation(STEEL, 2024, 9_000)
    accepted = await world.surrender(STEEL, 2024, 450)
    assert accepted.status_code == 201, accepted.text
    assert accepted.json()["remaining_t"] == 0

    certificate_id = accepted.json()["certificate_id"]
    found = await world.get(f"/v1/verify/{certificate_id}")
    assert found.status_code == 200, found.text
    assert found.json()["valid"] is True

    steel, owner = await world.account(STEEL), await world.account(PV_OWNER)
    assert steel["credits"]["available_t"] == 50
    assert steel["cash"]["balance_fen"] == 10_000_000 - 500 * 3590
    assert owner["credits"]["reserved_t"] == 300
    assert owner["cash"]["balance_fen"] == 500 * 3590
    totals = await world.check_totals()
    assert (totals["issued_t"], totals["retired_t"]) == (849, 450)
    assert totals["retired_by_reason"] == {"ETS_COMPLIANCE": 450}
    assert [type(event).__name__ for event in await events()] == [
        "BlocksCredited",
        "OrderFilled",
        "ObligationRecorded",
        "CreditsRetired",
    ]
