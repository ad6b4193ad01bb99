"""Interval and register files through the API: stored by day, counted by month, corrected by date."""

import asyncio
import json
from decimal import Decimal

import pytest
from sqlalchemy import text

from issuance_svc_tests.factories import PV_ID, as_owner, pv_project
from issuance_svc_tests.metering.conftest import refused
from issuance_svc_tests.metering.files import interval_csv
from issuance_svc_tests.uploads.workbooks import XLSX, workbook

JANUARY = 31 * 96
OPTIONS = {"interval_min": "15", "unit": "kWh"}
CM = Decimal("0.715375")


def january(export="400", imported="4", **changes):
    """R13's amounts as a month of equal quarters of an hour: 1,190,400 and 11,904 kWh."""
    return interval_csv(
        count=JANUARY,
        value=lambda channel, _: export if channel == "export" else imported,
        **changes,
    )


async def test_a_month_of_intervals_is_stored_by_day(desk, stored, database):
    upload = await stored(january(), **OPTIONS)
    assert (upload["kind"], upload["rows"]) == ("interval_readings", 2 * JANUARY)
    assert upload["summary"]["channels"][0] == {
        "meter_no": "M1",
        "channel": "export",
        "first_day": "2025-01-01",
        "last_day": "2025-01-31",
        "intervals": JANUARY,
        "missing": 0,
        "kwh": "1190400",
        "unchanging_min": 1440,
    }
    async with database.read() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT channel, count(*), sum(positive / per_kwh), max(array_length(cells, 1)),"
                    " (array_agg(cells[1] * factor / per_kwh))[1]"
                    " FROM interval_days GROUP BY channel ORDER BY channel"
                )
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("export", 31, Decimal(1190400), 96, Decimal(400)),
        ("import", 31, Decimal(11904), 96, Decimal(4)),
    ]


async def test_the_same_file_ten_times_at_once_is_one_upload(desk, send, count_rows):
    answers = await asyncio.gather(*(send(january(), **OPTIONS) for _ in range(10)))
    assert len({answer.json()["upload_id"] for answer in answers}) == 1
    assert await count_rows("interval_days") == 62


async def test_bad_rows_are_named_and_nothing_is_stored(desk, send, count_rows):
    content = interval_csv(count=4) + "M9,export,2025-01-01T00:00:00+08:00,1\nM1,export,now,x\n"
    answer = await send(content, **OPTIONS)
    assert answer.status_code == 422
    assert [(e["pointer"], e["detail"].split(";")[0]) for e in answer.json()["errors"]] == [
        ("row:10,column:meter_no", "the meter M9 is not registered with this project"),
        ("row:11,column:time", "“now” is not a time"),
        ("row:11,column:value", "“x” is not a decimal"),
    ]
    assert await count_rows("interval_days") == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"unit": "kWh"}, "interval_min"),
        ({"interval_min": "10", "unit": "kWh"}, "interval_min"),
        ({"interval_min": "15", "unit": "GWh"}, "unit"),
        ({"interval_min": "15", "unit": "kWh", "utc_offset": "08:00"}, "utc_offset"),
        ({"interval_min": "15"}, "unit"),
        ({"interval_min": "15", "unit": "kWh", "colour": "red"}, "colour"),
    ],
)
async def test_options_that_cannot_be_used_are_named(desk, send, options, says):
    answer = await send(interval_csv(count=2), **options)
    assert answer.status_code == 422
    assert says in answer.text


async def test_values_behind_transformers_need_a_recorded_multiplier(desk, send, stored, record):
    given = OPTIONS | {"values": "secondary"}
    answer = await send(interval_csv(count=2), **given)
    assert refused(answer)[0] == "meter-record-missing"
    await record(multiplier="120.5")
    upload = await stored(interval_csv(count=2, value="0.001"), **given)
    assert upload["summary"]["channels"][0]["kwh"] == "0.241"


@pytest.mark.parametrize("form", ["ndjson", "xlsx", "gb18030", "semicolon"])
async def test_every_form_of_table_gives_the_same_days(desk, stored, database, form):
    names = ["meter_no", "channel", "time", "value"]
    rows = [line.split(",") for line in interval_csv(count=8).splitlines()[1:]]
    media = "text/csv"
    if form == "ndjson":
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
        content, media = "\n".join(lines).encode(), "application/x-ndjson"
    elif form == "xlsx":
        content, media = workbook(rows, header=names), XLSX
    elif form == "gb18030":
        head = ["表号", "通道", "时间", "数值"]
        channels = {"export": "上网", "import": "下网"}
        body = [[row[0], channels[row[1]], *row[2:]] for row in rows]
        content = "\n".join(",".join(row) for row in [head, *body]).encode("gb18030")
    else:
        content = "\n".join(";".join(row) for row in [names, *rows]).encode()
    upload = await stored(content, media=media, **OPTIONS)
    assert [line["kwh"] for line in upload["summary"]["channels"]] == ["2", "2"]


