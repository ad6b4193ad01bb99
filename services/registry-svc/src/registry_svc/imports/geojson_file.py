"""Reading a GeoJSON FeatureCollection (RFC 7946, and the `crs` member of its forerunner)."""

import json
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from registry_svc.imports.columns import BY_NAME
from registry_svc.imports.csv_file import decode, too_many_positions, too_many_rows
from registry_svc.imports.errors import ImportFileInvalid
from registry_svc.imports.tables import POSITIONS_MAX, ROWS_MAX, Row, Table


def read(content: bytes, wanted: Sequence[str]) -> Table:
    """Return the features as rows, counted from one. Raises ImportFileInvalid."""
    # Every position is an array. Counted before anything is made of them.
    if content.count(b"[") > POSITIONS_MAX:
        raise too_many_positions()
    text, encoding = decode(content)
    try:
        collection = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportFileInvalid(
            f"不是有效的 JSON（{error}）。", f"It is no valid JSON ({error})."
        ) from None
    features = collection.get("features") if isinstance(collection, Mapping) else None
    if not isinstance(features, list) or collection.get("type") != "FeatureCollection":
        raise ImportFileInvalid(
            "不是 GeoJSON 的 FeatureCollection。", "It is no GeoJSON FeatureCollection."
        )
    if len(features) > ROWS_MAX:
        raise too_many_rows()
    rows = [_row(number, feature, wanted) for number, feature in enumerate(features, 1)]
    return Table(format="geojson", encoding=encoding, crs=_crs(collection), rows=rows)


def _row(number: int, feature: Any, wanted: Sequence[str]) -> Row:
    is_feature = isinstance(feature, Mapping) and feature.get("type") == "Feature"
    properties = feature.get("properties") if is_feature else None
    if not isinstance(properties, Mapping):
        raise ImportFileInvalid(
            f"第 {number} 个要素不是带 properties 的 Feature。",
            f"Feature {number} is no Feature with properties.",
        )
    cells: dict[str, Any] = {}
    for name, value in properties.items():
        column = BY_NAME.get(name.strip().lower())
        if column is None or column not in wanted:
            continue
        if column in cells:
            raise ImportFileInvalid(
                f"第 {number} 个要素的 {column} 出现两次。", f"Feature {number} has two {column}."
            )
        # A structure is no cell: as text, the column's reader refuses it.
        cells[column] = reprlib.repr(value) if isinstance(value, dict | list) else value
    return Row(number, cells, geometry=feature.get("geometry"))


def _crs(collection: Mapping[str, Any]) -> str | None:
    """Return what the forerunner's `crs` member names. Raises ImportFileInvalid."""
    stated = collection.get("crs")
    if stated is None:
        return None
    properties = stated.get("properties") if isinstance(stated, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    if not isinstance(name, str):
        raise ImportFileInvalid(
            "crs 成员没有写明坐标系名称（properties.name）。",
            "Its crs member does not name the coordinate system (properties.name).",
        )
    return name
