"""R46: points, stock, limit and codes change hands together, or nothing does."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from points_svc_tests.factories import CITY_APP, MOBILITY, at, bus, caller, identity
from tht_contracts.events.points import PointsRedeemed
from tht_kit.ids import new_id

DAY = at("2026-07-10 06:00")


async def earner(app, rides=19, start=DAY):
    """Return a citizen with so many bus rides: 1.1 points each."""
    subject, token = await app.rider()
    await app.send(
        *[bus(token, start + timedelta(days=n // 6, minutes=61 * (n % 6))) for n in range(rides)]
    )
    return subject, token


async def remaining(app, reward_id):
    return (await app.api.get(f"/v1/rewards/{reward_id}")).json()["remaining"]


async def test_a_redemption_takes_points_and_stock_and_gives_codes(app, events, violations):
    subject, _ = await earner(app, 40)
    reward_id = await app.coupon(stock=5, points_tenths=200)
    answer = await app.redeem(subject, reward_id, quantity=2)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["points_tenths"], made["quantity"]) == (400, 2)
    assert len(set(made["codes"])) == 2
    assert (await app.balance(subject))["points_tenths_available"] == 440 - 400
    assert await remaining(app, reward_id) == 3
    headers = caller(CITY_APP, "citizens:read")
    got = await app.api.get(answer.headers["location"], headers=headers)
    assert (got.status_code, got.json()) == (200, made)
    listed = await app.api.get(f"/v1/citizens/{subject}/redemptions", headers=headers)
    assert listed.json() == {"items": [made], "next_cursor": None}
    assert await events(reward_id) == [
        PointsRedeemed(
            redemption_id=made["redemption_id"],
            reward_id=reward_id,
            quantity=2,
            points_tenths=400,
        )
    ]
    assert await violations() == {}


async def test_stock_nought_refuses_and_leaves_the_points_untouched(app, events):
    first, _ = await earner(app)
    second, _ = await earner(app)
    reward_id = await app.coupon(stock=1)
    assert (await app.redeem(first, reward_id)).status_code == 201
    refused = await app.redeem(second, reward_id)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/reward-out-of-stock")
    assert (await app.balance(second))["points_tenths_available"] == 209
    assert len(await events(reward_id)) == 1


async def test_fifty_people_race_for_the_last_coupon_and_one_gets_it(app, violations):
    people = [(await earner(app, 1))[0] for _ in range(50)]
    reward_id = await app.coupon(stock=1, points_tenths=11)
    answers = await asyncio.gather(*(app.redeem(subject, reward_id) for subject in people))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    assert await remaining(app, reward_id) == 0
    balances = [(await app.balance(subject))["points_tenths_available"] for subject in people]
    assert sorted(balances) == [0] + [11] * 49
    assert await violations() == {}


async def test_one_person_redeeming_many_times_at_once_spends_each_point_once(app, violations):
    subject, _ = await earner(app, 6)
    reward_id = await app.coupon(stock=50, points_tenths=22)
    answers = await asyncio.gather(*(app.redeem(subject, reward_id) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 7
    assert (await app.balance(subject))["points_tenths_available"] == 0
    assert await remaining(app, reward_id) == 47
    assert await violations() == {}


async def test_the_same_key_again_gets_the_first_codes(app):
    subject, _ = await earner(app)
    reward_id = await app.coupon(points_tenths=100)
    headers = caller(CITY_APP, "redemptions:write")
    body = {"subject": subject, "reward_id": reward_id}
    first = await app.api.post("/v1/redemptions", json=body, headers=headers)
    again = await app.api.post("/v1/redemptions", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (await app.balance(subject))["points_tenths_available"] == 109


async def test_points_expire_on_31_december_of_the_year_after(app):
    app.clock.set(at("2025-12-31 12:00"))
    subject, token = await app.rider()
    await app.send(bus(token, at("2025-12-31 08:00")))
    app.clock.set(at("2026-01-02 12:00"))
    await app.send(bus(token, at("2026-01-01 08:00")))
    reward_id = await app.coupon(points_tenths=22)
    balance = await app.balance(subject)
    assert balance["expiring"] == [
        {"expires_on": "2026-12-31", "points_tenths": 11},
        {"expires_on": "2027-12-31", "points_tenths": 11},
    ]
    app.clock.set(at("2026-12-31 23:59"))
    assert (await app.balance(subject))["points_tenths_available"] == 22
    app.clock.set(at("2027-01-01 00:00"))
    balance = await app.balance(subject)
    assert (balance["points_tenths_available"], balance["points_tenths_expired"]) == (11, 11)
    refused = await app.redeem(subject, reward_id)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/points-insufficient")


async def test_points_on_their_last_day_can_be_spent(app):
    app.clock.set(at("2025-12-31 12:00"))
    subject, token = await app.rider()
    await app.send(bus(token, at("2025-12-31 08:00")))
    reward_id = await app.coupon(points_tenths=11)
    app.clock.set(at("2026-12-31 23:59"))
    assert (await app.redeem(subject, reward_id)).status_code == 201


async def test_the_earliest_expiry_is_spent_first_and_the_allocation_is_kept(app, container):
    app.clock.set(at("2026-01-02 12:00"))
    subject, token = await app.rider()
    await app.send(bus(token, at("2026-01-01 08:00")))  # expires 2027, earned into the book first
    await app.send(bus(token, at("2025-12-31 08:00")))  # expires 2026
    reward_id = await app.coupon(points_tenths=15)
    made = (await app.redeem(subject, reward_id)).json()
    assert (await app.balance(subject))["expiring"] == [
        {"expires_on": "2027-12-31", "points_tenths": 7}
    ]
    async with container.database.read() as session:
        rows = await session.execute(
            text(
                "SELECT expires_on::text, tenths FROM redemption_lots"
                " WHERE redemption_id = :id ORDER BY expires_on"
            ),
            {"id": made["redemption_id"]},
        )
        assert [tuple(row) for row in rows] == [("2026-12-31", 11), ("2027-12-31", 4)]


async def test_a_limit_per_citizen_holds(app):
    subject, _ = await earner(app)
    reward_id = await app.coupon(points_tenths=20, per_citizen_max=2)
    assert (await app.redeem(subject, reward_id, quantity=3)).status_code == 409
    answers = await asyncio.gather(*(app.redeem(subject, reward_id) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"] == "/problems/redemption-limit-reached"


async def test_only_the_app_that_knows_the_citizen_can_spend(app):
    subject, token = await earner(app)
    reward_id = await app.coupon(points_tenths=20)
    for partner, who in [("other-app", subject), (MOBILITY, subject), (CITY_APP, token)]:
        answer = await app.api.post(
            "/v1/redemptions",
            json={"subject": who, "reward_id": reward_id},
            headers=caller(partner, "redemptions:write"),
        )
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/citizen-not-found")
    headers = caller(CITY_APP, "citizens:write")
    body = {"subject": subject, "reward_id": reward_id}
    assert (await app.api.post("/v1/redemptions", json=body, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("change", "status"),
    [({"quantity": 0}, 422), ({"quantity": 101}, 422), ({"reward_id": str(new_id())}, 404)],
)
async def test_a_wrong_request_is_refused(app, change, status):
    subject, _ = await earner(app, 1)
    body = {"subject": subject, "reward_id": await app.coupon()} | change
    headers = caller(CITY_APP, "redemptions:write")
    assert (await app.api.post("/v1/redemptions", json=body, headers=headers)).status_code == status


async def test_coupon_codes_are_shown_only_to_the_app_that_redeemed_them(app):
    digest = identity()

    async def opened(partner):
        answer = await app.api.post(
            "/v1/citizens",
            json={"identity_sha256": digest},
            headers=caller(partner, "citizens:write"),
        )
        return answer.json()["subject_token"]

    subject, other = await opened(CITY_APP), await opened("other-app")
    await app.consent(subject, "bus", "credit")
    await app.send(bus(await app.linked(subject), DAY))
    made = (await app.redeem(subject, await app.coupon(points_tenths=11))).json()
    assert len(made["codes"]) == 1
    for partner, who, shown in (
        (CITY_APP, subject, made),
        ("other-app", other, made | {"codes": None}),
    ):
        headers = caller(partner, "citizens:read")
        path = f"/v1/citizens/{who}/redemptions"
        assert (await app.api.get(path, headers=headers)).json()["items"] == [shown]
        got = await app.api.get(f"{path}/{made['redemption_id']}", headers=headers)
        assert got.json() == shown


async def test_a_linked_partner_cannot_spend_the_citizens_points(app):
    _, token = await earner(app, 2)
    answer = await app.api.post(
        "/v1/redemptions",
        json={"subject": token, "reward_id": await app.coupon(points_tenths=11)},
        headers=caller(MOBILITY, "redemptions:write"),
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/citizen-of-another-app")