# ---- from files to tonnes -------------------------------------------------------------------


async def test_r13_by_intervals(desk, stored, record, quantified):
    await record()
    upload = await stored(january("400", "4"), **OPTIONS)
    answer = await quantified(upload)
    assert answer.status_code == 201, answer.text
    assert Decimal(answer.json()["calculated"]) == (Decimal("1190.4") - Decimal("11.904")) * CM


async def test_r14_by_dates_corrects_the_late_days_only(desk, stored, record, quantified, api):
    await record(checked="2024-01-10")  # counts until 2025-01-10: 21 days of January are late
    answer = await quantified(await stored(january(), **OPTIONS))
    daily = Decimal("38.4") - Decimal("0.384")
    late = Decimal("38.4") * Decimal("0.995") - Decimal("0.384") * Decimal("1.005")
    assert Decimal(answer.json()["calculated"]) == (daily * 10 + late * 21) * CM


async def test_days_outside_the_period_do_not_count(desk, stored, record, quantified):
    await record()
    upload = await stored(january(), **OPTIONS)
    answer = await quantified(upload, start="2025-01-11", end="2025-01-20")
    assert Decimal(answer.json()["calculated"]) == Decimal("38.016") * 10 * CM


async def test_a_meter_without_a_record_is_named(desk, stored, quantified):
    answer = await quantified(await stored(january(), **OPTIONS))
    assert refused(answer)[0] == "meter-record-missing"


async def test_a_missing_channel_is_never_zero(desk, stored, record, quantified):
    await record()
    upload = await stored(january(channels=["export"]), **OPTIONS)
    kind, says = refused(await quantified(upload))
    assert (kind, "import" in says) == ("activity-data-incomplete", True)


async def test_days_without_import_are_gaps_that_are_refused(desk, stored, record, quantified):
    await record()
    upload = await stored(interval_csv(count=10 * 96), **OPTIONS)
    kind, says = refused(await quantified(upload))
    assert (kind, "lacks 2016 of 2976 intervals" in says) == ("activity-data-incomplete", True)


async def test_files_that_overlap_agree_or_are_refused(desk, stored, record, quantified):
    await record()
    first = await stored(january(), **OPTIONS)
    # Ten days again, one of them in halves: the same cells count once.
    again = await stored(interval_csv("2025-01-05T12:00:00", count=9 * 96, value=_equal), **OPTIONS)
    answer = await quantified(first, again)
    assert Decimal(answer.json()["calculated"]) == Decimal("38.016") * 31 * CM
    other = await stored(interval_csv("2025-01-05T12:00:00", count=1, value="7"), **OPTIONS)
    assert refused(await quantified(first, other))[0] == "interval-data-contradict"


def _equal(channel, _):
    return "400" if channel == "export" else "4"


async def test_two_halves_of_a_day_in_two_files_are_one_day(desk, stored, record, quantified):
    await record()
    halves = [
        await stored(interval_csv(start, count=48, value=_equal), **OPTIONS)
        for start in ("2025-01-01T00:00:00", "2025-01-01T12:00:00")
    ]
    answer = await quantified(*halves, start="2025-01-01", end="2025-01-01")
    assert Decimal(answer.json()["calculated"]) == Decimal("38.016") * CM


async def test_a_net_channel_and_power_of_five_minutes(desk, stored, record, quantified):
    await record(channels=["net"])
    content = interval_csv(
        count=288 * 31,
        interval_min=5,
        channels=["net"],
        value=lambda _, at: "1600" if at % 288 in range(84, 228) else "-16",
    )
    upload = await stored(content, interval_min="5", unit="kW")
    assert upload["summary"]["channels"][0]["below_zero_kwh"] == "5952"
    answer = await quantified(upload)
    assert Decimal(answer.json()["calculated"]) == (1600 - 16) * 12 * 31 * CM / 1000


async def test_own_use_counts_generation_less_auxiliaries(
    desk, deliver, stored, record, quantified
):
    await deliver(pv_project(pv_mode="own_use", version=5))
    await record(channels=["generation", "auxiliary"])
    content = january(channels=["generation", "auxiliary"]).replace(",4\n", ",400\n", JANUARY)
    upload = await stored(content, **OPTIONS)
    answer = await quantified(upload)
    assert answer.status_code == 201, answer.text
    assert Decimal(answer.json()["calculated"]) == Decimal("1178.496") * CM


