"""Photovoltaics, formula version 2: intervals, registers, own use, gaps, alarms, certificates."""

from datetime import date
from decimal import Decimal

import pytest

from issuance_svc.methodologies import calculation as c
from issuance_svc.methodologies import catalogue
from issuance_svc.methodologies.errors import (
    ActivityContradicts,
    ActivityIncomplete,
    ActivityNotApplicable,
    FactorKindRefused,
    GreenCertificateClaimed,
)
from issuance_svc_tests.methodologies.build import inputs, reading, with_factors

METHOD = catalogue.version("CQCM-901-V001", "2")
V1 = catalogue.version("CQCM-901-V001", "1")


def calculated(given, method=METHOD):
    return method.calculate(with_factors(method, given))


def part(kwh="0", *, missing=0, below="0", pct="0", reason="in_time", start=None, end=None):
    return c.MeterEnergy(
        start=start or date(2025, 1, 1),
        end=end or date(2025, 1, 31),
        pct=Decimal(pct),
        reason=reason,
        kwh=Decimal(kwh),
        below_zero_kwh=Decimal(below),
        missing=missing,
    )


def month(channel, *parts, first="2025-01-01", last="2025-01-31", **changes):
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    given = parts or (part(),)
    return c.MeterMonth(
        **{
            "meter_no": "M1",
            "channel": channel,
            "source": "intervals",
            "month": start.replace(day=1),
            "start": start,
            "end": end,
            "parts": list(given),
            "interval_min": 15,
            "largest_kwh": max((p.kwh for p in given), default=Decimal(0)) / 100,
            "deepest_kwh": Decimal(0),
            "stale_min": 0,
            "night_kwh": Decimal(0),
            "upload_ids": ["u"],
        }
        | changes
    )


def record(meter_no="M1", channels=("export", "import"), corrections=(), **changes):
    return c.MeterRecord(
        **{
            "meter_no": meter_no,
            "channels": list(channels),
            "valid_from": date(2021, 1, 1),
            "valid_until": None,
            "green_certificates": False,
            "is_checked": bool(corrections),
            "corrections": list(corrections),
        }
        | changes
    )


def january(*months, records=(record(),), **project):
    return inputs(
        "2025-01-01", "2025-01-31", meter_months=list(months), meters=list(records), project=project
    )


def test_r13_by_intervals_and_by_months_is_the_same():
    by_intervals = calculated(
        january(month("export", part("1200000")), month("import", part("12000")))
    )
    by_months = calculated(
        inputs("2025-01-01", "2025-01-31", readings=[reading("M1", "2025-01", "1200000", "12000")])
    )
    assert by_intervals.calculated == by_months.calculated == Decimal("849.8655")
    assert by_intervals.calculated_t == 849


def test_version_2_counts_monthly_readings_as_version_1_did():
    readings = [
        reading("M1", f"2025-{number:02}", "1000.7", "3.3", calibration=calibration)
        for number, calibration in enumerate(["valid", "late", "missing"] * 4, start=1)
    ]
    given = inputs("2025-01-01", "2025-12-31", readings=readings)
    one, two = calculated(given, V1), calculated(given)
    assert (one.calculated, one.vintages) == (two.calculated, two.vintages)


def test_r14_by_dates_a_late_stretch_is_corrected_alone():
    exported = month(
        "export",
        part("600000", start=date(2025, 1, 1), end=date(2025, 1, 15)),
        part("600000", pct="0.5", reason="late", start=date(2025, 1, 16), end=date(2025, 1, 31)),
    )
    drawn = month(
        "import",
        part("6000", start=date(2025, 1, 1), end=date(2025, 1, 15)),
        part("6000", pct="0.5", reason="late", start=date(2025, 1, 16), end=date(2025, 1, 31)),
    )
    outcome = calculated(january(exported, drawn))
    mwh = 600 - 6 + 600 * Decimal("0.995") - 6 * Decimal("1.005")
    assert outcome.calculated == mwh * Decimal("0.715375")


def test_r14_whole_and_uncalibrated():
    worst = {"pct": "0.5", "reason": "never"}
    outcome = calculated(
        january(month("export", part("1200000", **worst)), month("import", part("12000", **worst)))
    )
    assert outcome.calculated_t == 845


def test_checks_on_record_outweigh_the_calibration_column():
    late = c.MeterCorrection(
        start=date(2025, 1, 31), end=date(2025, 1, 31), pct=Decimal("0.5"), reason="late"
    )
    fine = c.MeterCorrection(
        start=date(2025, 1, 1), end=date(2025, 1, 30), pct=Decimal(0), reason="in_time"
    )
    given = inputs(
        "2025-01-01",
        "2025-01-31",
        readings=[reading("M1", "2025-01", "1200000", "12000", calibration="valid")],
    )
    assert calculated(given).calculated_t == 849
    by_dates = given.model_copy(update={"meters": [record(corrections=[fine, late])]})
    assert calculated(by_dates).calculated_t == 845  # the registers of a month cannot be parted


