"""R1 to R19 as far as this service keeps them, one by one, through the API on PostgreSQL.

A row: the rule, the case in words, what is done, what has to be seen. The numbers are those of the
rules' worked examples; rows under them are their edges. README.md says where else a rule is shown.
"""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from registry_svc_tests.rules.play import (
    Play,
    Standing,
    agrees,
    decides_alone,
    deregisters_then_files,
    drawn,
    falsifies,
    files,
    files_again,
    flags_certificates,
    names_as_validator,
    notices,
    overlapping,
    sun,
    tries,
    waits,
    wood,
)


@dataclass(frozen=True)
class Row:
    rule: str
    case: str
    play: Play
    expected: dict[str, Any]


def begun(day: str, end: str) -> dict[str, Any]:
    """A forest whose planting, operation and crediting period begin on one day."""
    return dict.fromkeys(("construction_start", "operation_date", "crediting_start"), day) | {
        "crediting_end": end
    }


FILED = {"answer": 201, "status": "DRAFT"}
UNFIT = {"status": 409, "problem": "project-not-eligible"}
BARRED = {"status": 409, "problem": "site-barred"}
SKIPPED = {"status": 409, "problem": "project-step-refused"}
RECEIVED_JULY = Standing("VALIDATED", "2026-06-15T10:00:00", "2026-07-17T10:00:00")
SAME_METERS = {"meters": ["CQ-M-ONE", "CQ-M-TWO"]}
ROWS = (
    Row("R1", "construction began on 2012-11-08",
        files(sun(construction_start="2012-11-08")), UNFIT | {"pointers": ["/construction_start"]}),
    Row("R1", "construction began the day after",
        files(sun(construction_start="2012-11-09")), FILED),
    Row("R1", "a unit type without a rule row, here CCER: refused, not guessed",
        files(wood(unit_type="CCER", construction_start="2012-11-09")),
        {"status": 409, "problem": "project-rule-missing"}),
    Row("R2", "notice from Friday 2026-07-17, the first day counts",
        notices("2026-07-17T10:00:00"),
        {"answer": 200, "notice_start": "2026-07-17", "notice_end": "2026-08-13"}),
    Row("R2", "in the last second of that Friday",
        notices("2026-07-17T23:59:59"), {"notice_end": "2026-08-13"}),
    Row("R2", "at the first moment of the Saturday: Monday is the first day that counts",
        notices("2026-07-18T00:00:00"), {"notice_start": "2026-07-18", "notice_end": "2026-08-14"}),
    Row("R2", "over 春节 2026, whose make-up Saturdays count",
        notices("2026-02-09T10:00:00"), {"notice_end": "2026-03-12"}),
    Row("R2", "at the first moment of 2026; 4 January is worked, the first three are off",
        notices("2026-01-01T00:00:00"), {"notice_start": "2026-01-01", "notice_end": "2026-01-29"}),
    Row("R2", "into a year that nobody published",
        notices("2026-12-31T23:59:59"), {"status": 409, "problem": "calendar-year-missing"}),
    Row("R2", "validated in the last second of the notice",
        tries("validation", Standing("NOTICE"), at="2026-08-13T23:59:59"),
        {"status": 409, "problem": "notice-running", "project": "NOTICE"}),
    Row("R2", "validated at the first moment after it",
        tries("validation", Standing("NOTICE"), at="2026-08-14T00:00:00"),
        {"answer": 200, "project": "VALIDATED"}),
    Row("R3", "received on 2026-07-17, a day that does not count",
        waits(RECEIVED_JULY, "2026-07-17T12:00:00"),
        {"decision_due": "2026-08-07", "decision_overdue": False}),
    Row("R3", "in the last second of the fifteenth day",
        waits(RECEIVED_JULY, "2026-08-07T23:59:59"), {"decision_overdue": False}),
    Row("R3", "at the first moment after it: flagged, and not decided",
        waits(RECEIVED_JULY, "2026-08-08T00:00:00"),
        {"decision_overdue": True, "status": "VALIDATED"}),
    Row("R3", "months later: still nobody approves but officers",
        waits(RECEIVED_JULY, "2026-12-31T23:59:59"),
        {"decision_overdue": True, "status": "VALIDATED"}),
    Row("R4", "the validator is the owner",
        names_as_validator("owner"), {"status": 409, "problem": "validator-not-independent"}),
    Row("R4", "the validator wrote the design document",
        names_as_validator("owner", author=True),
        {"status": 409, "problem": "validator-not-independent"}),
    Row("R7", "one of two meters is in another project",
        files_again(sun(**SAME_METERS), meters=["CQ-M-TWO", "CQ-M-NEW"]),
        {"status": 409, "problem": "site-taken"}),
    Row("R7", "hills that touch", overlapping(0.0), FILED),
    Row("R7", "hills that share a strip of a millimetre, 0.8 m²", overlapping(0.001), FILED),
    Row("R7", "hills that share a strip of two millimetres, 1.6 m²",
        overlapping(0.002), {"status": 409, "problem": "parcels-overlap"}),
    Row("R7", "hills that share a metre: the area is named",
        overlapping(1.0),
        {"problem": "parcels-overlap", "says": re.compile(r"重叠 (79\d|80\d)")}),
    Row("R7", "its MWh carry green certificates",
        files(sun(green_certificate_claim=True)), {"status": 409}),
    Row("R7", "green certificates are found after the validation",
        flags_certificates(), {"status": 409, "problem": "green-certificate-claimed"}),
    Row("R8", "ten years to the day", files(sun(crediting_end="2031-12-31")), FILED),
    Row("R8", "ten years and a day",
        files(sun(crediting_end="2032-01-01")), UNFIT | {"pointers": ["/crediting_end"]}),
    Row("R8", "ten years from a leap day",
        files(sun(crediting_start="2024-02-29", crediting_end="2034-02-28")), FILED),
    Row("R8", "ten years from a leap day and one day more",
        files(sun(crediting_start="2024-02-29", crediting_end="2034-03-01")),
        UNFIT | {"pointers": ["/crediting_end"]}),
    Row("R8", "a crediting period that ends before it starts",
        files(sun(crediting_end="2021-12-31")), {"status": 409, "pointers": ["/crediting_end"]}),
    Row("R8", "a forest a day short of twenty years",
        files(wood(crediting_end="2041-03-10")), UNFIT | {"pointers": ["/crediting_end"]}),
    Row("R8", "twenty years to the day", files(wood(crediting_end="2041-03-11")), FILED),
    Row("R8", "forty years to the day", files(wood(crediting_end="2061-03-11")), FILED),
    Row("R8", "forty years and a day",
        files(wood(crediting_end="2061-03-12")), UNFIT | {"pointers": ["/crediting_end"]}),
    Row("R8", "a forest planted on a leap day, twenty years",
        files(wood(**begun("2024-02-29", "2044-02-28"))), FILED),
    Row("R8", "a forest planted on a leap day, a day short of twenty years",
        files(wood(**begun("2024-02-29", "2044-02-27"))), UNFIT | {"pointers": ["/crediting_end"]}),
    Row("R9", "its owner is gone: the meter is barred for ever",
        deregisters_then_files("owner_gone"), BARRED),
    Row("R9", "the roof is gone: barred too", deregisters_then_files("project_gone"), BARRED),
    Row("R9", "another meter on its roof is barred with the roof",
        deregisters_then_files("project_gone", meters=["CQ-M-X"]), BARRED),
    Row("R9", "another meter on another roof is free",
        deregisters_then_files("project_gone", meters=["CQ-M-X"], latitude="30.500000"), FILED),
    Row("R9", "a deregistered project registers no more",
        tries("registration", Standing("DEREGISTERED")), SKIPPED | {"project": "DEREGISTERED"}),
    Row("R9", "nor does it resume",
        tries("resumption", Standing("DEREGISTERED")), SKIPPED | {"project": "DEREGISTERED"}),
    Row("R10", "falsification on 2026-08-14: banned for three years, to the day",
        falsifies(), {"owner": "suspended", "banned_until": "2029-08-14", "files": "organisation-unfit"}),
    Row("R10", "in the last second of the ban it cannot be taken back",
        falsifies("2029-08-14T23:59:59"), {"status": 409, "files": "organisation-unfit"}),
    Row("R10", "after it, two officers may; until they do, it still files nothing",
        falsifies("2029-08-15T00:00:00"), {"answer": 202, "files": "organisation-unfit"}),
    Row("R12", "validated without a notice",
        tries("validation", Standing("DRAFT")), {"project": "DRAFT"}),
    Row("R12", "registered from a draft",
        tries("registration", Standing("DRAFT")), SKIPPED | {"project": "DRAFT"}),
    Row("R12", "registered from the notice",
        tries("registration", Standing("NOTICE")), SKIPPED | {"project": "NOTICE"}),
    Row("R12", "registered by two officers", tries("registration", Standing("VALIDATED")),
        {"answer": 200, "project": "REGISTERED", "project_no": 1}),
    Row("R12", "registered by one officer alone", decides_alone(),
        {"status": 403, "problem": "task-own", "project": "VALIDATED"}),
    Row("R12", "under notice a second time",
        tries("notice", Standing("NOTICE")), SKIPPED | {"project": "NOTICE"}),
    Row("R12", "suspended before it is registered",
        tries("suspension", Standing("VALIDATED")), SKIPPED | {"project": "VALIDATED"}),
    Row("R12", "recalled once registered",
        tries("recall", Standing("REGISTERED")), SKIPPED | {"project": "REGISTERED"}),
    Row("R12", "back from recalled", tries("notice", Standing("RECALLED")),
        SKIPPED | {"project": "RECALLED"}),
    Row("R12", "back from rejected", tries("registration", Standing("REJECTED")),
        SKIPPED | {"project": "REJECTED"}),
    Row("R12", "suspended and resumed", tries("resumption", Standing("SUSPENDED")),
        {"answer": 200, "project": "REGISTERED"}),
    Row("R19", "399 m²", files(wood(land={"area_m2": "399"})),
        UNFIT | {"pointers": ["/parcels/0/area_m2"]}),
    Row("R19", "a hundredth short of 400 m²", files(wood(land={"area_m2": "399.99"})),
        UNFIT | {"pointers": ["/parcels/0/area_m2"]}),
    Row("R19", "400 m², begun in 2020",
        files(wood(land={"area_m2": "400"}, **begun("2020-01-01", "2049-12-31"))), FILED),
    Row("R19", "400 m², begun on the last day of 2019",
        files(wood(land={"area_m2": "400"}, **begun("2019-12-31", "2049-12-30"))),
        UNFIT | {"pointers": ["/parcels/0/area_m2"]}),
    Row("R19", "650 m², begun in 2018",
        files(wood(land={"area_m2": "650"}, **begun("2018-03-12", "2048-03-11"))),
        UNFIT | {"pointers": ["/parcels/0/area_m2"]}),
    Row("R19", "667 m², begun in 2018",
        files(wood(land={"area_m2": "667"}, **begun("2018-03-12", "2048-03-11"))), FILED),
    Row("R19", "402 m² declared, 398.5 m² drawn: the computed area counts",
        files(drawn("402", 398.5)), {"status": 409, "pointers": ["/parcels/0/outline"]}),
    Row("R19", "an area of zero", files(wood(land={"area_m2": "0"})),
        {"status": 422, "problem": "invalid-request"}),
    Row("R19", "a negative area", files(wood(land={"area_m2": "-400"})),
        {"status": 422, "problem": "invalid-request"}),
    Row("R19", "a wetland", files(wood(land={"is_wetland": True})),
        UNFIT | {"pointers": ["/parcels/0/is_wetland"]}),
    Row("R19", "an orchard (经济林)", files(wood(land={"land_use": "economic_forest"})),
        UNFIT | {"pointers": ["/parcels/0/land_use"]}),
    Row("R19", "three years without forest, to the day",
        files(wood(land={"non_forest_since": "2018-03-12"})), FILED),
    Row("R19", "a day short of three years",
        files(wood(land={"non_forest_since": "2018-03-13"})),
        UNFIT | {"pointers": ["/parcels/0/non_forest_since"]}),
    Row("R19", "three years from a leap day end on the first of March",
        files(wood(land={"non_forest_since": "2020-02-29"}, **begun("2023-02-28", "2053-02-27"))),
        UNFIT | {"pointers": ["/parcels/0/non_forest_since"]}),
    Row("R19", "and a forest planted on that day may be filed",
        files(wood(land={"non_forest_since": "2020-02-29"}, **begun("2023-03-01", "2053-02-28"))),
        FILED),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule} {row.case}")
