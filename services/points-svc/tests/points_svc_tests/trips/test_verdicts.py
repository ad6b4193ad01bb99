"""One item, one verdict: duplicates, conflicts, consent, approval, windows, unreadable items."""

import json
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from points_svc.scenarios import service as scenarios
from points_svc.trips.schemas import BatchOut
from points_svc_tests.conftest import NOW
from points_svc_tests.factories import MOBILITY, at, bike, bus, caller, metro, trip
from tht_contracts.events.points import TripBatchCredited

DAY = at("2026-07-10 08:00")


async def post(app, content, **headers):
    base = caller(MOBILITY, "trips:write") | {"Content-Type": "application/json"}
    return await app.api.post("/v1/trips", content=content, headers=base | headers)


async def test_answers_stand_in_order_and_have_the_declared_shape(app):
    _, token = await app.rider()
    items = [bike(token, DAY + timedelta(hours=n), 3200) for n in range(3)]
    items.insert(1, bike("nobody", DAY, 3200))
    answer = await post(app, json.dumps(items))
    batch = TypeAdapter(BatchOut).validate_json(answer.content, strict=False, extra="forbid")
    assert [found.index for found in batch.items] == [0, 1, 2, 3]
    assert [found.id for found in batch.items] == [item["event_id"] for item in items]
    assert [found.verdict for found in batch.items] == ["accepted", "rejected"] + ["accepted"] * 2
    assert (batch.accepted, batch.rejected, batch.credited_g) == (3, 1, 3 * 304)
    assert answer.headers["content-type"] == "application/json"


async def test_a_second_send_changes_nothing_and_names_the_first_receipt(app, events, violations):
    """R44."""
    subject, token = await app.rider()
    items = [bike(token, DAY, 3200), bike(token, DAY + timedelta(hours=1), 12_000, 20)]
    first = await app.send(*items, partner="dup-partner")
    assert {found["reason"] for found in first["items"]} == {"SUBJECT_UNKNOWN"}
    first = await app.send(*[i | {"event_id": i["event_id"] + "x"} for i in items])
    again = await app.send(*[i | {"event_id": i["event_id"] + "x"} for i in items])
    assert [found["verdict"] for found in again["items"]] == ["duplicate", "duplicate"]
    assert (again["credited_g"], again["duplicate"]) == (0, 2)
    for before, after in zip(first["items"], again["items"], strict=True):
        assert after["receipt"] == before["receipt"]
        assert after["first"] == {
            "verdict": before["verdict"],
            "receipt": before["receipt"],
            "reason": before["reason"],
            "credited_g": before["credited_g"],
            "points_tenths": before["points_tenths"],
        }
    assert (await app.balance(subject))["grams_credited"] == 304
    assert await violations() == {}


async def test_one_event_tells_each_batch_and_none_tells_a_resend(app, events):
    subject = await app.citizen()
    token = await app.linked(subject, "told-partner")
    items = [bike(token, DAY, 3200), bike("nobody", DAY, 3200), bike(token, DAY, 100)]
    answer = await app.send(*items, partner="told-partner")
    await app.send(*items, partner="told-partner")
    assert await events("told-partner") == [
        TripBatchCredited(
            batch_id=answer["batch_id"],
            partner_id="told-partner",
            accepted=1,
            duplicate=0,
            conflict=0,
            rejected=2,
            quarantined=0,
            credited_g=304,
            credited_tenths=27,
        )
    ]


async def test_the_same_item_twice_in_one_batch_counts_once(app):
    subject, token = await app.rider()
    item = bike(token, DAY, 3200)
    answer = await app.send(item, item, item | {"distance_m": 3300})
    assert [found["verdict"] for found in answer["items"]] == ["accepted", "duplicate", "conflict"]
    assert answer["items"][2]["differing_fields"] == ["distance_m"]
    assert (await app.balance(subject))["grams_credited"] == 304


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"distance_m": 3300}, ["distance_m"]),
        ({"scenario_id": "metro"}, ["scenario_id"]),
        ({"end_time": "2026-07-10T08:16:00+08:00"}, ["end_time"]),
        ({"steps": 10, "distance_m": 3300}, ["distance_m", "steps"]),
        ({"distance_method": "gps"}, ["distance_method"]),
        ({"start": {"lat": 29.55, "lng": 106.54}}, ["start"]),
        ({"trip_id": "another"}, ["trip_id"]),
        ({"subject": "another"}, ["subject"]),
    ],
)
async def test_the_same_id_with_other_content_is_a_conflict_that_names_the_fields(
    app, change, fields
):
    subject, token = await app.rider()
    item = bike(token, DAY, 3200, trip_id=f"t-{token}")
    accepted = await app.verdict(item)
    found = await app.verdict(item | change)
    assert (found["verdict"], found["differing_fields"]) == ("conflict", fields)
    assert found["receipt"] == accepted["receipt"]
    assert found["first"]["credited_g"] == 304
    assert (await app.verdict(item))["verdict"] == "duplicate"
    assert (await app.balance(subject))["grams_credited"] == 304


