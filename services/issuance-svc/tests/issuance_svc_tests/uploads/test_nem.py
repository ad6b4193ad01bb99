from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from issuance_svc.uploads import nem
from issuance_svc.uploads.errors import UploadEncoding, UploadUnreadable
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress

METERS = Path(__file__).parents[6] / "shared/data/meter"
needs_real_files = pytest.mark.skipif(
    not METERS.is_dir(), reason="the real meter files are not beside the checkout"
)
START = "100,NEM12,202301010000,MDP1,RET1\n"


def decoded(path: Path, **options):
    problems, progress = Problems(), Progress()
    read = nem.registers if "NEM13" in path.read_text()[:10] else nem.intervals
    return list(read(path, problems, progress, **options)), problems.kept


def day(values: str, *, date: str = "20230301", quality: str = "A") -> str:
    return f"300,{date},{values},{quality},,,20230302000000,\n"


def channel(
    *, suffix: str = "B1", unit: str = "kWh", minutes: int = 30, nmi: str = "NMI1234567"
) -> str:
    return f"200,{nmi},B1E1,1,{suffix},N1,SER1,{unit},{minutes},\n"


def written(tmp_path: Path, *parts: str, end: str = "900\n") -> Path:
    path = tmp_path / "meter.csv"
    path.write_text(START + "".join(parts) + end)
    return path


@needs_real_files
def test_a_real_month_of_solar_is_counted_to_the_watt_hour():
    found, problems = decoded(METERS / "Example_NEM12_month_solar.csv")
    assert problems == []
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for interval in found:
        totals[interval.channel] += interval.kwh
    assert totals == {"export": Decimal("589.172"), "import": Decimal("270.738")}
    assert len(found) == 2 * 31 * 288
    assert {interval.minutes for interval in found} == {5}
    # 1 March 2023, 00:00 at +10:00, is the day before in UTC.
    assert min(interval.starts_at for interval in found) == datetime(2023, 2, 28, 14, tzinfo=UTC)


@needs_real_files
def test_real_ranges_of_quality_are_told_apart():
    found, problems = decoded(METERS / "Example_NEM12_multiple_quality.csv")
    assert (problems, len(found)) == ([], 48)
    assert Counter(interval.quality for interval in found) == {"F": 20, "A": 4, "S": 24}
    assert [found[at].quality for at in (0, 19, 20, 23, 24, 47)] == ["F", "F", "A", "A", "S", "S"]
    assert {interval.channel for interval in found} == {"import"}


@needs_real_files
def test_a_real_file_with_an_incomplete_day_is_refused_at_that_row():
    found, problems = decoded(METERS / "invalid_Example_NEM12_incomplete_interval.csv")
    assert [(each.row, each.column) for each in problems] == [(3, "IntervalValue1")]
    assert "needs 48 interval values" in problems[0].what.en
    assert len(found) == 48, "the reactive channel is left out"


@needs_real_files
def test_a_real_index_that_contradicts_its_quantity_is_named():
    found, problems = decoded(METERS / "Example_NEM13_forward_estimate.csv")
    assert [(pair.row, pair.kwh, pair.channel) for pair in found] == [(2, Decimal(111), "import")]
    assert found[0].previous_index == 888
    assert found[0].current_at == datetime(2004, 4, 7, 14, tzinfo=UTC)
    assert [(each.row, each.column) for each in problems] == [(4, "Quantity")]
    assert "0000950 to 0010015 differ by 9065" in problems[0].what.en
    assert "quantity 65" in problems[0].what.en


@pytest.mark.parametrize(("minutes", "count"), [(5, 288), (15, 96), (30, 48)])
def test_every_length_fills_the_day(tmp_path, minutes, count):
    values = ",".join(["0.001"] * count)
    path = written(tmp_path, channel(minutes=minutes), day(values))
    found, problems = decoded(path, utc_offset=timedelta(hours=8))
    assert (problems, len(found)) == ([], count)
    assert found[0].starts_at == datetime(2023, 2, 28, 16, tzinfo=UTC)
    assert found[-1].starts_at == found[0].starts_at + timedelta(days=1, minutes=-minutes)
    assert sum(interval.kwh for interval in found) == Decimal(count) / 1000


@pytest.mark.parametrize(
    ("unit", "kwh"), [("kWh", "1.234"), ("KWH", "1.234"), ("Wh", "0.001234"), ("MWh", "1234")]
)
def test_units_of_energy_become_exact_kilowatt_hours(tmp_path, unit, kwh):
    path = written(tmp_path, channel(unit=unit), day(",".join(["1.234"] * 48)))
    found, _ = decoded(path)
    assert {interval.kwh for interval in found} == {Decimal(kwh)}


def test_reactive_energy_is_left_out_and_counted(tmp_path):
    notes: dict[str, object] = {}
    values = ",".join(["1"] * 48)
    path = written(
        tmp_path, channel(unit="kVArh", suffix="Q1"), day(values), channel(), day(values)
    )
    found, problems = decoded(path, notes=notes)
    assert (problems, len(found)) == ([], 48)
    assert notes == {"reactive_channels_left_out": 1}


VALUES = ",".join(["1"] * 48)


