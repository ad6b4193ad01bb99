"""Meter files by others, read in place: what they sum to, and what is odd in them."""

import csv
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from uuid import UUID

import pytest

from issuance_svc.metering import months
from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies import catalogue
from issuance_svc.projects import service as projects
from issuance_svc_tests.factories import PV_ID, as_owner, problem, pv_project
from issuance_svc_tests.metering.files import DATA
from issuance_svc_tests.methodologies.build import inputs, with_factors

pytestmark = pytest.mark.skipif(
    not (DATA / "pv").is_dir(), reason="the folder of real files is not beside the checkout"
)
CM = Decimal("0.715375")
METHOD = catalogue.version("CQCM-901-V001", "2")
OWN_USE = {"pv_mode": "own_use"}
RSF = {
    "interval_min": "15",
    "unit": "kW",
    "meter_no": "M1",
    "channel": "net",
    "time_column": "",
    "value_column": "ac_power_kw_1137",
    "time_format": "%m/%d/%Y %H:%M",
    "utc_offset": "+08:00",
}
SERF = {
    "interval_min": "15",
    "unit": "W",
    "meter_no": "M1",
    "channel": "net",
    "time_column": "",
    "value_column": "ac_power__773",
    "utc_offset": "+08:00",
}
STALE = {
    "interval_min": "15",
    "unit": "kW",
    "meter_no": "M1",
    "channel": "generation",
    "time_column": "timestamp",
    "value_column": "value_normalized",
}


def file(name):
    return (DATA / name).read_bytes()


async def test_rsf_ii_is_3_696_637_kwh_and_two_tonnes(desk, deliver, stored, record, quantified):
    # Its clock is read as Shanghai's, so its place is mirrored: noon stays noon.
    await deliver(
        pv_project(version=5, capacity_kw="408", latitude="39.740000", longitude="105.170000")
    )
    await record(channels=["net"], checked="2021-12-01")
    upload = await stored(file("pv/pvanalytics_nrel_RSF_II.csv"), **RSF)
    (line,) = upload["summary"]["channels"]
    assert (line["kwh"], line["intervals"], line["missing"]) == ("3696.6374", 480, 0)
    assert (line["first_day"], line["last_day"]) == ("2022-01-02", "2022-01-06")
    answer = await quantified(upload, start="2022-01-02", end="2022-01-06")
    report = answer.json()
    assert Decimal(report["calculated"]) == Decimal("3.6966374") * CM  # 2.64 t
    assert report["calculated_t"] == 2
    assert [(v["vintage"], v["quantity_t"]) for v in report["vintages"]] == [(2022, 2)]


async def test_the_same_five_days_do_not_make_a_month(desk, stored, record, quantified):
    await record(channels=["net"], checked="2021-12-01")
    upload = await stored(file("pv/pvanalytics_nrel_RSF_II.csv"), **RSF)
    answer = await quantified(upload, start="2022-01-01", end="2022-01-31")
    assert problem(answer) == "activity-data-incomplete"


async def test_serf_west_stands_a_minute_off_and_draws_power_at_night(
    desk, stored, record, quantified
):
    await record(channels=["net"], checked="2021-12-01")
    upload = await stored(file("pv/pvanalytics_serf_west_15min.csv"), **SERF)
    (line,) = upload["summary"]["channels"]
    assert upload["summary"]["stamps_off_the_raster_s"] == 60
    # In W quarters: 101,626.8727... Wh above zero, 815.1523... Wh below, sixteen places kept.
    assert (line["kwh"], line["below_zero_kwh"]) == ("101.626873", "0.815152")
    answer = await quantified(upload, start="2022-01-02", end="2022-01-06")
    assert answer.status_code == 201, answer.text
    net_kwh = Decimal("100.811720354999999995925")
    with localcontext(c.MEASURED):
        assert Decimal(answer.json()["calculated"]) == net_kwh * CM / 1000
    assert answer.json()["calculated_t"] == 0


