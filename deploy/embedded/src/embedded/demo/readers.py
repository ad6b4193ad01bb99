"""Readers of input files: from the shapes in which data really comes to what the API takes.

A reader is what an integrator writes in front of our API. It renames and converts, and never mends: a
row that the platform must judge (a ride with no end, a clock that ran backwards) goes through as it is.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from embedded.demo.scenario import Activity, ScenarioError

# Shapes that the platform itself reads.
AS_IT_IS = ("meter_readings", "plot_inventory", "interval_readings")
# Exact by definition: international pound, acre, inch and foot.
KG_PER_POUND = Decimal("0.45359237")
HA_PER_ACRE = Decimal("0.40468564224")
CM_PER_INCH = Decimal("2.54")
M_PER_FOOT = Decimal("0.3048")

TREE_COLUMNS = (
    "site", "plot_no", "stratum", "stratum_area_ha", "measured_on", "tree_no", "species", "status",
    "dbh_cm", "height_m", "agb_kg", "trees_per_ha", "plot_area_m2",
)  # fmt: skip
# Of the US forest inventory: plots that were sampled, as forest or not, and what became of a tree.
FIA_FOREST, FIA_SAMPLED = "1", ("1", "2")
FIA_STATUS = {"0": "removed", "1": "live", "2": "dead", "3": "removed"}


def read_upload(activity: Activity, folder: Path) -> bytes:
    """Return the CSV to upload for an activity. Raises ScenarioError for a format nobody knows."""
    if activity.format in AS_IT_IS:
        return (folder / activity.file).read_bytes()
    reader = _UPLOAD_READERS.get(activity.format)
    if reader is None:
        known = ", ".join([*AS_IT_IS, *_UPLOAD_READERS])
        raise ScenarioError(
            f"the format {activity.format} of {activity.file} is not one of {known}"
        )
    return reader(folder / activity.file, activity.options)


def _fia(path: Path, options: dict[str, str]) -> bytes:
    """Turn tree lists of the US forest inventory into a tree inventory.

    Inches, feet, pounds and trees per acre become metric. DRYBIO_AG is the tree's measured biomass.
    A visit counts where the plot was sampled (status 1 forest, 2 not forest); a plot where it was
    visited twice, once as forest. Plot numbers repeat across counties: the county goes before them.
    A tree keeps its subplot and number over the visits.
    """
    visits = _fia_visits(path.parent / options["plots"])
    trees: dict[str, list[dict[str, str]]] = defaultdict(list)
    for tree in _rows(path):
        trees[tree["PLT_CN"]].append(tree)
    rows: list[tuple[str, ...]] = []
    for visit in visits:
        day = "-".join(f"{int(visit[part]):02}" for part in ("MEASYEAR", "MEASMON", "MEASDAY"))
        place = (visit["COUNTYCD"], visit["PLOT"], "S1", options["area_ha"], day)
        found = trees.get(visit["CN"], [])
        rows += [(*place, *_fia_tree(tree), options["plot_area_m2"]) for tree in found]
        if not found:
            rows.append((*place, "", "", "empty", "", "", "", "", options["plot_area_m2"]))
    return _table(TREE_COLUMNS, rows)


def _fia_visits(path: Path) -> list[dict[str, str]]:
    sampled: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    # The file repeats some of its records; a visit has one number.
    for visit in {row["CN"]: row for row in _rows(path)}.values():
        if visit["PLOT_STATUS_CD"] in FIA_SAMPLED:
            sampled[visit["COUNTYCD"], visit["PLOT"]].append(visit)
    return [
        visit
        for visits in sampled.values()
        if len(visits) > 1 and any(found["PLOT_STATUS_CD"] == FIA_FOREST for found in visits)
        for visit in visits
    ]


def _fia_tree(tree: dict[str, str]) -> tuple[str, ...]:
    status = FIA_STATUS[tree["STATUSCD"]]
    return (
        f"{tree['SUBP']}-{tree['TREE']}",
        tree["SPCD"],
        status,
        _scaled(tree["DIA"], CM_PER_INCH),
        _scaled(tree["HT"], M_PER_FOOT),
        _scaled(tree["DRYBIO_AG"], KG_PER_POUND) if status == "live" else "",
        _scaled(tree["TPA_UNADJ"], 1 / HA_PER_ACRE) if status == "live" else "",
    )


def _scaled(cell: str, factor: Decimal) -> str:
    """Return the cell in the other unit, to the sixth place that an upload takes."""
    return f"{Decimal(cell) * factor:.6f}" if cell else ""


_UPLOAD_READERS: dict[str, Callable[[Path, dict[str, str]], bytes]] = {
    "fia": _fia,
}

_TRIP_COLUMNS = {
    "id": "order_no",
    "started_at": "started_at",
    "ended_at": "ended_at",
    "distance_m": "distance_m",
    "start_lat": "start_lat",
    "start_lng": "start_lng",
    "end_lat": "end_lat",
    "end_lng": "end_lng",
}


def read_trips(
    activity: Activity, folder: Path, rider_column: str | None
) -> Iterator[dict[str, Any]]:
    """Yield one item per row, as the trips API takes it but for `subject`; `rider` names the row's own.

    `options` rename the columns; times without a zone are read in `options.timezone`.
    """
    if activity.format != "bike_trips":
        raise ScenarioError(f"the format {activity.format} of {activity.file} is not bike_trips")
    columns = {**_TRIP_COLUMNS, **activity.options}
    zone = ZoneInfo(columns.get("timezone", "Asia/Shanghai"))
    for row in _rows(folder / activity.file):
        item: dict[str, Any] = {
            "event_id": row[columns["id"]],
            "trip_id": row[columns["id"]],
            "rider": row[rider_column] if rider_column else None,
            "start_time": _moment(row[columns["started_at"]], zone),
            "end_time": _moment(row[columns["ended_at"]], zone),
        }
        if distance_m := row.get(columns["distance_m"]):
            item["distance_m"] = int(distance_m)
        else:
            item["start"] = _place(row, columns, "start")
            item["end"] = _place(row, columns, "end")
        yield {name: value for name, value in item.items() if value is not None}


def _moment(text: str, zone: ZoneInfo) -> str | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def _place(row: dict[str, str], columns: dict[str, str], side: str) -> dict[str, str] | None:
    lat, lng = row[columns[f"{side}_lat"]], row[columns[f"{side}_lng"]]
    return {"lat": lat, "lng": lng, "crs": "WGS84"} if lat and lng else None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()
