"""A citizen's day: caps, overlaps, midnight, late arrivals, and any order of arrival."""

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from points_svc_tests.factories import at, bike, bus, metro, steps, trip

DAY = at("2026-07-10 06:00")


async def credit_per_trip(app, subject):
    """Return what each trip of the citizen is credited now."""
    return {
        found["trip_id"]: (found["credited_g"], found["points_tenths"], found["reason"])
        for found in await app.trips(subject)
    }


async def test_the_fifth_bike_trip_of_a_day_is_accepted_with_no_credit(app):
    _, token = await app.rider()
    rides = [bike(token, DAY + timedelta(hours=n), 1000) for n in range(5)]
    answer = await app.send(*rides)
    assert [found["credited_g"] for found in answer["items"]] == [95, 95, 95, 95, 0]
    last = answer["items"][4]
    assert (last["verdict"], last["reason"]) == ("accepted", "cap_reached")
    assert (last["rule"]["rule"], last["rule"]["measured"], last["rule"]["limit"]) == (
        "CAP_TRIPS",
        "5",
        "4",
    )


async def test_a_day_of_cycling_is_clipped_at_twenty_kilometres(app):
    _, token = await app.rider()
    rides = [bike(token, DAY + timedelta(hours=2 * n), 9000, 45) for n in range(3)]
    answer = await app.send(*rides)
    assert [found["credited_g"] for found in answer["items"]] == [857, 857, 190]
    assert answer["items"][2]["points_tenths"] == 17
    assert answer["items"][2]["reason"] == "cap_reached"


async def test_steps_of_several_windows_are_capped_together(app):
    _, token = await app.rider()
    answer = await app.send(
        steps(token, DAY, 12_000, 300), steps(token, DAY + timedelta(hours=6), 13_000, 300)
    )
    assert [found["credited_g"] for found in answer["items"]] == [811, 405]


async def test_six_bus_rides_count(app):
    subject, token = await app.rider()
    answer = await app.send(*[bus(token, DAY + timedelta(hours=n)) for n in range(7)])
    assert answer["credited_g"] == 720
    assert (await app.balance(subject))["points_tenths_available"] == 66


async def test_a_new_energy_car_counts_150_km_a_day_and_a_person_three_kilograms(app):
    _, token = await app.rider()
    first = await app.verdict(trip(token, "nev", DAY, minutes=60, distance_m=40_000))
    assert (first["credited_g"], first["points_tenths"]) == (2629, 241)
    second = await app.verdict(
        trip(token, "nev", DAY + timedelta(hours=2), minutes=60, distance_m=40_000)
    )
    assert (second["credited_g"], second["points_tenths"]) == (371, 34)
    assert (second["reason"], second["rule"]["rule"]) == ("cap_reached", "CAP_DAY")
    third = await app.verdict(bus(token, DAY + timedelta(hours=4)))
    assert (third["verdict"], third["credited_g"], third["points_tenths"]) == ("accepted", 0, 0)
    next_day = await app.verdict(bus(token, DAY + timedelta(days=1)))
    assert next_day["credited_g"] == 120


async def test_a_bus_ride_clipped_by_the_day_earns_its_share(app):
    _, token = await app.rider()
    await app.send(trip(token, "nev", DAY, minutes=60, distance_m=44_726))  # 2,940 g
    found = await app.verdict(bus(token, DAY + timedelta(hours=2)))
    assert (found["credited_g"], found["points_tenths"]) == (60, 5)


async def test_days_are_those_of_chongqing(app):
    _, token = await app.rider()
    late = [bus(token, at("2026-07-10 18:00") + timedelta(hours=n)) for n in range(6)]
    early = [bus(token, at("2026-07-11 00:00") + timedelta(hours=n)) for n in range(6)]
    assert (await app.send(*late, *early))["credited_g"] == 12 * 120


