"""Outlines: coordinate systems, areas by formulas of our own, and every way to be wrong."""

import math
from decimal import Decimal

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_svc.sites.crs import read_crs
from registry_svc.sites.errors import CrsRefused
from registry_svc.sites.outlines import VERTICES_MAX, OutlineWrong, read_outline
from registry_svc_tests.sites.shapes import (
    PRJ_GEOGRAPHIC,
    PRJ_ZONE_36,
    gauss_krueger,
    polygon,
    rectangle,
    rectangle_m2,
    ring,
)

CGCS2000 = read_crs("EPSG:4490")


def wrong(geometry, crs=CGCS2000):
    with pytest.raises(OutlineWrong) as caught:
        read_outline(geometry, crs)
    return caught.value.text


def test_the_closed_formula_is_right_for_the_whole_ellipsoid():
    # GRS 80 and CGCS2000 agree to a millimetre; its surface is 510,065,621.7 km² (Moritz 2000).
    assert rectangle_m2(-90, 360, 180) / 1e6 == pytest.approx(510_065_621.7, abs=0.5)


@pytest.mark.parametrize(
    ("east", "north", "wide", "high"),
    [
        (106.5, 29.5, 0.01, 0.01),  # 107.48 ha beside Chongqing
        (106.5, 29.5, 0.0002, 0.0002),  # 430 m²
        (108.0, 31.0, 0.1, 0.002),
        (123.0, 53.0, 0.05, 0.05),  # the far north
        (110.0, 18.5, 0.01, 0.3),
    ],
)
def test_an_area_is_that_of_the_ellipsoid(east, north, wide, high):
    outline = read_outline(rectangle(east, north, wide, high), CGCS2000)
    expected = rectangle_m2(north, wide, high)
    assert float(outline.area_m2) == pytest.approx(expected, rel=1e-8, abs=0.01)


def test_a_known_square_has_its_worked_area():
    # By hand, at its middle latitude 29.505°: the radius along the meridian is 6,350,901.56 m, that
    # of the parallel 5,555,485.99 m; times the square of 0.01° (1.745329e-4): 1,074,761.68 m².
    outline = read_outline(rectangle(106.5, 29.5, 0.01, 0.01), CGCS2000)
    assert outline.area_m2 == Decimal("1074761.68")
    assert outline.bounds == (106.5, 29.5, 106.51, 29.51)


def test_a_hole_is_taken_off_and_each_part_of_several_is_measured():
    hole = ring(106.504, 29.504, 0.002, 0.002)
    with_hole = read_outline(polygon(ring(106.5, 29.5, 0.01, 0.01), hole), CGCS2000)
    expected = rectangle_m2(29.5, 0.01, 0.01) - rectangle_m2(29.504, 0.002, 0.002)
    assert float(with_hole.area_m2) == pytest.approx(expected, abs=0.01)
    parts = {
        "type": "MultiPolygon",
        "coordinates": [[ring(106.5, 29.5, 0.01, 0.01)], [ring(106.6, 29.5, 0.001, 0.001)]],
    }
    several = read_outline(parts, CGCS2000)
    smaller = rectangle_m2(29.5, 0.001, 0.001)
    assert float(several.smallest_part_m2) == pytest.approx(smaller, abs=0.01)
    whole = rectangle_m2(29.5, 0.01, 0.01) + smaller
    assert float(several.area_m2) == pytest.approx(whole, abs=0.02)


def test_any_ring_order_is_taken_and_kept_as_rfc_7946_wants_it():
    shell, hole = ring(106.5, 29.5, 0.01, 0.01), ring(106.504, 29.504, 0.002, 0.002)
    kept = {
        read_outline(polygon(first, second), CGCS2000).wkb
        for first in (shell, shell[::-1])
        for second in (hole, hole[::-1])
    }
    shapes = [shapely.from_wkb(wkb) for wkb in kept]
    assert all(shape.exterior.is_ccw and not shape.interiors[0].is_ccw for shape in shapes)
    assert len({shape.normalize().wkb for shape in shapes}) == 1


@pytest.mark.parametrize(
    "stated",
    ["EPSG:4490", "CGCS2000", "urn:ogc:def:crs:EPSG::4490", "4490", PRJ_GEOGRAPHIC],
)
def test_cgcs2000_has_several_names(stated):
    assert read_crs(stated).name == "EPSG:4490"


