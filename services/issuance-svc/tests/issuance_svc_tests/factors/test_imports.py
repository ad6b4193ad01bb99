"""Factors from a YAML file: shown first, then by two persons, all or nothing."""

import asyncio
from decimal import Decimal

import pytest

from issuance_svc.factors import yaml_form
from issuance_svc.factors.errors import FactorFileUnreadable
from issuance_svc_tests.factories import problem
from issuance_svc_tests.factors.test_changes import PATH, decide, officer

# The form of the platform's parameter list: sections by purpose, g the grade.
SECTIONS = """
grid_average_kg_per_kwh:            # footprint only
  CQ: {2022: {v: 0.5227, g: V2}, 2023: {v: 0.5581, g: V1}, 2021: {v: 0.4743, g: M}}
  SW: {2023: {v: 0.2472, g: V1}, 2024: {v: 0.2400, g: V1}}
grid_baseline_t_per_mwh:            # credits only
  CC: {2019: {om: 0.8587, bm: 0.2854, g: V2, includes: [河南, 湖北, 湖南, 江西, 四川, 重庆]}}
  SW: {2024: {om: 0.70, bm: 0.30, g: V2}}
pv_weights: {om: 0.75, bm: 0.25, g: M}
ccer: {notice_wd: 20, cap_pct: 5, g: V1}
cq_offset_rules:
  - {years: "2013-2015", cap_pct: 8, g: V2}
national_offset_rules:
  - {unit: CCER, years: "2025-2026", cap_pct: 5, g: V2}
forestry:
  cf: {v: 0.47, g: V2}
  rsr: {v: 0.25, g: V2}
  k_risk: {v: 0.12, g: V1}
  crediting_years: {v: [20, 40], g: M}
  min_parcel_m2: {v: 400, g: V2}
  min_parcel_m2_start_2019_or_earlier: {v: 667, g: V2}
  max_shrub_removal_pct: {v: 20, g: V2}
  non_forest_years: {v: 3, g: V2}
  sampling_discount: {"<=10": 0, "<=20": 6, "<=30": 11, g: M}
  fire: {comf: 0.45, ch4_g_per_kg: 4.7, n2o_g_per_kg: 0.26, gwp_ch4: 28, gwp_n2o: 265, g: M}
  species: see the table in 3.1, all M
travel_kg_per_pkm: {set: BJ-DB11T3043-2024, baseline: 0.104, bus: 0.052, rail: 0.032, bike: 0.0087, walk: 0, g: V2, note: one author}
travel_flat: {bus_ride_kg: 0.120, bus_ride_points: 1.1, g: V2}
points: {ratio: {points: 1.1, kg: 0.120}, coupon_points: 20, coupon_face_cny: 2, g: V2}
event: {retire_within_years_after_end: 1, forestry_years: 6, g: V2}
"""  # noqa: E501 - as the list is written
PLAIN = """
- {kind: species_wd, subject: 银杏, value: 0.450, unit: t d.m./m3, grade: V2, source: LY/T 示例}
- {kind: grid_baseline_om, region: SW, year: 2024, value: 0.70, unit: tCO2/MWh, grade: V2, valid_from: 2024-01-01}
"""


async def send(api, content, *, by="officer-a", **query):
    given = {"source": "平台因子参数表第一版", "reason": "年度更新"} | query
    headers = officer(by) | {"Content-Type": "application/yaml", "Accept-Language": "en"}
    return await api.post(f"{PATH}/imports", params=given, content=content, headers=headers)


async def every(api, **query):
    answer = await api.get(PATH, params={"limit": 200} | query)
    return answer.json()["items"]


async def test_a_dry_run_shows_each_change_and_stores_nothing(office):
    before = await every(office)
    shown = (await send(office, SECTIONS, dry_run=True)).json()
    assert (shown["new"], shown["changed"], shown["task"]) == (3, 1, None)
    rows = {row["place"]: row for row in shown["rows"]}
    assert (rows["k_risk"]["before"], rows["k_risk"]["value"]) == ("0.10", "0.12")
    assert rows["k_risk"]["pointer"] == "/forestry/k_risk/v"
    assert {name for name, row in rows.items() if row["action"] == "new"} == {
        "grid_average:SW:2024",
        "grid_baseline_om:SW:2024",
        "grid_baseline_bm:SW:2024",
    }
    assert {row["pointer"] for row in shown["elsewhere"]} == {
        "/ccer", "/cq_offset_rules", "/national_offset_rules", "/points", "/event",
        "/forestry/species",
    }  # fmt: skip
    assert await every(office) == before
    assert (await office.get("/v1/issuance-tasks", headers=officer("officer-b"))).json()[
        "items"
    ] == []