async def test_of_two_trips_at_one_time_in_two_modes_one_is_credited(app):
    """R44."""
    subject, token = await app.rider()
    ride = bike(token, DAY, 3200, 15)
    rail = metro(token, DAY + timedelta(minutes=10), 12_000, 30)
    answer = await app.send(rail, ride)
    assert [found["credited_g"] for found in answer["items"]] == [0, 304]
    assert (answer["items"][0]["verdict"], answer["items"][0]["reason"]) == ("accepted", "overlap")
    assert (await app.balance(subject))["grams_credited"] == 304


@pytest.mark.parametrize("bike_first", [True, False])
async def test_a_late_arrival_moves_the_credit_by_linked_entries(app, bike_first, violations):
    subject, token = await app.rider()
    ride = bike(token, DAY, 3200, 15)
    rail = metro(token, DAY + timedelta(minutes=10), 12_000, 30)
    for item in (ride, rail) if bike_first else (rail, ride):
        await app.verdict(item)
    assert await credit_per_trip(app, subject) == {
        ride["event_id"]: (304, 27, None),
        rail["event_id"]: (0, 0, "overlap"),
    }
    balance = await app.balance(subject)
    assert (balance["grams_credited"], balance["points_tenths_available"]) == (304, 27)
    assert await violations() == {}


async def test_nobody_rides_twice_at_once_in_one_mode_either(app):
    """Five records of one ride under five ids: the first to end, and then the first id, is credited."""
    subject, token = await app.rider()
    rides = [bike(token, DAY, 3200, 15, event_id=f"same-ride-{n}") for n in range(5)]
    answer = await app.send(*rides)
    assert [found["credited_g"] for found in answer["items"]] == [304, 0, 0, 0, 0]
    assert {found["reason"] for found in answer["items"][1:]} == {"overlap"}
    assert (await app.balance(subject))["grams_credited"] == 304


async def test_the_events_of_a_day_add_up_to_its_credit_in_any_order(app, events):
    subject = await app.citizen()
    token = await app.linked(subject, "adding-partner")
    rail = metro(token, DAY + timedelta(minutes=10), 12_000, 30)
    ride = bike(token, DAY, 3200, 15)
    await app.send(rail, partner="adding-partner")
    await app.send(ride, partner="adding-partner")
    first, second = await events("adding-partner")
    # The metro ride had its 864 g; the earlier-ending bike ride takes them back and brings 304 g.
    assert (first.credited_g, first.adjusted_g) == (864, 0)
    assert (second.credited_g, second.adjusted_g) == (304, -864)
    assert (second.credited_tenths, second.adjusted_tenths) == (27, -79)
    assert (await app.balance(subject))["grams_credited"] == 304


async def test_trips_that_only_touch_do_not_overlap(app):
    _, token = await app.rider()
    answer = await app.send(
        bike(token, DAY, 3200, 15), metro(token, DAY + timedelta(minutes=15), 12_000, 30)
    )
    assert answer["credited_g"] == 304 + 864


async def test_an_operator_fed_trip_goes_before_a_walk_that_ended_earlier(app):
    _, token = await app.rider()
    walk = trip(token, "walk", DAY, minutes=20, distance_m=1500)
    ride = bike(token, DAY + timedelta(minutes=10), 3200, 15)
    answer = await app.send(walk, ride)
    assert [found["reason"] for found in answer["items"]] == ["overlap", None]


async def test_windows_of_steps_overlap_nothing(app):
    _, token = await app.rider()
    answer = await app.send(
        steps(token, DAY, 6000, 600), bike(token, DAY + timedelta(hours=1), 3200)
    )
    assert answer["credited_g"] == 405 + 304


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_an_overlap_across_midnight_is_seen_from_both_days(app, order):
    subject, token = await app.rider()
    items = [
        metro(token, at("2026-07-10 23:40"), 12_000, 40),  # ends 00:20
        bike(token, at("2026-07-11 00:05"), 3200, 15),
        bus(token, at("2026-07-11 01:00")),
    ]
    for index in order:
        await app.verdict(items[index])
    found = await credit_per_trip(app, subject)
    assert [found[item["event_id"]][0] for item in items] == [864, 0, 120]


