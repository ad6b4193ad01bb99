"""Positions: datum conversion, great-circle distance, geohash cells.

Positions enter here and do not leave: a trip keeps its distance and two geohash-6 cells (about
1.2 km by 0.6 km), never a coordinate (docs/decisions/0018).
"""

from dataclasses import dataclass
from math import asin, atan2, cos, floor, pi, radians, sin, sqrt
from typing import Literal

Crs = Literal["WGS84", "GCJ02", "BD09"]

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG
CELL_CHARS = 6

# GCJ-02 lies on the Krasovsky ellipsoid; inside this box only.
_KRASOVSKY_A_M = 6_378_245.0
_KRASOVSKY_E2 = 0.006_693_421_622_965_943
_CHINA_LAT = (0.8293, 55.8271)
_CHINA_LNG = (72.004, 137.8347)
_INVERSE_STEPS = 6
_BD_PI = pi * 3000.0 / 180.0
_BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Point:
    """A WGS-84 position in degrees."""

    lat: float
    lng: float


def to_wgs84(lat: float, lng: float, crs: Crs) -> Point:
    """Return the position in WGS-84, whatever datum it was given in."""
    if crs == "BD09":
        lat, lng = _bd09_to_gcj02(lat, lng)
    if crs in ("BD09", "GCJ02"):
        lat, lng = _gcj02_to_wgs84(lat, lng)
    return Point(lat, lng)


def distance_m(start: Point, end: Point) -> int:
    """Return the great-circle distance (haversine), in whole metres rounded down."""
    lat1, lat2 = radians(start.lat), radians(end.lat)
    half_lat = sin((lat2 - lat1) / 2)
    half_lng = sin(radians(end.lng - start.lng) / 2)
    chord = half_lat**2 + cos(lat1) * cos(lat2) * half_lng**2
    return floor(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord))))


def cell(point: Point) -> str:
    """Return the geohash of six characters."""
    south, north, west, east = -90.0, 90.0, -180.0, 180.0
    bits = 0
    for bit in range(CELL_CHARS * 5):
        if bit % 2 == 0:
            middle = (west + east) / 2
            above = point.lng >= middle
            west, east = (middle, east) if above else (west, middle)
        else:
            middle = (south + north) / 2
            above = point.lat >= middle
            south, north = (middle, north) if above else (south, middle)
        bits = bits << 1 | above
    return "".join(_BASE32[bits >> (5 * place) & 31] for place in range(CELL_CHARS - 1, -1, -1))


def _in_china(lat: float, lng: float) -> bool:
    return _CHINA_LAT[0] <= lat <= _CHINA_LAT[1] and _CHINA_LNG[0] <= lng <= _CHINA_LNG[1]


def _gcj02_to_wgs84(lat: float, lng: float) -> tuple[float, float]:
    """Invert the shift by fixed-point steps: it is defined in the other direction only."""
    if not _in_china(lat, lng):
        return lat, lng
    guess_lat, guess_lng = lat, lng
    for _ in range(_INVERSE_STEPS):
        shift_lat, shift_lng = _gcj02_shift(guess_lat, guess_lng)
        guess_lat, guess_lng = lat - shift_lat, lng - shift_lng
    return guess_lat, guess_lng


def _gcj02_shift(lat: float, lng: float) -> tuple[float, float]:
    x, y = lng - 105.0, lat - 35.0
    waves = 20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (waves + 20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (waves + 20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    magic = 1.0 - _KRASOVSKY_E2 * sin(radians(lat)) ** 2
    metres_per_degree_lat = (
        _KRASOVSKY_A_M * (1.0 - _KRASOVSKY_E2) / (magic * sqrt(magic)) * pi / 180
    )
    metres_per_degree_lng = _KRASOVSKY_A_M / sqrt(magic) * cos(radians(lat)) * pi / 180
    return north / metres_per_degree_lat, east / metres_per_degree_lng


def _bd09_to_gcj02(lat: float, lng: float) -> tuple[float, float]:
    x, y = lng - 0.0065, lat - 0.006
    z = sqrt(x * x + y * y) - 0.00002 * sin(y * _BD_PI)
    theta = atan2(y, x) - 0.000003 * cos(x * _BD_PI)
    return z * sin(theta), z * cos(theta)
