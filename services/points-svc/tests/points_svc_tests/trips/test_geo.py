from math import atan2, cos, isclose, radians, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_svc.trips import geo
from points_svc.trips.geo import Point


@pytest.mark.parametrize(
    ("lat", "lng", "cell"),
    [(57.64911, 10.40744, "u4pruy"), (42.605, -5.603, "ezs42s"), (0.0, 0.0, "s00000")],
)
def test_cells_are_geohashes(lat, lng, cell):
    assert geo.cell(Point(lat, lng)) == cell


def test_a_degree_of_a_great_circle_has_111_195_metres():
    assert geo.distance_m(Point(0, 0), Point(0, 1)) == 111_195
    assert geo.distance_m(Point(29, 106), Point(30, 106)) == 111_195
    assert geo.distance_m(Point(29.5, 106.5), Point(29.5, 106.5)) == 0
    assert geo.distance_m(Point(0, 0), Point(0, 180)) == 20_015_114  # half way round


positions = st.tuples(st.floats(-89, 89), st.floats(-180, 180))


@given(positions, positions)
def test_haversine_agrees_with_the_vector_formula(one, two):
    a, b = _vector(*one), _vector(*two)
    cross = (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
    angle = atan2(sqrt(sum(x * x for x in cross)), sum(x * y for x, y in zip(a, b, strict=True)))
    expected = geo.EARTH_RADIUS_M * angle
    assert abs(geo.distance_m(Point(*one), Point(*two)) - expected) < 1.5


def _vector(lat, lng):
    return (
        cos(radians(lat)) * cos(radians(lng)),
        cos(radians(lat)) * sin(radians(lng)),
        sin(radians(lat)),
    )


# Published pairs of the open converter library eviltransform.
@pytest.mark.parametrize(
    ("gcj", "wgs"),
    [
        ((31.17530398364597, 121.531541859215), (31.1774276, 121.5272106)),  # Shanghai
        ((22.540796131694766, 113.9171764808363), (22.543847, 113.912316)),  # Shenzhen
        ((39.91334545536069, 116.38404722455657), (39.911954, 116.377817)),  # Beijing
    ],
)
def test_gcj02_is_converted_back_to_within_a_decimetre(gcj, wgs):
    found = geo.to_wgs84(gcj[0], gcj[1], "GCJ02")
    assert isclose(found.lat, wgs[0], abs_tol=1e-6)
    assert isclose(found.lng, wgs[1], abs_tol=1e-6)


def test_bd09_goes_through_gcj02():
    found = geo.to_wgs84(39.915, 116.404, "BD09")
    expected = geo.to_wgs84(39.90865673957631, 116.39762729119315, "GCJ02")
    assert isclose(found.lat, expected.lat, abs_tol=1e-9)
    assert isclose(found.lng, expected.lng, abs_tol=1e-9)
    published = Point(29.196131605295484, 120.00877901149691)
    assert geo.distance_m(geo.to_wgs84(29.199786, 120.019809, "BD09"), published) < 15


def test_positions_outside_china_are_the_same_in_gcj02():
    assert geo.to_wgs84(40.73, -74.04, "GCJ02") == Point(40.73, -74.04)
