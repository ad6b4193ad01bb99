import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies.catalogue import version
from issuance_svc_tests.factories import (
    BUREAU,
    FOREST_ID,
    OPERATOR,
    OWNER,
    PDD_AUTHOR,
    PV_ID,
    TRAVEL_ID,
    VALIDATOR,
    VERIFIER,
    aggregate,
    as_officer,
    as_owner,
    as_verifier,
    caller,
    forest_project,
    meter_csv,
    organisation,
    plot_csv,
    problem,
    pv_project,
    travel_project,
)
from tht_contracts.events.issuance import CreditsIssued, ReportStatusChanged
from tht_contracts.events.registry import Parcel, ProjectStatusChanged
from tht_kit.clock import legal_midnight
from tht_kit.ids import new_id

STRANGER = "91500000MATHT0089J"
FIVE_YEARS = {"project_id": FOREST_ID, "period_start": "2021-01-01", "period_end": "2025-12-31"}


async def test_r13_through_the_api(desk, api, events):
    made = await desk.report(upload_ids=[await desk.uploaded(meter_csv())])
    assert made.status_code == 201
    report = made.json()
    assert made.headers["location"] == f"/v1/reports/{report['report_id']}"
    assert (report["status"], report["calculated_t"]) == ("REPORTED", 849)
    assert Decimal(report["calculated"]) == Decimal("849.8655")
    assert report["vintages"] == [{"vintage": 2025, "quantity_t": 849}]
    assert (report["eligible_start"], report["eligible_end"]) == ("2025-01-01", "2025-12-31")
    assert report["uploads"][0]["summary"]["export_kwh"] == "1200000"
    got = await api.get(made.headers["location"], headers=as_owner())
    assert got.json() == report
    assert await events(PV_ID) == [
        ReportStatusChanged(
            report_id=report["report_id"],
            project_id=PV_ID,
            status_before=None,
            status="REPORTED",
            calculated_t=849,
            version=1,
        )
    ]


async def test_r13_an_average_factor_never_stands_in(desk, deliver):
    """CQ 2023 has an average factor, 0.5581: 663.02 t would be wrong."""
    await deliver(pv_project(baseline_grid="CQ", baseline_factor_year=2023, version=5))
    refused = await desk.report(upload_ids=[await desk.uploaded(meter_csv())])
    assert (refused.status_code, problem(refused)) == (409, "factor-missing")


async def test_r14_through_the_api(desk):
    report = await desk.reported(meter_csv(calibration="late"))
    assert Decimal(report["calculated"]) == Decimal("1181.94") * Decimal("0.715375")
    assert report["calculated_t"] == 845


@pytest.mark.parametrize(("language", "word"), [("en", "year"), ("zh", "年份")])
async def test_r15_names_kind_region_and_year(desk, deliver, language, word):
    await deliver(pv_project(baseline_grid="SW", baseline_factor_year=2024, version=5))
    refused = await desk.report(
        upload_ids=[await desk.uploaded(meter_csv())],
        headers=as_owner() | {"Accept-Language": language},
    )
    assert (refused.status_code, problem(refused)) == (409, "factor-missing")
    for kind in ("grid_baseline_om", "grid_baseline_bm"):
        assert kind in refused.json()["detail"]
    assert f"SW {word} 2024" in refused.json()["detail"]


async def test_r16_through_the_api(desk, deliver):
    await deliver(forest_project())
    report = await desk.reported(plot_csv(), **FIVE_YEARS)
    assert report["calculated_t"] == 2519
    assert report["calculated"].startswith("2519.72")
    assert report["deducted"].startswith("279.9699")
    assert [share["quantity_t"] for share in report["vintages"]] == [503, 504, 504, 504, 504]


async def test_r17_through_the_api(desk, deliver):
    await deliver(forest_project())
    csv = plot_csv("60", "85", column="agb_t_per_ha", area_ha="40")
    report = await desk.reported(csv, **FIVE_YEARS, baseline_t="120")
    assert (report["calculated"][:7], report["calculated_t"]) == ("1830.75", 1830)


