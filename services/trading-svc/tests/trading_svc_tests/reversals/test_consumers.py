"""R20 in trading: a freeze reaches the liable owner's units, up to the debt, and nothing else."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tht_contracts.events.common import Block
from tht_contracts.events.trading import BlocksCredited, BufferChanged, CreditsRetired
from tht_kit.events import Received
from tht_kit.ids import new_id
from trading_svc.accounts.models import BUFFER_CODE
from trading_svc.holdings import service as holdings
from trading_svc.reversals.consumers import on_reversals_recorded
from trading_svc_tests.factories import BUREAU, FOREST_OWNER, PV_OWNER, STEEL

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)


@pytest.fixture
async def forest(world):
    """Three vintages of one project in its owner's account, 500 t each."""
    await world.usual_parties()
    project_id = new_id()
    return [
        await world.issue(500, owner=FOREST_OWNER, project_id=project_id, vintage=vintage)
        for vintage in (2023, 2024, 2025)
    ]


async def states(world, issued):
    """Return the runs of an issuance: first, last, state, holder."""
    [block] = issued.blocks
    answer = await world.get(f"/v1/holdings/serials/{block.start}-{block.end}", by=PV_OWNER)
    return [(p["start"], p["end"], p["state"]) for p in answer.json()["places"]]


async def units(world, code=FOREST_OWNER):
    return (await world.account(code))["credits"]


async def test_the_newest_vintages_are_frozen_up_to_the_debt(world, forest):
    told = await world.reverse(forest[0], 721)
    assert await states(world, forest[2]) == [(1001, 1500, "frozen")]
    assert await states(world, forest[1]) == [(501, 721, "frozen"), (722, 1000, "held")]
    assert await states(world, forest[0]) == [(1, 500, "held")]
    found = await units(world)
    assert (found["frozen_t"], found["available_t"], found["held_t"]) == (721, 779, 1500)
    totals = await world.check_totals()
    assert (totals["frozen_t"], totals["held_t"]) == (721, 1500)
    page = (await world.get(f"/v1/accounts/{FOREST_OWNER}/holdings", by=FOREST_OWNER)).json()
    kept = {(b["start"], b["frozen"], b["reversal_id"]) for b in page["items"]}
    assert (1001, True, told.reversal_id) in kept
    assert (722, False, None) in kept


async def test_units_of_others_and_retired_ones_stay_valid_and_are_flagged(world, forest):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(forest[2], 200)).json()["listing_id"]
    assert (await world.buy(listing, 150, by=STEEL)).status_code == 201
    retired = (await world.retire(STEEL, 20)).json()
    told = await world.reverse(forest[2], 2000, issuance_ids=[forest[2].issuance_id])
    assert (await units(world, STEEL))["available_t"] == 130
    assert (await units(world))["frozen_t"] == 1350  # all that the owner has; the rest is owed
    places = (await world.get("/v1/holdings/serials/1001-1500")).json()["places"]
    assert [(p["quantity_t"], p["state"]) for p in places] == [
        (20, "retired"),
        (130, "held"),
        (50, "frozen"),  # what the withdrawn listing still offered
        (300, "frozen"),
    ]
    note = {
        "reversal_id": told.reversal_id,
        "kind": "fire",
        "occurred_on": "2026-05-20",
        "settled": False,
    }
    assert all(place["reversals"] == [note] for place in places)
    unflagged = (await world.get("/v1/holdings/serials/1")).json()["places"]
    assert unflagged[0]["reversals"] == []
    verified = (await world.get(f"/v1/verify/{retired['certificate_id']}")).json()
    assert (verified["valid"], verified["reversals"]) == (True, [note])
    held = (await world.get(f"/v1/accounts/{STEEL}/holdings", by=STEEL)).json()["items"]
    assert [block["reversals"] for block in held if block["state"] == "held"] == [[note]]
    assert (await world.retire(STEEL, 130)).status_code == 201
    await world.check_totals()