def test_own_use_is_generation_less_auxiliaries():
    own = record(channels=("generation", "auxiliary"))
    outcome = calculated(
        january(
            month("generation", part("1000000", below="10")),
            month("auxiliary", part("4990")),
            records=[own],
            pv_mode="own_use",
        )
    )
    assert outcome.calculated == Decimal("995.000") * Decimal("0.715375")


def test_own_use_without_an_auxiliary_channel_counts_generation():
    outcome = calculated(
        january(
            month("generation", part("1000000")),
            records=[record(channels=("generation",))],
            pv_mode="own_use",
        )
    )
    assert outcome.calculated_t == 715


def test_a_net_channel_is_both_directions():
    outcome = calculated(
        january(
            month("net", part("1200000", below="12000")),
            records=[record(channels=("net",))],
        )
    )
    assert outcome.calculated_t == 849


@pytest.mark.parametrize(
    ("months", "project", "says"),
    [
        ([month("export", part("1"))], {}, "import"),
        ([month("import", part("1"))], {}, "export"),
        ([], {}, "M1"),
        ([month("export", part("1"))], {"pv_mode": "own_use"}, "No meter"),
    ],
)
def test_a_channel_that_is_missing_is_never_taken_as_zero(months, project, says):
    with pytest.raises(ActivityIncomplete) as refused:
        calculated(january(*months, **project))
    assert says in str(refused.value.params["reason"].en)


def test_own_use_does_not_take_monthly_export_for_generation():
    given = inputs(
        "2025-01-01",
        "2025-01-31",
        readings=[reading("M1", "2025-01", "5")],
        project={"pv_mode": "own_use"},
    )
    with pytest.raises(ActivityIncomplete):
        calculated(given)


def test_two_kinds_of_files_of_one_meter_contradict():
    given = january(month("export", part("1")), month("import"))
    both = given.model_copy(update={"readings": [reading("M1", "2025-01", "1")]})
    with pytest.raises(ActivityContradicts):
        calculated(both)


def test_a_gap_of_export_counts_as_nothing_and_one_of_import_as_the_largest():
    exported = month("export", part("1000000", missing=900))
    drawn = month("import", part("1000", missing=10), largest_kwh=Decimal(25))
    outcome = calculated(january(exported, drawn))
    assert outcome.calculated == (1000 - 1 - Decimal("0.25")) * Decimal("0.715375")
    assert "gap_in" in outcome.tree.model_dump_json()


def test_the_fill_of_a_gap_is_corrected_as_the_import_it_stands_for():
    drawn = month(
        "import", part("0", missing=10, pct="0.5", reason="late"), largest_kwh=Decimal(100)
    )
    exported = month("export", part("1000000", pct="0.5", reason="late"))
    outcome = calculated(january(exported, drawn))
    assert outcome.calculated == (995 - Decimal("1.005")) * Decimal("0.715375")


@pytest.mark.parametrize(("missing", "passes"), [(148, True), (149, False)])
def test_more_than_five_per_cent_of_missing_import_is_refused(missing, passes):
    # 31 days have 2,976 quarters of an hour; 5 % are 148.8.
    given = january(month("export", part("1000")), month("import", part("1", missing=missing)))
    if passes:
        assert calculated(given).calculated > 0
    else:
        with pytest.raises(ActivityIncomplete):
            calculated(given)


def test_registers_count_whole_spans_and_must_cover_whole_months():
    def span(channel, kwh, first, last):
        found = part(kwh, start=date.fromisoformat(first), end=date.fromisoformat(last))
        return month(channel, found, first=first, last=last, source="registers", interval_min=None)

    spans = [
        span(channel, kwh, first, last)
        for channel, kwh in (("export", "1000"), ("import", "10"))
        for first, last in (("2025-01-01", "2025-01-20"), ("2025-01-21", "2025-01-31"))
    ]
    assert calculated(january(*spans)).calculated == Decimal("1.98") * Decimal("0.715375")
    with pytest.raises(ActivityIncomplete):
        calculated(january(*spans[1:]))


def test_a_replaced_meter_and_its_successor_count_together():
    records = [
        record(valid_until=date(2025, 1, 15)),
        record("M2", valid_from=date(2025, 1, 15)),
    ]
    months = [
        month(channel, part(kwh), meter_no=meter_no)
        for meter_no in ("M1", "M2")
        for channel, kwh in (("export", "600000"), ("import", "6000"))
    ]
    assert calculated(january(*months, records=records)).calculated_t == 849
    with pytest.raises(ActivityIncomplete):
        calculated(january(*months[:2], records=records))