async def test_r6_only_the_last_five_years_are_claimed(desk, deliver):
    await deliver(forest_project())
    desk.clock.set(datetime(2026, 7, 1, tzinfo=UTC))
    report = await desk.reported(plot_csv(), **FIVE_YEARS)
    assert (report["period_start"], report["eligible_start"]) == ("2021-01-01", "2021-07-01")
    assert [share["vintage"] for share in report["vintages"]] == [2021, 2022, 2023, 2024, 2025]
    share = (4 + c.year_share(date(2021, 7, 1), date(2022, 1, 1))) / 5
    assert report["calculated_t"] == int(Decimal("2519.72938") * share)


async def test_r6_the_legal_day_is_that_of_shanghai(desk):
    """2025-12-31 16:00 UTC is 1 January 2026 in Chongqing: the year is over."""
    desk.clock.set(datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC))
    upload_id = await desk.uploaded(meter_csv())
    refused = await desk.report(upload_ids=[upload_id])
    assert (refused.status_code, problem(refused)) == (422, "period-invalid")
    desk.clock.set(datetime(2025, 12, 31, 16, tzinfo=UTC))
    assert (await desk.report(upload_ids=[upload_id])).status_code == 201


async def test_r7_periods_of_one_project_may_not_overlap(desk):
    first = await desk.reported()
    again = await desk.report(upload_ids=[await desk.uploaded(meter_csv())])
    assert (again.status_code, problem(again)) == (409, "period-overlaps")
    assert first["report_id"] in again.json()["detail"]
    inside = await desk.report(
        upload_ids=[await desk.uploaded(meter_csv())],
        period_start="2025-06-01",
        period_end="2025-06-30",
    )
    assert problem(inside) == "period-overlaps"
    await desk.reported(meter_csv(year=2024), period_start="2024-01-01", period_end="2024-12-31")