async def test_the_rules_one_by_one(register, row):
    seen = await row.play(register)
    wrong = {
        key: (seen.get(key), expected)
        for key, expected in row.expected.items()
        if key not in seen or not agrees(seen[key], expected)
    }
    assert wrong == {}, seen


@pytest.mark.parametrize(
    ("construction_start", "refused"), [("2012-11-08", True), ("2012-11-09", False)]
)
async def test_r1_ccer_is_held_to_its_own_row(register, database, construction_start, refused):
    """Each unit type has its row: the national day holds for CCER, whatever CQCER's becomes.

    The published methodologies are for CQCER alone, so a CCER project is refused for that as well.
    """
    copied = (
        "INSERT INTO project_rules SELECT * FROM jsonb_populate_record(NULL::project_rules,"
        ' (SELECT to_jsonb(r) || \'{"unit_type": "CCER"}\' FROM project_rules AS r))'
    )
    moved = "UPDATE project_rules SET construction_after = '2000-01-01' WHERE unit_type = 'CQCER'"
    async with database.write() as session:
        await session.execute(text(copied))
        await session.execute(text(moved))
    old = {"non_forest_since": "2000-01-01"}
    national = wood(land=old, unit_type="CCER", construction_start=construction_start)(register)
    answer = await register.file(national)
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/unit_type"} | ({"/construction_start"} if refused else set())
    local = wood(land=old, construction_start="2012-11-08")(register)
    assert (await register.file(local)).status_code == 201