async def test_night_generation_rings(desk, deliver, stored, record, quantified, api):
    await deliver(
        pv_project(version=5, capacity_kw="1700", latitude="29.563000", longitude="106.551000")
    )
    await record()
    answer = await quantified(await stored(january(), **OPTIONS))
    assert answer.status_code == 201, answer.text
    report = await api.get(f"/v1/reports/{answer.json()['report_id']}", headers=as_owner())
    assert "night-generation" in report.text
    assert "stale-values" in report.text


# ---- registers ------------------------------------------------------------------------------


def registers(*rows):
    return "meter_no,channel,time,value\n" + "\n".join(",".join(row) for row in rows) + "\n"


def yearly(export, imported, meter_no="M1"):
    return registers(
        (meter_no, "export", "2025-01-01", export[0]),
        (meter_no, "export", "2025-02-01", export[1]),
        (meter_no, "import", "2025-01-01", imported[0]),
        (meter_no, "import", "2025-02-01", imported[1]),
    )


async def test_registers_are_differences_times_the_multiplier(desk, stored, record, quantified):
    await record(multiplier="120")
    content = yearly(("10000.5", "20000.5"), ("100", "200"))
    upload = await stored(content, kind="register_readings")
    assert [line["kwh"] for line in upload["summary"]["channels"]] == ["1200000.0", "12000"]
    answer = await quantified(upload)
    assert Decimal(answer.json()["calculated"]) == Decimal("849.8655")
    assert answer.json()["calculated_t"] == 849


async def test_a_register_that_turns_over_is_counted_on(desk, stored, record):
    await record()
    content = yearly(("999000", "201"), ("1", "2"))
    upload = await stored(content, kind="register_readings")
    assert upload["summary"]["channels"][0] == {
        "meter_no": "M1",
        "channel": "export",
        "first_day": "2025-01-01",
        "last_day": "2025-01-31",
        "spans": 1,
        "rollovers": 1,
        "kwh": "1201",
    }


@pytest.mark.parametrize(
    ("content", "pointer", "says"),
    [
        (yearly(("5000", "4990"), ("1", "2")), "row:3,column:value", "no rollover"),
        (yearly(("500000", "4990"), ("1", "2")), "row:3,column:value", "no rollover"),
        (yearly(("1", "1000000"), ("1", "2")), "row:3,column:value", "6 digits"),
        (yearly(("1", "-2"), ("1", "2")), "row:3,column:value", "digits"),
        (yearly(("1", "2"), ("1", "2"), "M9"), "row:2,column:meter_no", "not registered"),
        (registers(("M1", "export", "2025-01-01", "5")), "row:2,column:value", "only reading"),
        (registers(("M1", "net", "2025-01-01", "5")), "row:2,column:channel", "no channel net"),
        (
            registers(("M1", "export", "2025-01-01", "5"), ("M1", "export", "2025-01-01", "6")),
            "row:3,column:value",
            "row 2",
        ),
    ],
)
async def test_registers_that_contradict_are_named(
    desk, send, record, count_rows, content, pointer, says
):
    await record()
    answer = await send(content, kind="register_readings")
    assert answer.status_code == 422, answer.text
    named = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert says in named[pointer]
    assert await count_rows("register_spans") == 0


async def test_a_replaced_register_goes_on_in_its_successor(
    desk, api, stored, send, record, quantified
):
    await record()
    body = {
        "project_id": PV_ID,
        "meter_no": "M1",
        "replaced_on": "2025-01-15",
        "final_indexes": {"export": "600", "import": "60"},
        "successor": {
            "meter_no": "M2",
            "class_pct": "0.5",
            "multiplier": "10",
            "register_digits": 6,
            "channels": ["export", "import"],
            "valid_from": "2025-01-15",
            "initial_indexes": {"export": "7", "import": "5"},
        },
    }
    answer = await api.post("/v1/meters/replacements", json=body, headers=as_owner())
    assert answer.status_code == 201, answer.text
    check = {
        "project_id": PV_ID,
        "meter_no": "M2",
        "kind": "calibration",
        "performed_on": "2025-01-15",
        "error_pct": "0",
    }
    assert (await api.post("/v1/meters/checks", json=check, headers=as_owner())).status_code == 201
    content = registers(
        ("M1", "export", "2025-01-01", "100"),
        ("M1", "import", "2025-01-01", "10"),
        ("M2", "export", "2025-02-01", "57"),
        ("M2", "import", "2025-02-01", "6"),
    )
    upload = await stored(content, kind="register_readings")
    # M1 600 - 100 and 60 - 10, M2 (57 - 7) x 10 and (6 - 5) x 10.
    answer = await quantified(upload)
    assert Decimal(answer.json()["calculated"]) == Decimal("0.940") * CM
    late = registers(("M1", "export", "2025-01-01", "100"), ("M1", "export", "2025-02-01", "700"))
    answer = await send(late, kind="register_readings")
    assert "taken out" in answer.text


