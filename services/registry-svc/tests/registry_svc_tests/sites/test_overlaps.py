"""Overlaps (R7, R9): what is refused, what a border may leave, who wins at once."""

import asyncio
import math
import random
import re
from itertools import pairwise

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_svc.sites.crs import read_crs
from registry_svc.sites.outlines import read_outline
from registry_svc.sites.overlaps import PLACES, places, shared_m2
from registry_svc_tests.factories import caller, forest_project, parcel
from registry_svc_tests.sites.shapes import (
    PRJ_ZONE_36,
    gauss_krueger,
    polygon,
    rectangle,
    rectangle_m2,
    ring,
)

EAST, NORTH, WIDE, HIGH = 107.0, 29.8, 0.004, 0.003
CGCS2000 = read_crs("EPSG:4490")


def drawn(geometry, area_m2, *, crs="EPSG:4490", **changes):
    outline = {"geometry": geometry, "crs": crs}
    return parcel(area_m2=f"{area_m2:.2f}", outline=outline, **changes)


def field(east=EAST, north=NORTH, wide=WIDE, high=HIGH, **changes):
    """A parcel that is a rectangle, declared with its true area."""
    area_m2 = rectangle_m2(north, wide, high)
    return drawn(rectangle(east, north, wide, high), area_m2, **changes)


def forest(register, *parcels, **changes):
    return forest_project(register.author, parcels=list(parcels), **changes)


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def shared(error):
    """The area that a refusal names, m²."""
    [area_m2] = re.findall(r"重叠 ([0-9.]+) 平方米", error["detail"])
    return float(area_m2)


async def test_an_overlap_names_parcel_project_and_area(register, api):
    first = await register.draft(forest(register, field(parcel_no="FIRST-1"), name="先申报的造林"))
    answer = await register.file(
        forest(register, field(north=29.9), field(east=EAST + 0.003, parcel_no="SECOND-1"))
    )
    assert refusal(answer) == (409, "parcels-overlap")
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/parcels/1/outline"
    area_m2 = rectangle_m2(NORTH, 0.001, HIGH)  # 0.001° of the two is shared
    assert shared(error) == pytest.approx(area_m2, abs=0.2)
    for part in ("FIRST-1", "先申报的造林", first):
        assert part in error["detail"]
    in_english = await register.api.post(
        "/v1/projects",
        json=forest(register, field(east=EAST + 0.003)),
        headers=caller("projects:write", org=register.owner) | {"Accept-Language": "en"},
    )
    assert "It overlaps the parcel FIRST-1 of the project" in in_english.text


@pytest.mark.parametrize(("shared_m2_wanted", "status"), [(0.0, 201), (0.9, 201), (1.1, 409)])
async def test_a_sliver_of_a_square_metre_is_an_uneven_border(register, shared_m2_wanted, status):
    await register.draft(forest(register, field()))
    sliver = shared_m2_wanted / rectangle_m2(NORTH, 1, HIGH)  # degrees of longitude
    answer = await register.file(forest(register, field(east=EAST + WIDE - sliver)))
    assert answer.status_code == status, answer.text
    if status == 409:
        assert shared(answer.json()["errors"][0]) == pytest.approx(1.1, abs=0.05)


async def test_slivers_with_several_parcels_of_one_project_add_up(register):
    narrow = 0.6 / rectangle_m2(NORTH, 1, HIGH / 3)
    thirds = [field(north=NORTH + i * HIGH / 3, high=HIGH / 3) for i in range(3)]
    await register.draft(forest(register, *thirds))
    answer = await register.file(forest(register, field(east=EAST + WIDE - narrow)))
    assert refusal(answer) == (409, "parcels-overlap")
    assert "and 2 more" in (await in_english(register, field(east=EAST + WIDE - narrow)))


async def in_english(register, *parcels):
    headers = caller("projects:write", org=register.owner) | {"Accept-Language": "en"}
    answer = await register.api.post(
        "/v1/projects", json=forest(register, *parcels), headers=headers
    )
    return answer.json()["errors"][0]["detail"]


async def test_parcels_of_one_project_may_not_overlap_either(register):
    answer = await register.file(
        forest(register, field(parcel_no="OWN-1"), field(east=EAST + 0.001, parcel_no="OWN-2"))
    )
    assert refusal(answer) == (409, "parcels-overlap")
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/parcels/1/outline"
    assert "本项目地块 OWN-1" in error["detail"]


async def test_the_same_land_in_another_coordinate_system_is_the_same_land(register):
    await register.draft(forest(register, field()))
    corners = [
        gauss_krueger(east, north, meridian=108, false_east=36_500_000)
        for east, north in ring(EAST, NORTH, WIDE, HIGH)
    ]
    again = drawn(
        polygon([list(corner) for corner in corners]),
        rectangle_m2(NORTH, WIDE, HIGH),
        crs=PRJ_ZONE_36,
    )
    assert refusal(await register.file(forest(register, again))) == (409, "parcels-overlap")


async def test_a_parcel_in_the_hole_of_another_does_not_overlap(register):
    hole = ring(EAST + 0.001, NORTH + 0.001, 0.001, 0.001)
    area_m2 = rectangle_m2(NORTH, WIDE, HIGH) - rectangle_m2(NORTH + 0.001, 0.001, 0.001)
    around = drawn(polygon(ring(EAST, NORTH, WIDE, HIGH), hole), area_m2)
    await register.draft(forest(register, around))
    inside = field(EAST + 0.001, NORTH + 0.001, 0.001, 0.001)
    assert (await register.file(forest(register, inside))).status_code == 201
    assert refusal(await register.file(forest(register, field()))) == (409, "parcels-overlap")