async def test_a_position_that_moved_within_its_cell_is_still_a_conflict(app):
    _, token = await app.rider()
    places = {
        "start": {"lat": "29.550001", "lng": "106.540001"},
        "end": {"lat": "29.570001", "lng": "106.560001"},
    }
    item = trip(token, "bike", DAY, minutes=15, **places)
    assert (await app.verdict(item))["verdict"] == "accepted"
    moved = item | {"end": {"lat": "29.570002", "lng": "106.560001"}}
    found = await app.verdict(moved)
    assert (found["verdict"], found["differing_fields"]) == ("conflict", ["start", "end"])


async def test_the_same_content_in_other_words_is_a_duplicate(app):
    _, token = await app.rider()
    item = bike(token, DAY, 3200)
    assert (await app.verdict(item))["verdict"] == "accepted"
    rewritten = item | {
        "start_time": DAY.astimezone(NOW.tzinfo).isoformat().replace("+00:00", "Z"),
        "trip_id": item["event_id"],
        "steps": None,
    }
    assert (await app.verdict(rewritten))["verdict"] == "duplicate"


async def test_another_event_cannot_claim_a_live_trip(app):
    subject, token = await app.rider()
    item = bike(token, DAY, 3200, trip_id=f"t-{token}")
    accepted = await app.verdict(item)
    again = await app.verdict(item | {"event_id": f"retry-{token}"})
    other = await app.verdict(item | {"event_id": f"other-{token}", "distance_m": 4000})
    assert (again["verdict"], again["receipt"]) == ("duplicate", accepted["receipt"])
    assert (other["verdict"], other["differing_fields"]) == ("conflict", ["distance_m"])
    together = bike(token, DAY + timedelta(hours=2), 3200, trip_id=f"u-{token}")
    both = await app.send(together, together | {"event_id": f"twin-{token}"})
    assert [found["verdict"] for found in both["items"]] == ["accepted", "duplicate"]
    assert (await app.balance(subject))["trips_accepted"] == 2


async def test_a_rejected_trip_may_be_repaired_under_a_new_event(app):
    subject, token = await app.rider()
    wrong = bike(token, DAY, 12_000, 20, trip_id=f"t-{token}")
    assert (await app.verdict(wrong))["reason"] == "SPEED_HIGH"
    repaired = wrong | {"event_id": f"fix-{token}", "distance_m": 3200}
    assert (await app.verdict(repaired))["verdict"] == "accepted"
    assert (await app.balance(subject))["trips_accepted"] == 1


async def test_two_partners_may_use_the_same_id(app):
    subject, token = await app.rider()
    other = await app.linked(subject, "bus-partner")
    item = bike(token, DAY, 3200)
    assert (await app.verdict(item))["verdict"] == "accepted"
    later = bus(other, DAY + timedelta(hours=3), event_id=item["event_id"])
    assert (await app.verdict(later, partner="bus-partner"))["verdict"] == "accepted"


async def test_a_token_works_for_the_partner_it_was_given_to(app):
    _, token = await app.rider()
    found = await app.verdict(bike(token, DAY, 3200), partner="another-partner")
    assert (found["verdict"], found["reason"]) == ("rejected", "SUBJECT_UNKNOWN")


async def test_without_consent_a_trip_is_refused_for_ever(app, container):
    """R45: only its id and hash are kept, and a later consent does not revive it."""
    subject, token = await app.rider(consent=("bus",))
    item = bike(token, DAY, 3200, trip_id=f"t-{token}")
    refused = await app.verdict(item)
    assert (refused["verdict"], refused["reason"]) == ("rejected", "NO_CONSENT")
    await app.consent(subject, "bike", "credit")
    again = await app.verdict(item)
    assert (again["verdict"], again["first"]["reason"]) == ("duplicate", "NO_CONSENT")
    renamed = await app.verdict(item | {"event_id": f"again-{token}"})
    assert (renamed["verdict"], renamed["first"]["reason"]) == ("duplicate", "NO_CONSENT")
    changed = await app.verdict(item | {"event_id": f"new-{token}", "distance_m": 3300})
    assert (changed["verdict"], changed["differing_fields"]) == ("conflict", None)
    assert await app.trips(subject) == []
    assert (await app.balance(subject))["grams_credited"] == 0
    assert (await app.verdict(bike(token, DAY, 3200)))["verdict"] == "accepted"