async def test_listed_units_are_reached_after_the_held_ones(world, forest):
    first = (await world.list(forest[0], 500)).json()["listing_id"]
    second = (await world.list(forest[1], 400)).json()["listing_id"]
    await world.reverse(forest[0], 700)
    # 600 are held; 100 more are taken from the newest listing, which goes off the market whole.
    assert (await world.get(f"/v1/listings/{second}", by=STEEL)).json()["status"] == "withdrawn"
    assert (await world.get(f"/v1/listings/{first}", by=STEEL)).json()["status"] == "open"
    found = await units(world)
    assert (found["frozen_t"], found["reserved_t"], found["available_t"]) == (700, 500, 300)
    await world.check_totals()


async def test_frozen_units_are_good_for_nothing_but_the_debt(world, forest):
    told = await world.reverse(forest[2], 500)
    for answer in (
        await world.list(forest[2], 1),
        await world.retire(FOREST_OWNER, 1, serials=[{"start": 1001, "end": 1001}]),
        await world.retire(FOREST_OWNER, 1001),
    ):
        assert answer.status_code == 409, answer.text
    other = await world.reverse(forest[1], 100)
    for_another = await world.replace(other, 1, serials=[{"start": 1001, "end": 1001}])
    assert for_another.status_code == 409
    assert "reason:FROZEN" in for_another.json()["errors"][0]["pointer"]
    settled = await world.replace(told, 1, serials=[{"start": 1001, "end": 1001}])
    assert settled.status_code == 201, settled.text
    assert settled.json()["reason"] == "REVERSAL_REPLACEMENT"
    assert settled.json()["reversal_id"] == told.reversal_id
    await world.check_totals()


async def test_the_debt_is_settled_from_what_was_frozen(world, forest, events):
    told = await world.reverse(forest[0], 721)
    assert (await world.replace(told, 300)).status_code == 201
    assert (await units(world))["frozen_t"] == 421
    assert (await world.replace(told, 421)).status_code == 201
    found = await units(world)
    assert (found["frozen_t"], found["retired_t"], found["available_t"]) == (0, 721, 779)
    assert await states(world, forest[1]) == [(501, 721, "retired"), (722, 1000, "held")]
    told_of = [event for event in await events() if isinstance(event, CreditsRetired)]
    assert [(e.quantity_t, e.reason, e.reversal_id) for e in told_of] == [
        (300, "REVERSAL_REPLACEMENT", told.reversal_id),
        (421, "REVERSAL_REPLACEMENT", told.reversal_id),
    ]
    places = (await world.get("/v1/holdings/serials/501-721")).json()["places"]
    assert {movement["cause"] for movement in places[0]["movements"]} == {
        "issued",
        "frozen",
        "retired",
    }
    totals = await world.check_totals()
    assert totals["retired_by_reason"] == {"REVERSAL_REPLACEMENT": 721}


async def test_other_units_settle_too_and_free_the_frozen_ones(world, forest):
    other = await world.issue(50, owner=FOREST_OWNER)
    told = await world.reverse(forest[2], 100)
    [block] = other.blocks
    answer = await world.replace(told, 40, serials=[{"start": block.start, "end": block.end - 10}])
    assert answer.status_code == 201, answer.text
    found = await units(world)
    assert (found["frozen_t"], found["retired_t"]) == (60, 40)


async def test_units_of_another_type_do_not_settle(world, forest):
    ccer = await world.issue(50, owner=FOREST_OWNER, unit_type="CCER")
    told = await world.reverse(forest[2], 10)
    [block] = ccer.blocks
    answer = await world.replace(told, 1, serials=[{"start": block.start, "end": block.start}])
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "/problems/replacement-type-differs",
    )


async def test_a_choice_of_the_platform_takes_units_of_the_type_owed_only(world, forest):
    """The older CCER units would be first in the order of use; they are no answer to this debt."""
    ccer = await world.issue(50, owner=STEEL, unit_type="CCER")
    cqcer = await world.issue(30, owner=STEEL)
    told = await world.reverse(forest[2], 25, owner_code=STEEL)  # nothing of the project is held
    assert (await units(world, STEEL))["frozen_t"] == 0
    settled = await world.replace(told, 20)
    assert settled.status_code == 201, settled.text
    assert (await states(world, ccer))[0][2] == "held"
    assert [state for _, _, state in await states(world, cqcer)] == ["retired", "held"]
    assert (await world.retire(STEEL, 10, serials=[await rest_of(world, cqcer)])).status_code == 201
    short = await world.replace(told, 5)
    assert (short.status_code, short.json()["type"]) == (409, "/problems/credits-insufficient")
    await world.check_totals()


