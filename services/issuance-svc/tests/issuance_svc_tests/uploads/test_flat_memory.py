import json
import tracemalloc

import pytest

from issuance_svc.uploads import nem
from issuance_svc.uploads.columns import Columns
from issuance_svc.uploads.limits import MIB
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress, UploadStopped
from issuance_svc.uploads.sheet import Converted
from issuance_svc.uploads.source import Source

COLUMNS = Columns(required=("meter_no", "time", "kwh"))
ROWS = 40_000
# The decoder, one line, and a chunk of one MiB at a time while the encoding is found out.
PEAK_MIB_MAX = 6


def csv_file(path):
    with path.open("w") as file:
        file.write("meter_no,time,kwh\n")
        file.writelines(f"M{n % 9},2025-01-01T00:00:00Z,{n}.125\n" for n in range(ROWS))


def ndjson_file(path):
    with path.open("w") as file:
        row = {"meter_no": "M1", "time": "2025-01-01T00:00:00Z"}
        file.writelines(json.dumps(row | {"kwh": n}) + "\n" for n in range(ROWS))


def sheet_file(path):
    with path.open("w") as file:
        file.write(json.dumps([1, [[1, "meter_no", ""], [2, "time", ""], [3, "kwh", ""]]]) + "\n")
        for n in range(ROWS):
            cells = [[1, "M1", ""], [2, "2025-01-01T00:00:00", ""], [3, str(n), ""]]
            file.write(json.dumps([n + 2, cells]) + "\n")


@pytest.mark.parametrize(
    ("format_name", "write"), [("csv", csv_file), ("ndjson", ndjson_file), ("xlsx", sheet_file)]
)
def test_rows_stream_through_flat_memory(tmp_path, format_name, write):
    path = tmp_path / "file"
    write(path)
    source = Source(path, format_name, tmp_path, rows_max=ROWS)
    source.converted = Converted(path, "S", [])
    problems, progress = Problems(), Progress()
    tracemalloc.start()
    try:
        count = sum(1 for _ in source.rows(COLUMNS, problems, progress))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (count, problems.total, progress.rows_read) == (ROWS, 0, ROWS)
    assert peak < PEAK_MIB_MAX * MIB
    if format_name != "xlsx":
        assert progress.bytes_read == path.stat().st_size


def test_a_nem_file_streams_through_flat_memory(tmp_path):
    path = tmp_path / "file"
    with path.open("w") as file:
        file.write("100,NEM12,202301010000,MDP,RET\n200,NMI1234567,B1,1,B1,N1,S1,kWh,5,\n")
        values = ",".join(["0.125"] * 288)
        file.writelines(f"300,{20200101 + n % 28},{values},A,,,,\n" for n in range(150))
        file.write("900\n")
    problems, progress = Problems(), Progress()
    tracemalloc.start()
    try:
        count = sum(1 for _ in nem.intervals(path, problems, progress))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (count, problems.total) == (150 * 288, 0)
    assert peak < PEAK_MIB_MAX * MIB


def test_problems_without_end_are_counted_and_the_first_kept(tmp_path):
    path = tmp_path / "file"
    path.write_text("meter_no,time,kwh\n" + "M1\n" * ROWS)
    problems = Problems(kept_max=100)
    source = Source(path, "csv", tmp_path, rows_max=ROWS)
    assert list(source.rows(COLUMNS, problems, Progress())) == []
    assert (problems.total, len(problems.kept)) == (ROWS, 100)


@pytest.mark.parametrize(("format_name", "write"), [("csv", csv_file), ("ndjson", ndjson_file)])
def test_a_reading_ends_soon_after_it_is_told_to(tmp_path, format_name, write):
    path = tmp_path / "file"
    write(path)
    progress = Progress()
    rows = Source(path, format_name, tmp_path, rows_max=ROWS).rows(COLUMNS, Problems(), progress)
    next(rows)
    progress.stop()
    with pytest.raises(UploadStopped):
        list(rows)
    assert progress.rows_read < ROWS / 2
