"""Speed of interval files: from CSV to exact, gap- and duplicate-checked kWh per meter, channel, month.

Ours, polars and DuckDB read the same file in processes of their own, one after the other, do the same
checks and must find the same numbers; peak memory is that of each process. Storing the days stands
apart, beside a bare COPY of the same rows. BENCH_INTERVAL_ROWS sets the size (default 5,000,000).
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np

from issuance_svc.intervals.stamps import day_of
from issuance_svc.metering import repository
from issuance_svc.metering.interval_readings import Facts, IntervalReadings
from issuance_svc.metering.options import IntervalOptions
from issuance_svc.uploads.models import Upload
from issuance_svc.uploads.problems import Problems
from issuance_svc.uploads.progress import Progress
from issuance_svc.uploads.source import Source
from issuance_svc.wiring import MIGRATIONS
from tht_kit import logging as kit_logging
from tht_kit.db import Database
from tht_kit.embedded_pg import EmbeddedPostgres
from tht_kit.ids import new_id
from tht_kit.migrations import upgrade

ROWS = int(os.environ.get("BENCH_INTERVAL_ROWS", "5000000"))
INTERVAL_MIN = 5
DAYS = 365
CHANNELS = ("export", "import")
GOAL = 3.0
STORE_GOAL = 1.5
KIB_PER_MIB = 1024
ROUNDS = 2

DUCKDB_SQL = """
    WITH texts AS (
        SELECT meter_no, channel, CAST(time AS timestamptz) AT TIME ZONE 'Asia/Shanghai' AS starts,
            CAST(value AS decimal(18, 9)) AS kwh
        FROM read_csv(?, all_varchar = true, header = true)
    ), cells AS (
        SELECT meter_no, channel, starts, min(kwh) AS kwh, max(kwh) <> min(kwh) AS clashes,
            count(*) - 1 AS doubled
        FROM texts GROUP BY ALL
    ), steps AS (
        SELECT *, date_diff('minute', lag(starts) OVER place, starts)
            AS step
        FROM cells WINDOW place AS (PARTITION BY meter_no, channel ORDER BY starts)
    )
    SELECT meter_no, channel, strftime(starts, '%Y-%m') AS month, CAST(sum(kwh) AS varchar),
        sum(doubled), count(*) FILTER (clashes), coalesce(sum(step // 5 - 1), 0)
    FROM steps GROUP BY ALL
"""


async def figures() -> list[dict[str, Any]]:
    """Measure reading in three processes, then storing in this one."""
    kit_logging.configure("WARNING", json=False)
    with tempfile.TemporaryDirectory(prefix="tht-bench-") as folder:
        path = Path(folder) / "intervals.csv"
        write(path, ROWS)
        runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for _ in range(ROUNDS):
            for name in ("ours", "polars", "duckdb"):
                runs[name].append(_in_a_process(name, path))
        best = {name: min(found, key=lambda run: run["seconds"]) for name, found in runs.items()}
        _must_agree(best)
        return [_reading(best), await _storing(path)]


def _reading(best: dict[str, dict[str, Any]]) -> dict[str, Any]:
    seconds = {name: run["seconds"] for name, run in best.items()}
    ratio = seconds["ours"] / min(seconds["polars"], seconds["duckdb"])
    memory = ", ".join(f"{name} {run['peak_mib']} MiB" for name, run in best.items())
    return {
        "name": f"intervals, {ROWS:,} rows",
        "value": round(seconds["ours"], 2),
        "unit": "s",
        "beside": f"polars {seconds['polars']:.2f} s, DuckDB {seconds['duckdb']:.2f} s;"
        f" peak RSS {memory}",
        "ratio": round(ratio, 2),
        "goal": f"<= {GOAL} of the faster of polars and DuckDB with the same checks",
        "holds": ratio <= GOAL,
    }


async def _storing(path: Path) -> dict[str, Any]:
    """Store the days through the handler, and copy the same rows bare, in turns."""
    handler = IntervalReadings()
    parsed = handler.read(_source(path), _facts(), Problems(), Progress())
    assert parsed is not None, "the file is in order"
    ours: list[float] = []
    bare: list[float] = []
    with _server() as server:
        async with _database(server) as database:
            for _ in range(ROUNDS):
                upload = _upload(len(ours))
                async with database.write() as session:
                    session.add(upload)
                started = time.perf_counter()
                async with database.write() as session:
                    await handler.store(session, upload, parsed)
                ours.append(time.perf_counter() - started)
                bare.append(await _bare_copy(database, parsed.data, upload.upload_id))
    ratio = min(ours) / min(bare)
    return {
        "name": "intervals, storing",
        "value": round(min(ours), 2),
        "unit": "s",
        "beside": f"bare COPY of the same {len(parsed.data.found.days):,} days {min(bare):.2f} s",
        "ratio": round(ratio, 2),
        "goal": f"<= {STORE_GOAL} of bare COPY",
        "holds": ratio <= STORE_GOAL,
    }


async def _bare_copy(database: Database, stored: Any, upload_id: Any) -> float:
    """Copy the same rows, made beforehand, into a table of the same shape by plain asyncpg."""
    records = list(stored.records(upload_id))
    connection = await asyncpg.connect(database.url.replace("+asyncpg", ""))
    await connection.execute("DROP TABLE IF EXISTS bare_days")
    await connection.execute("CREATE TABLE bare_days (LIKE interval_days INCLUDING ALL)")
    started = time.perf_counter()
    await connection.copy_records_to_table(
        "bare_days", columns=list(repository.DAY_COLUMNS), records=records
    )
    seconds = time.perf_counter() - started
    await connection.close()
    return seconds


# ---- the three readers, each in a process of its own ------------------------------------------


def _in_a_process(name: str, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, name, str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _ours(path: Path) -> dict[str, Any]:
    parsed = IntervalReadings().read(_source(path), _facts(), Problems(), Progress())
    assert parsed is not None, "the file is in order"
    months: dict[str, Decimal] = defaultdict(Decimal)
    found = parsed.data.found
    for day in found.days:
        meter_no, channel = found.places[day.series]
        months[f"{meter_no} {channel} {day_of(day.day):%Y-%m}"] += parsed.data.kwh(
            meter_no, day.positive
        )
    return {
        "months": {place: _text(kwh) for place, kwh in months.items()},
        "doubled": parsed.summary["duplicate_rows"],
        "missing": parsed.summary["missing_intervals"],
    }


def _polars(path: Path) -> dict[str, Any]:
    import polars as pl  # noqa: PLC0415 - each process loads one of them

    place = ("meter_no", "channel")
    cells = (
        pl.scan_csv(path, infer_schema=False)
        .with_columns(
            pl.col("time")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_zone="UTC")
            .dt.convert_time_zone("Asia/Shanghai"),
            pl.col("value").str.to_decimal(scale=9),
        )
        .group_by(*place, "time")
        .agg(
            pl.col("value").min(),
            (pl.col("value").max() != pl.col("value").min()).alias("clashes"),
            (pl.len() - 1).alias("doubled"),
        )
        .sort(*place, "time")
        .with_columns(pl.col("time").diff().dt.total_minutes().over(place).alias("step"))
        .group_by(*place, pl.col("time").dt.strftime("%Y-%m").alias("month"))
        .agg(
            pl.col("value").sum(),
            pl.col("doubled").sum(),
            pl.col("clashes").sum(),
            (pl.col("step") // INTERVAL_MIN - 1).sum().alias("missing"),
        )
        .collect(engine="streaming")
    )
    return _found(cells.rows())


def _duckdb(path: Path) -> dict[str, Any]:
    import duckdb  # noqa: PLC0415

    return _found(duckdb.connect().execute(DUCKDB_SQL, [str(path)]).fetchall())


def _found(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    assert not any(row[5] for row in rows), "no cell has two values"
    return {
        "months": {f"{row[0]} {row[1]} {row[2]}": _text(Decimal(row[3])) for row in rows},
        "doubled": int(sum(row[4] for row in rows)),
        "missing": int(sum(row[6] for row in rows)),
    }


def _text(kwh: Decimal) -> str:
    return format(kwh.normalize(), "f")


def _must_agree(best: dict[str, dict[str, Any]]) -> None:
    """Raise where the three do not find the same kWh, repeats and gaps: speed of wrong numbers is none."""
    ours = best["ours"]["found"]
    for name in ("polars", "duckdb"):
        assert best[name]["found"] == ours, f"{name} finds other numbers"


# ---- the file and its surroundings --------------------------------------------------------------


def write(path: Path, rows: int) -> None:
    """Write 5-minute readings of several meters; 1 row of 7,000 stands twice in place of another."""
    first = datetime(2025, 1, 1)
    stamps = [
        f"{first + timedelta(minutes=INTERVAL_MIN * at):%Y-%m-%dT%H:%M:%S}+08:00"
        for at in range(DAYS * 1440 // INTERVAL_MIN)
    ]
    random = np.random.default_rng(20250101)
    left = rows
    with path.open("w", encoding="ascii") as file:
        file.write("meter_no,channel,time,value\n")
        for meter_no, channel in _places(rows, len(stamps)):
            values = random.integers(0, 25_000, min(left, len(stamps))).tolist()
            lines = [
                f"{meter_no},{channel},{stamp},{value // 1000}.{value % 1000:03}\n"
                for stamp, value in zip(stamps, values, strict=False)
            ]
            lines[6_999::7_000] = lines[4_999::7_000][: len(lines[6_999::7_000])]
            file.writelines(lines)
            left -= len(lines)


def _places(rows: int, per_place: int) -> Iterator[tuple[str, str]]:
    for number in range(-(-rows // per_place)):
        yield f"M{number // len(CHANNELS):04}", CHANNELS[number % len(CHANNELS)]


def _source(path: Path) -> Source:
    return Source(path, "csv", path.parent, IntervalReadings.rows_max)


def _facts() -> Facts:
    options = IntervalOptions(interval_min=INTERVAL_MIN, unit="kWh")
    meters = frozenset(f"M{number:04}" for number in range(10_000))
    return Facts(options, meters, {}, None, None)


def _upload(number: int) -> Upload:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Upload(
        upload_id=new_id(),
        project_id="bench",
        kind="interval_readings",
        format="csv",
        options={},
        options_key=str(number),
        sha256=f"{number:064}",
        size_bytes=0,
        state="STORED",
        rows=ROWS,
        summary={},
        rows_read=ROWS,
        bytes_read=0,
        problems_total=0,
        refusal=None,
        attempts=1,
        worker=None,
        lease_until=None,
        uploaded_by="bench",
        uploaded_at=now,
        finished_at=now,
    )


@contextmanager
def _server() -> Iterator[EmbeddedPostgres]:
    """PostgreSQL as in production: every commit is on disk."""
    with (
        tempfile.TemporaryDirectory(prefix="tht-bench-pg-") as folder,
        EmbeddedPostgres(
            Path(folder), settings={"fsync": "on", "synchronous_commit": "on"}
        ) as server,
    ):
        yield server


@asynccontextmanager
async def _database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    server.create_database("intervals")
    url = server.url("intervals")
    await asyncio.to_thread(upgrade, url, MIGRATIONS)
    database = Database(url)
    try:
        yield database
    finally:
        await database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", choices=("ours", "polars", "duckdb"))
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    reader = {"ours": _ours, "polars": _polars, "duckdb": _duckdb}[given.reader]
    started = time.perf_counter()
    found = reader(given.path)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mib": _peak_mib(), "found": found}))


def _peak_mib() -> int:
    """Return this process's largest resident set; getrusage would count the parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // KIB_PER_MIB


if __name__ == "__main__":
    main()