async def rest_of(world, issued):
    [(first, last)] = [(a, z) for a, z, state in await states(world, issued) if state == "held"]
    return {"start": first, "end": last}


async def test_frozen_blocks_are_cancelled_a_movement_s_worth_at_a_time(world, forest, monkeypatch):
    monkeypatch.setattr(holdings, "BLOCKS_MAX", 2)
    told = await world.reverse(forest[0], 1500, kind="falsification")  # three blocks
    refused = await world.replace(told, 1400)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-blocks")
    assert (await units(world))["retired_t"] == 0
    assert (await world.replace(told, 100)).status_code == 201
    taken = [(await force(world, told)).json()["quantity_t"] for _ in range(2)]
    assert (sum(taken), max(taken)) == (1400, 900)
    assert (await force(world, told)).status_code == 409
    found = await units(world)
    assert (found["retired_t"], found["frozen_t"]) == (1500, 0)
    await world.check_totals()


async def test_batches_of_the_same_owners_in_opposite_orders_do_not_deadlock(
    world, container, forest
):
    owners = [(FOREST_OWNER, forest[0]), (PV_OWNER, await world.issue(100, owner=PV_OWNER))]
    for _ in range(5):
        batches = [
            [world.reversal(issued, 1, owner_code=code) for code, issued in order]
            for order in (owners, owners[::-1])
        ]
        await asyncio.gather(*(in_one_transaction(container, batch) for batch in batches))
    assert (await units(world))["frozen_t"] == 10
    assert (await units(world, PV_OWNER))["frozen_t"] == 10


async def in_one_transaction(container, told):
    events = [
        Received(new_id(), NOW, each.project_id, each, "/issuance-svc", None) for each in told
    ]
    async with container.database.write() as session:
        await on_reversals_recorded(session, events, now=NOW)


async def test_nobody_cancels_more_than_is_owed_or_for_another(world, forest):
    told = await world.reverse(forest[0], 10)
    more = await world.replace(told, 11)
    assert (more.status_code, more.json()["type"]) == (409, "/problems/debt-smaller")
    stranger = told.model_copy(update={"owner_code": PV_OWNER})
    assert (await world.replace(stranger, 1)).status_code == 404
    unknown = told.model_copy(update={"reversal_id": str(new_id())})
    assert (await world.replace(unknown, 1)).status_code == 404
    unnamed = await world.retire(FOREST_OWNER, 1, reason="REVERSAL_REPLACEMENT")
    misnamed = await world.retire(FOREST_OWNER, 1, reversal_id=told.reversal_id)
    assert (unnamed.status_code, misnamed.status_code) == (422, 422)
    assert (await units(world))["retired_t"] == 0
    assert (await world.replace(told, 10)).status_code == 201
    assert (await world.replace(told, 1)).status_code == 409


async def test_a_settlement_told_by_issuance_releases_what_is_left(world, forest):
    told = await world.reverse(forest[0], 721)
    await world.settled(told)
    await world.settled(told)
    assert (await units(world))["frozen_t"] == 0
    trail = (await world.get("/v1/holdings/serials/1001")).json()["places"][0]["movements"]
    assert [movement["cause"] for movement in trail] == ["issued", "frozen", "unfrozen"]


async def test_the_same_reversal_again_changes_nothing(world, forest):
    told = world.reversal(forest[0], 721)
    for _ in range(3):
        await world.deliver(told)  # each time with an id of its own
    assert (await units(world))["frozen_t"] == 721
    assert (await world.replace(told, 721)).status_code == 201
    await world.deliver(told)
    assert (await units(world))["frozen_t"] == 0
    await world.check_totals()