async def test_r7_twelve_reports_of_one_period_at_once_leave_one(desk, count_rows, events):
    upload_id = await desk.uploaded(meter_csv())
    answers = await asyncio.gather(*(desk.report(upload_ids=[upload_id]) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    refusals = {problem(answer) for answer in answers if answer.status_code == 409}
    assert refusals == {"period-overlaps"}
    assert await count_rows("reports") == 1
    assert len(await events(PV_ID)) == 1


async def test_r7_other_projects_have_periods_of_their_own(desk, deliver):
    other = str(new_id())
    await deliver(pv_project(project_id=other, project_no=6, meters=["M2"]))
    await desk.reported()
    report = await desk.reported(meter_csv(meter_no="M2"), project_id=other)
    assert report["calculated_t"] == 849


async def test_r8_outside_the_crediting_period_nothing_counts(desk, deliver):
    await deliver(
        pv_project(crediting_start=date(2025, 1, 1), crediting_end=date(2025, 1, 31), version=5)
    )
    report = await desk.reported()
    assert (report["eligible_end"], report["calculated_t"]) == ("2025-01-31", 849)
    refused = await desk.report(
        upload_ids=[await desk.uploaded(meter_csv(year=2024))],
        period_start="2024-01-01",
        period_end="2024-12-31",
    )
    assert (refused.status_code, problem(refused)) == (409, "period-not-eligible")


@pytest.mark.parametrize(
    ("csv", "body", "refusal"),
    [
        (plot_csv(plots=1), {}, "sampling-refused"),
        (plot_csv(area_ha="100.5"), {}, "activity-data-contradict"),
        (plot_csv(days=("2021-01-01", "2025-01-01")), {}, "activity-data-incomplete"),
        (plot_csv(), {"fire_occurred": True}, "activity-data-incomplete"),
    ],
)
async def test_what_cannot_be_counted_is_refused_and_nothing_is_kept(
    desk, deliver, count_rows, csv, body, refusal
):
    await deliver(forest_project())
    upload_id = await desk.uploaded(csv, project_id=FOREST_ID, kind="plot_inventory")
    answer = await desk.report(**FIVE_YEARS, upload_ids=[upload_id], **body)
    assert (answer.status_code, problem(answer)) == (409, refusal)
    if refusal == "activity-data-incomplete":
        assert "样地" in answer.json()["fix"]
        assert "月份" not in answer.json()["fix"]
    assert await count_rows("reports") == 0


@pytest.mark.parametrize(
    "given", [(plot_csv("45", "20"), {}), (plot_csv(), {"baseline_t": "9999"})]
)
async def test_a_period_with_a_loss_is_reported_and_issues_nothing(desk, deliver, given):
    csv, body = given
    await deliver(forest_project())
    report = await desk.reported(csv, **FIVE_YEARS, **body)
    assert (report["calculated_t"], Decimal(report["loss"]) > 0) == (0, True)
    assert problem(await desk.notice(report["report_id"])) == "nothing-to-issue"


async def test_no_loss_vanishes_between_two_reports(desk, deliver):
    await deliver(forest_project())
    first = plot_csv("20", "30", days=("2021-01-01", "2022-12-31"))
    await desk.reported(
        first, project_id=FOREST_ID, period_start="2021-01-01", period_end="2022-12-31"
    )

    async def following(csv: str):
        upload_id = await desk.uploaded(csv, project_id=FOREST_ID, kind="plot_inventory")
        return await desk.report(
            project_id=FOREST_ID,
            period_start="2023-01-01",
            period_end="2025-12-31",
            upload_ids=[upload_id],
        )

    burnt = await following(plot_csv("25", "40", days=("2023-01-15", "2025-12-31")))
    assert (burnt.status_code, problem(burnt)) == (409, "activity-data-contradict")
    assert (
        await following(plot_csv("30", "45", days=("2022-12-31", "2025-12-31")))
    ).status_code == 201


async def test_an_unknown_species_is_a_missing_factor(desk, deliver):
    await deliver(forest_project(species="棕榈"))
    upload_id = await desk.uploaded(plot_csv(), project_id=FOREST_ID, kind="plot_inventory")
    answer = await desk.report(**FIVE_YEARS, upload_ids=[upload_id])
    assert problem(answer) == "factor-missing"
    assert "species_wd" in answer.json()["detail"]
    assert "棕榈" in answer.json()["detail"]


async def test_an_unsupported_methodology_is_named(desk, deliver):
    await deliver(pv_project(methodology_code="CQCM-009-V001", version=5))
    answer = await desk.report(upload_ids=[await desk.uploaded(meter_csv())])
    assert (answer.status_code, problem(answer)) == (409, "methodology-unsupported")


async def test_a_unit_type_without_a_rule_is_refused(desk, database):
    async with database.write() as session:
        await session.execute(text("DELETE FROM claim_rules WHERE unit_type = 'CQCER'"))
    answer = await desk.report(upload_ids=[await desk.uploaded(meter_csv())])
    assert (answer.status_code, problem(answer)) == (409, "claim-rule-missing")


async def test_months_may_come_in_several_files_but_not_twice(desk):
    header, *rows = meter_csv().splitlines()
    half = "\n".join([header, *rows[:6]])
    rest = "\n".join([header, *rows[6:]])
    incomplete = await desk.report(upload_ids=[await desk.uploaded(half)])
    assert problem(incomplete) == "activity-data-incomplete"
    assert "M1 2025-07" in incomplete.json()["detail"]
    assert "停运的月份请填 0" in incomplete.json()["fix"]
    both = [await desk.uploaded(half), await desk.uploaded(rest)]
    doubled = await desk.report(upload_ids=[*both, await desk.uploaded(meter_csv())])
    assert problem(doubled) == "activity-data-contradict"
    assert (await desk.report(upload_ids=both)).json()["calculated_t"] == 849


@pytest.mark.parametrize(("csv_year", "project"), [("PV", FOREST_ID), ("forest", PV_ID)])
async def test_the_wrong_kind_of_file_is_refused(desk, deliver, csv_year, project):
    await deliver(forest_project(meters=["M1"]))
    kind = "meter_readings" if csv_year == "PV" else "plot_inventory"
    csv = meter_csv() if csv_year == "PV" else plot_csv()
    upload_id = await desk.uploaded(csv, project_id=project, kind=kind)
    answer = await desk.report(project_id=project, upload_ids=[upload_id])
    assert (answer.status_code, problem(answer)) == (409, "activity-not-applicable")


async def test_only_the_projects_own_files_serve(desk, deliver):
    await deliver(forest_project())
    foreign = await desk.uploaded(plot_csv(), project_id=FOREST_ID, kind="plot_inventory")
    answer = await desk.report(upload_ids=[foreign])
    assert (answer.status_code, problem(answer)) == (404, "upload-not-found")
    assert answer.json()["errors"][0]["pointer"] == "/upload_ids/0"


@pytest.mark.parametrize("status", ["SUSPENDED", "DEREGISTERED"])
async def test_a_project_that_is_not_registered_reports_nothing(desk, deliver, status):
    upload_id = await desk.uploaded(meter_csv())
    event = ProjectStatusChanged(
        project_id=PV_ID, status_before="REGISTERED", status=status, reason=None, version=5
    )
    await deliver(event)
    answer = await desk.report(upload_ids=[upload_id])
    assert (answer.status_code, problem(answer)) == (409, "project-inactive")


async def test_only_the_owner_reports(desk):
    upload_id = await desk.uploaded(meter_csv())
    answer = await desk.report(upload_ids=[upload_id], headers=as_owner(OPERATOR))
    assert (answer.status_code, problem(answer)) == (403, "forbidden")
    unknown = await desk.report(project_id=str(new_id()), upload_ids=[upload_id])
    assert (unknown.status_code, problem(unknown)) == (404, "project-not-registered")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"baseline_t": 120}, "/baseline_t"),
        ({"baseline_t": "-1"}, "/baseline_t"),
        ({"baseline_t": "1e3"}, "/baseline_t"),
        ({"baseline_t": "1.1234567"}, "/baseline_t"),
        ({"baseline_t": "1234567890123"}, "/baseline_t"),
        ({"baseline_t": "NaN"}, "/baseline_t"),
        ({"period_start": "2025-02-30"}, "/period_start"),
        ({"upload_ids": ["x"]}, "/upload_ids/0"),
        ({"notes": "a\x00b"}, "/notes"),
        ({"colour": "green"}, "/colour"),
    ],
)
async def test_a_wrong_body_is_refused_naming_the_place(desk, change, pointer):
    answer = await desk.report(**({"upload_ids": []} | change))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_under_a_tonne_is_shown_but_goes_no_further(desk):
    report = await desk.reported(meter_csv(export="1000", imported="0"))
    assert (report["calculated"], report["calculated_t"]) == ("0.715375", 0)
    refused = await desk.notice(report["report_id"])
    assert (refused.status_code, problem(refused)) == (409, "nothing-to-issue")
    recalled = await desk.api.post(
        f"/v1/reports/{report['report_id']}/recall", json={}, headers=as_owner()
    )
    assert recalled.json()["status"] == "RECALLED"


