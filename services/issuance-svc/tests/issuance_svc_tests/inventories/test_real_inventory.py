"""The US forest inventory of Rhode Island, read in place: every odd row named, computed, refused.

The file is never copied: THT_SHARED_DATA names its folder, else ../shared/data beside the checkout.
"""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from embedded.demo.readers import read_upload
from embedded.demo.scenario import Activity
from issuance_svc_tests.factories import FOREST_ID, Desk, as_owner, forest_project, problem
from tht_contracts.events.registry import Parcel

DATA = Path(os.environ.get("THT_SHARED_DATA", Path(__file__).parents[5] / "../shared/data"))
FOREST = DATA / "forest"
AREA_HA = "1000"
PERIOD = {
    "project_id": FOREST_ID,
    "period_start": "2004-01-01",
    "period_end": "2019-12-31",
    "inventory_design": "panels",
}

pytestmark = pytest.mark.skipif(not FOREST.is_dir(), reason="the real files are not here")


@pytest.fixture
async def forest(desk, deliver) -> Desk:
    await deliver(
        forest_project(
            crediting_start=date(2013, 3, 1),
            crediting_end=date(2043, 2, 28),
            parcels=[Parcel(parcel_no="RI-01", area_m2="10000000")],
        )
    )
    return desk


@pytest.fixture
async def uploaded(forest) -> dict[str, Any]:
    activity = Activity(
        file=Path("fia_RI_TREE_cols.csv"),
        format="fia",
        options={"plots": "fia_RI_PLOT_cols.csv", "plot_area_m2": "672", "area_ha": AREA_HA},
    )
    content = read_upload(activity, FOREST)
    answer = await forest.upload(content, project_id=FOREST_ID, kind="tree_inventory")
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_every_odd_row_is_named_and_counted(uploaded, api):
    """220 shrink, 54 change species, 328 die: the counts of the file's own description."""
    found = uploaded["summary"]
    assert (found["plots"], found["visits"]) == (125, 304)
    assert (found["first_day"], found["last_day"]) == ("2004-07-26", "2019-03-19")
    assert {name: count for name, count in found.items() if name.startswith("remarks_")} == {
        "remarks_diameter-missing": 12,
        "remarks_dies": 328,
        "remarks_height-missing": 743,
        "remarks_is-removed": 145,
        "remarks_not-found-again": 93,
        "remarks_shrinks": 220,
        "remarks_species-changes": 54,
    }
    path = f"/v1/uploads/{uploaded['upload_id']}/remarks"
    seen, cursor = [], ""
    while cursor is not None:
        query = {"code": "species-changes", "limit": 50} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(path, params=query, headers=as_owner())).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert len({(item["row"], item["plot_no"], item["tree_no"]) for item in seen}) == 54
    assert all(item["row"] > 1 and item["text"]["zh"] and item["text"]["en"] for item in seen)


async def test_it_ends_in_a_full_calculation_and_no_serial(forest, uploaded):
    body = PERIOD | {"upload_ids": [uploaded["upload_id"]]}
    draft = await forest.api.post("/v1/calculations", json=body, headers=as_owner())
    assert draft.status_code == 200, draft.text
    shown = draft.json()
    assert (shown["issuable_t"], shown["calculated_t"], shown["eligible"]) == (0, 0, None)
    reasons = {refusal["type"]: refusal["en"] for refusal in shown["refusals"]}
    assert list(reasons) == ["period-not-eligible", "sampling-refused"]
    assert "2004-01-01" in reasons["period-not-eligible"]
    assert "39.19 %" in reasons["sampling-refused"]
    gross, error = shown["tree"]["operands"]
    assert (gross["symbol"], Decimal(gross["value"]).quantize(Decimal("0.01"))) == (
        "gross",
        Decimal("22154.60"),
    )
    assert Decimal(error["value"]).quantize(Decimal("0.01")) == Decimal("39.19")
    change = gross["operands"][0]
    plots = change["operands"][0]["operands"]
    assert len([part for part in plots if part["type"] == "step"]) == 125
    factors = shown["inputs"]["factors"]
    assert (factors["CF"]["value"], factors["RSR"]["value"]) == ("0.47", "0.25")
    assert [flag["code"] for flag in shown["flags"]] == ["inventory-panels"]


async def test_a_report_of_it_is_refused_and_claims_nothing(forest, uploaded, count_rows):
    report = await forest.report(**PERIOD, upload_ids=[uploaded["upload_id"]])
    assert (report.status_code, problem(report)) == (409, "period-not-eligible")
    assert await count_rows("reports") == 0