async def test_two_persons_import_the_whole_file(office):
    proposed = await send(office, SECTIONS)
    assert proposed.status_code == 202
    task = proposed.json()["task"]
    assert [row["kind"] for row in task["proposal"]["factors"]].count("grid_average") == 1
    assert (await decide(office, task, by="officer-a")).status_code == 403
    assert (await decide(office, task)).status_code == 200
    risk = await every(office, kind="k_risk")
    assert [(row["factor_id"], row["value"]) for row in risk] == [
        ("k_risk:v1", "0.10"),
        ("k_risk:v2", "0.12"),
    ]
    history = await office.get(f"{PATH}/k_risk:v2/history", headers=officer("officer-c"))
    assert [row["task_id"] for row in history.json()["versions"]] == [None, task["task_id"]]
    assert [row["value"] for row in await every(office, kind="grid_baseline_bm", region="SW")] == [
        "0.30"
    ]
    again = (await send(office, SECTIONS)).json()
    assert (again["new"], again["changed"], again["task"]) == (0, 0, None)


async def test_a_plain_list_is_taken_too(office):
    task = (await send(office, PLAIN)).json()["task"]
    assert (await decide(office, task)).status_code == 200
    found = await every(office, kind="species_wd", subject="银杏")
    assert [(row["value"], row["source"]) for row in found] == [("0.450", "LY/T 示例")]
    assert (await every(office, kind="grid_baseline_om", region="SW"))[0]["valid_from"] == (
        "2024-01-01"
    )


async def test_a_value_that_moved_meanwhile_stores_nothing_of_the_file(office):
    task = (await send(office, SECTIONS)).json()["task"]
    change = {
        "kind": "k_risk", "value": "0.15", "unit": "1", "grade": "V1", "source": "x", "reason": "y",
    }  # fmt: skip
    other = await office.post(PATH, json=change, headers=officer("officer-a"))
    assert (await decide(office, other.json())).status_code == 200
    late = await decide(office, task)
    assert (late.status_code, problem(late)) == (409, "factor-moved")
    assert await every(office, kind="grid_baseline_om", region="SW") == []
    open_tasks = (
        await office.get("/v1/issuance-tasks?status=PENDING", headers=officer("officer-b"))
    ).json()["items"]
    assert [found["task_id"] for found in open_tasks] == [task["task_id"]]


async def test_a_change_and_a_file_approved_at_once_give_one_next_version(office):
    change = {
        "kind": "k_risk", "value": "0.15", "unit": "1", "grade": "V1", "source": "x", "reason": "y",
    }  # fmt: skip
    single = (await office.post(PATH, json=change, headers=officer("officer-a"))).json()
    file = (await send(office, SECTIONS)).json()["task"]
    both = await asyncio.gather(
        decide(office, single, by="officer-b"), decide(office, file, by="officer-c")
    )
    assert sorted(answer.status_code for answer in both) == [200, 409]
    assert [problem(answer) for answer in both if answer.status_code == 409] == ["factor-moved"]
    assert [row["version"] for row in await every(office, kind="k_risk")] == [1, 2]


async def test_an_import_warns_of_a_leap(office):
    content = "- {kind: biomass_cf, value: 0.1, unit: tC/t d.m., grade: V2}"
    shown = (await send(office, content, dry_run=True)).json()["rows"][0]
    assert "0.47 tC/t d.m. becomes 0.1 tC/t d.m." in shown["warning"]["en"]
    (proposed,) = (await send(office, content)).json()["task"]["proposal"]["factors"]
    assert (proposed["value_before"], proposed["warning"]["en"]) == ("0.47", shown["warning"]["en"])
    calm = content.replace("0.1,", "0.46,")
    assert (await send(office, calm, dry_run=True)).json()["rows"][0]["warning"] is None