# --- R21 -----------------------------------------------------------------------------------------


async def recomputed(api, report) -> tuple[dict[str, Any], dict[str, Any]]:
    path = f"/v1/reports/{report['report_id']}/calculation"
    shown = (await api.get(path, headers=as_officer("officer-a"))).json()
    module = version(shown["methodology_code"], shown["formula_version"])
    again = module.calculate(c.Inputs.model_validate(shown["inputs"])).model_dump(mode="json")
    return shown, again


@pytest.mark.parametrize("kind", ["pv", "forest", "travel"])
async def test_r21_recomputing_from_what_is_stored_gives_identical_digits(desk, deliver, api, kind):
    if kind == "pv":
        csv = meter_csv(export="1234567.891", imported="9876.5", calibration="missing")
        report = await desk.reported(csv)
    elif kind == "forest":
        await deliver(forest_project())
        csv = plot_csv("20.123", "45.987").replace(
            "P2,S1,2025-12-31,600,100,45.987", "P2,S1,2025-12-31,600,100,47.1"
        )
        desk.clock.set(datetime(2026, 5, 17, tzinfo=UTC))
        report = await desk.reported(csv, **FIVE_YEARS, baseline_t="35.5")
    else:
        closed = aggregate()
        await deliver(travel_project(), closed)
        answer = await desk.report(
            project_id=TRAVEL_ID, aggregate_ids=[closed.aggregate_id], headers=as_owner(OPERATOR)
        )
        report = answer.json()
    shown, again = await recomputed(api, report)
    assert again["tree"] == shown["tree"]
    for name in ("calculated", "calculated_t", "deducted", "vintages"):
        assert again[name] == shown[name] == report[name]


