"""R13 to R21 through the API: each row a worked number or a refusal that names what is wrong."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from issuance_svc_tests.factories import (
    FOREST_ID,
    PV_ID,
    Desk,
    as_owner,
    forest_project,
    meter_csv,
    plot_csv,
    pv_project,
)
from tht_contracts.events.registry import Parcel

YEAR = {"period_start": "2025-01-01", "period_end": "2025-12-31"}
FIVE = {"period_start": "2021-01-01", "period_end": "2025-12-31"}
TREES = "plot_no,stratum,stratum_area_ha,measured_on,tree_no,species,status,dbh_cm,plot_area_m2\n"


@dataclass(frozen=True)
class Case:
    """A project as it is registered, a file, and what the calculation has to say."""

    content: str
    kind: str
    project: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    calculated: str | None = None
    issuable_t: int | None = None
    more: dict[str, Any] = field(default_factory=dict)
    refused: str | None = None
    says: tuple[str, ...] = ()


def trees(before: int, after: int, *, species: str = "马尾松", dbh: str = "12") -> str:
    """Two hectare plots with so many trees of one size at the two dates."""
    rows = [
        f"{plot},S1,1,{day},{number},{species},live,{dbh},10000"
        for plot in ("P1", "P2")
        for day, count in (("2021-01-01", before), ("2025-12-31", after))
        for number in range(count)
    ]
    return TREES + "\n".join(rows) + "\n"


def biomass(before: str, after: str, area_ha: str) -> str:
    return plot_csv(before, after, column="agb_t_per_ha", area_ha=area_ha)


CASES = {
    "R13": Case(meter_csv(), "meter_readings", calculated="849.8655", issuable_t=849),
    "R14": Case(
        meter_csv(calibration="missing"),
        "meter_readings",
        calculated="845.5303275",
        issuable_t=845,
    ),
    "R15": Case(
        meter_csv(),
        "meter_readings",
        project={"baseline_grid": "SW", "baseline_factor_year": 2024},
        refused="factor-missing",
        says=(
            "kind grid_baseline_om region SW year 2024",
            "kind grid_baseline_bm region SW year 2024",
            "POST /v1/factors",
        ),
    ),
    "R15 the neighbour's year": Case(
        meter_csv(),
        "meter_readings",
        project={"baseline_grid": "CC", "baseline_factor_year": 2024},
        refused="factor-missing",
        says=("region CC year 2024",),
    ),
    "R16": Case(
        plot_csv(), "plot_inventory", calculated="2519.7294144", issuable_t=2519,
        more={"deducted": "279.9699", "buffer_t": 0},
    ),
    "R16 with a buffer": Case(
        plot_csv(), "plot_inventory", project={"methodology_code": "CQCM-904-V001"},
        calculated="2799.699349", issuable_t=2799, more={"buffer_t": 280, "deducted": "0"},
    ),
    "R17": Case(
        biomass("60", "85", "40"), "plot_inventory", body={"baseline_t": "120"},
        calculated="1830.75", issuable_t=1830,
    ),
    # 75.244 kg of CO2 a tree, forty more of them on one hectare, K_RISK a tenth: 2.7088 t.
    "R18": Case(trees(1, 41), "tree_inventory", calculated="2.7088", issuable_t=2),
    "R18 a species without parameters": Case(
        trees(1, 2, species="银杏"), "tree_inventory",
        refused="factor-missing", says=("kind species_wd subject 银杏", "kind species_cf subject 银杏"),
    ),
    "R19 more than the registered area": Case(
        plot_csv(), "plot_inventory",
        project={"parcels": [Parcel(parcel_no="JY-01", area_m2="999999")]},
        refused="activity-data-contradict", says=("100 ha", "99.9999 ha"),
    ),
    "R20 uptake of 24.455 t per mu and year": Case(
        biomass("0", "851.431335", "100"), "plot_inventory",
        more={"flags": ["uptake-over-bound"]}, issuable_t=165071,
    ),
    "R20 a loss": Case(
        plot_csv("45", "20"), "plot_inventory", calculated="0", issuable_t=0,
        more={"loss": "2799.699349", "deducted": "0"},
    ),
    "R20 a fire": Case(
        biomass("60", "85", "40"), "plot_inventory",
        body={
            "fire_occurred": True,
            "fires": [{"stratum": "S1", "area_ha": "5", "occurred_on": "2023-04-05"}],
        },
        # 2,154.1667 less 0.001 * 5 * 60 * 0.45 * 200.5 = 27.0675, times 0.9
        calculated="1914.38925", issuable_t=1914,
    ),
    "a fire half told": Case(
        plot_csv(), "plot_inventory", body={"fire_occurred": True},
        refused="activity-data-incomplete", says=("`fires`",),
    ),
    "shrubs without the region's forest biomass": Case(
        plot_csv(), "plot_inventory",
        body={
            "shrubs": [
                {"stratum": "S1", "area_ha": "5", "cover_before": "0", "cover_after": "0.5"}
            ]
        },
        refused="factor-missing", says=("kind forest_biomass region CQ",),
    ),
    "a leap year end in one night": Case(
        plot_csv(days=("2020-12-31", "2026-01-01")), "plot_inventory", issuable_t=2519,
    ),
}  # fmt: skip


async def computed(desk: Desk, deliver, case: Case):
    is_pv = case.kind == "meter_readings"
    project = pv_project if is_pv else forest_project
    await deliver(project(version=9, **case.project))
    project_id = PV_ID if is_pv else FOREST_ID
    upload = await desk.uploaded(case.content, project_id=project_id, kind=case.kind)
    body = (YEAR if is_pv else FIVE) | {"project_id": project_id, "upload_ids": [upload]}
    headers = as_owner() | {"Accept-Language": "en"}
    return await desk.api.post("/v1/calculations", json=body | case.body, headers=headers)


@pytest.mark.parametrize("name", CASES)
async def test_worked_numbers(desk, deliver, name):
    case = CASES[name]
    answer = await computed(desk, deliver, case)
    shown = answer.json()
    if case.refused is not None:
        assert (answer.status_code, shown["type"]) == (409, f"/problems/{case.refused}"), shown
        told = f"{shown['detail']} {shown['fix']}"
        assert all(part in told for part in case.says), told
        return
    assert answer.status_code == 200, shown
    if case.calculated is not None:
        places = Decimal(case.calculated)
        assert Decimal(shown["calculated"]).quantize(places) == places
    assert shown["issuable_t"] == case.issuable_t
    assert sum(share["quantity_t"] for share in shown["vintages"]) == shown["calculated_t"]
    for field_name, expected in case.more.items():
        if field_name == "flags":
            assert [flag["code"] for flag in shown["flags"]] == expected
        elif isinstance(expected, int):
            assert shown[field_name] == expected
        else:
            value = Decimal(shown[field_name])
            assert value.quantize(Decimal(expected)) == Decimal(expected)


async def test_r20_a_loss_is_stored_with_nothing_to_issue(desk, deliver):
    await deliver(forest_project())
    report = await desk.reported(plot_csv("45", "20"), project_id=FOREST_ID, **FIVE)
    assert (report["calculated_t"], report["calculated"]) == (0, "0")
    shown = await desk.api.get(f"/v1/reports/{report['report_id']}", headers=as_owner())
    assert Decimal(shown.json()["loss"]).quantize(Decimal("0.01")) == Decimal("2799.70")
    again = await desk.api.get(
        f"/v1/reports/{report['report_id']}/recomputation", headers=as_owner()
    )
    assert again.json()["identical"] is True
