"""A citizen's own trips."""

from datetime import timedelta

from points_svc_tests.factories import CITY_APP, MOBILITY, at, bike, caller
from tht_kit.ids import new_id

DAY = at("2026-07-10 06:00")


async def test_pages_show_every_trip_once_newest_day_first(app):
    subject, token = await app.rider()
    rides = [bike(token, DAY + timedelta(hours=7 * n), 1000, 10) for n in range(7)]
    await app.send(*rides)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await app.api.get(
            f"/v1/citizens/{subject}/trips",
            params=query,
            headers=caller(CITY_APP, "citizens:read"),
        )
        page = answer.json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert {item["trip_id"] for item in seen} == {ride["event_id"] for ride in rides}
    assert len(seen) == 7
    assert [item["day"] for item in seen] == sorted((item["day"] for item in seen), reverse=True)


async def test_a_trip_shows_how_it_was_counted(app):
    subject, token = await app.rider()
    receipt = (await app.verdict(bike(token, DAY, 3200)))["receipt"]
    headers = caller(CITY_APP, "citizens:read")
    found = (await app.api.get(f"/v1/citizens/{subject}/trips/{receipt}", headers=headers)).json()
    assert (found["version"], found["day"], found["credited_g"]) == ("bike@1", "2026-07-10", 304)
    assert (found["distance_m"], found["start_time"]) == (3200, "2026-07-09T22:00:00Z")


async def test_somebody_elses_trip_is_not_found(app):
    _, token = await app.rider()
    receipt = (await app.verdict(bike(token, DAY, 3200)))["receipt"]
    other, _ = await app.rider()
    headers = caller(CITY_APP, "citizens:read")
    for path in (f"/v1/citizens/{other}/trips/{receipt}", f"/v1/citizens/{other}/trips/{new_id()}"):
        answer = await app.api.get(path, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/trip-not-found")
    headers = caller(MOBILITY, "trips:write")
    answer = await app.api.get(f"/v1/citizens/{other}/trips", headers=headers)
    assert answer.status_code == 403


async def test_a_partner_sees_only_the_trips_it_sent_and_the_citizens_app_all(app):
    subject, token = await app.rider()
    other = await app.linked(subject, "metro-partner")
    mine = (await app.verdict(bike(token, DAY, 3200)))["receipt"]
    sent = bike(other, DAY + timedelta(hours=3), 3200)
    theirs = (await app.verdict(sent, partner="metro-partner"))["receipt"]

    async def get(path, partner, who):
        headers = caller(partner, "citizens:read")
        return await app.api.get(f"/v1/citizens/{who}/trips{path}", headers=headers)

    for partner, who, own, foreign in (
        (MOBILITY, token, mine, theirs),
        ("metro-partner", other, theirs, mine),
    ):
        listed = (await get("", partner, who)).json()["items"]
        assert [trip["receipt"] for trip in listed] == [own]
        for path in ("", "/trace"):
            assert (await get(f"/{own}{path}", partner, who)).status_code == 200
            answer = await get(f"/{foreign}{path}", partner, who)
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/trip-not-found")
    assert {trip["receipt"] for trip in await app.trips(subject)} == {mine, theirs}
    for receipt in (mine, theirs):
        for path in ("", "/trace"):
            assert (await get(f"/{receipt}{path}", CITY_APP, subject)).status_code == 200