@pytest.mark.parametrize(
    ("parts", "row", "column"),
    [
        ((channel(minutes=10), day(VALUES)), 2, "IntervalLength"),
        ((channel(unit="kW"), day(VALUES)), 2, "UOM"),
        ((channel(suffix="Z1"), day(VALUES)), 2, "NMISuffix"),
        ((channel(nmi=""), day(VALUES)), 2, "NMI"),
        ((channel(), day(VALUES, date="20230230")), 3, "IntervalDate"),
        ((channel(), day(VALUES, date="2023-03-01")), 3, "IntervalDate"),
        ((channel(), day(VALUES, quality="Q")), 3, "QualityMethod"),
        ((channel(), day(VALUES, quality="V")), 3, "QualityMethod"),
        ((channel(), day(VALUES, quality="V"), "400,1,47,A,,\n"), 3, "QualityMethod"),
        ((channel(), day(VALUES, quality="V"), "400,1,49,A,,\n"), 4, "QualityMethod"),
        (
            (channel(), day(VALUES, quality="V"), "400,1,48,A,,\n", "400,2,3,E52,,\n"),
            5,
            "StartInterval",
        ),
        ((channel(), day(VALUES.replace("1", "-1", 1))), 3, "IntervalValue1"),
        ((channel(), day(VALUES + ",1")), 3, "QualityMethod"),
        ((channel(), day(VALUES), "250,x\n"), 4, "RecordIndicator"),
        (("400,1,48,A,,\n",), 2, "RecordIndicator"),
    ],
)
def test_a_wrong_record_is_named(tmp_path, parts, row, column):
    _, problems = decoded(written(tmp_path, *parts))
    assert (row, column) in [(each.row, each.column) for each in problems]
    assert all(each.cure.zh and each.cure.en for each in problems)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (START + channel() + day(VALUES), "cut off"),
        (START + channel() + day(VALUES) + "900\n300,20230302\n", "follows the 900 record"),
        (START.replace("NEM12", "NEM13") + "900\n", "format=nem13"),
        ("200,NMI\n900\n", "100 record"),
        (START + "9" * 70_000, "too long"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, content, says):
    path = tmp_path / "meter.csv"
    path.write_text(content)
    with pytest.raises(UploadUnreadable, match=says):
        list(nem.intervals(path, Problems(), Progress()))


def test_utf16_is_refused(tmp_path):
    path = tmp_path / "meter.csv"
    path.write_bytes(START.encode("utf-16"))
    with pytest.raises(UploadEncoding):
        list(nem.intervals(path, Problems(), Progress()))


def reading(previous: str, current: str, quantity: str, *, direction: str = "I", unit: str = "kWh"):
    return (
        f"250,NMI1234567,11,1,B1,N1,SER1,{direction},{previous},20230101000000,A,,,"
        f"{current},20230201000000,A,,,{quantity},{unit},,20230202000000,\n"
    )


@pytest.mark.parametrize(
    ("record", "kwh", "channel_name"),
    [
        (reading("000100", "000175", "75"), "75", "export"),
        (reading("000100", "000175", "75", direction="E"), "75", "import"),
        (reading("999990", "000015", "25"), "25", "export"),  # the register rolled over
        (reading("000100.5", "000175.7", "75.2"), "75.2", "export"),
        (reading("000100", "000175", "75", unit="MWh"), "75000", "export"),
    ],
)
def test_a_pair_of_readings_becomes_energy(tmp_path, record, kwh, channel_name):
    path = tmp_path / "meter.csv"
    path.write_text(START.replace("NEM12", "NEM13") + record + "550,N,,N,\n900\n")
    (found,), problems = decoded(path)
    assert (problems, found.kwh, found.channel) == ([], Decimal(kwh), channel_name)


def test_the_meters_multiplier_is_part_of_the_check(tmp_path):
    path = tmp_path / "meter.csv"
    path.write_text(START.replace("NEM12", "NEM13") + reading("100", "175", "3000") + "900\n")
    assert [each.column for each in decoded(path)[1]] == ["Quantity"]
    (found,), problems = decoded(path, multiplier=Decimal(40))
    assert (problems, found.kwh) == ([], Decimal(3000))


@pytest.mark.parametrize(
    ("record", "column"),
    [
        (reading("x", "000175", "75"), "PreviousRegisterRead"),
        (reading("000100", "000175", ""), "Quantity"),
        (reading("000100", "000175", "75", direction="X"), "DirectionIndicator"),
        (reading("000100", "000175", "75", unit="A"), "UOM"),
        (
            reading("000100", "000175", "75").replace("20230201", "20221201"),
            "CurrentRegisterReadDateTime",
        ),
        (
            reading("000100", "000175", "75").replace("20230201000000", "2023"),
            "CurrentRegisterReadDateTime",
        ),
        ("250,short\n", "UOM"),
    ],
)
def test_a_wrong_pair_is_named(tmp_path, record, column):
    path = tmp_path / "meter.csv"
    path.write_text(START.replace("NEM12", "NEM13") + record + "900\n")
    found, problems = decoded(path)
    assert found == []
    assert column in [each.column for each in problems]