async def test_withdrawal_stops_credit_at_once_and_keeps_what_was_earned(app):
    subject, token = await app.rider()
    assert (await app.verdict(bike(token, DAY, 3200)))["verdict"] == "accepted"
    gone = await app.api.delete(
        f"/v1/citizens/{subject}/consents/bike", headers=caller("city-app", "citizens:write")
    )
    assert gone.status_code == 204
    refused = await app.verdict(bike(token, DAY + timedelta(hours=1), 3200))
    assert refused["reason"] == "NO_CONSENT"
    assert (await app.verdict(bus(token, DAY)))["verdict"] == "accepted"  # another scenario's
    assert (await app.balance(subject))["grams_credited"] == 304 + 120


async def test_a_consent_ends_with_its_last_day(app):
    subject, token = await app.rider(consent=())
    await app.consent(subject, "bike", "credit", until="2026-07-17")
    assert (await app.verdict(bike(token, DAY, 3200)))["verdict"] == "accepted"
    app.clock.set(at("2026-07-17 23:59"))
    late = bike(token, DAY + timedelta(hours=1), 3200)
    assert (await app.verdict(late))["verdict"] == "accepted"
    app.clock.set(at("2026-07-18 00:00"))
    over = bike(token, DAY + timedelta(hours=2), 3200)
    assert (await app.verdict(over))["reason"] == "NO_CONSENT"


async def test_a_consent_to_aggregation_alone_credits_nothing(app):
    subject, token = await app.rider(consent=())
    await app.consent(subject, "bike", "aggregation")
    assert (await app.verdict(bike(token, DAY, 3200)))["reason"] == "NO_CONSENT"


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(days=35), "accepted"),
        (timedelta(days=35, seconds=1), "LATE"),
        (timedelta(minutes=-5), "accepted"),
        (timedelta(minutes=-5, seconds=-1), "FUTURE"),
    ],
)
async def test_trips_are_taken_for_35_days_and_five_minutes_ahead(app, age, verdict):
    _, token = await app.rider()
    ended = NOW - age
    found = await app.verdict(bike(token, ended - timedelta(minutes=15), 3200))
    assert verdict in (found["verdict"], found["reason"])


SEED = """
scenarios:
  - scenario_id: {id}
    mode: bike
    name: {{zh: 试点, en: Pilot}}
    feed: operator
    operators: [bike-partner]
    city_code: "500000"
    valid_from: 2026-07-01
    valid_until: 2026-07-10
    pending_days: {pending}
    methodology_code: CQCM-903-V001
    grade: D
    source: test
    versions:
      - version: 1
        valid_from: 2026-07-01
        formula: {{kind: per_km, baseline_kg_per_km: 0.104, mode_kg_per_km: 0.0087,
                   factor_set: TEST, grade: D, source: test}}
        plausibility: {{grade: D, source: test}}
        caps: {{grade: D, source: test}}
        points: {{kind: ratio, points: 1.1, kg: 0.120, grade: D, source: test}}
"""


async def load(container, scenario_id, pending=0):
    seed = scenarios.read_seed(SEED.format(id=scenario_id, pending=pending))
    async with container.database.write() as session:
        await scenarios.load(session, seed)


async def test_trips_outside_an_approval_are_quarantined_not_lost(app, container):
    await load(container, "pilot-bike")
    subject, token = await app.rider(consent=("pilot-bike",))
    other = await app.linked(subject, "bus-partner")

    def ride(start, who=token):
        return bike(who, start, 3200, scenario_id="pilot-bike")

    assert (await app.verdict(ride(at("2026-07-10 23:50"))))["verdict"] == "accepted"
    for item, partner in [
        (ride(at("2026-07-11 00:00")), MOBILITY),
        (ride(at("2026-06-30 23:59")), MOBILITY),
        (ride(at("2026-07-05 08:00"), other), "bus-partner"),
    ]:
        found = await app.verdict(item, partner=partner)
        assert (found["verdict"], found["reason"]) == ("quarantined", "OUTSIDE_APPROVAL")
        assert (await app.verdict(item, partner=partner))["first"]["verdict"] == "quarantined"
    kept = await app.trips(subject)
    assert sorted(item["verdict"] for item in kept) == ["accepted"] + ["quarantined"] * 3
    assert (await app.balance(subject))["grams_credited"] == 304


async def test_points_of_a_pending_scenario_are_seen_but_not_spent(app, container):
    await load(container, "slow-bike", pending=2)
    subject, token = await app.rider(consent=("slow-bike",))
    item = bike(token, at("2026-07-10 08:00"), 3200, scenario_id="slow-bike")
    assert (await app.verdict(item))["points_tenths"] == 27
    reward_id = await app.coupon(points_tenths=20)
    balance = await app.balance(subject)
    assert (balance["points_tenths_available"], balance["points_tenths_pending"]) == (0, 27)
    assert (await app.redeem(subject, reward_id)).status_code == 409
    app.clock.advance(days=2)
    assert (await app.balance(subject))["points_tenths_available"] == 27
    assert (await app.redeem(subject, reward_id)).status_code == 201


