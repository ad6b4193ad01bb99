"""The same and crossing batches at once: one effect, exact totals."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

from points_svc_tests.factories import at, bike, bus, metro

DAY = at("2026-07-10 06:00")


async def test_one_batch_sent_ten_times_at_once_has_one_effect(app, violations):
    subject, token = await app.rider()
    _, refusing = await app.rider(consent=())
    items = [
        bike(token, DAY, 3200),
        bike(token, DAY + timedelta(hours=1), 12_000, 20),
        bike("nobody", DAY, 3200),
        bike(refusing, DAY, 3200),
        {"event_id": f"broken-{token}"},
    ]
    answers = await asyncio.gather(*(app.send(*items) for _ in range(10)))
    for index, verdict in enumerate(["accepted", "rejected", "rejected", "rejected", "rejected"]):
        found = Counter(answer["items"][index]["verdict"] for answer in answers)
        assert found == {verdict: 1, "duplicate": 9}
        assert len({answer["items"][index]["receipt"] for answer in answers}) == 1
    balance = await app.balance(subject)
    assert (balance["grams_credited"], balance["points_tenths_available"]) == (304, 27)
    assert await violations() == {}


async def test_crossing_batches_of_many_riders_end_exact(app, violations):
    """Every item goes out in three batches of its own composition and order, all at once."""
    riders = [await app.rider() for _ in range(8)]
    items = []
    for number, (_, token) in enumerate(riders):
        start = DAY + timedelta(minutes=number)
        items += [
            bike(token, start, 3200),
            metro(token, start + timedelta(hours=2), 12_000),
            bike(token, start + timedelta(hours=4), 5000, 25),
            bus(token, start + timedelta(hours=6)),
        ]
    shuffle = random.Random(7)
    batches = []
    for _ in range(3):
        shuffle.shuffle(items)
        batches += [items[index : index + 5] for index in range(0, len(items), 5)]
    answers = await asyncio.gather(*(app.send(*batch) for batch in batches))
    found = Counter(item["verdict"] for answer in answers for item in answer["items"])
    assert found == {"accepted": len(items), "duplicate": 2 * len(items)}
    for subject, _ in riders:
        balance = await app.balance(subject)
        assert balance["grams_credited"] == 304 + 864 + 476 + 120
        assert balance["points_tenths_available"] == 27 + 79 + 43 + 11
    assert await violations() == {}


async def test_one_id_with_different_contents_at_once_counts_once(app, violations):
    """The contents are different citizens', so no lock is shared: the id alone decides."""
    riders = [await app.rider() for _ in range(6)]
    items = [bike(token, DAY, 3200, event_id="one-id-for-all") for _, token in riders]
    answers = await asyncio.gather(*(app.verdict(item) for item in items))
    assert Counter(found["verdict"] for found in answers) == {"accepted": 1, "conflict": 5}
    balances = [await app.balance(subject) for subject, _ in riders]
    assert sum(balance["grams_credited"] for balance in balances) == 304
    assert await violations() == {}


async def test_caps_hold_when_a_days_trips_arrive_at_once(app, violations):
    subject, token = await app.rider()
    rides = [bike(token, DAY + timedelta(hours=n), 1000, 10) for n in range(12)]
    await asyncio.gather(*(app.send(ride) for ride in rides))
    trips = {found["trip_id"]: found["credited_g"] for found in await app.trips(subject)}
    assert [trips[ride["event_id"]] for ride in rides] == [95] * 4 + [0] * 8
    assert (await app.balance(subject))["grams_credited"] == 380
    assert await violations() == {}


async def test_earning_and_spending_at_once_never_spends_twice(app, violations):
    subject, token = await app.rider()
    reward_id = await app.coupon(points_tenths=27)
    await app.send(*[bike(token, DAY + timedelta(days=n), 3200) for n in range(3)])
    rides = [bike(token, DAY + timedelta(days=3 + n), 3200) for n in range(3)]
    answers = await asyncio.gather(
        *(app.redeem(subject, reward_id) for _ in range(8)), *(app.send(ride) for ride in rides)
    )
    redeemed = sum(answer.status_code == 201 for answer in answers[:8])
    balance = await app.balance(subject)
    assert balance["points_tenths_available"] == 6 * 27 - redeemed * 27
    assert 3 <= redeemed <= 6
    assert await violations() == {}
