import asyncio
from datetime import timedelta

from sqlalchemy import text

from points_svc_tests.factories import at, bike, metro

DAY = at("2026-07-10 06:00")


async def totals(app):
    answer = await app.api.get("/v1/totals/points")
    assert answer.status_code == 200
    return answer.json()


async def test_the_public_totals_equal_the_ledgers(app, container):
    assert await totals(app) == {
        "citizens": None,
        "trips_accepted": 0,
        "grams_credited": 0,
        "points_issued_tenths": 0,
        "points_redeemed_tenths": 0,
        "points_expired_tenths": 0,
        "ledger_balanced": True,
    }
    riders = [await app.rider() for _ in range(9)]
    for _, token in riders:
        await app.send(
            metro(token, DAY + timedelta(minutes=10), 12_000),
            bike(token, DAY + timedelta(hours=3), 12_000, 20),
        )
    subject, token = riders[0]
    reward_id = await app.coupon(points_tenths=79)
    assert (await app.redeem(subject, reward_id)).status_code == 201
    await app.send(bike(token, DAY, 3200, 15))  # takes the metro's credit away, spent already
    found = await totals(app)
    assert found == {
        "citizens": None,  # nine people are too few to count in public
        "trips_accepted": 10,
        "grams_credited": 8 * 864 + 304,
        "points_issued_tenths": 8 * 79 + 27,
        "points_redeemed_tenths": 79,
        "points_expired_tenths": 0,
        "ledger_balanced": True,
    }
    await app.citizen()
    assert (await totals(app))["citizens"] == 10


async def test_the_ledger_balances_at_any_moment_while_trips_come_in(app):
    riders = [await app.rider() for _ in range(4)]

    async def ride(token):
        for n in range(40):
            await app.send(bike(token, DAY - timedelta(hours=7 * n), 1000, 10))

    async with asyncio.TaskGroup() as group:
        rides = [group.create_task(ride(token)) for _, token in riders]
        found = []
        while not all(task.done() for task in rides):
            found.append(await totals(app))
    assert len(found) > 20, "the totals were read while trips came in"
    assert len({one["trips_accepted"] for one in found}) > 5
    assert [one for one in found if not one["ledger_balanced"]] == []


async def test_a_ledger_that_was_tampered_with_is_seen(app, container, violations):
    _, token = await app.rider()
    await app.send(bike(token, DAY, 3200))
    async with container.database.write() as session:
        await session.execute(text("UPDATE lots SET remaining_tenths = remaining_tenths - 1"))
    assert (await totals(app))["ledger_balanced"] is False
    assert set(await violations()) == {"balance is the sum of the lots"}