@pytest.mark.parametrize("stated", ["EPSG:4326", "WGS84", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_wgs84_is_taken_as_it_stands(stated):
    outline = read_outline(rectangle(106.5, 29.5, 0.01, 0.01), read_crs(stated))
    assert (outline.crs, outline.bounds) == ("EPSG:4326", (106.5, 29.5, 106.51, 29.51))


def test_a_wkt_that_calls_itself_a_code_is_not_called_by_it():
    forged = PRJ_ZONE_36.replace("CGCS2000_3_Degree_GK_Zone_36", "EPSG:4524")
    assert read_crs(forged.replace("108.0", "108.5")).name == "WKT EPSG:4524"
    wild = read_crs(PRJ_ZONE_36.replace("108.0", "1e308"))
    assert "带号" in wrong(rectangle(36_360_000, 3_280_000, 100, 100), wild).zh


def in_zone(geometry, meridian, false_east):
    return polygon(
        *(
            [
                list(gauss_krueger(east, north, meridian=meridian, false_east=false_east))
                for east, north in positions
            ]
            for positions in geometry["coordinates"]
        )
    )


@pytest.mark.parametrize(
    ("stated", "meridian", "false_east"),
    [
        ("EPSG:4524", 108, 36_500_000),  # 3-degree zone 36
        (PRJ_ZONE_36, 108, 36_500_000),
        ("EPSG:4545", 108, 500_000),  # the same without the zone's number
        ("EPSG:4523", 105, 35_500_000),  # zone 35
        ("EPSG:4496", 105, 18_500_000),  # 6-degree zone 18
    ],
)
def test_a_gauss_krueger_outline_comes_back_to_its_degrees(stated, meridian, false_east):
    drawn = rectangle(106.55, 29.55, 0.004, 0.003)
    outline = read_outline(in_zone(drawn, meridian, false_east), read_crs(stated))
    # Axes: the authority lists north first, a file gives east first. Swapped, this would be off
    # by thousands of kilometres.
    assert outline.bounds == pytest.approx((106.55, 29.55, 106.554, 29.553), abs=3e-8)
    assert float(outline.area_m2) == pytest.approx(rectangle_m2(29.55, 0.004, 0.003), rel=2e-5)


def test_a_straight_line_of_a_map_stays_straight():
    # Two parcels of one map share a border of 2 km; one of them has a corner in its middle.
    # Between far corners alone the border would bow by 4 cm: 27 m² of both.
    crs, east, north = read_crs("EPSG:4524"), 36_360_000.0, 3_280_000.0
    upper = polygon(ring(east, north, 2_000, 300))
    lower = polygon(
        [
            [east, north],
            [east + 1_000, north],
            [east + 2_000, north],
            [east + 2_000, north - 300],
            [east, north - 300],
            [east, north],
        ]
    )
    first, second = (shapely.from_wkb(read_outline(found, crs).wkb) for found in (upper, lower))
    shared_square_degrees = shapely.intersection(first, second).area
    assert shared_square_degrees * 111_000**2 < 0.5


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ("GCJ-02", "GCJ-02"),
        ("gcj02", "火星"),
        ("BD-09", "百度"),
        ("bd09ll", "百度"),
        ('GEOGCS["GCS_GCJ_02",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.25]]]', "GCJ"),
        ("高德坐标", "CGCS2000"),
        ("EPSG:4214", "Beijing 1954"),
        ("EPSG:2334", "Xian 1980"),
        ("EPSG:4269", "North American"),
        ("EPSG:4979", "二维"),
        ("EPSG:99999", "无法识别"),
        ("重庆独立坐标系", "无法识别"),
        ("+proj=longlat", "无法识别"),
        ("/etc/passwd", "无法识别"),
        ("PROJCS[broken", "无法识别"),
        ("PROJCS[" * 2_800, "无法识别"),
        (PRJ_ZONE_36.replace("Gauss_Kruger", "Some_Projection"), "无法识别"),
        (PRJ_ZONE_36.replace('UNIT["Meter",1.0]', 'UNIT["Meter",0]'), "无法识别"),
        ("", "无法识别"),
    ],
)
def test_a_coordinate_system_that_cannot_be_used_is_refused_by_name(stated, says):
    with pytest.raises(CrsRefused) as caught:
        read_crs(stated)
    refused = caught.value
    assert says in refused.detail.render("zh", refused.params)


