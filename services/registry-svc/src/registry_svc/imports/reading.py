"""From the bytes of a file to what a project may hold: pure, all problems at once."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import shapely
from shapely.errors import ShapelyError

from registry_svc.imports import csv_file, geojson_file, shapefile_zip
from registry_svc.imports.columns import NUMBER_COLUMN, PARCEL_COLUMNS, READ, CellWrong, Kind
from registry_svc.imports.errors import ImportFileInvalid, ImportRefused
from registry_svc.imports.tables import GEOMETRY, Problems, Row, Table
from registry_svc.sites.crs import StatedCrs, read_crs
from registry_svc.sites.outlines import OutlineWrong, read_outline
from registry_svc.sites.rules import ParcelConditions, ParcelPlan, parcel_problems
from tht_kit.errors import Text

CSV, GEOJSON, ZIP = "text/csv", "application/geo+json", "application/zip"
_POLYGON = re.compile(r"\s*(MULTI)?POLYGON\b", re.IGNORECASE)
Read = Callable[[bytes, Sequence[str]], Table]
READERS: Mapping[Kind, Mapping[str, Read]] = {
    Kind.PARCELS: {
        GEOJSON: geojson_file.read,
        "application/json": geojson_file.read,
        ZIP: shapefile_zip.read,
        "application/x-zip-compressed": shapefile_zip.read,
        CSV: csv_file.read,
    },
    Kind.METERS: {CSV: csv_file.read},
    Kind.VEHICLES: {CSV: csv_file.read},
}


@dataclass(frozen=True, slots=True)
class Brought:
    """What a file brings, and the row each thing stands in."""

    kind: Kind
    format: str
    encoding: str | None
    sha256: str
    rows: Sequence[int]
    parcels: Sequence[ParcelPlan] = ()
    numbers: Sequence[str] = ()  # of meters or vehicles
    crs: str | None = None

    @property
    def area_m2(self) -> Decimal | None:
        """The computed area of all parcels, m²."""
        if self.kind is not Kind.PARCELS:
            return None
        return sum((found.outline.area_m2 for found in self.parcels if found.outline), Decimal(0))


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as it was read; what is wrong with its rows is told once the draft is known."""

    brought: Brought
    parcels: Sequence[tuple[int, ParcelPlan]]
    problems: Problems


def parse(content: bytes, kind: Kind, media_type: str, crs: str | None) -> Parsed:
    """Read the file, whatever draft it is for: the long part.

    Raises ImportFileInvalid for the file as a whole, CrsRefused.
    """
    wanted = [NUMBER_COLUMN[kind]]
    if kind is Kind.PARCELS:
        wanted = [*PARCEL_COLUMNS, *([GEOMETRY] if media_type == CSV else [])]
    table = READERS[kind][media_type](content, wanted)
    if not table.rows:
        raise ImportFileInvalid("文件没有任何一行数据。", "There is no row of data in it.")
    problems = Problems()
    cells = [_cells(row, kind, problems) for row in table.rows]
    _refuse_repeated(table.rows, cells, kind, problems)
    parcels: list[tuple[int, ParcelPlan]] = []
    stated = None
    if kind is Kind.PARCELS:
        stated = _stated(crs, table.crs)
        for row, found in zip(table.rows, cells, strict=True):
            parcels += _parcel(row, found, stated, problems)
    brought = Brought(
        kind=kind,
        format=table.format,
        encoding=table.encoding,
        sha256=hashlib.sha256(content).hexdigest(),
        rows=[row.number for row in table.rows],
        parcels=[parcel for _, parcel in parcels],
        numbers=[]
        if kind is Kind.PARCELS
        else [str(found.get(NUMBER_COLUMN[kind])) for found in cells],
        crs=stated.name if stated is not None else None,
    )
    return Parsed(brought, parcels, problems)


