"""Real bike-share rows through the partner API.

The files are read in place and never copied: THT_SHARED_DATA names their folder, else ../shared/data
beside the project. They have no rider, so rows go to synthetic riders by a hash of their id; Jersey
City has no zone in its times and is read in its own; distances are the great circle.
"""

import csv
import hashlib
import os
import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from points_svc.scenarios import service as scenarios
from points_svc_tests.factories import App

DATA = Path(os.environ.get("THT_SHARED_DATA", Path(__file__).parents[5] / "../shared/data"))
JERSEY = DATA / "bike/JC-202102-citibike-tripdata.csv"
SHANGHAI = DATA / "bike/mobike_shanghai_201608_60rows.csv"
BATCH = 500


def present(path):
    return pytest.mark.skipif(not path.is_file(), reason=f"{path} is not on this machine")


def moment(written, zone):
    if not written:
        return None
    return datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone)).isoformat()


def place(lat, lng):
    return {"lat": lat, "lng": lng, "crs": "WGS84"} if lat and lng else None


def rows(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def jersey_items():
    """Return the rows of Jersey City, February 2021, as trip items; `rider` is synthetic."""
    found = []
    for row in rows(JERSEY):
        digest = hashlib.sha256(row["ride_id"].encode()).digest()
        item = {
            "event_id": row["ride_id"],
            "scenario_id": "bike",
            "rider": int.from_bytes(digest[:8]) % 120,
            "start_time": moment(row["started_at"], "America/New_York"),
            "end_time": moment(row["ended_at"], "America/New_York"),
            "start": place(row["start_lat"], row["start_lng"]),
            "end": place(row["end_lat"], row["end_lng"]),
        }
        found.append({name: value for name, value in item.items() if value is not None})
    return found


async def send_all(app: App, items, tokens):
    """Upload the items in batches; return the counts of verdicts and reasons."""
    counted: Counter[str] = Counter()
    for start in range(0, len(items), BATCH):
        batch = [
            {name: value for name, value in item.items() if name != "rider"}
            | {"subject": tokens[item["rider"]]}
            for item in items[start : start + BATCH]
        ]
        for found in (await app.send(*batch))["items"]:
            counted[found["verdict"]] += 1
            if found["reason"]:
                counted[found["reason"]] += 1
    return counted


async def credit_per_trip(app: App, subjects):
    return {
        found["trip_id"].removesuffix("-b"): (found["credited_g"], found["points_tenths"])
        for subject in subjects
        for found in await app.trips(subject)
        if found["verdict"] == "accepted"
    }


@present(JERSEY)
async def test_a_month_of_jersey_city_bikes(app, violations):
    """4,881 rows: 3,519 accepted, 16 of them beyond a cap; 1,362 rejected: 801 ended less than 300 m
    from their start, 441 were slower than 4 km/h (round trips, measured as the crow flies), 67 have
    no end, 29 took less than two minutes, 19 more than four hours, 4 ran backwards, 1 ended in June.
    """
    items = jersey_items()
    app.clock.set(datetime(2021, 3, 5, tzinfo=ZoneInfo("Asia/Shanghai")))
    riders = [await app.rider(consent=("bike",)) for _ in range(120)]
    counted = await send_all(app, items, [token for _, token in riders])
    assert counted["accepted"] + counted["rejected"] == len(items) == 4881
    assert counted["TIMES_REVERSED"] == 4
    assert counted["FUTURE"] == 1
    assert counted["DISTANCE_MISSING"] == 67
    assert counted["DURATION_HIGH"] == 19
    assert 700 < counted["DISTANCE_LOW"] < 900
    assert 400 < counted["SPEED_LOW"] < 500
    assert counted["accepted"] > len(items) * 2 / 3
    again = await send_all(app, items, [token for _, token in riders])
    assert again == {"duplicate": len(items)}
    assert await violations() == {}

    # The same month for other riders, shuffled and in other batches: the same credit per trip.
    others = [await app.rider(consent=("bike",)) for _ in range(120)]
    twins = [item | {"event_id": item["event_id"] + "-b"} for item in items]
    random.Random(5).shuffle(twins)
    await send_all(app, twins, [token for _, token in others])
    first = await credit_per_trip(app, [subject for subject, _ in riders])
    second = await credit_per_trip(app, [subject for subject, _ in others])
    assert first == second
    assert await violations() == {}


SEED = """
scenarios:
  - scenario_id: bike-shanghai
    mode: bike
    name: {zh: 上海单车试点, en: Shanghai bikes}
    feed: operator
    city_code: "310000"
    valid_from: 2016-08-01
    valid_until: 2016-08-31
    pending_days: 0
    methodology_code: CQCM-903-V001
    grade: D
    source: test
    versions:
      - version: 1
        valid_from: 2016-08-01
        formula: {kind: per_km, baseline_kg_per_km: 0.104, mode_kg_per_km: 0.0087,
                  factor_set: TEST, grade: D, source: test}
        plausibility: {min_distance_m: 300, max_distance_m: 30000, min_duration_s: 120,
                       max_duration_s: 14400, min_speed_kmh: 4, max_speed_kmh: 30, grade: D, source: test}
        caps: {trips: 4, distance_m: 20000, grade: D, source: test}
        points: {kind: ratio, points: 1.1, kg: 0.120, grade: D, source: test}
"""


@present(SHANGHAI)
async def test_sixty_rides_of_shanghai(app, container, violations):
    async with container.database.write() as session:
        await scenarios.load(session, scenarios.read_seed(SEED))
    app.clock.set(datetime(2016, 9, 1, tzinfo=ZoneInfo("Asia/Shanghai")))
    items = [
        {
            "event_id": row["orderid"],
            "scenario_id": "bike-shanghai",
            "rider": row["userid"],
            "start_time": moment(row["start_time"], "Asia/Shanghai"),
            "end_time": moment(row["end_time"], "Asia/Shanghai"),
            "start": place(row["start_location_y"], row["start_location_x"]),
            "end": place(row["end_location_y"], row["end_location_x"]),
        }
        for row in rows(SHANGHAI)
    ]
    names = sorted({item["rider"] for item in items})
    tokens = {name: (await app.rider(consent=("bike-shanghai",)))[1] for name in names}
    counted = await send_all(app, items, tokens)
    assert counted["accepted"] + counted["rejected"] == len(items) == 60
    assert counted["DURATION_HIGH"] == 1  # 262 minutes for two kilometres
    assert counted["accepted"] > 40
    assert await violations() == {}
