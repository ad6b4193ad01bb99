"""A factor changes by two persons into its next version; no version is ever edited."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import text

from issuance_svc.factors import seeding
from issuance_svc_tests.factories import BUREAU, OWNER, caller, problem

PATH = "/v1/factors"
SW = {
    "kind": "grid_baseline_om",
    "region": "SW",
    "year": 2024,
    "value": "0.7001",
    "unit": "tCO2/MWh",
    "grade": "V2",
    "source": "2024 年度基准线公告",
    "reason": "西南电网首次公布",
}


def officer(subject: str, org: str | None = None):
    return caller("factors:write", "factors:approve", org=org or BUREAU, subject=subject)


async def propose(api, by="officer-a", **changes):
    body = {name: value for name, value in (SW | changes).items() if value is not None}
    return await api.post(PATH, json=body, headers=officer(by))


async def decide(api, task, by="officer-b", verb="approval", **body):
    path = f"/v1/issuance-tasks/{task['task_id']}/{verb}"
    return await api.post(path, json=body, headers=officer(by))


async def store(api, **changes):
    task = (await propose(api, **changes)).json()
    answer = await decide(api, task)
    assert answer.status_code == 200, answer.text
    return task


async def test_a_factor_needs_two_persons(office):
    proposed = await propose(office)
    assert proposed.status_code == 202
    task = proposed.json()
    assert task["subject"] == "grid_baseline_om:SW:2024"
    gone = await office.get(f"{PATH}/grid_baseline_om:SW:2024:v1")
    assert (gone.status_code, problem(gone)) == (404, "factor-not-found")
    own = await decide(office, task, by="officer-a")
    assert (own.status_code, problem(own)) == (403, "task-own")
    assert (await decide(office, task)).status_code == 200
    found = (await office.get(f"{PATH}/grid_baseline_om:SW:2024:v1")).json()
    assert (found["value"], found["version"], found["grade"]) == ("0.7001", 1, "V2")


async def test_a_new_value_is_the_next_version_and_the_history_is_whole(office):
    await store(office)
    await store(office, value="0.7100", reason="更正公告")
    rejected = (await propose(office, value="0.9")).json()
    assert (await decide(office, rejected, verb="rejection", comment="无来源")).status_code == 200
    path = f"{PATH}/grid_baseline_om:SW:2024:v1/history"
    shown = (await office.get(path, headers=officer("officer-c"))).json()
    assert [(row["version"], row["value"]) for row in shown["versions"]] == [
        (1, "0.7001"),
        (2, "0.7100"),
    ]
    assert {(row["proposed_by"], row["approved_by"]) for row in shown["versions"]} == {
        ("officer-a", "officer-b")
    }
    assert [task["status"] for task in shown["proposals"]] == ["APPROVED", "APPROVED", "REJECTED"]
    used = await look_up(office, kind="grid_baseline_om", region="SW", year=2024)
    assert used.json()["value"] == "0.7100"


async def test_a_packaged_factor_keeps_its_first_version(office):
    await store(
        office, kind="k_risk", region=None, year=None, value="0.12", unit="1", grade="V1", source="正式文本"
    )  # fmt: skip
    shown = await office.get(f"{PATH}/k_risk:v1/history", headers=officer("officer-c"))
    versions = shown.json()["versions"]
    assert [(row["version"], row["value"], row["proposed_by"]) for row in versions] == [
        (1, "0.10", None),
        (2, "0.12", "officer-a"),
    ]


async def look_up(api, purpose="credit", **query):
    return await api.get(f"{PATH}/lookup", params={"purpose": purpose} | query)


@pytest.mark.parametrize(
    ("query", "status", "type_", "names"),
    [
        ({"kind": "grid_baseline_om", "region": "CC", "year": 2019}, 200, None, ()),
        ({"kind": "grid_average", "region": "CQ", "year": 2023, "purpose": "footprint"}, 200, None, ()),
        ({"kind": "grid_average", "region": "CQ", "year": 2023, "purpose": "behaviour"}, 200, None, ()),
        (
            {"kind": "grid_average", "region": "CQ", "year": 2023},
            409, "factor-purpose-refused", ("grid_average", "grid_baseline_om", "credit"),
        ),
        (
            {"kind": "grid_baseline_bm", "region": "CC", "year": 2019, "purpose": "footprint"},
            409, "factor-purpose-refused", ("grid_baseline_bm", "grid_average", "footprint"),
        ),
        (
            {"kind": "grid_baseline_om", "region": "SW", "year": 2024},
            409, "factor-missing", ("grid_baseline_om", "region SW", "year 2024", "POST /v1/factors"),
        ),
        ({"kind": "grid_baseline", "region": "CC"}, 422, "factor-kind-unknown", ("grid_baseline_om",)),
    ],
)  # fmt: skip
async def test_r13_r15_each_kind_serves_its_own_purpose(api, query, status, type_, names):
    answer = await api.get(
        f"{PATH}/lookup", params={"purpose": "credit"} | query, headers={"Accept-Language": "en"}
    )
    assert answer.status_code == status, answer.text
    if type_ is not None:
        assert problem(answer) == type_
        said = f"{answer.json()['detail']} {answer.json()['fix']}"
        assert all(name in said for name in names), said


async def test_a_v3_value_is_kept_for_tests_and_never_used(office):
    await store(office, grade="V3", source="公开仓库")
    used = await look_up(office, kind="grid_baseline_om", region="SW", year=2024)
    assert (used.status_code, problem(used)) == (409, "factor-test-only")


async def test_a_version_is_used_within_its_validity(office):
    await store(office, valid_from="2024-01-01", valid_until="2024-12-31")
    await store(office, value="0.6500", valid_from="2025-01-01")

    async def on(day):
        return await look_up(office, kind="grid_baseline_om", region="SW", year=2024, on=day)

    assert (await on("2024-12-31")).json()["value"] == "0.7001"
    assert (await on("2025-01-01")).json()["value"] == "0.6500"
    before = await on("2023-12-31")
    assert problem(before) == "factor-missing"
    assert "no version is valid on 2023-12-31" in (
        await office.get(
            f"{PATH}/lookup",
            params={
                "purpose": "credit", "kind": "grid_baseline_om", "region": "SW", "year": 2024,
                "on": "2023-12-31",
            },
            headers={"Accept-Language": "en"},
        )
    ).json()["detail"]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "type_", "pointers"),
    [
        ({"region": None, "year": None, "subject": "x"}, 422, "factor-parts-wrong", {"/region", "/year", "/subject"}),
        ({"unit": "kgCO2/kWh"}, 422, "factor-parts-wrong", {"/unit"}),
        ({"valid_from": "2025-01-02", "valid_until": "2025-01-01"}, 422, "factor-parts-wrong", {"/valid_until"}),
        ({"value": "-1"}, 422, "factor-parts-wrong", {"/value"}),
        ({"value": "0"}, 422, "factor-parts-wrong", {"/value"}),
        ({"value": "700.1"}, 422, "factor-parts-wrong", {"/value"}),
        ({"value": "2.000001", "unit": "kg"}, 422, "factor-parts-wrong", {"/unit", "/value"}),
        ({"kind": "grid_basline_om"}, 422, "factor-kind-unknown", None),
        ({"value": 0.7}, 422, "validation-failed", None),
        ({"grade": "V9"}, 422, "validation-failed", None),
        (
            {"region": "CC", "year": 2019, "value": "0.8587",
             "source": "2019年度减排项目中国区域电网基准线排放因子（二手来源）；华中：河南 湖北 湖南 江西 四川 重庆"},
            409, "factor-unchanged", None,
        ),
    ],
)  # fmt: skip
async def test_what_does_not_fit_its_kind_is_refused_whole(
    office, changes, status, type_, pointers
):
    answer = await propose(office, **changes)
    assert answer.status_code == status, answer.text
    if type_ != "validation-failed":
        assert problem(answer) == type_
    if pointers is not None:
        assert {error["pointer"] for error in answer.json()["errors"]} == pointers


@pytest.mark.parametrize(
    ("kind", "inside", "outside", "bounds"),
    [
        ("k_risk", ["0", "1"], ["-0.0001", "1.0001", "12"], "≥ 0, ≤ 1"),
        ("pv_weight_om", ["0", "1"], ["-0.5", "75"], "≥ 0, ≤ 1"),
        ("pv_gap_inflow_max_pct", ["0", "100"], ["-1", "100.01"], "≥ 0, ≤ 100"),
        ("biomass_rsr", ["0.0001", "5"], ["0", "-0.25", "5.1"], "> 0, ≤ 5"),
    ],
)
async def test_a_value_outside_the_bounds_of_its_kind_is_refused_with_them(
    office, kind, inside, outside, bounds
):
    about = {known["kind"]: known for known in (await office.get(f"{PATH}/kinds")).json()}[kind]
    assert about["bounds"] == bounds
    whole = {"kind": kind, "region": None, "year": None, "unit": about["unit"]}
    for value in outside:
        refused = await propose(office, **whole, value=value)
        assert (refused.status_code, problem(refused)) == (422, "factor-parts-wrong")
        assert bounds in refused.json()["errors"][0]["detail"]
    for value in inside:
        await store(office, **whole, value=value)


@pytest.mark.parametrize(
    ("value", "warns"),
    [("2", True), ("1.5001", True), ("1.5", False), ("0.1667", False), ("0.1666", True)],
)
async def test_a_leap_from_the_newest_version_is_shown_to_the_approving_person(
    office, value, warns
):
    first = await store(office, value="0.5")
    assert (first["proposal"]["warning"], first["proposal"]["value_before"]) == (None, None)
    task = await store(office, value=value)
    assert (task["proposal"]["value"], task["proposal"]["value_before"]) == (value, "0.5")
    warning = task["proposal"]["warning"]
    assert (warning is not None) == warns
    if warns:
        assert all(
            "0.5 tCO2/MWh" in text and f"{value} tCO2/MWh" in text for text in warning.values()
        )


def test_every_packaged_factor_lies_within_the_bounds_of_its_kind():
    bounds = seeding.bounds_by_kind()
    assert set(bounds) == {row["kind"] for row in seeding.kind_rows()}
    assert all(known.name for known in bounds.values())
    rows = seeding.factor_rows()
    assert [row for row in rows if not bounds[row["kind"]].hold(row["value"])] == []


async def test_from_and_to_nothing_is_a_leap(office):
    whole = {"kind": "k_risk", "region": None, "year": None, "unit": "1"}
    assert (await store(office, **whole, value="0"))["proposal"]["warning"]
    assert (await store(office, **whole, value="0.1"))["proposal"]["warning"]


async def test_only_the_bureau_changes_factors(office):
    as_owner = officer("owner-x", org=OWNER)
    answer = await office.post(PATH, json=SW, headers=as_owner)
    assert (answer.status_code, problem(answer)) == (409, "organisation-unfit")
    without = caller("factors:approve", subject="officer-a")
    assert (await office.post(PATH, json=SW, headers=without)).status_code == 403
    task = (await propose(office)).json()
    answer = await office.post(
        f"/v1/issuance-tasks/{task['task_id']}/approval", json={}, headers=as_owner
    )
    assert (answer.status_code, problem(answer)) == (409, "organisation-unfit")


async def test_one_proposal_at_a_time_and_two_approvals_store_once(office, database):
    task = (await propose(office)).json()
    again = await propose(office, value="0.8")
    assert (again.status_code, problem(again)) == (409, "task-pending")
    both = await asyncio.gather(
        decide(office, task, by="officer-b"), decide(office, task, by="officer-c")
    )
    assert sorted(answer.status_code for answer in both) == [200, 409]
    async with database.read() as session:
        rows = await session.execute(
            text("SELECT value FROM factors WHERE region = 'SW' AND year = 2024")
        )
        assert [row.value for row in rows] == [Decimal("0.7001")]


async def test_the_kinds_say_what_they_serve(api):
    kinds = {kind["kind"]: kind for kind in (await api.get(f"{PATH}/kinds")).json()}
    assert kinds["grid_average"]["used_for"] == ["footprint", "behaviour"]
    assert kinds["grid_baseline_om"]["used_for"] == ["credit"]
    assert kinds["species_wd"]["parts"] == ["subject"]
    average = set(kinds["grid_average"]["used_for"])
    assert all(
        average.isdisjoint(kind["used_for"])
        for name, kind in kinds.items()
        if name.startswith("grid_baseline")
    )
