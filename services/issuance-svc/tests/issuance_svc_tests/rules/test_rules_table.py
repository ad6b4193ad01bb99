"""R1 to R21 as far as this service keeps them, one by one, through the API on PostgreSQL.

A row: the rule, the case in words, what is done, what has to be seen. The numbers are those of the
rules' worked examples; rows under them are their edges. README.md says where else a rule is shown.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from issuance_svc_tests.factories import (
    OWNER,
    PDD_AUTHOR,
    PV_ID,
    VALIDATOR,
    calendar_year,
    meter_csv,
    organisation,
    plot_csv,
)
from issuance_svc_tests.rules.play import (
    Case,
    Play,
    World,
    agrees,
    is_flagged,
    issues,
    loses,
    loses_in_a_period,
    notices,
    repeats,
    reports,
    skips,
    told_then_reports,
    verifies,
)
from tht_contracts.events.registry import Parcel, ProjectStatusChanged


@dataclass(frozen=True)
class Row:
    rule: str
    case: str
    play: Play
    expected: dict[str, Any]


def sown(before: str = "20", after: str = "45", *, days=("2021-01-01", "2025-12-31"), **more: Any):
    """R16's hill between two inventories, reported from the one to the other."""
    file = {key: more.pop(key) for key in ("column", "area_ha") if key in more}
    reported = more.pop("reported", days)
    content = plot_csv(before, after, days=days, **file)
    return Case(content, "plot_inventory", start=reported[0], end=reported[1], **more)


def one_tree() -> Case:
    """R18's tree, alone on each of two hectares, and beside a second one five years later."""
    rows = [
        "plot_no,stratum,stratum_area_ha,measured_on,tree_no,species,status,dbh_cm,plot_area_m2"
    ]
    rows += [
        f"{plot},S1,1,{day},{tree},马尾松,live,12,10000"
        for plot in ("P1", "P2")
        for day, trees in (("2021-01-01", 1), ("2025-12-31", 2))
        for tree in range(trees)
    ]
    return Case("\n".join(rows) + "\n", "tree_inventory", start="2021-01-01", end="2025-12-31")


def sun(export: str = "1200000", imported: str = "12000", **more: Any) -> Case:
    changes = {key: more.pop(key) for key in ("calibration", "year") if key in more}
    return Case(meter_csv(export=export, imported=imported, **changes), **more)


def status(after: str) -> ProjectStatusChanged:
    return ProjectStatusChanged(
        project_id=PV_ID, status_before="REGISTERED", status=after, reason="核查", version=9
    )