async def test_stale_values_ring_and_missing_ones_are_gaps(desk, deliver, database, stored, record):
    await deliver(pv_project(version=5, pv_mode="own_use", crediting_start="2010-01-01"))
    await record(channels=["generation"], valid_from="2010-01-01", checked="2010-12-01")
    upload = await stored(file("pv/pvanalytics_ac_power_inv_2173_stale_data.csv"), **STALE)
    (line,) = upload["summary"]["channels"]
    assert upload["summary"]["empty_values"] == 1149
    assert line["intervals"] == 3000 - 1149
    # One hundred quarters of an hour at 0.624444323 cross a midnight of Shanghai.
    assert line["unchanging_min"] == _longest_run_of_a_day() * 15 == 1200
    assert line["missing"] == 1149 - _at_the_ends()
    # Too old to be claimed (R6), so the methodology alone is asked.
    period = c.Period(start=date(2011, 1, 1), end=date(2011, 1, 28))
    async with database.read() as session:
        project = await projects.get(session, PV_ID)
        found = await months.months(session, project, [UUID(upload["upload_id"])], period)
        records = await months.records(session, project, period)
    given = inputs("2011-01-01", "2011-01-28", meter_months=found, meters=records, project=OWN_USE)
    outcome = METHOD.calculate(with_factors(METHOD, given))
    assert [(flag.code, flag.value) for flag in outcome.flags] == [("stale-values", Decimal(1200))]
    (month,) = found
    expected = _sum_of_values("2010-12-31 16:00:00+00:00", "2011-01-28 16:00:00+00:00")
    assert sum(part.kwh for part in month.parts) == expected / 4


def _rows():
    with (DATA / "pv/pvanalytics_ac_power_inv_2173_stale_data.csv").open() as lines:
        return list(csv.DictReader(lines))


def _longest_run_of_a_day():
    """Count by hand: equal neighbours other than zero within one day of Shanghai."""
    longest = run = 0
    before = None
    for row in _rows():
        moment = datetime.fromisoformat(row["timestamp"]) + timedelta(hours=8)
        now = (moment.date(), row["value_normalized"])
        counts = now[1] not in ("", "0.0")
        run = run + 1 if counts and now == before else int(counts)
        longest, before = max(longest, run), now
    return longest


def _at_the_ends():
    values = [row["value_normalized"] for row in _rows()]
    first = next(at for at, value in enumerate(values) if value)
    last = next(at for at, value in enumerate(reversed(values)) if value)
    return first + last


def _sum_of_values(start, until):
    return sum(
        Decimal(row["value_normalized"] or 0)
        for row in _rows()
        if start <= row["timestamp"] < until
    )


async def test_nem12_of_a_month_of_five_minutes(desk, deliver, stored, record, quantified, api):
    await deliver(pv_project(version=5, meters=["NMI1234567"]))
    await record("NMI1234567", checked="2023-01-01")
    upload = await stored(file("meter/Example_NEM12_month_solar.csv"), media="text/x-nem12")
    lines = {line["channel"]: line for line in upload["summary"]["channels"]}
    assert lines["export"]["kwh"] == "589.172"
    assert lines["import"]["kwh"] == "270.738"
    # The market's day begins at 22:00 of the day before in Shanghai.
    assert (lines["export"]["first_day"], lines["export"]["last_day"]) == (
        "2023-02-28",
        "2023-03-31",
    )
    answer = await quantified(upload, start="2023-03-01", end="2023-03-30")
    assert answer.status_code == 201, answer.text
    assert answer.json()["calculated_t"] == 0
    assert 0 < Decimal(answer.json()["calculated"]) < 1


async def test_nem12_says_which_ranges_were_substituted(desk, deliver, stored, record):
    await deliver(pv_project(version=5, meters=["CCCC123456"]))
    upload = await stored(file("meter/Example_NEM12_multiple_quality.csv"), media="text/x-nem12")
    assert upload["summary"]["interval_min"] == 30
    assert upload["summary"]["qualities_other_than_actual"] == {"F": 20, "S": 24}


async def test_an_incomplete_interval_row_is_refused_by_its_line(desk, deliver, send, count_rows):
    await deliver(pv_project(version=5, meters=["NMI1234567"]))
    content = file("meter/invalid_Example_NEM12_incomplete_interval.csv")
    answer = await send(content, media="text/x-nem12")
    assert answer.status_code == 422
    assert any(error["pointer"].startswith("row:") for error in answer.json()["errors"])
    assert await count_rows("interval_days") == 0


async def test_a_register_that_contradicts_its_quantity_is_refused_by_its_line(
    desk, deliver, send, record
):
    await deliver(pv_project(version=5, meters=["VDEF005890"]))
    await record("VDEF005890")
    answer = await send(
        file("meter/Example_NEM13_forward_estimate.csv"),
        kind="register_readings",
        media="text/x-nem13",
    )
    assert answer.status_code == 422
    assert "0010015" in answer.text


async def test_the_kinds_are_listed_with_their_options(desk, api):
    listed = (await api.get("/v1/uploads/kinds", headers=as_owner())).json()
    text = str(listed)
    assert "interval_readings" in text
    assert "utc_offset" in text
