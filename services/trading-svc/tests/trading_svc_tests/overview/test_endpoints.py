"""Totals are computed from the ledgers, and a fault in any of them shows."""

import pytest
from sqlalchemy import text

from trading_svc_tests.factories import PV_OWNER, STEEL


@pytest.fixture
async def busy(world):
    await world.usual_parties()
    issued = await world.issue(1_000)
    await world.fund(STEEL, 10**9)
    listing = (await world.list(issued, 300)).json()["listing_id"]
    await world.buy(listing, 200, by=STEEL)
    await world.obligation(STEEL, 2024, 1_000)
    await world.surrender(STEEL, 2024, 50)
    await world.retire(PV_OWNER, 25)
    return issued


async def test_an_empty_platform_has_totals_too(world):
    totals = await world.check_totals()
    assert (totals["issued_t"], totals["accounts"], totals["retired_by_reason"]) == (0, 0, {})


async def test_totals_are_what_happened(world, busy):
    totals = await world.check_totals()
    del totals["invariants"]
    assert totals == {
        "issued_t": 1_000,
        "held_t": 925,
        "reserved_t": 100,
        "frozen_t": 0,
        "buffer_t": 0,
        "cancelled_t": 0,
        "retired_t": 75,
        "retired_by_reason": {"ETS_COMPLIANCE": 50, "VOLUNTARY": 25},
        "accounts": 8,
        "orders": 1,
        "traded_t": 200,
        "traded_fen": 718_000,
        "certificates": 2,
    }


@pytest.mark.parametrize(
    ("fault", "invariant"),
    [
        ("DELETE FROM blocks WHERE lower(block) = 51", "serials_conserved"),
        (
            "UPDATE blocks SET block = int8range(1000, 1001) WHERE upper(block) = 1001",
            "serials_conserved",
        ),
        (
            f"UPDATE blocks SET account_code = '{STEEL}' WHERE account_code = '{PV_OWNER}'",
            "lineage_complete",
        ),
        ("UPDATE retirements SET quantity_t = quantity_t + 1", "retirements_match"),
        ("DELETE FROM certificates", "retirements_match"),
        ("UPDATE listings SET remaining_t = remaining_t - 1", "listings_match"),
        ("UPDATE cash_balances SET balance_fen = balance_fen + 1", "cash_balanced"),
        ("DELETE FROM cash_entries WHERE kind = 'purchase'", "cash_balanced"),
        ("UPDATE enterprise_years SET used_t = used_t + 1", "compliance_match"),
    ],
)
async def test_a_fault_in_a_ledger_shows(world, database, busy, fault, invariant):
    async with database.write() as session:
        await session.execute(text(fault))
    invariants = (await world.get("/v1/totals/trading")).json()["invariants"]
    assert invariants[invariant] is False
