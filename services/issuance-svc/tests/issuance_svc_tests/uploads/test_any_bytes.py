"""Whatever bytes come: rows, named problems or a refusal, never a fault of ours."""

import random
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuance_svc.uploads import nem, workbook_child
from issuance_svc.uploads.errors import UploadEncoding, UploadUnreadable
from issuance_svc.uploads.monthly import MeterReadings
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.sheet import Converted
from issuance_svc.uploads.source import Source
from issuance_svc_tests.factories import meter_csv
from issuance_svc_tests.uploads.workbooks import workbook

LINE = '{"meter_no":"M1","month":"2025-01","export_kwh":1.5,"import_kwh":1,"calibration":"valid"}\n'
DAY = "300,20230301," + ",".join(["0.5"] * 48) + ",A,,,20230302000000,\n"
METER = "200,NMI1234567,B1,1,B1,N1,S1,kWh,30,\n"
SAMPLES = {
    "csv": meter_csv().encode(),
    "ndjson": (LINE * 3).encode(),
    "nem12": f"100,NEM12,202301010000,M,R\n{METER}{DAY}400,1,48,A,,\n900\n".encode(),
    "nem13": (
        b"100,NEM13,202301010000,M,R\n250,N,11,1,B1,N1,S1,I,100,20230101000000,A,,,175,"
        b"20230201000000,A,,,75,kWh,,,\n900\n"
    ),
}
BITS = [
    b",",
    b'"',
    b"\n",
    b"\x00",
    b"\xff",
    b"{",
    b"}",
    b"\xe8\xa1\xa8",
    b"\xb1\xed",
    b"-",
    b"1e999",
    b"=",
]


@st.composite
def spoiled(draw, content: bytes) -> bytes:
    """A good file with pieces cut out, doubled, moved or put in."""
    spoilt = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(spoilt)))
        to = min(len(spoilt), at + draw(st.integers(0, 12)))
        piece = draw(st.one_of(st.sampled_from(BITS), st.binary(max_size=6)))
        spoilt[at:to] = piece
    return bytes(spoilt)


def read(format_name: str, content: bytes) -> None:
    problems, progress = Problems(), Progress()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        with suppress(UploadEncoding, UploadUnreadable):
            if format_name == "nem12":
                list(nem.intervals(path, problems, progress))
            elif format_name == "nem13":
                list(nem.registers(path, problems, progress))
            else:
                source = Source(path, format_name, path.parent, rows_max=100)  # type: ignore[arg-type]
                found = MeterReadings().read(source, frozenset({"M1"}), problems, progress)
                assert (found is None) == bool(problems.total)
    assert len(problems.kept) == problems.total
    for problem in problems.kept:
        assert problem.shown.pointer.isprintable()
        assert problem.cure.zh
        assert problem.cure.en


@pytest.mark.parametrize("format_name", list(SAMPLES))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_spoiled_file_is_read_or_refused(format_name, data):
    read(format_name, data.draw(spoiled(SAMPLES[format_name])))


@pytest.mark.parametrize("format_name", list(SAMPLES))
@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(format_name, content):
    read(format_name, content)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_spoiled_workbook_is_read_or_refused(seed):
    chance = random.Random(seed)
    limits = {"ratio": 200, "expanded_bytes": 64 * 1024 * 1024}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spoil_a_member(folder / "file", chance)
        try:
            workbook_child.check_package(folder / "file", limits)
            found = workbook_child.guarded(
                lambda: workbook_child.convert(folder / "file", folder / "rows", None)
            )
        except workbook_child.Refused:
            return
        source = Source(folder / "file", "xlsx", folder, rows_max=100)
        source.converted = Converted(folder / "rows", found["sheet"], found["merged"])
        with suppress(UploadUnreadable):
            MeterReadings().read(source, frozenset({"M1"}), Problems(), Progress())


def spoil_a_member(file: Path, chance: random.Random) -> None:
    """Write a workbook with some bytes of one of its parts changed."""
    file.write_bytes(workbook())
    with zipfile.ZipFile(file) as package:
        members = {name: package.read(name) for name in package.namelist()}
    chosen = chance.choice(["xl/worksheets/sheet1.xml", *members])
    content = bytearray(members[chosen])
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(content))
        piece = chance.choice(
            [b"", b"<", b'"', b"9" * 20, b"&x;", b' t="s"', b"XFD99999999", b"-1"]
        )
        content[at : at + chance.randint(0, 6)] = piece
    with zipfile.ZipFile(file, "w") as package:
        for name, data in (members | {chosen: bytes(content)}).items():
            package.writestr(name, data)
