import asyncio

import pytest

from tht_kit.ids import new_id
from tht_kit.testing.tokens import bearer
from trading_svc_tests.factories import OPERATOR, PV_OWNER, STEEL


@pytest.fixture(autouse=True)
async def _parties(world):
    await world.usual_parties()


def deposit(**changes):
    body = {"account_code": STEEL, "amount_fen": 500_000, "bank_reference": "ICBC-0001"}
    return body | changes


async def test_a_confirmed_deposit_is_available(world):
    answer = await world.post("/v1/cash/deposits", deposit(), by=OPERATOR)
    assert answer.status_code == 201, answer.text
    assert answer.json()["balance_fen"] == 500_000
    assert (await world.account(STEEL))["cash"]["balance_fen"] == 500_000
    await world.check_totals()


async def test_the_same_bank_reference_again_is_the_same_deposit(world):
    first = await world.post("/v1/cash/deposits", deposit(), by=OPERATOR)
    again = await world.post("/v1/cash/deposits", deposit(), by=OPERATOR)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await world.account(STEEL))["cash"]["balance_fen"] == 500_000


@pytest.mark.parametrize("changes", [{"amount_fen": 500_001}, {"account_code": PV_OWNER}])
async def test_a_bank_reference_with_other_content_is_a_conflict(world, changes):
    await world.post("/v1/cash/deposits", deposit(), by=OPERATOR)
    answer = await world.post("/v1/cash/deposits", deposit(**changes), by=OPERATOR)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/deposit-conflict")
    await world.check_totals()


async def test_twenty_confirmations_of_one_deposit_at_once_count_once(world):
    answers = await asyncio.gather(
        *(world.post("/v1/cash/deposits", deposit(), by=OPERATOR) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["deposit_id"] for answer in answers}) == 1
    assert (await world.account(STEEL))["cash"]["balance_fen"] == 500_000


async def test_a_hundred_deposits_at_once_add_up(world):
    bodies = [deposit(bank_reference=f"R-{i}", amount_fen=i + 1) for i in range(100)]
    answers = await asyncio.gather(
        *(world.post("/v1/cash/deposits", body, by=OPERATOR) for body in bodies)
    )
    assert {answer.status_code for answer in answers} == {201}
    assert (await world.account(STEEL))["cash"]["balance_fen"] == 5050
    await world.check_totals()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": 1.5},
        {"amount_fen": "100"},
        {"amount_fen": True},
        {"amount_fen": 10**12 + 1},
        {"bank_reference": " "},
        {"account_code": "short"},
        {"note": "unknown field"},
    ],
)
async def test_a_malformed_deposit_is_refused(world, changes):
    answer = await world.post("/v1/cash/deposits", deposit(**changes), by=OPERATOR)
    assert answer.status_code == 422
    assert (await world.account(STEEL))["cash"]["balance_fen"] == 0


async def test_the_largest_deposit_is_taken_and_the_limit_is_told(world):
    answer = await world.post("/v1/cash/deposits", deposit(amount_fen=10**12), by=OPERATOR)
    assert answer.status_code == 201, answer.text
    answer = await world.post("/v1/cash/deposits", deposit(amount_fen=10**12 + 1), by=OPERATOR)
    assert answer.json()["type"] == "/problems/amount-too-large"
    assert "1000000000000 fen" in answer.json()["detail"]


async def test_an_account_that_does_not_exist_gets_no_money(world):
    body = deposit(account_code="91500000MATHT9999X")
    answer = await world.post("/v1/cash/deposits", body, by=OPERATOR)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/account-not-found")


async def test_only_who_confirms_cash_may_record_it(world):
    headers = bearer("steel", "orders:write", organisation_code=STEEL)
    answer = await world.api.post(
        "/v1/cash/deposits", json=deposit(), headers=headers | {"Idempotency-Key": str(new_id())}
    )
    assert answer.status_code == 403