def test_vintages_follow_the_days_by_cumulative_floor():
    given = inputs(
        "2024-12-01",
        "2025-01-31",
        meter_months=[
            month(channel, part(kwh), first=first, last=last)
            for first, last in (("2024-12-01", "2024-12-31"), ("2025-01-01", "2025-01-31"))
            for channel, kwh in (("export", "2000"), ("import", "0"))
        ],
        meters=[record()],
    )
    months = [
        found.model_copy(
            update={
                "parts": [part(format(found.parts[0].kwh, "f"), start=found.start, end=found.end)]
            }
        )
        for found in given.meter_months
    ]
    outcome = calculated(given.model_copy(update={"meter_months": months}))
    assert [(share.vintage, share.quantity_t) for share in outcome.vintages] == [
        (2024, 1),
        (2025, 1),
    ]


def test_green_certificates_and_reductions_exclude_each_other():
    with pytest.raises(GreenCertificateClaimed):
        calculated(
            january(
                month("export", part("1")),
                month("import"),
                records=[record(green_certificates=True)],
            )
        )


def test_an_average_factor_is_refused():
    given = with_factors(METHOD, january(month("export", part("1")), month("import")))
    average = given.factors["EF_OM"].model_copy(update={"kind": "grid_average"})
    with pytest.raises(FactorKindRefused):
        METHOD.calculate(given.model_copy(update={"factors": given.factors | {"EF_OM": average}}))


def test_a_grid_without_its_factor_has_no_stand_in():
    with pytest.raises(StopIteration):  # R15: the seed has no 西南 row of 2024
        calculated(
            january(month("export"), month("import"), baseline_grid="SW", baseline_factor_year=2024)
        )


def test_trees_do_not_belong_here():
    given = january(month("export", part("1")), month("import")).model_copy(
        update={"declared": c.Declared(baseline_t=None, fire_occurred=True)}
    )
    with pytest.raises(ActivityNotApplicable):
        calculated(given)


# ---- alarms ---------------------------------------------------------------------------------


def flagged(*months, **project):
    outcome = calculated(january(*months, month("import"), **project))
    return {flag.code: flag for flag in outcome.flags}


def test_an_ordinary_month_rings_nothing():
    usual = month(
        "export", part("10000"), largest_kwh=Decimal(25), night_kwh=Decimal(99), stale_min=180
    )
    assert flagged(usual, capacity_kw=Decimal(100)) == {}


@pytest.mark.parametrize(
    ("changes", "code", "value"),
    [
        ({"largest_kwh": Decimal(28)}, "interval-above-capacity", "1.12"),
        ({"night_kwh": Decimal(101)}, "night-generation", "1.01"),
        ({"stale_min": 195}, "stale-values", "195"),
    ],
)
def test_each_alarm_rings_beyond_its_bound_and_changes_no_quantity(changes, code, value):
    usual = {"largest_kwh": Decimal(25)}
    rung = flagged(month("export", part("10000"), **(usual | changes)), capacity_kw=Decimal(100))
    assert set(rung) == {code}
    assert rung[code].value == Decimal(value)
    assert rung[code].grade == "D"
    assert "2025-01" in rung[code].en


@pytest.mark.parametrize(("kwh", "rings"), [("22320", False), ("22321", True)])
def test_a_months_capacity_factor_has_a_bound(kwh, rings):
    # 100 kW x 24 h x 31 d x 0.30 = 22,320 kWh
    rung = flagged(month("export", part(kwh), largest_kwh=Decimal(25)), capacity_kw=Decimal(100))
    assert ("capacity-factor-high" in rung) is rings


def jumps(by_month):
    readings = [reading("M1", name, kwh) for name, kwh in by_month.items()]
    first, last = min(by_month), max(by_month)
    given = inputs(f"{first}-01", f"{last}-28", readings=readings)
    end = {"2025-12": date(2025, 12, 31), "2025-03": date(2025, 3, 31)}[last]
    period = c.Period(start=date.fromisoformat(f"{first}-01"), end=end)
    given = given.model_copy(update={"claimed": period, "eligible": period})
    return [flag.code for flag in calculated(given).flags]


def test_a_sudden_jump_is_measured_at_last_year_or_at_the_neighbours():
    assert jumps({"2025-01": "1000", "2025-02": "900", "2025-03": "3500"}) == ["sudden-jump"]
    assert jumps({"2025-01": "1000", "2025-02": "900", "2025-03": "2000"}) == []
    # Months of nothing are declared outages, and no measure of others.
    assert jumps({"2025-01": "1200000", "2025-02": "0", "2025-03": "0"}) == []
    seasonal = {f"2024-{n:02}": str(1000 + 400 * n) for n in range(1, 13)}
    again = {f"2025-{n:02}": str(1000 + 400 * n) for n in range(1, 13)}
    assert jumps(seasonal | again) == []
    assert jumps(seasonal | again | {"2025-06": "12000"}) == ["sudden-jump"]


def test_recomputation_gives_the_same_digits():
    given = with_factors(
        METHOD,
        january(
            month("export", part("100.000000001", pct="0.5", reason="never")),
            month("import", part("0.333333333333333333", missing=3)),
        ),
    )
    stored = c.Inputs.model_validate_json(given.model_dump_json())
    assert METHOD.calculate(stored) == METHOD.calculate(given)