async def test_an_import_does_not_take_the_source_from_a_grade_that_rests_on_one(office):
    row = "- {{kind: biomass_cf, value: 0.46, unit: tC/t d.m., grade: {grade}, source: {source}}}"
    for source in ('""', '"   "', '"IPCC 2006"'):
        short = row.format(grade="V1", source=source)
        refused = await send(office, short, source="参数表")
        assert (refused.status_code, problem(refused)) == (422, "factor-file-refused"), source
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/0/v/source"]
        dry = await send(office, short, source="参数表", dry_run=True)
        assert dry.status_code == 422
    # A blank one is the file's; a grade that rests on no text needs none; an unchanged row changes none.
    for content, source in (
        (row.format(grade="V1", source='"  "'), "IPCC 2006 第四卷第四章"),
        (row.format(grade="V1", source='"IPCC 2006 "'), "x"),
        (row.format(grade="M", source='"x"'), "x"),
        (row.format(grade="V2", source='"x"').replace("0.46", "0.47"), "x"),
    ):
        taken = await send(office, content, source=source, dry_run=True)
        expected = 422 if content.count("IPCC 2006 ") else 202
        assert taken.status_code == expected, content


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        ("grid_averages: {CQ: {2022: {v: 1, g: V1}}}", {"/grid_averages"}),
        ("grid_average_kg_per_kwh: {CQ: {22: {v: 1, g: V1}}}", {"/grid_average_kg_per_kwh/CQ/22"}),
        ("grid_average_kg_per_kwh: {CQ: 0.5}", {"/grid_average_kg_per_kwh/CQ"}),
        ("grid_average_kg_per_kwh: {CQ: {2022: {v: 1e999999999, g: V1}}}", {"/grid_average_kg_per_kwh/CQ/2022/v"}),
        ("pv_weights: {om: nan, bm: 0.25, g: V7}", {"/pv_weights/om", "/pv_weights/g"}),
        ("forestry: {cff: {v: 1, g: V1}}", {"/forestry/cff"}),
        ("forestry: {crediting_years: {v: 20, g: M}}", {"/forestry/crediting_years/v"}),
        ("- {kind: species_wd, subject: [a], value: 1, grade: M}", {"/0"}),
        (f"- {{kind: species_wd, subject: {'a' * 65}, value: 1, grade: M}}", {"/0"}),
        ('- {kind: species_wd, subject: "a\\u202eb", value: 1, grade: M}', {"/0"}),
        ("forestry: {fire: {comfort: 1, g: M}}", {"/forestry/fire/comfort"}),
        ("pv_weights: [1]", {"/pv_weights"}),
        ("- {kind: k_risk, value: 0.1, unit: kg, grade: M}", {"/0/v/unit"}),
        ('- {kind: k_risk, value: -0.1, unit: "1", grade: M}', {"/0/v/value"}),
        ("pv_weights: {om: 75, bm: -0.25, g: M}", {"/pv_weights/om/value", "/pv_weights/bm/value"}),
        ("grid_baseline_t_per_mwh: {SW: {2024: {om: -1, bm: 1, g: M}}}", {"/grid_baseline_t_per_mwh/SW/2024/om/value"}),
        ("- {kind: nothing, value: 0.1, unit: kg, grade: M}", {"/0/v"}),
        ("- {kind: k_risk, value: 0.1, grade: M, colour: red}\n- 3", {"/0/colour", "/1"}),
        ("- {kind: k_risk, value: 0.1, grade: M}\n- {kind: k_risk, value: 0.2, grade: M}", {"/1/v"}),
        ("- {kind: k_risk, value: 0.1, grade: M, valid_from: soon}", {"/0/valid_from"}),
        ("- {kind: grid_average, region: CQ, year: x, value: 1, grade: M}", {"/0/year"}),
    ],
)  # fmt: skip
async def test_every_mistake_is_named_where_it_stands(office, content, pointers):
    answer = await send(office, content)
    assert (answer.status_code, problem(answer)) == (422, "factor-file-refused"), answer.text
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"a: [1", "wrong at"),
        (b"a: &x [1]\nb: *x", "Anchors"),
        (b"[" * 20 + b"]" * 20, "deeply"),
        (b"pv_weights: {om: 1}\npv_weights: {om: 2}", "stands twice"),
        (b"? [a, b]\n: 1", "not a word"),
        (b"just words", "mapping or a list"),
        (b"{}", "no factor"),
        (b"ccer: {g: V1}", "no factor"),
        (b"#" * (512 * 1024 + 1), "512 KiB"),
    ],
)
async def test_what_is_no_factor_file_is_told(office, content, says):
    answer = await send(office, content)
    assert (answer.status_code, problem(answer)) == (422, "factor-file-unreadable")
    assert says in answer.json()["detail"]


def test_every_scalar_is_text():
    found = yaml_form.parse(SECTIONS.encode(), source="x")
    values = {entry.place.name: entry.values.value for entry in found.entries}
    assert str(values["biomass_cf"]) == "0.47"
    assert str(values["travel_flat_ride:bus"]) == "0.120"  # a float would have lost the zero
    assert values["forestry_rule:crediting_years_max"] == Decimal(40)
    assert found.problems == []


def test_species_tables_are_read():
    text = "forestry: {species: {银杏: {wd: 0.45, bef: 1.4, rsr: 0.25, cf: 0.5, g: M}}}"
    found = yaml_form.parse(text.encode(), source="x")
    assert {(entry.place.kind, entry.place.subject) for entry in found.entries} == {
        (f"species_{name}", "银杏") for name in ("wd", "bef", "rsr", "cf")
    }


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    with pytest.raises(FactorFileUnreadable):
        yaml_form.parse("\n".join(lines).encode(), source="x")
