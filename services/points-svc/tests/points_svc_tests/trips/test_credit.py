"""The worked numbers of domain.md 7F (R39 to R43) and their neighbours, through the API."""

from datetime import timedelta

import pytest

from points_svc_tests.factories import at, bike, bus, metro, steps, trip

DAY = at("2026-07-10 08:00")


def walked(subject, metres, minutes):
    return trip(subject, "walk", DAY, minutes=minutes, distance_m=metres)


def driven(subject, metres, minutes=40, start=DAY):
    return trip(subject, "nev", start, minutes=minutes, distance_m=metres)


@pytest.mark.parametrize(
    ("make", "grams", "tenths"),
    [
        (lambda s: bus(s, DAY), 120, 11),  # R39
        (lambda s: bike(s, DAY, 1374), 130, 12),  # R39a: 130.9422 g, each rounded once
        (lambda s: bike(s, DAY, 3200, 15), 304, 27),  # R40
        (lambda s: steps(s, DAY, 6000), 405, 37),  # R41
        (lambda s: steps(s, DAY, 25_000), 1216, 111),  # R41: 18,000 count
        (lambda s: steps(s, DAY, 18_000), 1216, 111),
        (lambda s: metro(s, DAY, 12_000), 864, 79),  # R42
        (lambda s: driven(s, 20_000), 1314, 120),  # R43, factor of 2023
        (lambda s: walked(s, 3900, 45), 405, 37),  # the same 3.9 km measured
        (lambda s: bike(s, DAY, 300, 3), 28, 2),  # the least that counts
        (lambda s: bike(s, DAY, 12_591, 60), 1199, 109),  # 1199.9223 g, 10.999 points
        (lambda s: bus(s, DAY, end_time=DAY.isoformat()), 120, 11),  # a tap: one time, no distance
        (lambda s: bus(s, DAY, duration_s=1800, distance_m=8000), 120, 11),  # flat all the same
    ],
)
async def test_a_trip_is_worth_what_the_rules_say(app, make, grams, tenths):
    subject, token = await app.rider()
    found = await app.verdict(make(token))
    assert (found["verdict"], found["credited_g"], found["points_tenths"]) == (
        "accepted",
        grams,
        tenths,
    )
    balance = await app.balance(subject)
    assert balance["points_tenths_available"] == tenths
    assert balance["grams_credited"] == grams
    assert balance["trips_accepted"] == 1


@pytest.mark.parametrize(
    ("year", "grams", "tenths"),
    [(2022, 1420, 130), (2023, 1314, 120), (2026, 1314, 120)],
)
async def test_a_new_energy_car_counts_with_the_grid_factor_of_its_year(app, year, grams, tenths):
    start = at(f"{year}-06-10 08:00")
    app.clock.set(start + timedelta(days=1))
    _, token = await app.rider()
    found = await app.verdict(driven(token, 20_000, start=start))
    assert (found["credited_g"], found["points_tenths"]) == (grams, tenths)


async def test_a_year_without_a_factor_is_quarantined_and_never_borrows_one(app):
    start = at("2021-06-10 08:00")
    app.clock.set(start + timedelta(days=1))
    subject, token = await app.rider()
    found = await app.verdict(driven(token, 20_000, start=start))
    assert (found["verdict"], found["reason"]) == ("quarantined", "FACTOR_MISSING")
    assert (await app.balance(subject))["grams_credited"] == 0