SQUARE = ring(106.5, 29.5, 0.01, 0.01)


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        (polygon([[106, 29], [107, 30], [107, 29], [106, 30], [106, 29]]), "自相交"),
        (polygon(SQUARE[:-1]), "环未闭合"),
        (polygon(SQUARE[:3]), "至少 4 个点"),
        (polygon(SQUARE, ring(107, 29, 0.01, 0.01)), "孔洞在外环之外"),
        (polygon(SQUARE, ring(106.502, 29.502, 0.006, 0.006), ring(106.503, 29.503, 0.001, 0.001)),
         "孔洞套孔洞"),
        (polygon([[106.5, 29.5], [106.6, 29.5], [106.5, 29.5], [106.5, 29.5]]), "环退化为线"),
        (polygon([[106.5, 29.5], [math.nan, 29.5], [106.5, 29.6], [106.5, 29.5]]), "nan"),
        (polygon([[106.5, 29.5], [106.6, math.inf], [106.5, 29.6], [106.5, 29.5]]), "inf"),
        (polygon([[106.5, 29.5], [10**400, 29.5], [106.5, 29.6], [106.5, 29.5]]), "有限数"),
        (polygon([[106.5, "29.5"], [106.6, 29.5], [106.5, 29.6], [106.5, 29.5]]), "29.5"),
        (polygon([[True, 29.5], [106.6, 29.5], [106.5, 29.6], [True, 29.5]]), "True"),
        (polygon([[106.5], [106.6], [106.5], [106.5]]), "106.5"),
        (polygon([29.5, 106.5]), "至少 4 个点"),
        (polygon(), "coordinates 为空"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "coordinates 为空"),
        ({"type": "MultiPolygon", "coordinates": SQUARE}, "至少 4 个点"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [ring(106.505, 29.5, 0.01, 0.01)]]},
         "自相交"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [ring(106.503, 29.503, 0.001, 0.001)]]},
         "一个面在另一个面之内"),
        (polygon(SQUARE, *[ring(106.505, 29.505, 0.001, 0.001)] * 1000), "超过 1000 个环"),
        ({"type": "Point", "coordinates": [106.5, 29.5]}, "Point"),
        ({"type": "GeometryCollection", "geometries": []}, "GeometryCollection"),
        (None, "None"),
        (rectangle(29.5, 106.5, 0.01, 0.01), "颠倒"),
        (rectangle(36_360_000, 3_280_000, 100, 100), "投影坐标"),
        (rectangle(-71.5, 41.5, 0.01, 0.01), "不在中国境内"),
        (rectangle(0, 0, 0.01, 0.01), "不在中国境内"),
    ],
)  # fmt: skip
def test_each_wrong_outline_is_refused_in_words(geometry, says):
    text = wrong(geometry)
    assert says in text.zh
    assert text.en


def test_a_projected_outline_in_the_wrong_zone_or_order_is_outside_china():
    crs = read_crs("EPSG:4524")
    for geometry in (
        rectangle(360_000, 3_280_000, 100, 100),  # the zone's number left out
        rectangle(3_280_000, 36_360_000, 100, 100),  # north first
    ):
        assert "带号" in wrong(geometry, crs).zh


def test_an_outline_has_so_many_positions_and_no_more():
    def circle(positions):
        turn = 2 * math.pi / (positions - 1)
        points = [
            [106.5 + 0.01 * math.cos(turn * i), 29.5 + 0.01 * math.sin(turn * i)]
            for i in range(positions - 1)
        ]
        return polygon([*points, points[0]])

    assert read_outline(circle(VERTICES_MAX), CGCS2000).area_m2 > 0
    assert str(VERTICES_MAX + 1) in wrong(circle(VERTICES_MAX + 1)).zh


@settings(deadline=None)
@given(
    st.floats(100, 120),
    st.floats(20, 45),
    st.lists(st.floats(0.2, 1.0), min_size=3, max_size=30),
)
def test_a_star_shaped_outline_measures_the_sum_of_its_triangles(east, north, radii):
    # Any star around its centre is valid, and its area is the sum of the fan's triangles.
    turn = 2 * math.pi / len(radii)
    points = [
        [
            round(east + 0.003 * radius * math.cos(turn * i), 9),
            round(north + 0.003 * radius * math.sin(turn * i), 9),
        ]
        for i, radius in enumerate(radii)
    ]
    centre = [round(east, 9), round(north, 9)]
    outline = read_outline(polygon([*points, points[0]]), CGCS2000)
    fan = sum(
        read_outline(polygon([centre, first, second, centre]), CGCS2000).area_m2
        for first, second in zip(points, [*points[1:], points[0]], strict=True)
    )
    assert float(outline.area_m2) == pytest.approx(float(fan), abs=0.1)
