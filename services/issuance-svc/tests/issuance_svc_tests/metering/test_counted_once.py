"""What a meter measured counts once, for one project, as its record says, and never quietly not at all."""

import asyncio
from decimal import Decimal

import pytest

from issuance_svc_tests.factories import (
    PV_ID,
    as_officer,
    as_owner,
    meter_csv,
    problem,
    pv_project,
)
from issuance_svc_tests.metering.conftest import refused
from issuance_svc_tests.metering.test_uploads import CM, OPTIONS, january, registers, yearly
from tht_kit.ids import new_id

REGISTERS = {"kind": "register_readings"}


def successor(meter_no, valid_from="2025-06-15", **changes):
    return {
        "meter_no": meter_no,
        "class_pct": "0.5",
        "multiplier": "1",
        "register_digits": 6,
        "channels": ["export", "import"],
        "valid_from": valid_from,
        "initial_indexes": {"export": "0", "import": "0"},
    } | changes


@pytest.fixture
def replace(api):
    """Return a function that replaces M1."""

    async def replaced(by, on="2025-06-15", **changes):
        body = {
            "project_id": PV_ID,
            "meter_no": "M1",
            "replaced_on": on,
            "final_indexes": {"export": "600", "import": "60"},
            "successor": successor(by, on, **changes),
        }
        return await api.post("/v1/meters/replacements", json=body, headers=as_owner())

    return replaced


@pytest.fixture
def recorded(api):
    """Return a function that sends a meter's record and returns the answer."""

    async def sent(meter_no="M1", project_id=PV_ID, **changes):
        body = successor(meter_no, "2021-09-01", initial_indexes={}, project_id=project_id)
        return await api.post("/v1/meters", json=body | changes, headers=as_owner())

    return sent


def given(tree, symbol):
    """Return the values of a symbol anywhere in the tree."""
    found = [tree["value"]] if tree["symbol"] == symbol else []
    for operand in tree.get("operands", []):
        found += given(operand, symbol)
    return found


# ---- once in time -----------------------------------------------------------------------------


async def test_registers_and_intervals_of_one_channel_do_not_both_count(
    desk, stored, record, quantified
):
    await record()
    intervals = await stored(january(), **OPTIONS)
    again = registers(("M1", "export", "2025-01-01", "0"), ("M1", "export", "2025-02-01", "12000"))
    kind, says = refused(await quantified(intervals, await stored(again, **REGISTERS)))
    assert kind == "activity-data-contradict"
    assert "M1 export has two sets of data of 2025-01-01 (intervals + registers)" in says
    alone = await quantified(intervals)
    assert Decimal(alone.json()["calculated"]) == Decimal("38.016") * 31 * CM


async def test_one_day_under_a_register_is_enough_to_contradict(desk, stored, record, quantified):
    await record()
    intervals = await stored(january(), **OPTIONS)
    last_day = registers(
        ("M1", "import", "2025-01-31", "0"), ("M1", "import", "2025-02-01", "0.000001")
    )
    upload = await stored(last_day, **REGISTERS)
    assert refused(await quantified(intervals, upload))[0] == "activity-data-contradict"


async def test_each_channel_has_a_source_of_its_own(desk, stored, record, quantified):
    await record()
    exported = await stored(january(channels=["export"]), **OPTIONS)
    drawn = registers(("M1", "import", "2025-01-01", "0"), ("M1", "import", "2025-02-01", "11904"))
    answer = await quantified(exported, await stored(drawn, **REGISTERS))
    assert answer.status_code == 201, answer.text
    assert Decimal(answer.json()["calculated"]) == Decimal("38.016") * 31 * CM


async def test_readings_within_a_day_part_it_and_do_not_double_it(desk, stored, record, quantified):
    await record()
    rows = [
        ("M1", channel, day, str(index * share))
        for channel, share in (("export", 1000), ("import", 10))
        for index, day in enumerate(
            ("2025-01-01", "2025-01-15T10:00:00", "2025-01-15T18:00:00", "2025-02-01")
        )
    ]
    answer = await quantified(await stored(registers(*rows), **REGISTERS))
    assert answer.status_code == 201, answer.text
    assert Decimal(answer.json()["calculated"]) == Decimal("2.97") * CM


# ---- by the record as it is -------------------------------------------------------------------


async def test_a_corrected_multiplier_needs_the_registers_read_again(
    desk, api, stored, record, quantified
):
    content = yearly(("0", "1200"), ("0", "12"))
    await record(multiplier="1000")
    before = await stored(content, **REGISTERS)
    assert (await stored(content, **REGISTERS))["upload_id"] == before["upload_id"]
    await record(multiplier="1", checked=None)
    kind, says = refused(await quantified(before))
    assert kind == "meter-record-corrected"
    assert before["upload_id"] in says
    assert "multiplier 1000; the record says 1" in says
    after = await stored(content, **REGISTERS)
    assert after["upload_id"] != before["upload_id"]
    made = (await quantified(after)).json()
    assert Decimal(made["calculated"]) == Decimal("1.188") * CM
    path = f"/v1/reports/{made['report_id']}/calculation"
    shown = (await api.get(path, headers=as_owner())).json()
    assert shown["inputs"]["meters"][0]["multiplier"] == "1"
    assert given(shown["tree"], "k") == ["1"]