async def test_land_given_back_is_free_and_land_of_a_deregistered_project_never(register, database):
    recalled = await register.draft(forest(register, field()))
    assert (await register.recall(recalled)).status_code == 200
    kept = await register.draft(forest(register, field()))
    async with database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "UPDATE projects SET status = 'DEREGISTERED', project_no = 1, version = 9,"
            " deregistered_on = '2026-07-17', deregistration_ground = 'owner_gone'"
            f" WHERE project_id = '{kept}'"
        )
    answer = await register.file(forest(register, field(east=EAST + 0.001)))
    assert refusal(answer) == (409, "site-barred")
    assert "永久不得再登记" in answer.json()["errors"][0]["detail"]


async def test_of_projects_that_draw_the_same_land_at_once_one_is_filed(register):
    # Each is a little aside of the others: only their outlines meet, no number does.
    bodies = [forest(register, field(east=EAST + i * 0.0001)) for i in range(12)]
    answers = await asyncio.gather(*map(register.file, bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert {refusal(answer) for answer in answers if answer.status_code == 409} == {
        (409, "parcels-overlap")
    }


async def test_of_many_parcels_in_opposite_orders_at_once_none_deadlocks(register):
    # Far apart, so that several places are locked; both orders, so that a circle could form.
    spots = [(105.6, 28.9), (107.3, 29.9), (108.8, 31.2), (109.9, 30.4)]
    bodies = []
    for i in range(10):
        parcels = [field(east + i * 0.0001, north) for east, north in spots]
        bodies.append(forest(register, *(parcels if i % 2 else parcels[::-1])))
    answers = await asyncio.gather(*map(register.file, bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_accepted_agrees_with_comparing_everything_with_everything(register, seed):
    chosen = random.Random(seed)
    accepted: list[tuple[int, int, int, int]] = []
    for _ in range(40):
        # Corners on a grid of 0.0005°: shared land is either a border or some 2,600 m².
        x, y = chosen.randrange(40), chosen.randrange(40)
        wide, high = chosen.randrange(1, 8), chosen.randrange(1, 8)
        meets = any(
            x < x2 + wide2 and x2 < x + wide and y < y2 + high2 and y2 < y + high
            for x2, y2, wide2, high2 in accepted
        )
        answer = await register.file(
            forest(
                register,
                field(105.9 + x * 5e-4, 29.1 + y * 5e-4, wide * 5e-4, high * 5e-4),
            )
        )
        assert answer.status_code == (409 if meets else 201), answer.text
        if not meets:
            accepted.append((x, y, wide, high))
    assert 5 < len(accepted) < 35  # both happened


convex = st.lists(
    st.floats(0, 2 * math.pi, exclude_max=True), min_size=3, max_size=9, unique=True
).map(sorted)


def _on_circle(angles, east, north):
    points = [
        [round(east + 0.002 * math.cos(turn), 9), round(north + 0.002 * math.sin(turn), 9)]
        for turn in angles
    ]
    return [*points, points[0]]


def _clipped(subject, clip):
    """The part of one convex ring inside another (Sutherland and Hodgman), counter-clockwise."""
    kept = subject[:-1]
    for (ax, ay), (bx, by) in pairwise(clip):

        def side(point, ax=ax, ay=ay, bx=bx, by=by):
            return (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)

        result = []
        for start, end in zip(kept, [*kept[1:], *kept[:1]], strict=True):
            inside, next_inside = side(start) >= 0, side(end) >= 0
            if inside:
                result.append(start)
            if inside != next_inside:
                share = side(start) / (side(start) - side(end))
                result.append([s + share * (e - s) for s, e in zip(start, end, strict=True)])
        kept = result
    return kept


def _flat_m2(points, north):
    """The shoelace area in degrees, times the ellipsoid's scale there."""
    around = zip(points, [*points[1:], *points[:1]], strict=True)
    east, lowest = (points[0][0], points[0][1]) if points else (0, 0)
    double = sum(
        (x1 - east) * (y2 - lowest) - (x2 - east) * (y1 - lowest) for (x1, y1), (x2, y2) in around
    )
    return abs(double) / 2 * rectangle_m2(north - 5e-5, 1e-4, 1e-4) / 1e-8


@settings(deadline=None)
@given(convex, convex, st.floats(-0.004, 0.004), st.floats(-0.004, 0.004))
def test_a_shared_area_agrees_with_clipping_by_hand(first, second, east, north):
    rings = [_on_circle(first, 106.5, 29.5), _on_circle(second, 106.5 + east, 29.5 + north)]
    if any(not shapely.is_valid(shapely.Polygon(found)) for found in rings):
        return  # points that nearly coincide
    if any(shapely.Polygon(found).area * 1e10 < 10 for found in rings):
        return
    ours, theirs = (read_outline(polygon(found), CGCS2000) for found in rings)
    [area_m2] = shared_m2([shapely.from_wkb(ours.wkb)], [theirs.wkb])
    # The scale of the middle is right to a part in a thousand, 400 m around it.
    assert area_m2 == pytest.approx(_flat_m2(_clipped(*rings), 29.5), rel=2e-3, abs=0.05)


@settings(deadline=None)
@given(st.floats(73, 135), st.floats(4, 53), st.floats(0, 1.2), st.floats(0, 1.2), st.data())
def test_outlines_that_share_a_point_share_a_place(east, north, wide, high, data):
    x = data.draw(st.floats(east, east + wide))
    y = data.draw(st.floats(north, north + high))
    ours = places([(east, north, east + wide, north + high)])
    assert set(places([(x, y, x + 0.3, y + 0.3)])) & set(ours)
    assert ours == sorted(set(ours))
    assert 0 <= ours[0] <= ours[-1] < PLACES


def test_a_whole_country_locks_no_more_than_the_table_holds():
    assert len(places([(73.0, 3.0, 135.5, 54.0)])) <= PLACES
