"""Files of meter data that the tests make, and reading them without a server."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from issuance_svc.metering.interval_readings import Facts, IntervalReadings
from issuance_svc.metering.options import IntervalOptions
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.source import Source

DATA = Path(__file__).resolve().parents[6] / "shared" / "data"
HEADER = "meter_no,channel,time,value"


def interval_csv(
    start="2025-01-01T00:00:00",
    *,
    count=96,
    interval_min=15,
    value="0.25",
    channels=("export", "import"),
    meter_no="M1",
    zone="+08:00",
):
    """Equal values from the start on, one channel after the other."""
    first = datetime.fromisoformat(start)
    lines = [HEADER]
    for channel in channels:
        for at in range(count):
            moment = first + timedelta(minutes=interval_min * at)
            text = value if isinstance(value, str) else value(channel, at)
            lines.append(f"{meter_no},{channel},{moment.isoformat()}{zone},{text}")
    return "\n".join(lines) + "\n"


def read(tmp_path, content, *, fast=True, meters=("M1",), multipliers=None, **options):
    """Read a file with the handler alone; return what was parsed and the problems."""
    path = tmp_path / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    given = IntervalOptions(**({"interval_min": 15, "unit": "kWh"} | options))
    handler = IntervalReadings() if fast else _ByRows()
    problems, progress = Problems(), Progress()
    source = Source(path, "csv", tmp_path, handler.rows_max)
    facts = Facts(given, frozenset(meters), multipliers or {}, None, None)
    return handler.read(source, facts, problems, progress), problems, progress


class _ByRows(IntervalReadings):
    """The same handler on its slow way alone."""

    def _read_fast(self, source, facts, progress):
        return None


def days_of(parsed):
    """Return kWh above and below zero and the count of each meter, channel and day."""
    found = {}
    for record in parsed.data.records(None):
        _, meter_no, channel, day, *_ = record
        per_kwh, present, positive, negative = record[8:12]
        found[meter_no, channel, day.isoformat()] = (
            Decimal(positive) / per_kwh,
            Decimal(negative) / per_kwh,
            present,
        )
    return found