async def test_r21_the_calculation_names_every_factor_with_grade_and_source(desk, api):
    report = await desk.reported()
    shown, _ = await recomputed(api, report)
    margin = shown["inputs"]["factors"]["EF_OM"]
    assert margin == {
        "type": "factor",
        "symbol": "EF_OM",
        "factor_id": "grid_baseline_om:CC:2019:v1",
        "kind": "grid_baseline_om",
        "region": "CC",
        "subject": None,
        "year": 2019,
        "value": "0.8587",
        "unit": "tCO2/MWh",
        "grade": "V2",
        "source": margin["source"],
    }
    tree = shown["tree"]
    assert (tree["symbol"], tree["value"], tree["rounding"]) == (
        "Q",
        "849",
        "floor to whole tonnes",
    )
    (year,) = tree["operands"][0]["operands"]
    generated, combined = year["operands"]
    assert (generated["value"], generated["unit"]) == ("1188", "MWh")
    assert (combined["value"], combined["formula"]) == (
        "0.715375",
        "w_OM * EF_OM + w_BM * EF_BM",
    )


async def test_r21_a_new_factor_version_leaves_old_results_alone(desk, api, database):
    first = await desk.reported()
    async with database.write() as session:
        await session.execute(
            text(
                "INSERT INTO factors SELECT 'grid_baseline_om:CC:2019:v2', kind, region, subject,"
                " year, 2, 0.8, unit, grade, 'corrected' FROM factors"
                " WHERE factor_id = 'grid_baseline_om:CC:2019:v1'"
            )
        )
    shown, again = await recomputed(api, first)
    assert Decimal(shown["calculated"]) == Decimal("849.8655")
    assert again["calculated"] == shown["calculated"]
    second = await desk.reported(
        meter_csv(year=2024), period_start="2024-01-01", period_end="2024-12-31"
    )
    margin = Decimal("0.75") * Decimal("0.8") + Decimal("0.25") * Decimal("0.2854")
    assert Decimal(second["calculated"]) == 1188 * margin


# --- notice and verification ---------------------------------------------------------------------


async def test_r2_the_notice_runs_twenty_working_days(desk):
    desk.clock.set(datetime(2026, 7, 17, 2, tzinfo=UTC))
    report = await desk.reported()
    notice = (await desk.notice(report["report_id"])).json()
    assert (notice["status"], notice["notice_start"], notice["notice_end"]) == (
        "NOTICE",
        "2026-07-17",
        "2026-08-13",
    )


async def test_a_year_without_a_calendar_is_an_error_not_a_guess(desk):
    desk.clock.set(datetime(2027, 3, 1, tzinfo=UTC))
    report = await desk.reported()
    answer = await desk.notice(report["report_id"])
    assert (answer.status_code, problem(answer)) == (409, "calendar-year-missing")
    assert "2027" in answer.json()["detail"]