async def test_a_corrected_multiplier_needs_secondary_values_read_again(
    desk, stored, record, quantified
):
    await record(multiplier="1000")
    secondary = OPTIONS | {"values": "secondary"}
    before = await stored(january(), **secondary)
    primary = await stored(january(), **OPTIONS)
    await record(multiplier="0.5", checked=None)
    assert refused(await quantified(before))[0] == "meter-record-corrected"
    after = await stored(january(), **secondary)
    assert after["upload_id"] != before["upload_id"]
    # What was measured before the transformers does not depend on them.
    assert (await stored(january(), **OPTIONS))["upload_id"] == primary["upload_id"]
    answer = await quantified(after)
    assert Decimal(answer.json()["calculated"]) == Decimal("38.016") * 31 * CM / 2


async def test_another_fact_of_the_record_leaves_the_file_as_it_was_read(
    desk, stored, record, quantified
):
    await record(multiplier="10")
    content = yearly(("0", "1200"), ("0", "12"))
    before = await stored(content, **REGISTERS)
    await record(multiplier="10", class_pct="1", checked=None)
    assert (await stored(content, **REGISTERS))["upload_id"] == before["upload_id"]
    assert (await quantified(before)).status_code == 201


# ---- never quietly not at all -----------------------------------------------------------------


@pytest.fixture
async def two_meters(desk, deliver, stored, record):
    """A project that feeds in by M1 and draws by M2, and the upload that says so."""
    await deliver(pv_project(version=5, meters=["M1", "M2"]))
    await record("M1")
    await record("M2")
    rows = [
        (meter_no, channel, day, "0" if day == "2025-01-01" else index)
        for meter_no, channel, index in (
            ("M1", "export", "900000"),
            ("M1", "import", "0"),
            ("M2", "export", "0"),
            ("M2", "import", "300000"),
        )
        for day in ("2025-01-01", "2025-02-01")
    ]
    return await stored(registers(*rows), **REGISTERS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"valid_until": "2024-12-31"}, "M2 ended on 2024-12-31 without a successor"),
        ({"channels": ["generation"]}, "M2 its channels do not count: generation"),
    ],
)
async def test_a_meter_that_its_owner_takes_out_needs_a_review(
    desk, api, recorded, quantified, two_meters, changes, says
):
    assert (await recorded("M2", **changes)).status_code == 201
    answer = await quantified(two_meters)
    assert answer.status_code == 201, answer.text
    report = answer.json()
    (flag,) = [flag for flag in report["flags"] if flag["code"] == "meter-not-counted"]
    assert says in flag["en"]
    assert "meter-not-counted" in {review["code"] for review in report["reviews"]}
    notice = await desk.notice(report["report_id"])
    assert (notice.status_code, problem(notice)) == (409, "reviews-unsettled")


async def test_meters_that_all_count_need_no_review(desk, quantified, two_meters):
    report = (await quantified(two_meters)).json()
    assert Decimal(report["calculated"]) == 600 * CM
    assert "meter-not-counted" not in {flag["code"] for flag in report["flags"]}


async def test_a_meter_that_ends_within_the_period_needs_a_review(
    desk, stored, record, recorded, quantified
):
    await record()
    upload = await stored(january(), **OPTIONS)
    await recorded(valid_until="2025-01-20")
    report = (await quantified(upload)).json()
    assert "meter-not-counted" in {flag["code"] for flag in report["flags"]}


async def test_own_use_whose_auxiliaries_leave_the_record_needs_a_review(
    desk, deliver, stored, record, quantified
):
    await deliver(pv_project(pv_mode="own_use", version=5))
    await record(channels=["generation", "auxiliary"])
    upload = await stored(january(channels=["generation", "auxiliary"]), **OPTIONS)
    await record(channels=["generation"], checked=None)
    report = (await quantified(upload)).json()
    (flag,) = [flag for flag in report["flags"] if flag["code"] == "meter-not-counted"]
    assert "no longer has the channel auxiliary" in flag["en"]


async def test_a_replaced_meter_needs_no_review(desk, stored, record, replace, quantified):
    await record()
    assert (await replace("M2", "2025-01-15")).status_code == 201
    rows = [
        ("M1", "export", "2025-01-01", "100"),
        ("M1", "import", "2025-01-01", "10"),
        ("M2", "export", "2025-02-01", "57"),
        ("M2", "import", "2025-02-01", "6"),
    ]
    report = (await quantified(await stored(registers(*rows), **REGISTERS))).json()
    assert "meter-not-counted" not in {flag["code"] for flag in report["flags"]}


