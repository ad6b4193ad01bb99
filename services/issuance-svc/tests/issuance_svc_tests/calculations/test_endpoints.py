"""Dry runs, explanations, recomputation and the impact of a factor, through the API."""

import json
from decimal import Decimal

import pytest
from sqlalchemy import text

from issuance_svc.methodologies import catalogue
from issuance_svc_tests.factories import (
    FOREST_ID,
    VERIFIER,
    as_officer,
    as_owner,
    caller,
    forest_project,
    plot_csv,
    problem,
)
from issuance_svc_tests.factors.test_changes import officer

PERIOD = {"project_id": FOREST_ID, "period_start": "2021-01-01", "period_end": "2025-12-31"}


@pytest.fixture
async def forest(desk, deliver):
    await deliver(forest_project())
    return desk


async def compute(desk, **body):
    return await desk.api.post("/v1/calculations", json=PERIOD | body, headers=as_owner())


async def inventory(desk, content: str) -> str:
    return await desk.uploaded(content, project_id=FOREST_ID, kind="plot_inventory")


def spread(*afters: str, days=("2021-01-01", "2025-12-31")) -> str:
    """Plots with 20 t/ha at first and so much at last."""
    lines = ["plot_no,stratum,measured_on,plot_area_m2,stratum_area_ha,agb_t_per_ha"]
    for number, after in enumerate(afters):
        lines.append(f"P{number},S1,{days[0]},600,100,20")
        lines.append(f"P{number},S1,{days[1]},600,100,{after}")
    return "\n".join(lines) + "\n"


async def test_a_dry_run_gives_what_a_report_would_and_stores_nothing(forest, count_rows):
    upload = await inventory(forest, plot_csv())
    draft = await compute(forest, upload_ids=[upload])
    assert draft.status_code == 200, draft.text
    shown = draft.json()
    assert (shown["issuable_t"], shown["calculated_t"], shown["refusals"]) == (2519, 2519, [])
    assert shown["eligible"] == {"start": "2021-01-01", "end": "2025-12-31"}
    assert await count_rows("reports") == 0
    report = await forest.reported(**PERIOD, upload_ids=[upload])
    assert report["calculated"] == shown["calculated"]
    told = await forest.api.get(
        f"/v1/reports/{report['report_id']}/calculation", headers=as_owner()
    )
    assert told.json()["tree"] == shown["tree"]


async def test_r6_a_period_out_of_time_is_computed_in_full_and_refused_in_words(forest):
    upload = await inventory(forest, plot_csv(days=("2016-03-01", "2019-12-31")))
    period = {"period_start": "2016-03-01", "period_end": "2019-12-31", "upload_ids": [upload]}
    shown = (await compute(forest, **period)).json()
    assert (shown["issuable_t"], shown["eligible"]) == (0, None)
    assert [refusal["type"] for refusal in shown["refusals"]] == ["period-not-eligible"]
    assert shown["calculated_t"] == 2519
    assert shown["tree"]["operands"]
    report = await forest.report(**(PERIOD | period))
    assert problem(report) == "period-not-eligible"


async def test_r6_and_the_sampling_rule_are_shown_together(forest):
    content = spread("36", "40", "44", days=("2016-03-01", "2019-12-31"))
    upload = await inventory(forest, content)
    period = {"period_start": "2016-03-01", "period_end": "2019-12-31", "upload_ids": [upload]}
    shown = (await compute(forest, **period)).json()
    assert [refusal["type"] for refusal in shown["refusals"]] == [
        "period-not-eligible",
        "sampling-refused",
    ]
    assert (shown["issuable_t"], shown["calculated_t"]) == (0, 0)
    assert "33.72" in shown["refusals"][1]["zh"]
    assert json.dumps(shown["tree"]).count("dC_PROJ") >= 1