@pytest.mark.parametrize("verifier", [VALIDATOR, OWNER, PDD_AUTHOR])
async def test_r4_the_verifier_is_independent(desk, verifier):
    report = await desk.reported()
    answer = await desk.notice(report["report_id"], verifier=verifier)
    assert (answer.status_code, problem(answer)) == (409, "verifier-not-independent")


@pytest.mark.parametrize(
    "told",
    [
        [],
        [organisation(STRANGER, "owner", "bureau", "operator")],
        [organisation(STRANGER, "validator_verifier", status="suspended")],
    ],
    ids=["unknown", "other-kind", "suspended"],
)
async def test_only_an_active_verification_body_is_named(desk, deliver, told):
    report = await desk.reported()
    await deliver(*told)
    refused = await desk.notice(report["report_id"], verifier=STRANGER)
    assert (refused.status_code, problem(refused)) == (409, "organisation-unfit")
    assert refused.json()["errors"][0]["pointer"] == "/verifier_code"
    await deliver(organisation(STRANGER, "owner", "validator_verifier", version=2))
    assert (await desk.notice(report["report_id"], verifier=STRANGER)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("validator_verifier", "suspended"), ("owner", "active")]
)
@pytest.mark.parametrize("opinion", ["positive", "negative"])
async def test_a_body_that_is_no_longer_fit_does_not_verify(desk, deliver, kind, status, opinion):
    report = await desk.reported()
    desk.pass_notice((await desk.notice(report["report_id"])).json())
    await deliver(organisation(VERIFIER, kind, status=status, version=2))
    refused = await desk.verification(report["report_id"], 849, opinion=opinion)
    assert (refused.status_code, problem(refused)) == (409, "organisation-unfit")
    await deliver(organisation(VERIFIER, "validator_verifier", version=3))
    assert (await desk.verification(report["report_id"], 849)).status_code == 200


async def test_r4_only_the_named_verifier_verifies(desk):
    report = await desk.reported()
    desk.pass_notice((await desk.notice(report["report_id"])).json())
    answer = await desk.verification(report["report_id"], 849, headers=as_verifier(BUREAU))
    assert (answer.status_code, problem(answer)) == (403, "forbidden")


async def test_verification_waits_for_the_end_of_the_notice(desk):
    report = await desk.reported()
    notice = (await desk.notice(report["report_id"])).json()
    end = date.fromisoformat(notice["notice_end"])
    desk.clock.set(legal_midnight(end))  # its last day has begun
    early = await desk.verification(report["report_id"], 849)
    assert (early.status_code, problem(early)) == (409, "notice-running")
    desk.pass_notice(notice)
    assert (await desk.verification(report["report_id"], 849)).json()["status"] == "VERIFIED"


@pytest.mark.parametrize("verified_t", [848, 850, 0])
async def test_r5_the_verified_quantity_is_the_calculated_one(desk, verified_t):
    report = await desk.reported()
    desk.pass_notice((await desk.notice(report["report_id"])).json())
    answer = await desk.verification(report["report_id"], verified_t)
    assert (answer.status_code, problem(answer)) == (409, "verified-quantity-differs")


async def test_a_negative_opinion_rejects_and_frees_the_period(desk, events):
    report = await desk.reported()
    desk.pass_notice((await desk.notice(report["report_id"])).json())
    rejected = await desk.verification(report["report_id"], 0, opinion="negative")
    assert (rejected.status_code, rejected.json()["status"]) == (200, "REJECTED")
    assert rejected.json()["verified_t"] is None
    assert (await desk.reported())["status"] == "REPORTED"
    statuses = [event.status for event in await events(PV_ID)]
    assert statuses == ["REPORTED", "NOTICE", "REJECTED", "REPORTED"]


async def test_steps_out_of_order_name_status_and_what_follows(desk):
    report = await desk.reported()
    answer = await desk.verification(report["report_id"], 849)
    assert (answer.status_code, problem(answer)) == (409, "report-step-refused")
    assert "REPORTED" in answer.json()["detail"]
    assert "NOTICE" in answer.json()["detail"]
    await desk.notice(report["report_id"])
    again = await desk.notice(report["report_id"])
    assert problem(again) == "report-step-refused"