@pytest.mark.parametrize(
    ("meter_no", "changes", "pointer"),
    [
        ("M1", {"valid_until": "2025-06-14"}, "/valid_until"),
        ("M1", {"final_indexes": {"export": "700", "import": "60"}}, None),
        ("M2", {"valid_from": "2025-06-16"}, "/valid_from"),
        (
            "M2",
            {"valid_from": "2025-06-15", "initial_indexes": {"export": "9", "import": "0"}},
            "/initial_indexes",
        ),
    ],
)
async def test_what_a_replacement_settled_stays(
    desk, record, recorded, replace, count_rows, meter_no, changes, pointer
):
    await record()
    assert (await replace("M2")).status_code == 201
    rows = await count_rows("meters")
    answer = await recorded(meter_no, **changes)
    wanted = "invalid-request" if pointer is None else "meter-record-refused"
    assert problem(answer) == wanted, answer.text
    assert await count_rows("meters") == rows


async def test_other_facts_of_a_replaced_meter_can_still_be_corrected(
    desk, record, recorded, replace
):
    await record()
    await replace("M2")
    old = (await recorded("M1", class_pct="1")).json()
    assert (old["valid_until"], old["replaced_by"]) == ("2025-06-15", "M2")
    assert old["final_indexes"] == {"export": "600", "import": "60"}
    new = (await recorded("M2", class_pct="1", valid_from="2025-06-15")).json()
    assert new["initial_indexes"] == {"export": "0", "import": "0"}


# ---- for one project --------------------------------------------------------------------------


@pytest.fixture
def rival(desk, deliver):
    """Return a function by which another project is registered with a meter of this number."""

    async def registered(meter_no):
        project_id = str(new_id())
        await deliver(pv_project(project_id=project_id, project_no=6, meters=[meter_no]))
        return project_id

    return registered


async def test_r7_the_registers_word_outweighs_a_replacement(
    desk, stored, record, recorded, replace, rival, quantified
):
    """Who names another's meter as a successor does not keep it from its project."""
    await record()
    assert (await replace("RIVAL-1")).status_code == 201
    other = await rival("RIVAL-1")
    assert (await recorded("RIVAL-1", other)).status_code == 201
    upload = await desk.uploaded(meter_csv(meter_no="RIVAL-1"), project_id=other)
    answer = await desk.report(project_id=other, upload_ids=[upload])
    assert answer.status_code == 201, answer.text
    # The one that claimed it has to say what really replaced its meter.
    own = await stored(yearly(("0", "590"), ("0", "9")), **REGISTERS)
    assert refused(await quantified(own))[0] == "meter-in-other-project"
    assert problem(await recorded("RIVAL-1", valid_from="2025-06-15")) == "meter-in-other-project"
    assert problem(await replace("RIVAL-1")) == "meter-in-other-project"
    assert (await replace("M2")).status_code == 201
    assert problem(await replace("M3")) == "meter-record-refused"
    own = await stored(yearly(("0", "590"), ("0", "9")), **REGISTERS)
    assert (await quantified(own)).status_code == 201


async def test_r7_the_days_of_a_successor_are_claimed_once(
    desk, api, stored, record, replace, rival, quantified
):
    """A successor has no place in the register until a project is registered with it."""
    await record()
    await replace("M2", "2025-01-15")
    rows = [
        ("M1", "export", "2025-01-01", "100"),
        ("M1", "import", "2025-01-01", "10"),
        ("M2", "export", "2025-02-01", "57"),
        ("M2", "import", "2025-02-01", "6"),
    ]
    first = (await quantified(await stored(registers(*rows), **REGISTERS))).json()
    other = await rival("M2")
    upload = await desk.uploaded(meter_csv(meter_no="M2"), project_id=other)
    answer = await desk.report(project_id=other, upload_ids=[upload])
    assert (answer.status_code, problem(answer)) == (409, "site-claimed")
    assert first["report_id"] in answer.json()["detail"]


async def test_r7_a_meter_that_a_project_no_longer_has_is_free_again(
    desk, deliver, record, recorded, rival
):
    other = await rival("M1")
    assert (await recorded("M1", other)).status_code == 201
    assert problem(await recorded("M1")) == "meter-in-other-project"
    await deliver(pv_project(project_id=other, project_no=6, version=5, meters=["M9"]))
    assert (await recorded("M1")).status_code == 201


async def test_r7_however_many_ask_at_once_the_registered_project_gets_the_meter(
    desk, record, recorded, replace, rival
):
    await record()
    other = await rival("RIVAL-1")
    answers = await asyncio.gather(
        *(recorded("RIVAL-1", other) for _ in range(4)), *(replace("RIVAL-1") for _ in range(4))
    )
    assert [answer.status_code // 100 for answer in answers[:4]] == [2] * 4
    assert {problem(answer) for answer in answers[4:]} == {"meter-in-other-project"}


async def test_refused_files_say_how_far_they_were_read(desk, api, send):
    content = january() + "M9,export,2025-01-01T00:00:00+08:00,1\n"
    answer = await send(content, **OPTIONS)
    assert answer.status_code == 422
    listed = await api.get("/v1/uploads", params={"project_id": PV_ID}, headers=as_officer("a"))
    (upload,) = listed.json()["items"]
    assert (upload["state"], upload["rows"]) == ("REFUSED", 0)
    assert (upload["rows_read"], upload["bytes_read"]) == (2 * 31 * 96 + 1, len(content))