async def test_eighteen_rides_do_not_buy_the_coupon_and_nineteen_do(app):
    """R39: 18 rides are 19.8 points, the 19th makes 20.9 and leaves 0.9."""
    subject, token = await app.rider()
    reward_id = await app.coupon(points_tenths=200)
    rides = [
        bus(token, DAY + timedelta(days=n // 6, hours=n % 6)) for n in range(19)
    ]  # six a day count
    await app.send(*rides[:18])
    assert (await app.balance(subject))["points_tenths_available"] == 198
    refused = await app.redeem(subject, reward_id)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/points-insufficient")
    assert "20.0" in refused.json()["detail"]
    assert "19.8" in refused.json()["detail"]
    assert (await app.balance(subject))["points_tenths_available"] == 198
    await app.send(rides[18])
    assert (await app.balance(subject))["points_tenths_available"] == 209
    redeemed = await app.redeem(subject, reward_id)
    assert redeemed.status_code == 201
    assert len(redeemed.json()["codes"]) == 1
    assert (await app.balance(subject))["points_tenths_available"] == 9


@pytest.mark.parametrize(
    ("make", "reason", "measured", "limit"),
    [
        (lambda s: bike(s, DAY, 12_000, 20), "SPEED_HIGH", "36.000", "30"),  # R40
        (lambda s: walked(s, 5000, 30), "SPEED_HIGH", "10.000", "8"),  # R41
        (lambda s: bike(s, DAY, 1000, 16), "SPEED_LOW", "3.750", "4"),
        (lambda s: bike(s, DAY, 299), "DISTANCE_LOW", "299", "300"),
        (lambda s: bike(s, DAY, 30_001, 90), "DISTANCE_HIGH", "30001", "30000"),
        (lambda s: bike(s, DAY, 900, 1.99), "DURATION_LOW", "119", "120"),
        (lambda s: bike(s, DAY, 20_000, 240.01), "DURATION_HIGH", "14401", "14400"),
        (lambda s: metro(s, DAY, 120_001, 90), "DISTANCE_HIGH", "120001", "120000"),
        (lambda s: metro(s, DAY, 30_500, 15), "SPEED_HIGH", "122.000", "120"),
        (lambda s: metro(s, DAY, 3000, 0), "DURATION_LOW", "0", "1"),
        (lambda s: bus(s, DAY, minutes=30, distance_m=40_001), "SPEED_HIGH", "80.002", "80"),
        (lambda s: bus(s, DAY, minutes=181), "DURATION_HIGH", "10860", "10800"),
        (lambda s: driven(s, 499), "DISTANCE_LOW", "499", "500"),
        (lambda s: driven(s, 100_000, 49), "SPEED_HIGH", "122.449", "120"),
        (lambda s: steps(s, DAY, 499), "STEPS_LOW", "499", "500"),
        (lambda s: steps(s, DAY, 6000, 29), "CADENCE_HIGH", "206.897", "200"),
        (lambda s: steps(s, DAY, 6000, 1441), "DURATION_HIGH", "86460", "86400"),
        (lambda s: trip(s, "metro", DAY, minutes=20), "DISTANCE_MISSING", None, None),
        (lambda s: trip(s, "bike", DAY, distance_m=3000), "END_TIME_MISSING", None, None),
        (lambda s: trip(s, "walk", DAY, minutes=20), "DISTANCE_MISSING", None, None),
        (lambda s: bike(s, DAY, 3000, -5), "TIMES_REVERSED", None, None),
        (lambda s: bike(s, DAY, 3000, 15, duration_s=961), "TIMES_DISAGREE", "961", None),
    ],
)
async def test_an_implausible_trip_is_rejected_naming_rule_and_measure(
    app, make, reason, measured, limit
):
    subject, token = await app.rider()
    found = await app.verdict(make(token))
    assert (found["verdict"], found["reason"]) == ("rejected", reason)
    assert (found["rule"]["measured"], found["rule"]["limit"]) == (measured, limit)
    assert found["rule"]["version"]
    assert found["receipt"]
    assert found["message"]
    assert (await app.balance(subject))["grams_credited"] == 0
    [kept] = await app.trips(subject)
    assert (kept["verdict"], kept["reason"], kept["credited_g"]) == ("rejected", reason, 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda s: bike(s, DAY, 30_000, 60),  # 30 km/h and 30 km: at both limits
        lambda s: bike(s, DAY, 1000, 15),  # 4 km/h
        lambda s: bike(s, DAY, 900, 2),  # two minutes
        lambda s: bike(s, DAY, 3000, 15, duration_s=960),  # a minute off is tolerated
        lambda s: steps(s, DAY, 6000, 30),  # 200 a minute
        lambda s: steps(s, DAY, 500, 1440),
        lambda s: metro(s, DAY, 120_000, 60),
    ],
)
async def test_a_trip_at_the_limit_is_accepted(app, make):
    _, token = await app.rider()
    assert (await app.verdict(make(token)))["verdict"] == "accepted"


async def test_reasons_are_told_in_the_readers_language(app):
    _, token = await app.rider()
    headers = {"Accept-Language": "en"}
    english = await app.verdict(bike(token, DAY, 12_000, 20), **headers)
    chinese = await app.verdict(bike(token, DAY, 12_000, 20))
    assert english["message"] == "A mean speed of 36.000 km/h is above 30 km/h."
    assert chinese["message"] == "平均速度 36.000 km/h 高于 30 km/h。"