def judge(parsed: Parsed, conditions: ParcelConditions) -> Brought:
    """Return what the file brings to a draft of the conditions; raises ImportRefused naming rows."""
    problems = parsed.problems
    for row_no, parcel in parsed.parcels:
        for problem in parcel_problems("", parcel, conditions):
            column = problem.pointer.removeprefix("/").replace("outline", GEOMETRY)
            problems.add(row_no, column, problem.detail)
    if problems.count:
        raise ImportRefused(count=problems.count, shown=len(problems.shown), errors=problems.shown)
    return parsed.brought


def _cells(row: Row, kind: Kind, problems: Problems) -> dict[str, Any]:
    """Return the values of a row's good cells."""
    columns = PARCEL_COLUMNS if kind is Kind.PARCELS else (NUMBER_COLUMN[kind],)
    values = {}
    for column in columns:
        try:
            values[column] = READ[column](row.cells.get(column))
        except CellWrong as wrong:
            problems.add(row.number, column, wrong.text)
    return values


def _refuse_repeated(
    rows: Sequence[Row], cells: Sequence[Mapping[str, Any]], kind: Kind, problems: Problems
) -> None:
    column = NUMBER_COLUMN[kind]
    first: dict[str, int] = {}
    for row, found in zip(rows, cells, strict=True):
        number = found.get(column)
        if number is None:
            continue
        if number in first:
            text = Text(
                zh=f"{number} 在第 {first[number]} 行已出现；请只留一行。",
                en=f"{number} is in row {first[number]} already: keep one of them.",
            )
            problems.add(row.number, column, text)
        first.setdefault(number, row.number)


def _stated(asked: str | None, in_file: str | None) -> StatedCrs:
    """Return the coordinate system of the file. Raises CrsRefused, ImportFileInvalid."""
    if asked is None and in_file is None:
        raise ImportFileInvalid(
            "未注明坐标系；请在查询参数 crs 中注明，如 crs=EPSG:4490（CGCS2000 经纬度）。",
            "No coordinate system is stated: add it to the query, such as crs=EPSG:4490 (CGCS2000"
            " longitude and latitude).",
        )
    stated = [read_crs(text) for text in (in_file, asked) if text is not None]
    if len({found.name for found in stated}) > 1:
        raise ImportFileInvalid(
            f"文件写明的坐标系是 {stated[0].name}，查询参数 crs 是 {stated[1].name}；请改成一致。",
            f"The file says {stated[0].name} and the query {stated[1].name}: make them agree.",
        )
    return stated[0]


def _parcel(
    row: Row,
    found: Mapping[str, Any],
    stated: StatedCrs,
    problems: Problems,
) -> list[tuple[int, ParcelPlan]]:
    """Return the row's parcel with its row if it could be read."""
    try:
        outline = read_outline(_geojson(row.geometry), stated)
    except OutlineWrong as wrong:
        problems.add(row.number, GEOMETRY, wrong.text)
        return []
    if len(found) < len(PARCEL_COLUMNS):
        return []
    return [(row.number, ParcelPlan(**found, outline=outline))]


def _geojson(geometry: Any) -> Any:
    """Return the geometry as GeoJSON; CSV holds it as WKT. Raises OutlineWrong."""
    if geometry is None or geometry == "":
        raise OutlineWrong("没有边界；请填写。", "There is no outline: draw it.")
    if not isinstance(geometry, str):
        return geometry
    # Polygons nest to a known depth; the library reads anything else however deep, until it dies.
    if not _POLYGON.match(geometry):
        raise _no_wkt(geometry[:40])
    try:
        shape = shapely.from_wkt(geometry)
    except ShapelyError as error:
        raise _no_wkt(str(error)[:100]) from None
    return shapely.geometry.mapping(shape) if not shape.is_empty else {"type": shape.geom_type}


def _no_wkt(found: str) -> OutlineWrong:
    return OutlineWrong(
        f"不是有效的 WKT（{found}）；请写成 POLYGON ((经度 纬度, …))，环首尾相同。",
        f"It is no valid WKT ({found}): write POLYGON ((longitude latitude, …)), each ring ending"
        " where it starts.",
    )
