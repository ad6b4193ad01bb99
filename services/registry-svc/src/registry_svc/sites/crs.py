"""The coordinate system of a parcel's outline: as its owner states it, to CGCS2000 lon/lat.

Only CGCS2000 and WGS84 are taken, the latter as it stands (decision 0026). Beijing 1954 and Xian 1980
have no public shift to them, and GCJ-02 and BD-09 are offset by hundreds of metres on purpose.
"""

import re
from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from registry_svc.sites.errors import CrsRefused
from tht_kit.errors import Text

Coordinates = NDArray[np.float64]

WKT_CHARS_MAX = 20_000
CGCS2000, WGS84 = "EPSG:4490", "EPSG:4326"
# The names in use for both datums: EPSG's, those of ESRI's .prj files, and Chinese software's.
_DATUMS = frozenset(
    {
        "china2000",
        "cgcs2000",
        "chinacgcs2000",
        "chinageodeticcoordinatesystem2000",
        "wgs84",
        "wgs1984",
        "worldgeodeticsystem1984",
        "worldgeodeticsystem1984ensemble",
    }
)
_OFFSET = re.compile(
    r"gcj[-_ ]?0?2|bd[-_ ]?0?9(?![0-9])|火星|百度|高德|腾讯|amap|baidu", re.IGNORECASE
)
_EPSG = re.compile(r"(?:EPSG:|urn:ogc:def:crs:EPSG:[0-9.]*:)?([0-9]{4,6})", re.IGNORECASE)
_SHORT = {
    "CGCS2000": CGCS2000,
    "WGS84": WGS84,
    "CRS84": WGS84,
    "URN:OGC:DEF:CRS:OGC:1.3:CRS84": WGS84,
    "URN:OGC:DEF:CRS:OGC::CRS84": WGS84,
}
_WKT = re.compile(r"\s*[A-Z_0-9]+\s*\[", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatedCrs:
    """A coordinate system that can be read, and how its owner named it."""

    name: str
    transformer: pyproj.Transformer | None  # none: longitude and latitude already

    def to_cgcs2000(self, coordinates: Coordinates) -> Coordinates:
        """Return (x, y) rows, east first, as CGCS2000 longitude and latitude in degrees.

        What cannot be transformed becomes infinite. Not for two threads at once.
        """
        if self.transformer is None:
            return coordinates
        try:
            east, north = self.transformer.transform(coordinates[:, 0], coordinates[:, 1])
        except ProjError:
            return np.full_like(coordinates, np.inf)
        return np.column_stack((east, north))


def read_crs(stated: str, *, pointer: str | None = None) -> StatedCrs:
    """Return the coordinate system that a code, a short name or a WKT names.

    Raises CrsRefused saying why it is none we can use.
    """
    text = stated.strip()
    offset = _OFFSET.search(text)
    if offset is not None:
        raise CrsRefused(pointer=pointer, crs=offset.group(), reason=_offset_reason(offset.group()))
    try:
        return _read(text, pointer)
    except (ProjError, ValueError):
        raise CrsRefused(pointer=pointer, crs=text[:100] or "-", reason=_UNKNOWN) from None


def _read(text: str, pointer: str | None) -> StatedCrs:
    """Raises CrsRefused, and what the library raises for a text that makes no sense to it."""
    crs = _parse(text)
    if crs is None:
        raise CrsRefused(pointer=pointer, crs=text[:100] or "-", reason=_UNKNOWN)
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs  # a .prj with TOWGS84: its base counts
    reason = _unusable(crs)
    if reason is not None:
        raise CrsRefused(pointer=pointer, crs=crs.name[:100], reason=reason)
    epsg = crs.to_epsg(min_confidence=90)
    # A WKT may call itself what it likes: only what the authority knows is called by its code.
    name = f"EPSG:{epsg}" if epsg is not None else f"WKT {crs.name[:100]}"
    if not crs.is_projected:
        return StatedCrs(name=name, transformer=None)
    # East before north, whatever order the authority lists the axes in.
    transformer = pyproj.Transformer.from_crs(crs, CGCS2000, always_xy=True)
    return StatedCrs(name=name, transformer=transformer)


def _parse(text: str) -> pyproj.CRS | None:
    code = _EPSG.fullmatch(text)
    if code is not None:
        return pyproj.CRS.from_epsg(int(code.group(1)))
    if text.upper() in _SHORT:
        return pyproj.CRS.from_user_input(_SHORT[text.upper()])
    # Nothing else reaches the library: it would also open files and run pipelines.
    if len(text) <= WKT_CHARS_MAX and _WKT.match(text):
        return pyproj.CRS.from_wkt(text)
    return None


def _unusable(crs: pyproj.CRS) -> Text | None:
    base = crs.geodetic_crs
    is_flat = crs.is_projected or (crs.is_geographic and len(crs.axis_info) == 2)  # noqa: PLR2004
    if not is_flat or base is None or base.datum is None:
        return Text(
            zh="须为二维的经纬度或投影坐标系。",
            en="It must be longitude and latitude, or a map projection, in two dimensions.",
        )
    datum = re.sub(r"[^a-z0-9]", "", base.datum.name.lower().removeprefix("d_"))
    if datum not in _DATUMS:
        return Text(
            zh=f"其大地基准为 {base.datum.name}；到 CGCS2000 的转换参数不公开，平台不作近似转换。"
            "请由测绘单位转换为 CGCS2000 后提交。",
            en=f"Its datum is {base.datum.name}, whose shift to CGCS2000 is not public; no"
            " approximation is made. Have a surveyor convert it to CGCS2000.",
        )
    is_in_degrees = crs.is_projected or crs.axis_info[0].unit_name.lower() == "degree"
    meridian = base.prime_meridian
    if not is_in_degrees or meridian is None or meridian.longitude != 0:
        return Text(
            zh="经纬度须以度为单位，自格林尼治起算。",
            en="Longitude and latitude must be in degrees from Greenwich.",
        )
    return None


_UNKNOWN = Text(zh="无法识别该坐标系。", en="This coordinate system is not known.")


def _offset_reason(name: str) -> Text:
    return Text(
        zh=f"{name} 是加密偏移的坐标（GCJ-02 火星坐标用于高德、腾讯地图，BD-09 用于百度地图），"
        "与实地相差数百米，不能作为地块边界。请用测绘成果，或从原始数据以 CGCS2000 重新导出。",
        en=f"{name} is shifted on purpose (GCJ-02 by Amap and Tencent maps, BD-09 by Baidu maps) by"
        " hundreds of metres: it cannot say where a parcel is. Use the survey's own coordinates, or"
        " export the original data in CGCS2000.",
    )