async def test_an_unknown_scenario_is_rejected(app):
    _, token = await app.rider()
    found = await app.verdict(trip(token, "rocket", DAY, minutes=10))
    assert (found["verdict"], found["reason"]) == ("rejected", "SCENARIO_UNKNOWN")


@pytest.mark.parametrize(
    "change",
    [
        {"distance_m": "3200"},
        {"distance_m": 3200.5},
        {"distance_m": -1},
        {"distance_m": 10**18},
        {"start_time": "2026-07-10T08:00:00"},  # no zone
        {"start_time": "yesterday"},
        {"start_time": "1999-12-31T23:59:59Z"},
        {"start_time": "9999-12-31T23:59:59-12:00"},
        {"start_time": None},
        {"scenario_id": None},
        {"subject": ""},
        {"subject": "a\u0000b"},
        {"colour": "green"},
        {"start": {"lat": 91, "lng": 0}},
        {"start": {"lat": "NaN", "lng": "0"}},
        {"start": {"lat": "Infinity", "lng": "0"}},
        {"start": {"lat": 29.5}},
        {"start": {"lat": 29.5, "lng": 106.5, "crs": "MARS"}},
        {"steps": True},
    ],
)
async def test_an_unreadable_item_is_rejected_alone_and_remembered(app, change):
    subject, token = await app.rider()
    good, bad = bike(token, DAY, 3200), bike(token, DAY + timedelta(hours=1), 3200)
    answer = await app.send(bad | change, good)
    assert [found["verdict"] for found in answer["items"]] == ["rejected", "accepted"]
    assert answer["items"][0]["reason"] == "MALFORMED"
    assert answer["items"][0]["receipt"]
    assert (await app.verdict(bad | change))["verdict"] == "duplicate"
    assert (await app.verdict(bad))["verdict"] == "conflict"
    assert (await app.balance(subject))["trips_accepted"] == 1


@pytest.mark.parametrize(
    "item",
    [None, 5, "text", [], {}, {"event_id": ""}, {"event_id": 7}, {"event_id": "x" * 101}],
)
async def test_an_item_without_a_readable_id_is_rejected_without_a_receipt(app, item):
    answer = await post(app, json.dumps([item]))
    [found] = answer.json()["items"]
    assert (found["verdict"], found["reason"]) == ("rejected", "MALFORMED")
    assert (found["id"], found["receipt"]) == (None, None)


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        ("[" + ",".join(["{}"] * 1001) + "]", 422, "batch-too-long"),
        ("[" + " " * 1024 * 1024 + "]", 413, "batch-too-large"),
        ("{}", 400, "malformed-body"),
        ("[{]", 400, "malformed-body"),
        ("", 400, "malformed-body"),
        ("null", 400, "malformed-body"),
        (b"[\xff]", 400, "malformed-body"),
        ("[" * 100_000, 400, "malformed-body"),
    ],
)
async def test_a_body_that_is_no_batch_is_a_problem_as_a_whole(app, content, status, kind):
    answer = await post(app, content)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")


async def test_a_thousand_items_and_an_empty_batch_are_taken(app):
    assert (await post(app, "[]")).json()["items"] == []
    answer = await post(app, "[" + ",".join(["{}"] * 1000) + "]")
    assert (answer.status_code, answer.json()["rejected"]) == (207, 1000)


async def test_other_media_types_are_refused(app):
    answer = await post(app, "[]", **{"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/media-type-unsupported")


async def test_uploading_needs_the_scope(app):
    headers = caller(MOBILITY, "citizens:write")
    answer = await app.api.post("/v1/trips", json=[], headers=headers)
    assert answer.status_code == 403
    assert (await app.api.post("/v1/trips", json=[])).status_code == 401


async def test_a_trip_given_by_positions_gets_the_great_circle_and_keeps_cells_only(app, container):
    subject, token = await app.rider()
    places = {
        "start": {"lat": "29.553814", "lng": "106.541942", "crs": "WGS84"},
        "end": {"lat": 29.588637, "lng": 106.557718},
    }
    found = await app.verdict(trip(token, "bike", DAY, minutes=20, **places))
    assert found["verdict"] == "accepted"
    [kept] = await app.trips(subject)
    assert (kept["distance_m"], kept["distance_method"]) == (4161, "straight_line")
    assert (kept["start_cell"], kept["end_cell"]) == ("wm7b0k", "wm7b2f")
    assert "29.55" not in json.dumps(kept)


async def test_metro_rides_without_a_distance_are_rejected_and_counted(app):
    _, token = await app.rider()
    answer = await app.send(
        trip(token, "metro", DAY, minutes=20), metro(token, DAY + timedelta(hours=1), 8000)
    )
    assert [found["reason"] for found in answer["items"]] == ["DISTANCE_MISSING", None]