async def test_the_sampling_rule_stops_a_report_but_not_its_calculation(forest):
    upload = await inventory(forest, spread("36", "40", "44"))
    answer = await forest.report(**PERIOD, upload_ids=[upload])
    assert answer.status_code == 409
    assert "33.72" in answer.json()["detail"]
    shown = (await compute(forest, upload_ids=[upload])).json()
    assert (shown["issuable_t"], shown["refusals"][0]["type"]) == (0, "sampling-refused")


async def test_only_the_owner_computes_its_project(forest):
    stranger = caller("reports:write", org="91500000MATHT00540", subject="x")
    answer = await forest.api.post("/v1/calculations", json=PERIOD, headers=stranger)
    assert answer.status_code == 403
    nobody = await forest.api.post("/v1/calculations", json=PERIOD)
    assert nobody.status_code == 401


async def recomputed(desk, report_id: str):
    answer = await desk.api.get(f"/v1/reports/{report_id}/recomputation", headers=as_owner())
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_r21_a_report_is_recomputed_to_the_digit(forest):
    report = await forest.reported(
        **PERIOD, upload_ids=[await inventory(forest, spread("38.123", "40.7", "41.31"))]
    )
    found = await recomputed(forest, report["report_id"])
    assert (found["identical"], found["differences"]) == (True, [])
    assert found["values_compared"] > 30


async def test_r21_a_version_1_report_is_recomputed_under_version_1(forest, monkeypatch):
    upload = await inventory(forest, plot_csv())
    with monkeypatch.context() as then:
        then.setattr(catalogue, "current", lambda code: catalogue.version(code, "1"))
        report = await forest.reported(**PERIOD, upload_ids=[upload])
    assert report["formula_version"] == "1"
    found = await recomputed(forest, report["report_id"])
    assert (found["formula_version"], found["current_formula_version"]) == ("1", "2")
    assert found["identical"] is True


async def test_r21_what_was_changed_by_hand_is_found_and_named(forest, database):
    report = await forest.reported(**PERIOD, upload_ids=[await inventory(forest, plot_csv())])
    async with database.write() as session:
        await session.execute(
            text(
                "UPDATE reports SET calculated_t = calculated_t - 1, verified_t = NULL,"
                " calculation = jsonb_set(calculation, '{operands,0,value}', '\"9\"')"
            )
        )
    found = await recomputed(forest, report["report_id"])
    assert found["identical"] is False
    told = {each["pointer"]: (each["stored"], each["recomputed"]) for each in found["differences"]}
    assert told["/calculated_t"] == ("2518", "2519")
    assert told["/tree/operands/0/value"][0] == "9"
    assert told["/tree/operands/0/value"][1].startswith("2519.729")


def _count(node) -> int:
    return 1 + sum(_count(part) for part in node.get("operands", []))


