"""Meters, their checks and replacements through the API; the conservative rule R14 by dates."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance_svc.metering import rules
from issuance_svc_tests.factories import (
    OPERATOR,
    PV_ID,
    as_officer,
    as_owner,
    caller,
    problem,
    pv_project,
)
from tht_kit.ids import new_id


def meter(**changes):
    return {
        "project_id": PV_ID,
        "meter_no": "M1",
        "class_pct": "0.5",
        "multiplier": "1",
        "register_digits": 6,
        "channels": ["export", "import"],
        "valid_from": "2021-09-01",
    } | changes


def calibration(day, error="0.1", **changes):
    return {
        "project_id": PV_ID,
        "meter_no": "M1",
        "kind": "calibration",
        "performed_on": day,
        "error_pct": error,
    } | changes


@pytest.fixture
def post(api):
    async def sent(path, body, headers=None):
        return await api.post(f"/v1/meters{path}", json=body, headers=headers or as_owner())

    return sent


async def corrections(api, start, end, meter_no="M1"):
    answer = await api.get(
        "/v1/meters/corrections",
        params={"project_id": PV_ID, "meter_no": meter_no, "start": start, "end": end},
        headers=as_owner(),
    )
    assert answer.status_code == 200, answer.text
    return [(c["start"], c["end"], c["pct"], c["reason"]) for c in answer.json()["items"]]


async def test_a_meter_is_recorded_and_its_changes_are_new_versions(desk, api, post):
    made = await post("", meter())
    assert (made.status_code, made.json()["version"]) == (201, 1)
    again = await post("", meter())
    assert (again.status_code, again.json()) == (200, made.json())
    changed = await post("", meter(multiplier="100"))
    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    listed = await api.get("/v1/meters", params={"project_id": PV_ID}, headers=as_owner())
    assert [item["multiplier"] for item in listed.json()["items"]] == ["100"]
    history = await api.get(
        "/v1/meters/history", params={"project_id": PV_ID, "meter_no": "M1"}, headers=as_owner()
    )
    assert [item["multiplier"] for item in history.json()["versions"]] == ["1", "100"]


async def test_ten_records_at_once_are_versions_in_a_row(desk, api, post):
    answers = await asyncio.gather(
        *(post("", meter(multiplier=str(number))) for number in range(1, 11))
    )
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 11))


@pytest.mark.parametrize(
    ("body", "headers", "refusal"),
    [
        (meter(meter_no="M9"), None, "meter-not-registered"),
        (meter(), as_owner(OPERATOR), "forbidden"),
        (meter(), caller("oversight:read"), "forbidden"),
        (meter(channels=["net", "export"]), None, "meter-record-refused"),
        (meter(valid_until="2021-08-31"), None, "meter-record-refused"),
        (meter(initial_indexes={"generation": "1"}), None, "meter-record-refused"),
        (meter(initial_indexes={"export": "1000000"}), None, "meter-record-refused"),
        (meter(class_pct="0"), None, "invalid-request"),
        (meter(class_pct=0.5), None, "invalid-request"),
        (meter(channels=["sideways"]), None, "invalid-request"),
        (meter(valid_until="9999-12-31"), None, "invalid-request"),
        (meter(valid_from="1999-12-31"), None, "invalid-request"),
    ],
)
async def test_what_cannot_be_recorded(desk, post, count_rows, body, headers, refusal):
    answer = await post("", body, headers)
    assert problem(answer) == refusal, answer.text
    assert await count_rows("meters") == 0


async def test_a_meter_counts_for_one_project_only(desk, deliver, post):
    other = str(new_id())
    await deliver(pv_project(project_id=other, project_no=6))
    assert (await post("", meter())).status_code == 201
    answer = await post("", meter(project_id=other))
    assert problem(answer) == "meter-in-other-project"


async def test_a_replacement_ends_one_meter_and_begins_the_next(desk, api, post):
    await post("", meter())
    body = {
        "project_id": PV_ID,
        "meter_no": "M1",
        "replaced_on": "2025-06-15",
        "final_indexes": {"export": "999990.5", "import": "12"},
        "successor": {
            name: value
            for name, value in meter(
                meter_no="M2",
                valid_from="2025-06-15",
                initial_indexes={"export": "0", "import": "0"},
            ).items()
            if name != "project_id"
        },
    }
    answer = await post("/replacements", body)
    assert answer.status_code == 201, answer.text
    ended, begun = answer.json()["ended"], answer.json()["begun"]
    assert (ended["version"], ended["valid_until"], ended["replaced_by"]) == (2, "2025-06-15", "M2")
    assert (begun["version"], begun["replaces"]) == (1, "M1")
    assert problem(await post("/replacements", body)) == "meter-record-refused"


@pytest.mark.parametrize(
    "change",
    [
        {"final_indexes": {"export": "1"}},
        {"final_indexes": {"export": "1", "import": "1000000"}},
        {"replaced_on": "2026-01-02"},
        {"replaced_on": "2021-08-31"},
    ],
)
async def test_a_replacement_needs_every_last_index_and_a_possible_day(
    desk, post, count_rows, change
):
    await post("", meter())
    successor = meter(meter_no="M2", valid_from="2025-06-15")
    successor.pop("project_id")
    successor["initial_indexes"] = {"export": "0", "import": "0"}
    body = {
        "project_id": PV_ID,
        "meter_no": "M1",
        "replaced_on": "2025-06-15",
        "final_indexes": {"export": "1", "import": "1"},
        "successor": successor,
    } | change
    assert problem(await post("/replacements", body)) == "meter-record-refused"
    assert await count_rows("meters") == 1


async def test_corrections_follow_the_dates_of_the_checks(desk, api, post):
    await post("", meter())
    for body in (
        calibration("2024-01-10"),
        calibration("2025-03-01", "0.8"),  # found beyond its class, and late
        calibration("2025-03-02", "-0.2"),
    ):
        answer = await post("/checks", body)
        assert answer.status_code == 201, answer.text
    assert await corrections(api, "2024-01-01", "2025-12-31") == [
        ("2024-01-01", "2024-01-09", "0.5", "never"),
        ("2024-01-10", "2025-01-10", "0.8", "error"),  # as found at the next calibration
        ("2025-01-11", "2025-02-28", "0.8", "late"),
        ("2025-03-01", "2025-03-01", "0.8", "error"),
        ("2025-03-02", "2025-12-31", "0", "in_time"),
    ]


async def test_a_fault_needs_a_calibration_within_thirty_days(desk, api, post):
    await post("", meter())
    await post("/checks", calibration("2025-01-01"))
    await post("/checks", calibration("2025-05-01", None, kind="fault"))
    await post("/checks", calibration("2025-07-01"))
    assert await corrections(api, "2025-01-01", "2025-12-31") == [
        ("2025-01-01", "2025-05-31", "0", "in_time"),
        ("2025-06-01", "2025-06-30", "0.5", "late"),
        ("2025-07-01", "2025-12-31", "0", "in_time"),
    ]


async def test_a_corrected_record_no_longer_counts_and_stays_on_record(desk, api, post):
    await post("", meter())
    wrong = (await post("/checks", calibration("2025-01-01", "0.9"))).json()
    right = calibration("2025-01-01", "0.09", replaces=wrong["check_id"])
    assert (await post("/checks", right)).status_code == 201
    assert await corrections(api, "2025-01-01", "2025-12-31") == [
        ("2025-01-01", "2025-12-31", "0", "in_time")
    ]
    assert problem(await post("/checks", right)) == "calibration-refused"
    history = await api.get(
        "/v1/meters/history", params={"project_id": PV_ID, "meter_no": "M1"}, headers=as_owner()
    )
    assert [check["error_pct"] for check in history.json()["checks"]] == ["0.9", "0.09"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (calibration("2026-01-02"), "calibration-refused"),  # tomorrow
        (calibration("2025-01-01", None), "calibration-refused"),
        (calibration("2025-01-01", valid_until="2026-01-02"), "calibration-refused"),
        (calibration("2025-01-01", valid_until="2024-12-31"), "calibration-refused"),
        (calibration("2025-01-01", replaces=str(new_id())), "calibration-refused"),
        (calibration("2025-01-01", meter_no="M2"), "meter-record-missing"),
    ],
)
async def test_what_is_no_calibration(desk, post, count_rows, body, refusal):
    await post("", meter())
    assert problem(await post("/checks", body)) == refusal
    assert await count_rows("meter_checks") == 0


async def test_only_owner_and_oversight_see_a_meter(desk, api, post):
    await post("", meter())
    params = {"project_id": PV_ID}
    assert (await api.get("/v1/meters", params=params, headers=as_officer("a"))).status_code == 200
    other = await api.get("/v1/meters", params=params, headers=as_owner(OPERATOR))
    assert problem(other) == "forbidden"


# ---- the rule alone -------------------------------------------------------------------------

DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))
CALIBRATIONS = st.lists(
    st.builds(
        lambda day, error: rules.Calibration(day, Decimal(error) / 10, rules.due_after(day)),
        DAYS,
        st.integers(-20, 20),
    ),
    max_size=6,
    unique_by=lambda found: found.performed_on,
)


@given(CALIBRATIONS, st.lists(DAYS, max_size=3), DAYS, st.integers(0, 900))
def test_every_day_has_one_correction_and_none_is_in_the_owners_favour(
    calibrations, faults, start, length
):
    end = start + timedelta(days=length)
    class_pct = Decimal("0.5")
    found = rules.corrections(class_pct, calibrations, faults, start, end)
    assert (found[0].start, found[-1].end) == (start, end)
    for before, after in pairwise(found):
        assert after.start == before.end + timedelta(days=1)
        assert (before.pct, before.reason) != (after.pct, after.reason)
    for span in found:
        assert span.pct == 0 or span.pct >= class_pct
        assert (span.pct == 0) == (span.reason == "in_time")


@pytest.mark.parametrize(
    ("day", "due"),
    [(date(2024, 2, 29), date(2025, 2, 28)), (date(2025, 12, 31), date(2026, 12, 31))],
)
def test_a_calibration_counts_for_a_year(day, due):
    assert rules.due_after(day) == due


# ---- at the same time -----------------------------------------------------------------------


async def test_two_projects_that_want_one_meter_at_once_do_not_both_get_it(
    desk, deliver, post, count_rows
):
    other = str(new_id())
    await deliver(pv_project(project_id=other, project_no=6))
    answers = await asyncio.gather(
        *(post("", meter(project_id=project)) for project in (PV_ID, other) * 4)
    )
    assert sorted({answer.status_code for answer in answers}) == [200, 201, 409]
    assert sum(answer.status_code == 409 for answer in answers) == 4
    assert (await count_rows("meters"), await count_rows("meter_claims")) == (1, 1)


async def test_a_meter_is_replaced_once_however_many_ask(desk, post, count_rows):
    await post("", meter())

    def body(number):
        successor = meter(
            meter_no=f"M{number}",
            valid_from="2025-06-15",
            initial_indexes={"export": "0", "import": "0"},
        )
        successor.pop("project_id")
        return {
            "project_id": PV_ID,
            "meter_no": "M1",
            "replaced_on": "2025-06-15",
            "final_indexes": {"export": "1", "import": "1"},
            "successor": successor,
        }

    answers = await asyncio.gather(*(post("/replacements", body(number)) for number in range(2, 8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert await count_rows("meters") == 3


async def test_a_successor_cannot_be_a_meter_of_another_project(desk, deliver, post, count_rows):
    await deliver(pv_project(project_id=str(new_id()), project_no=6, meters=["M2"]))
    await post("", meter())
    successor = meter(
        meter_no="M2",
        valid_from="2025-06-15",
        initial_indexes={"export": "0", "import": "0"},
    )
    successor.pop("project_id")
    body = {
        "project_id": PV_ID,
        "meter_no": "M1",
        "replaced_on": "2025-06-15",
        "final_indexes": {"export": "1", "import": "1"},
        "successor": successor,
    }
    assert problem(await post("/replacements", body)) == "meter-in-other-project"
    assert await count_rows("meters") == 1