async def test_a_trip_that_lost_to_an_overlap_can_be_credited_when_its_rival_is_capped(app):
    """Only a credited trip blocks: nobody loses a ride to one that counts for nothing."""
    _, token = await app.rider()
    rides = [bike(token, DAY + timedelta(hours=n), 1000) for n in range(4)]
    fifth = bike(token, DAY + timedelta(hours=5), 1000, 10)
    rail = metro(token, DAY + timedelta(hours=5, minutes=5), 12_000, 30)
    answer = await app.send(*rides, fifth, rail)
    assert [found["credited_g"] for found in answer["items"][4:]] == [0, 864]


async def test_points_already_spent_are_owed_when_their_earning_is_reversed(app, violations):
    subject, token = await app.rider()
    reward_id = await app.coupon(points_tenths=79)
    rail = metro(token, DAY + timedelta(minutes=10), 12_000, 30)
    await app.verdict(rail)
    assert (await app.redeem(subject, reward_id)).status_code == 201
    await app.verdict(bike(token, DAY, 3200, 15))  # ended earlier: the metro ride loses its credit
    balance = await app.balance(subject)
    assert (balance["points_tenths_available"], balance["points_tenths_owed"]) == (0, 79 - 27)
    assert balance["grams_credited"] == 304
    assert await violations() == {}
    for n in range(6):
        await app.verdict(bus(token, DAY + timedelta(days=1, hours=n)))
    balance = await app.balance(subject)
    assert (balance["points_tenths_available"], balance["points_tenths_owed"]) == (66 - 52, 0)
    assert await violations() == {}


def make_day(token, plan):
    """Return the trips of a plan: (mode, minutes after 06:00, length, size)."""
    items = []
    for mode, offset, minutes, size in plan:
        start = DAY + timedelta(minutes=offset)
        if mode == "bike":
            items.append(bike(token, start, 200 * minutes, minutes + 2))
        elif mode == "metro":
            items.append(metro(token, start, 600 * minutes, minutes + 2))
        elif mode == "bus":
            items.append(bus(token, start))
        elif mode == "nev":
            items.append(trip(token, "nev", start, minutes=minutes + 2, distance_m=900 * minutes))
        elif mode == "steps":
            items.append(steps(token, start, 500 + 100 * size, 480))
        else:
            items.append(trip(token, "walk", start, minutes=minutes + 8, distance_m=600 + size))
    return items


plans = st.lists(
    st.tuples(
        st.sampled_from(["bike", "metro", "bus", "nev", "steps", "walk"]),
        st.integers(0, 1300),
        st.integers(4, 90),
        st.integers(0, 120),
    ),
    min_size=1,
    max_size=14,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plan=plans, seed=st.integers(0, 2**32 - 1))
async def test_any_order_partition_and_resend_gives_the_same_credit_per_trip(
    app, violations, plan, seed
):
    shuffle = random.Random(seed)
    whole, token = await app.rider()
    parts, other = await app.rider()
    await app.send(*make_day(token, plan))
    items = make_day(other, plan)
    names = {item["event_id"]: number for number, item in enumerate(items)}
    shuffle.shuffle(items)
    while items:
        batch = items[: shuffle.randint(1, 4)]
        items = items[len(batch) :]
        await app.send(*batch)
        if shuffle.random() < 0.3:
            again = await app.send(*batch)
            assert again["duplicate"] == len(batch)
    expected = [value for _, value in sorted((await credit_per_trip(app, whole)).items())]
    found = await credit_per_trip(app, parts)
    assert [found[name] for name in sorted(found, key=lambda name: names[name])] == expected
    assert await violations() == {}
    balances = [await app.balance(subject) for subject in (whole, parts)]
    assert balances[0] | {"subject": ""} == balances[1] | {"subject": ""}