async def test_two_verifications_at_once_count_once(desk):
    report = await desk.reported()
    desk.pass_notice((await desk.notice(report["report_id"])).json())
    answers = await asyncio.gather(
        desk.verification(report["report_id"], 849),
        desk.verification(report["report_id"], 0, opinion="negative"),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_recalled_report_frees_its_period(desk):
    report = await desk.reported()
    path = f"/v1/reports/{report['report_id']}/recall"
    stranger = await desk.api.post(path, json={}, headers=as_owner(OPERATOR))
    assert stranger.status_code == 403
    assert (await desk.api.post(path, json={}, headers=as_owner())).status_code == 200
    assert (await desk.reported())["report_id"] != report["report_id"]


@pytest.mark.parametrize("status", ["SUSPENDED", "DEREGISTERED"])
async def test_a_project_that_is_not_registered_can_still_recall(desk, deliver, status):
    report = await desk.reported()
    changed = ProjectStatusChanged(
        project_id=PV_ID, status_before="REGISTERED", status=status, reason="核查", version=5
    )
    await deliver(changed)
    assert problem(await desk.notice(report["report_id"])) == "project-inactive"
    recalled = await desk.recall(report["report_id"])
    assert (recalled.status_code, recalled.json()["status"]) == (200, "RECALLED")


async def test_an_issued_report_cannot_be_recalled(desk):
    report = await desk.reported()
    await desk.issued(report)
    path = f"/v1/reports/{report['report_id']}/recall"
    answer = await desk.api.post(path, json={}, headers=as_owner())
    assert (answer.status_code, problem(answer)) == (409, "report-step-refused")


# --- who may read --------------------------------------------------------------------------------


async def test_owner_verifier_and_bureau_read_a_report_and_nobody_else(desk, api):
    report = await desk.reported()
    await desk.notice(report["report_id"])
    path = f"/v1/reports/{report['report_id']}"
    for headers in (as_owner(), as_verifier(), as_officer("officer-a")):
        for found in (path, f"{path}/calculation"):
            assert (await api.get(found, headers=headers)).status_code == 200
    for headers in (as_owner(OPERATOR), as_verifier(VALIDATOR), caller("trips:write")):
        answer = await api.get(path, headers=headers)
        assert (answer.status_code, problem(answer)) == (403, "forbidden")
    assert (await api.get(path)).status_code == 401
    assert (
        problem(await api.get(f"/v1/reports/{new_id()}", headers=as_owner())) == "report-not-found"
    )


async def test_the_history_tells_each_step(desk, api):
    report = await desk.reported()
    await desk.issued(report)
    path = f"/v1/reports/{report['report_id']}"
    shown = (await api.get(path, headers=as_officer("officer-a"))).json()
    assert [step["status"] for step in shown["history"]] == [
        "REPORTED",
        "NOTICE",
        "VERIFIED",
        "REGISTERED_ER",
        "ISSUED",
    ]
    assert [step["version"] for step in shown["history"]] == [1, 2, 3, 4, 5]


# --- aggregates ----------------------------------------------------------------------------------


async def test_r47_grams_become_whole_tonnes_and_the_aggregate_is_told(desk, deliver, events):
    closed = aggregate(
        by_vintage_g={"2024": 1_600_000, "2025": 1_500_000}, period_start=date(2024, 7, 1)
    )
    await deliver(travel_project(), closed)
    answer = await desk.report(
        project_id=TRAVEL_ID,
        period_start="2024-01-01",
        aggregate_ids=[closed.aggregate_id],
        headers=as_owner(OPERATOR),
    )
    report = answer.json()
    assert (report["calculated"], report["calculated_t"]) == ("3.1", 3)
    issued = await desk.issued(report, owner=OPERATOR)
    assert [(b["vintage"], b["quantity_t"]) for b in issued["blocks"]] == [(2024, 1), (2025, 2)]
    told = [event for event in await events(TRAVEL_ID) if isinstance(event, CreditsIssued)]
    assert told[0].aggregate_ids == [closed.aggregate_id]


async def test_r47_an_aggregate_serves_one_report(desk, deliver):
    closed = aggregate(period_start=date(2025, 3, 1), period_end=date(2025, 3, 31))
    await deliver(travel_project(), closed)

    async def claim(start: str, end: str):
        return await desk.report(
            project_id=TRAVEL_ID,
            period_start=start,
            period_end=end,
            aggregate_ids=[closed.aggregate_id],
            headers=as_owner(OPERATOR),
        )

    first = await claim("2025-01-01", "2025-12-31")
    recall = f"/v1/reports/{first.json()['report_id']}/recall"
    assert first.status_code == 201
    again = await claim("2025-01-01", "2025-12-31")
    assert problem(again) == "period-overlaps"
    await desk.api.post(recall, json={}, headers=as_owner(OPERATOR))
    assert (await claim("2025-01-01", "2025-12-31")).status_code == 201


async def test_r47_the_database_refuses_a_second_use(desk, deliver, database):
    """Two live reports whose days do not overlap cannot share an aggregate either."""
    closed = aggregate(period_start=date(2025, 3, 1), period_end=date(2025, 3, 31))
    await deliver(travel_project(), closed)
    body = {"project_id": TRAVEL_ID, "aggregate_ids": [closed.aggregate_id]}
    first = await desk.report(**body, headers=as_owner(OPERATOR))
    assert first.status_code == 201
    async with database.write() as session:  # as if the first had claimed other days
        await session.execute(
            text(
                "UPDATE reports SET eligible_start = '2024-01-01', eligible_end = '2024-01-31',"
                " claim = int8range(9 * 4000000::bigint + (DATE '2024-01-01' - DATE '0001-01-01') + 1,"
                " 9 * 4000000::bigint + (DATE '2024-01-31' - DATE '0001-01-01') + 2)"
            )
        )
    again = await desk.report(**body, headers=as_owner(OPERATOR))
    assert (again.status_code, problem(again)) == (409, "aggregate-used")


async def test_an_aggregate_of_another_project_is_not_found(desk, deliver):
    closed = aggregate(project_id=str(new_id()))
    await deliver(travel_project(), closed)
    answer = await desk.report(
        project_id=TRAVEL_ID, aggregate_ids=[closed.aggregate_id], headers=as_owner(OPERATOR)
    )
    assert (answer.status_code, problem(answer)) == (404, "aggregate-not-found")


async def test_an_aggregate_that_another_operator_closed_is_refused(desk, deliver, count_rows):
    own, foreign = aggregate(), aggregate(operator_code=OWNER)
    await deliver(travel_project(), own, foreign)
    answer = await desk.report(
        project_id=TRAVEL_ID,
        aggregate_ids=[own.aggregate_id, foreign.aggregate_id],
        headers=as_owner(OPERATOR),
    )
    assert (answer.status_code, problem(answer)) == (409, "aggregate-operator-differs")
    assert answer.json()["errors"][0]["pointer"] == "/aggregate_ids/1"
    assert OWNER in answer.json()["detail"]
    assert OPERATOR in answer.json()["detail"]
    assert await count_rows("reports") == 0


async def test_strata_may_not_exceed_the_registered_parcels(desk, deliver):
    await deliver(
        forest_project(
            parcels=[
                Parcel(parcel_no="A", area_m2="642000.00"),
                Parcel(parcel_no="B", area_m2="357999.99"),
            ]
        )
    )
    upload_id = await desk.uploaded(plot_csv(), project_id=FOREST_ID, kind="plot_inventory")
    answer = await desk.report(**FIVE_YEARS, upload_ids=[upload_id])
    assert problem(answer) == "activity-data-contradict"
    assert "99.999999" in answer.json()["detail"]