D = Decimal
ERA = ("2020-12-01", "2023-12-31")
AGB = "agb_t_per_ha"
BUFFERED = {"methodology_code": "CQCM-904-V001", "non_permanence": "buffer"}
LAST_SECOND, MIDNIGHT = "2025-12-31T23:59:59", "2026-01-01T00:00:00"
ROWS = (
    Row("R2", "asked for on Friday 2026-07-17, the first day counts",
        notices(Case(at="2026-07-17T10:00:00")),
        {"answer": 200, "notice_start": "2026-07-17", "notice_end": "2026-08-13"}),
    Row("R2", "in the last second of that Friday in Chongqing",
        notices(Case(at="2026-07-17T23:59:59")),
        {"notice_start": "2026-07-17", "notice_end": "2026-08-13"}),
    Row("R2", "a second later it is Saturday, the first day that counts is Monday",
        notices(Case(at="2026-07-18T00:00:00")),
        {"notice_start": "2026-07-18", "notice_end": "2026-08-14"}),
    Row("R2", "in the last second of a year; 4 January 2026 is worked, the first three are off",
        notices(sun(year=2024, start="2024-01-01", end="2024-12-31", at=LAST_SECOND)),
        {"notice_start": "2025-12-31", "notice_end": "2026-01-28"}),
    Row("R2", "at the first moment of the next year",
        notices(sun(year=2024, start="2024-01-01", end="2024-12-31", at=MIDNIGHT)),
        {"notice_start": "2026-01-01", "notice_end": "2026-01-29"}),
    Row("R2", "in a year nobody published is an error, not a guess",
        notices(Case(at="2027-03-01T10:00:00")),
        {"status": 409, "problem": "calendar-year-missing"}),
    Row("R2", "verified in the last second of the notice",
        verifies(Case(), seconds_after_notice=-1), {"status": 409, "problem": "notice-running"}),
    Row("R2", "verified in the first second after it",
        verifies(Case(), seconds_after_notice=0), {"answer": 200, "status": "VERIFIED"}),
    Row("R4", "the validator verifies",
        notices(Case(), verifier=VALIDATOR), {"status": 409, "problem": "verifier-not-independent"}),
    Row("R4", "the author of the design document verifies",
        notices(Case(), verifier=PDD_AUTHOR),
        {"status": 409, "problem": "verifier-not-independent"}),
    Row("R4", "the owner verifies",
        notices(Case(), verifier=OWNER), {"status": 409, "problem": "verifier-not-independent"}),
    Row("R5", "a tonne more is verified than calculated",
        verifies(Case(), seconds_after_notice=0, more_t=1),
        {"status": 409, "problem": "verified-quantity-differs"}),
    Row("R5", "a tonne less",
        verifies(Case(), seconds_after_notice=0, more_t=-1),
        {"status": 409, "problem": "verified-quantity-differs"}),
    Row("R5", "2,519.73 t in five even years by cumulative floor",
        issues(sown()),
        {"quantity_t": 2519, "spans": [(2021, 1, 503), (2022, 504, 1007), (2023, 1008, 1511),
                                       (2024, 1512, 2015), (2025, 2016, 2519)]}),
    Row("R5", "a batch of one tonne: its first and last serial are one",
        issues(sun("1397.87", "0")), {"quantity_t": 1, "first": 1, "last": 1}),
    Row("R5", "a hundredth of a kWh less is no tonne",
        reports(sun("1397.86", "0")), {"calculated_t": 0, "calculated": D("0.999994")}),
    Row("R5", "a batch of ten million tonnes",
        issues(sun("13978682956.38", "0")), {"quantity_t": 10_000_000, "last": 10_000_000}),
    Row("R5", "two tonnes over five years: most years have none, and no empty block is made",
        issues(sown("20", "45", area_ha="0.1")), {"quantity_t": 2, "spans": [(2022, 1, 1), (2024, 2, 2)]}),
    Row("R6", "applied 2026-03-01: only from 2021-03-01 on",
        reports(sown(days=ERA, at="2026-03-01T10:00:00")),
        {"answer": 201, "eligible_start": "2021-03-01", "eligible_end": "2023-12-31",
         "vintage_years": [2021, 2022, 2023]}),
    Row("R6", "applied in the last second of the day before",
        reports(sown(days=ERA, at="2026-02-28T23:59:59")), {"eligible_start": "2021-02-28"}),
    Row("R6", "applied at the first moment of the day",
        reports(sown(days=ERA, at="2026-03-01T00:00:00")), {"eligible_start": "2021-03-01"}),
    Row("R6", "five years reach back to 2020-09-20: the law's day is later, and excluded itself",
        reports(sown(days=("2020-09-01", "2024-12-31"), at="2025-09-20T10:00:00")),
        {"eligible_start": "2020-09-23"}),
    Row("R6", "applied on a leap day, five years before which there is none",
        reports(sown(days=("2022-01-01", "2026-12-31"), at="2028-02-29T10:00:00")),
        {"eligible_start": "2023-03-01"}),
    Row("R6", "nothing of the period is young enough",
        reports(sown(days=("2017-01-01", "2020-09-22"))),
        {"status": 409, "problem": "period-not-eligible"}),
    Row("R6", "the year is not over in Chongqing",
        reports(Case(at=LAST_SECOND)), {"status": 422, "problem": "period-invalid"}),
    Row("R6", "the year is over in Chongqing, not in UTC",
        reports(Case(at=MIDNIGHT)), {"answer": 201, "calculated_t": 849}),
    Row("R6", "a period that ends before it starts",
        reports(Case(start="2025-12-31", end="2025-12-30")),
        {"status": 422, "problem": "period-invalid"}),
    Row("R7", "the same period again",
        repeats(Case(), "2025-01-01", "2025-12-31"), {"status": 409, "problem": "period-overlaps"}),
    Row("R7", "a period inside it",
        repeats(Case(), "2025-03-01", "2025-03-31"), {"status": 409, "problem": "period-overlaps"}),
    Row("R7", "one that only touches it",
        repeats(sun(start="2025-01-01", end="2025-06-30"), "2025-07-01", "2025-12-31"),
        {"answer": 201, "calculated_t": 0}),
    Row("R8", "the crediting period ends in the middle: generation after it counts 0",
        reports(Case(project={"crediting_end": date(2025, 6, 30)})),
        {"answer": 201, "eligible_end": "2025-06-30", "calculated_t": 849}),
    Row("R8", "it begins in the middle: January's registers count 0",
        reports(Case(project={"crediting_start": date(2025, 2, 1)})),
        {"answer": 201, "eligible_start": "2025-02-01", "calculated_t": 0}),
    Row("R8", "it ended the day before",
        reports(Case(project={"crediting_end": date(2024, 12, 31)})),
        {"status": 409, "problem": "period-not-eligible"}),
    Row("R9", "a deregistered project reports nothing",
        told_then_reports(status("DEREGISTERED")), {"status": 409, "problem": "project-inactive"}),
    Row("R10", "a banned owner reports nothing",
        told_then_reports(organisation(OWNER, "owner", version=9, status="suspended",
                                       banned_until=date(2029, 7, 17))),
        {"status": 409, "problem": "organisation-stopped", "says": re.compile("2029-07-17")}),
    Row("R10", "falsification: an equal quantity, whatever was kept back",
        loses(sown(), "2519", kind="falsification"),
        {"debt_t": 2519, "covered_t": "0", "status": "OPEN"}),
    Row("R11", "evidence is locked for ten years after the issuance of 2026-01-30",
        issues(Case()), {"locked_until": "2036-01-30"}),
    Row("R12", "verified before the notice", skips("verification", at="REPORTED"),
        {"problem": "report-step-refused", "report": "REPORTED"}),
    Row("R12", "issuance asked for before the verification", skips("request", at="NOTICE"),
        {"problem": "report-step-refused", "report": "NOTICE"}),
    Row("R12", "under notice a second time", skips("notice", at="VERIFIED"),
        {"problem": "report-step-refused", "report": "VERIFIED"}),
    Row("R12", "approved by the one who asked", skips("own approval", at="REGISTERED_ER"),
        {"problem": "four-eyes", "report": "REGISTERED_ER"}),
    Row("R12", "recalled while its issuance is asked for", skips("recall", at="REGISTERED_ER"),
        {"problem": "report-step-refused", "report": "REGISTERED_ER"}),
    Row("R12", "issued a second time", skips("approval", at="ISSUED"),
        {"problem": "issuance-decided", "report": "ISSUED"}),
    Row("R12", "recalled after it was issued", skips("recall", at="ISSUED"),
        {"problem": "report-step-refused", "report": "ISSUED"}),
    Row("R13", "1,200 MWh out, 12 in, 2019 华中",
        reports(Case()),
        {"calculated": D("849.8655"), "calculated_t": 849,
         "steps": frozenset({D("1188"), D("0.715375")})}),
    Row("R13", "an average factor stands for no baseline: 0.5581 would give 663.02",
        reports(Case(project={"baseline_grid": "CQ", "baseline_factor_year": 2023})),
        {"status": 409, "problem": "factor-missing"}),
    Row("R13", "a roof that only draws: refused, and never a negative number",
        reports(sun("0", "12000")), {"status": 409, "problem": "reduction-negative"}),
    Row("R13", "the same in a leap year", reports(sun(year=2024, start="2024-01-01", end="2024-12-31")),
        {"calculated_t": 849, "vintage_years": [2024]}),
    Row("R13", "a leap February is whole with its 29th day",
        reports(sun(year=2024, start="2024-02-01", end="2024-02-29")), {"answer": 201}),
    Row("R13", "and without it is no whole month of registers",
        reports(sun(year=2024, start="2024-02-01", end="2024-02-28")),
        {"status": 409, "problem": "activity-data-incomplete"}),
    Row("R13", "a day that no common year has",
        reports(sun(start="2025-02-01", end="2025-02-29")),
        {"status": 422, "problem": "invalid-request"}),
    Row("R13", "a year of zeros", reports(sun("0", "0")), {"answer": 201, "calculated_t": 0}),
    Row("R14", "uncalibrated, class 0.5 %",
        reports(sun(calibration="missing")),
        {"calculated": D("845.53"), "calculated_t": 845,
         "steps": frozenset({D("1181.94")})}),
    Row("R15", "2024 and no 西南 row: named, and no fallback to 华中",
        reports(Case(project={"baseline_grid": "SW", "baseline_factor_year": 2024})),
        {"status": 409, "problem": "factor-missing", "says": re.compile(r"SW.*2024")}),
    Row("R16", "马尾松, 100 ha, 20 to 45 m³/ha in five years",
        reports(sown()),
        {"calculated": D("2519.73"), "calculated_t": 2519, "deducted": D("279.97"),
         "by_vintage": [503, 504, 504, 504, 504],
         "steps": frozenset({D("22.397595"), D("50.394588"), D("27.996993"), D("2799.70")})}),
    Row("R16", "covered by a buffer instead: owner and buffer are what was verified",
        issues(sown(project=BUFFERED)), {"quantity_t": 2799, "owner_and_buffer": (2519, 280)}),
    Row("R17", "60 to 85 t/ha on 40 ha, baseline 120 t",
        reports(sown("60", "85", column=AGB, area_ha="40", body={"baseline_t": "120"})),
        {"calculated": D("1830.75"), "calculated_t": 1830,
         "steps": frozenset({D("129.25"), D("2154.17")})}),
    Row("R18", "a pine of 12 cm on a hectare: 37.58 kg above ground, 75.24 kg of CO2",
        reports(one_tree()), {"steps": frozenset({D("0.03758"), D("0.07524")}), "calculated_t": 0}),
    Row("R19", "strata of 100 ha on parcels of 99.9999 ha",
        reports(sown(project={"parcels": [Parcel(parcel_no="JY-01", area_m2="999999")]})),
        {"status": 409, "problem": "activity-data-contradict"}),
    Row("R20", "24.455 t per 亩 and year goes to a person",
        is_flagged(sown("0", "851.431335", column=AGB)),
        {"flags": ["uptake-over-bound"], "open_reviews": 1, "problem": "reviews-unsettled"}),
    Row("R20", "after R16 a loss of 1,000 t: 279.97 covered, cancel 721",
        loses(sown(), "1000"), {"covered_t": D("279.97"), "debt_t": 721, "status": "OPEN"}),
    Row("R20", "a loss within the cover: nothing to cancel, the deficit regrows",
        loses(sown(), "279.96"),
        {"debt_t": 0, "deficit_t": D("279.96"), "status": "SETTLED"}),
    Row("R20", "a hundredth of a tonne beyond the cover is a tonne to cancel",
        loses(sown(), "279.98"), {"covered_t": D("279.97"), "debt_t": 1}),
    Row("R20", "the buffer goes first, in whole tonnes; the owner owes the rest",
        loses(sown(project=BUFFERED), "1000"), {"buffer_t": 280, "debt_t": 720}),
    Row("R20", "a negative period: 0 t, and a reversal is opened",
        loses_in_a_period(sown("45", "20")),
        {"calculated_t": 0, "loss": D("2799.70"), "opened_for_it": True,
         "notice": "nothing-to-issue"}),
    Row("R20", "no growth at all: 0 t", reports(sown("45", "45")), {"calculated_t": 0, "loss": "0"}),
    Row("R21", "a result keeps its methodology, factors, years and versions, and computes again",
        reports(Case()),
        {"methodology_code": "CQCM-901-V001", "identical": True,
         "calculation": re.compile(r"grid_baseline_om.*2019")}),
    Row("R21", "the same for a forest, whose digits go on", reports(sown()), {"identical": True}),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule} {row.case}")
async def test_the_rules_one_by_one(desk, deliver, row):
    await deliver(calendar_year(2025))
    seen = await row.play(World(desk, deliver))
    wrong = {
        key: (seen.get(key), expected)
        for key, expected in row.expected.items()
        if key not in seen or not agrees(seen[key], expected)
    }
    assert wrong == {}, seen