async def test_registers_that_leave_out_days_are_refused(desk, stored, record, quantified):
    await record()
    content = registers(
        *(
            ("M1", channel, day, index)
            for channel in ("export", "import")
            for day, index in (("2025-01-02", "1"), ("2025-02-01", "9"))
        )
    )
    upload = await stored(content, kind="register_readings")
    answer = await quantified(upload)
    kind, says = refused(answer)
    assert (kind, "2025-01-01" in says) == ("activity-data-incomplete", True)
    assert ("readings" in answer.json()["fix"], "months" in answer.json()["fix"]) == (True, False)


async def test_r14_by_registers_of_a_meter_that_was_never_calibrated(
    desk, stored, record, quantified
):
    await record(multiplier="120", checked=None)
    upload = await stored(yearly(("0", "10000"), ("0", "100")), kind="register_readings")
    answer = await quantified(upload)
    assert Decimal(answer.json()["calculated"]) == Decimal("1181.94") * CM
    assert answer.json()["calculated_t"] == 845


async def test_r15_a_grid_without_its_factor_is_named_and_has_no_stand_in(
    desk, deliver, stored, record, quantified
):
    await deliver(pv_project(baseline_grid="SW", baseline_factor_year=2024, version=5))
    await record()
    upload = await stored(yearly(("0", "10000"), ("0", "100")), kind="register_readings")
    kind, says = refused(await quantified(upload))
    assert kind == "factor-missing"
    assert "grid_baseline_om region SW year 2024" in says


async def test_r7_a_meter_whose_mwh_carry_green_certificates_is_refused(
    desk, stored, record, quantified
):
    await record(green_certificates=True)
    upload = await stored(yearly(("0", "10000"), ("0", "100")), kind="register_readings")
    assert refused(await quantified(upload))[0] == "meter-green-certificates"


async def test_a_later_record_changes_no_report_of_before(desk, api, stored, record, quantified):
    """R21: the calculation keeps what was on record when it was made."""
    await record(checked=None)
    upload = await stored(yearly(("0", "10000"), ("0", "100")), kind="register_readings")
    made = (await quantified(upload)).json()
    path = f"/v1/reports/{made['report_id']}/calculation"
    before = (await api.get(path, headers=as_owner())).json()
    await record(checked="2024-12-20")
    assert (await api.get(path, headers=as_owner())).json() == before
    assert Decimal(made["calculated"]) < Decimal("9.9") * CM


WORDS = {
    "上网": "export", "上网电量": "export", "反向有功": "export", "下网": "import",
    "下网电量": "import", "正向有功": "import", "发电": "generation", "发电量": "generation",
    "自用电": "auxiliary", "自用电量": "auxiliary", "厂用电": "auxiliary"
}  # fmt: skip
EVERY_CHANNEL = ["export", "import", "generation", "auxiliary"]


def in_chinese(media, value, channels):
    """Two moments of each channel under Chinese headings, in a format."""
    names = ["表号", "通道", "时间", value]
    rows = [["M1", word, day, "1"] for word in channels for day in ("2025-01-01", "2025-02-01")]
    if media == XLSX:
        return workbook(rows, header=names)
    if media == "text/csv":
        return "\n".join(",".join(row) for row in [names, *rows]) + "\n"
    return "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows) + "\n"


@pytest.mark.parametrize("media", ["text/csv", "application/x-ndjson", XLSX])
@pytest.mark.parametrize(
    ("kind", "value", "options"),
    [
        (
            "interval_readings",
            "数值",
            {"interval_min": "60", "unit": "kWh", "utc_offset": "+08:00"},
        ),
        ("register_readings", "示数", {}),
        ("register_readings", "数值", {}),
    ],
)
async def test_the_words_of_the_trade_are_understood(
    desk, send, stored, record, kind, value, options, media
):
    await record(channels=EVERY_CHANNEL)
    for words in (list(WORDS)[::2], list(WORDS)[1::2]):
        content = in_chinese(media, value, words)
        upload = await stored(content, kind=kind, media=media, **options)
        known = {found["channel"] for found in upload["summary"]["channels"]}
        assert known == {WORDS[word] for word in words}
    strange = await send(in_chinese(media, value, ["无功"]), kind=kind, media=media, **options)
    assert "is no channel" in strange.text


async def test_the_words_are_taken_as_an_option_too(desk, send, stored, record):
    await record()
    content = "meter_no,时间,数值\nM1,2025-01-01,1\nM1,2025-02-01,2\n"
    upload = await stored(content, kind="register_readings", channel="上网电量")
    assert [found["channel"] for found in upload["summary"]["channels"]] == ["export"]
    strange = await send(content, kind="register_readings", channel="无功")
    assert strange.status_code == 422
