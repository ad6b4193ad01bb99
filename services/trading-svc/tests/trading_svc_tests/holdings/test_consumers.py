from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tht_contracts.events.issuance import IssuedBlock
from tht_kit.ids import new_id
from trading_svc_tests.factories import FOREST_OWNER, PV_OWNER, STEEL


async def test_issued_credits_enter_the_owners_account(world, events):
    await world.usual_parties()
    issued = await world.issue(849)
    account = await world.account(PV_OWNER)
    assert account["credits"] == {
        "available_t": 849,
        "reserved_t": 0,
        "frozen_t": 0,
        "held_t": 849,
        "retired_t": 0,
        "issued_in_t": 849,
        "bought_t": 0,
        "sold_t": 0,
    }
    answer = await world.get(f"/v1/accounts/{PV_OWNER}/holdings", by=PV_OWNER)
    [block] = answer.json()["items"]
    assert block["serial"] == issued.blocks[0].serial
    assert (block["start"], block["end"], block["state"]) == (1, 849, "held")
    [credited] = await events(PV_OWNER)
    assert (credited.quantity_t, credited.blocks[0].end) == (849, 849)


async def test_a_batch_of_several_vintages_is_one_lot_each(world):
    # R16: 2,519 t over five years are 503, 504, 504, 504, 504.
    issued = world.issuance(2519, owner=FOREST_OWNER, scope_code="14")
    blocks, start = [], 1
    for vintage, quantity_t in zip(range(2021, 2026), (503, 504, 504, 504, 504), strict=True):
        end = start + quantity_t - 1
        serial = f"CQ-CQCER-14-0001-{vintage}-01-{start:09d}-{end:09d}"
        blocks.append(IssuedBlock(vintage=vintage, start=start, end=end, serial=serial))
        start = end + 1
    await world.deliver(
        issued.model_copy(update={"blocks": blocks, "period_start": date(2021, 1, 1)})
    )
    assert await world.dead_letters() == []
    answer = await world.get(f"/v1/accounts/{FOREST_OWNER}/holdings", by=FOREST_OWNER)
    assert [(b["vintage"], b["quantity_t"]) for b in answer.json()["items"]] == [
        (2021, 503),
        (2022, 504),
        (2023, 504),
        (2024, 504),
        (2025, 504),
    ]
    await world.check_totals()


async def test_an_issuance_counts_once_however_often_it_comes(world, events):
    await world.usual_parties()
    issued = world.issuance(100)
    event_id = new_id()
    await world.deliver(issued, event_id=event_id)
    await world.deliver(issued, event_id=event_id)  # the same record again
    await world.deliver(issued)  # the same fact as another event
    await world.deliver(issued, issued)  # and twice in one batch
    assert (await world.check_totals())["issued_t"] == 100
    assert await world.dead_letters() == []
    assert len(await events(PV_OWNER)) == 1


async def test_an_issuance_that_says_something_else_is_put_aside(world):
    await world.usual_parties()
    issued = await world.issue(100)
    await world.deliver(issued.model_copy(update={"owner_code": STEEL}))
    [reason] = await world.dead_letters()
    assert "was different before" in reason
    assert (await world.account(STEEL))["credits"]["held_t"] == 0


async def test_serials_issued_before_are_refused_and_the_rest_of_the_batch_stands(world):
    await world.usual_parties()
    first = await world.issue(100)
    again = first.model_copy(update={"issuance_id": str(new_id())})
    good = world.issuance(50)
    await world.deliver(again, good)
    [reason] = await world.dead_letters()
    assert "stand in issuance" in reason
    assert (await world.check_totals())["issued_t"] == 150


async def test_blocks_that_do_not_add_up_are_put_aside(world):
    issued = world.issuance(100).model_copy(update={"quantity_t": 101})
    await world.deliver(issued)
    [reason] = await world.dead_letters()
    assert "the blocks hold 100 t, not 101 t" in reason


async def test_a_serial_text_of_other_numbers_is_put_aside(world):
    issued = world.issuance(100)
    block = issued.blocks[0].model_copy(
        update={"serial": "CQ-CQCER-01-0001-2025-01-000000001-000000101"}
    )
    await world.deliver(issued.model_copy(update={"blocks": [block]}))
    assert len(await world.dead_letters()) == 1


async def test_credits_may_arrive_before_their_owner_is_known(world):
    issued = await world.issue(10)
    account = (await world.get(f"/v1/accounts/{PV_OWNER}", by=PV_OWNER)).json()
    assert (account["status"], account["can_trade"]) == ("announced", False)
    refused = await world.list(issued, 1)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/account-not-open")

    await world.organisation(PV_OWNER, "owner", name="渝光分布式能源有限公司")
    account = (await world.get(f"/v1/accounts/{PV_OWNER}", by=PV_OWNER)).json()
    assert (account["status"], account["can_trade"]) == ("open", True)
    assert (await world.list(issued, 1)).status_code == 201


async def test_an_older_copy_of_an_organisation_is_passed_over(world):
    await world.organisation(PV_OWNER, "owner", name="新名", version=3)
    await world.organisation(PV_OWNER, "owner", name="旧名", status="suspended", version=2)
    account = (await world.get(f"/v1/accounts/{PV_OWNER}", by=PV_OWNER)).json()
    assert (account["name"], account["status"]) == ("新名", "open")


async def test_the_database_itself_refuses_a_serial_in_two_blocks(world, database):
    await world.usual_parties()
    await world.issue(10)
    copy = text(
        "INSERT INTO blocks SELECT gen_random_uuid(), int8range(10, 12), lot_id, account_code,"
        " project_id, vintage, state, listing_id, retirement_id, acquired_seq, acquired_at"
        " FROM blocks"
    )
    with pytest.raises(IntegrityError, match="ex_blocks__block"):
        async with database.write() as session:
            await session.execute(copy)


async def test_a_suspended_project_freezes_its_owners_units_only(world):
    await world.usual_parties()
    issued = await world.issue(100)
    await world.fund(STEEL, 1_000_000)
    listing = (await world.list(issued, 40)).json()["listing_id"]
    await world.buy(listing, 10, by=STEEL)
    await world.suspend(issued)

    owner = await world.account(PV_OWNER)
    assert owner["credits"]["frozen_t"] == 60
    assert owner["credits"]["available_t"] == 0
    assert (await world.account(STEEL))["credits"]["available_t"] == 10
    assert (await world.list(issued, 1)).json()["type"] == "/problems/credits-insufficient"
    assert (await world.buy(listing, 1, by=STEEL)).json()["type"] == "/problems/units-frozen"
    assert (await world.retire(PV_OWNER, 1)).json()["type"] == "/problems/credits-insufficient"
    assert (await world.retire(STEEL, 10)).status_code == 201

    await world.suspend(issued, status="REGISTERED", version=6)
    await world.suspend(issued, status="SUSPENDED", version=5)  # late and old
    assert (await world.account(PV_OWNER))["credits"]["available_t"] == 60
    assert (await world.buy(listing, 1, by=STEEL)).status_code == 201