async def test_a_reversal_without_a_debt_flags_and_freezes_nothing(world, forest):
    told = await world.reverse(forest[0], 0)
    assert (await units(world))["frozen_t"] == 0
    place = (await world.get("/v1/holdings/serials/1")).json()["places"][0]
    assert [note["settled"] for note in place["reversals"]] == [True]
    assert (await world.replace(told, 1)).status_code == 404


async def test_two_reversals_freeze_their_own_parts(world, forest):
    first = await world.reverse(forest[0], 100)
    second = await world.reverse(forest[0], 100)
    assert (await units(world))["frozen_t"] == 200
    assert (await world.replace(second, 100)).status_code == 201
    assert (await units(world))["frozen_t"] == 100
    assert (await world.replace(first, 100)).status_code == 201
    await world.check_totals()


@pytest.mark.parametrize("attempt", range(3))
async def test_a_sale_and_a_freeze_at_once_leave_each_unit_in_one_place(world, forest, attempt):
    await world.fund(STEEL, 10**9)
    project_id = new_id()
    issued = await world.issue(100, owner=FOREST_OWNER, project_id=project_id)
    listing = (await world.list(issued, 100)).json()["listing_id"]
    told = world.reversal(issued, 100)
    answers = await asyncio.gather(
        *(world.buy(listing, 10, by=STEEL) for _ in range(attempt + 1)),
        world.deliver(told),
        *(world.buy(listing, 10, by=STEEL) for _ in range(5)),
    )
    sold = 10 * sum(1 for each in answers if each is not None and each.status_code == 201)
    refused = {each.status_code for each in answers if each is not None} - {201}
    assert refused <= {409}
    found = await units(world)
    assert found["frozen_t"] == 100 - sold
    assert (await units(world, STEEL))["available_t"] == sold
    await world.check_totals()


async def test_a_listing_and_a_freeze_at_once_hide_nothing_from_the_debt(world, forest):
    answers = await asyncio.gather(
        *(world.list(forest[2], 50) for _ in range(5)),
        world.deliver(world.reversal(forest[2], 1500)),
        *(world.list(forest[1], 50) for _ in range(5)),
    )
    assert {each.status_code for each in answers if each is not None} <= {201, 409}
    found = await units(world)
    assert (found["frozen_t"], found["available_t"], found["reserved_t"]) == (1500, 0, 0)
    await world.check_totals()


