"""What the tests of sites draw, and areas and map coordinates by formulas of their own."""

import math
from typing import Any

# CGCS2000, GB/T 28584.
A_M, FLATTENING = 6_378_137.0, 1 / 298.257222101
E2 = FLATTENING * (2 - FLATTENING)
B_M = A_M * (1 - FLATTENING)

Ring = list[list[float]]


def ring(east: float, north: float, wide: float, high: float) -> Ring:
    return [
        [east, north],
        [east + wide, north],
        [east + wide, north + high],
        [east, north + high],
        [east, north],
    ]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def rectangle(east: float, north: float, wide: float, high: float) -> dict[str, Any]:
    return polygon(ring(east, north, wide, high))


def rectangle_m2(north: float, wide: float, high: float) -> float:
    """The area between two meridians and two parallels, m²: the closed formula (Snyder 3-12)."""
    return math.radians(wide) * (_zone(north + high) - _zone(north))


def _zone(latitude: float) -> float:
    sine, e = math.sin(math.radians(latitude)), math.sqrt(E2)
    return B_M**2 / 2 * (sine / (1 - E2 * sine**2) + math.atanh(e * sine) / e)


def gauss_krueger(
    longitude: float, latitude: float, *, meridian: float, false_east: float
) -> tuple[float, float]:
    """East and north by the textbook series (高斯投影正算), good to a millimetre in a 3° zone."""
    phi, difference = math.radians(latitude), math.radians(longitude - meridian)
    second = E2 / (1 - E2)
    eta2, t, cosine = second * math.cos(phi) ** 2, math.tan(phi), math.cos(phi)
    radius = A_M / math.sqrt(1 - E2 * math.sin(phi) ** 2)
    m = difference * cosine
    north = _meridian_arc(phi) + radius * t * (
        m**2 / 2
        + (5 - t**2 + 9 * eta2 + 4 * eta2**2) * m**4 / 24
        + (61 - 58 * t**2 + t**4) * m**6 / 720
    )
    east = radius * (
        m
        + (1 - t**2 + eta2) * m**3 / 6
        + (5 - 18 * t**2 + t**4 + 14 * eta2 - 58 * t**2 * eta2) * m**5 / 120
    )
    return false_east + east, north


def _meridian_arc(phi: float) -> float:
    """The length of the meridian from the equator, m, by Simpson's rule."""
    steps = 2000
    width = phi / steps

    def radius(at: float) -> float:
        return float(A_M * (1 - E2) / (1 - E2 * math.sin(at) ** 2) ** 1.5)

    total = radius(0) + radius(phi)
    total += sum((4 if step % 2 else 2) * radius(step * width) for step in range(1, steps))
    return total * width / 3


# As ESRI software writes it beside a Shapefile.
PRJ_ZONE_36 = (
    'PROJCS["CGCS2000_3_Degree_GK_Zone_36",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
    'PARAMETER["False_Easting",36500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",108.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)
PRJ_GEOGRAPHIC = (
    'GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]]'
)