async def explained(desk, report_id: str, **headers):
    answer = await desk.api.get(
        f"/v1/reports/{report_id}/explanation", headers=headers or as_owner()
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", ["forest", "photovoltaic"])
async def test_every_number_is_explained_in_both_languages(forest, kind):
    if kind == "forest":
        upload = await inventory(forest, spread("38.1", "40.7", "41.3"))
        report = await forest.reported(**PERIOD, upload_ids=[upload], baseline_t="12")
    else:
        report = await forest.reported()
    report_id = report["report_id"]
    tree = (
        await forest.api.get(f"/v1/reports/{report_id}/calculation", headers=as_owner())
    ).json()["tree"]
    lines = (await explained(forest, report_id))["lines"]
    assert len(lines) == _count(tree)
    numbers = {line["no"]: line for line in lines}
    assert len(numbers) == len(lines)
    for line in lines:
        assert line["unit"]
        assert line["name"]["en"].isascii() or "马尾松" in line["name"]["en"]
        assert any("一" <= char <= "鿿" for char in line["name"]["zh"]), line
        if line["type"] == "step":
            assert line["formula"]
            children = [numbers[f"{line['no']}.{i + 1}"] for i in range(len(line["operands"]))]
            assert [child["symbol"] for child in children] == line["operands"]
        if line["type"] == "factor":
            assert line["factor_id"]
            assert line["grade"]
        if line["type"] == "given":
            assert any("一" <= char <= "鿿" for char in line["origin"]["zh"]), line["origin"]
    assert numbers["1"]["rounding"] == "floor to whole tonnes"


async def test_a_calculation_is_read_by_owner_verifier_and_bureau_alone(forest):
    report = await forest.reported(**PERIOD, upload_ids=[await inventory(forest, plot_csv())])
    path = f"/v1/reports/{report['report_id']}"
    for ending in ("explanation", "recomputation"):
        for headers, status in (
            (as_owner(), 200),
            (as_officer("officer-a"), 200),
            (caller("reports:verify", org=VERIFIER), 403),
            (caller(org="91500000MATHT00540"), 403),
        ):
            answer = await forest.api.get(f"{path}/{ending}", headers=headers)
            assert answer.status_code == status
    notice = await forest.notice(report["report_id"])
    assert notice.status_code == 200, notice.text
    named = await forest.api.get(
        f"{path}/recomputation", headers=caller("reports:verify", org=VERIFIER)
    )
    assert named.status_code == 200


K_RISK = {"kind": "k_risk", "value": "0.2", "unit": "1", "grade": "V1", "source": "正式文本"}


async def impact(desk, **changes):
    return await desk.api.post(
        "/v1/calculations/factor-impacts", json=K_RISK | changes, headers=officer("officer-a")
    )


async def test_a_new_value_shows_which_open_reports_would_change(forest):
    open_report = await forest.reported(**PERIOD, upload_ids=[await inventory(forest, plot_csv())])
    other = await forest.reported()
    shown = (await impact(forest)).json()
    assert (shown["current_id"], shown["current_value"]) == ("k_risk:v1", "0.10")
    assert [found["report_id"] for found in shown["reports"]] == [open_report["report_id"]]
    found = shown["reports"][0]
    assert (found["calculated_t_before"], found["calculated_t_after"]) == (2519, 2239)
    expected = Decimal(found["calculated_before"]) / 9 * 8
    assert abs(Decimal(found["calculated_after"]) - expected) < Decimal("1e-20")
    assert found["changes"] is True
    same = (await impact(forest, value="0.10")).json()["reports"]
    assert [each["changes"] for each in same] == [False]
    grid = {"kind": "grid_baseline_om", "region": "CC", "year": 2019, "unit": "tCO2/MWh"}
    shown = (await impact(forest, **grid, value="0.8")).json()
    assert [each["report_id"] for each in shown["reports"]] == [other["report_id"]]
    elsewhere = (await impact(forest, **(grid | {"year": 2024}), value="0.8")).json()
    assert (elsewhere["reports"], elsewhere["current_id"]) == ([], None)
    after = await forest.api.get(f"/v1/reports/{open_report['report_id']}", headers=as_owner())
    assert after.json()["calculated_t"] == 2519


async def test_issued_and_recalled_reports_are_not_open(forest):
    issued = await forest.reported()
    await forest.issued(issued)
    recalled = await forest.reported(**PERIOD, upload_ids=[await inventory(forest, plot_csv())])
    assert (await forest.recall(recalled["report_id"])).status_code == 200
    grid = {"kind": "grid_baseline_om", "region": "CC", "year": 2019, "unit": "tCO2/MWh"}
    assert (await impact(forest, **grid, value="0.8")).json()["reports"] == []
    assert (await impact(forest)).json()["reports"] == []


async def test_an_impact_needs_a_factor_that_fits_its_kind(forest):
    wrong = await impact(forest, region="CQ", unit="t")
    assert (wrong.status_code, problem(wrong)) == (422, "factor-parts-wrong")
    as_stranger = await forest.api.post(
        "/v1/calculations/factor-impacts", json=K_RISK, headers=as_owner()
    )
    assert as_stranger.status_code == 403