async def test_settlements_at_once_cancel_what_is_owed_and_no_more(world, forest):
    told = await world.reverse(forest[0], 100)
    answers = await asyncio.gather(*(world.replace(told, 30) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    found = await units(world)
    assert (found["retired_t"], found["frozen_t"]) == (90, 10)
    await world.check_totals()


async def force(world, told, by=BUREAU):
    headers = world.headers(by, "reversals:confirm")
    body = {"reversal_id": told.reversal_id}
    return await world.api.post("/v1/retirements/forced", json=body, headers=headers)


async def test_falsified_units_are_cancelled_by_force_and_the_rest_stays_owed(world, forest):
    await world.fund(STEEL, 10**9)
    listing = (await world.list(forest[2], 200)).json()["listing_id"]
    await world.buy(listing, 200, by=STEEL)
    told = await world.reverse(forest[2], 1400, kind="falsification")
    await world.organisation(FOREST_OWNER, "owner", status="suspended", version=2)
    assert (await world.replace(told, 1)).status_code == 409  # who is suspended does not act
    answers = await asyncio.gather(*(force(world, told) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    [done] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (done["quantity_t"], done["reversal_id"]) == (1300, told.reversal_id)
    found = await units(world)
    assert (found["frozen_t"], found["retired_t"], found["available_t"]) == (0, 1300, 0)
    assert (await units(world, STEEL))["available_t"] == 200
    await world.check_totals()


async def test_force_is_for_falsification_and_for_a_bureau(world, forest):
    burnt = await world.reverse(forest[0], 10)
    false = await world.reverse(forest[0], 10, kind="falsification")
    unknown = false.model_copy(update={"reversal_id": str(new_id())})
    for told, by in ((burnt, BUREAU), (unknown, BUREAU), (false, FOREST_OWNER), (false, STEEL)):
        answer = await force(world, told, by)
        assert (answer.status_code, answer.json()["type"]) == (
            409,
            "/problems/forced-cancellation-refused",
        )
    unscoped = await world.post("/v1/retirements/forced", {"reversal_id": new_id().hex}, by=BUREAU)
    assert unscoped.status_code == 403
    assert (await units(world))["frozen_t"] == 20


# ---- the buffer


async def test_buffer_units_enter_the_system_account_and_nobody_can_use_them(world, events):
    await world.usual_parties()
    issued = world.buffered(900, 100, owner=FOREST_OWNER)
    await world.deliver(issued)
    await world.deliver(issued)  # another id: the issuance is known
    assert (await units(world))["issued_in_t"] == 900
    totals = await world.check_totals()
    assert (totals["issued_t"], totals["buffer_t"], totals["held_t"]) == (1000, 100, 1000)
    told = [e for e in await events() if isinstance(e, BlocksCredited | BufferChanged)]
    assert [(e.account_code, e.quantity_t) for e in told] == [
        (FOREST_OWNER, 900),
        (BUFFER_CODE, 100),
    ]
    named = [{"start": 901, "end": 901}]
    for code in (FOREST_OWNER, BUFFER_CODE):
        refused = await world.retire(code, 1, serials=named)
        assert refused.status_code in (404, 409), refused.text
        refused = await world.list(issued, 1, by=code)
        assert (code, refused.status_code) in {(FOREST_OWNER, 201), (BUFFER_CODE, 409)}
    assert (await world.get(f"/v1/accounts/{BUFFER_CODE}", by=BUFFER_CODE)).status_code == 404
    assert (await world.list(issued, 900)).status_code == 409  # the buffer's are not his to list


async def test_a_reversal_cancels_exactly_the_named_buffer_units(world, events):
    await world.usual_parties()
    issued = world.buffered(900, 100, owner=FOREST_OWNER)
    await world.deliver(issued)
    block = Block(project_id=issued.project_id, vintage=2025, start=901, end=930)
    told = await world.reverse(issued, 5, buffer_blocks=[block])
    await world.deliver(told)
    places = (await world.get("/v1/holdings/serials/901-1000")).json()["places"]
    assert [(p["start"], p["end"], p["state"]) for p in places] == [
        (901, 930, "cancelled"),
        (931, 1000, "held"),
    ]
    assert places[0]["reversal_id"] == told.reversal_id
    totals = await world.check_totals()
    assert (totals["buffer_t"], totals["cancelled_t"], totals["frozen_t"]) == (70, 30, 5)
    [cancelled] = [
        e for e in await events() if isinstance(e, BufferChanged) and e.cause == "cancelled"
    ]
    assert (cancelled.cause_id, cancelled.quantity_t) == (told.reversal_id, 30)
    gone = await world.retire(FOREST_OWNER, 1, serials=[{"start": 901, "end": 901}])
    assert "reason:CANCELLED" in gone.json()["errors"][0]["pointer"]


async def test_units_that_are_not_in_the_buffer_are_never_cancelled(world, forest):
    block = Block(project_id=forest[0].project_id, vintage=2023, start=1, end=10)
    await world.reverse(forest[0], 0, buffer_blocks=[block])
    assert ["free in the buffer" in reason for reason in await world.dead_letters()] == [True]
    assert await states(world, forest[0]) == [(1, 500, "held")]
    await world.check_totals()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE blocks SET state = 'frozen' WHERE lower(block) = 1",
        "UPDATE blocks SET state = 'cancelled' WHERE lower(block) = 1",
        "UPDATE blocks SET reversal_id = id WHERE lower(block) = 1",
        "UPDATE debts SET settled_t = debt_t + 1",
        "UPDATE blocks SET block = int8range(1, 1500) WHERE lower(block) = 1",
    ],
)
async def test_the_database_refuses_what_no_code_may_write(world, forest, change):
    await world.reverse(forest[2], 10)
    with pytest.raises(DBAPIError):
        async with world.container.database.write() as session:
            await session.execute(text(change))
