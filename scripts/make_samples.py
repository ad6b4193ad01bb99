"""Writes the sample files of deploy/embedded/scenarios/chongqing from a seed.

The files are of our own making, in the shapes of real exports, odd rows included:
run it again and the bytes are the same. `python scripts/make_samples.py [--check]`
"""

import csv
import io
import math
import random
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SEED = 20260302
FOLDER = Path(__file__).parents[1] / "deploy/embedded/scenarios/chongqing"
SHANGHAI = ZoneInfo("Asia/Shanghai")
RIDERS = 130
TRIPS = 5000
METERS = ("CQ-LJ-000101", "CQ-LJ-000102", "CQ-LJ-000103")
# Mean sun hours of a Chongqing month: a cloudy basin with bright summers.
SUN_HOURS = (22, 34, 62, 92, 104, 98, 148, 152, 84, 48, 36, 21)


def meter_readings(rng: random.Random) -> str:
    """Monthly registers of three inverters' meters for 2025."""
    rows = []
    for number, meter in enumerate(METERS):
        capacity_kw = (2400, 1850, 960)[number]
        for month in range(1, 13):
            export = capacity_kw * SUN_HOURS[month - 1] * rng.uniform(0.78, 0.86)
            calibration, error = "valid", ""
            if (number, month) == (0, 3):
                calibration, error = "valid", "0.62"  # in time, but beyond its class
            if (number, month) in ((1, 7), (1, 8)):
                calibration = "late"
            if (number, month) == (2, 11):
                export = 0.0  # inverter out of order
            imported = capacity_kw * rng.uniform(0.28, 0.36)
            rows.append(
                (
                    meter,
                    f"2025-{month:02}",
                    f"{export:.2f}",
                    f"{imported:.2f}",
                    calibration,
                    "0.5",
                    error,
                )
            )
    header = (
        "meter_no",
        "month",
        "export_kwh",
        "import_kwh",
        "calibration",
        "mpe_pct",
        "error_pct",
    )
    return table(header, rows)


def plot_inventory(rng: random.Random) -> str:
    """Two inventories of 24 permanent plots in two strata; one plot lost volume to a storm."""
    rows = []
    for stratum, area_ha, volume, growth in (
        ("S1", "64.20", 24.0, 21.5),
        ("S2", "41.80", 17.0, 26.0),
    ):
        for plot in range(1, 13):
            first = volume * rng.uniform(0.97, 1.03)
            second = first + growth * rng.uniform(0.93, 1.07)
            if (stratum, plot) == ("S2", 9):
                second = first - 0.8
            name = f"{stratum}-{plot:02}"
            rows.append((name, stratum, "2021-07-01", "600", area_ha, f"{first:.3f}"))
            rows.append((name, stratum, "2025-12-31", "600", area_ha, f"{second:.3f}"))
    header = (
        "plot_no",
        "stratum",
        "measured_on",
        "plot_area_m2",
        "stratum_area_ha",
        "volume_m3_per_ha",
    )
    return table(header, rows)


def bike_trips(rng: random.Random) -> str:
    """A bike operator's export of April 2026: mostly ordinary rides, and what goes wrong in one."""
    rows = []
    start_day = datetime(2026, 4, 1, tzinfo=SHANGHAI)
    for number in range(TRIPS):
        started = start_day + timedelta(
            days=rng.randrange(27),
            hours=rng.choice((7, 8, 9, 12, 17, 18, 19, 21)),
            seconds=rng.randrange(3600),
        )
        distance_m = int(min(9500, max(450, rng.lognormvariate(8.0, 0.5))))
        speed_kmh = rng.uniform(8, 16)
        duration_s = max(130, int(distance_m / 1000 / speed_kmh * 3600))
        rider = f"R{rng.randrange(RIDERS):04}"
        start = (29.5630 + rng.gauss(0, 0.02), 106.5516 + rng.gauss(0, 0.02))
        end = moved(start, distance_m * rng.uniform(0.6, 0.95), rng.uniform(0, 2 * math.pi))
        ended = started + timedelta(seconds=duration_s)
        odd = rng.random()
        if odd < 0.004:
            ended = started - timedelta(seconds=40)  # a clock that ran backwards
        elif odd < 0.010:
            ended = started + timedelta(seconds=35)  # unlocked and put back
        elif odd < 0.014:
            ended = started + timedelta(days=2)  # never locked
        elif odd < 0.020:
            distance_m *= 6  # a bike on a lorry
        elif odd < 0.024:
            rider = "R9999"  # never gave consent
        rows.append(
            (
                f"CQB{20260400000 + number}",
                f"B{rng.randrange(90000):05}",
                rider,
                started.isoformat(),
                "" if odd > 0.996 else ended.isoformat(),
                f"{start[0]:.6f}",
                f"{start[1]:.6f}",
                f"{end[0]:.6f}",
                f"{end[1]:.6f}",
                str(distance_m),
            )
        )
    rows += [rows[i] for i in (17, 170, 1700)]  # exported twice
    header = (
        "order_no", "bike_no", "rider", "started_at", "ended_at",
        "start_lat", "start_lng", "end_lat", "end_lng", "distance_m",
    )  # fmt: skip
    return table(header, rows)


def moved(start: tuple[float, float], metres: float, bearing: float) -> tuple[float, float]:
    north, east = metres * math.cos(bearing), metres * math.sin(bearing)
    return start[0] + north / 111_320, start[1] + east / (
        111_320 * math.cos(math.radians(start[0]))
    )


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def main() -> int:
    makers = {
        "meter_readings.csv": meter_readings,
        "plot_inventory.csv": plot_inventory,
        "bike_trips.csv": bike_trips,
    }
    for name, make in makers.items():
        content = make(random.Random(f"{SEED} {name}"))
        path = FOLDER / name
        if "--check" in sys.argv:
            if path.read_text(encoding="utf-8") != content:
                print(f"{path} is not what scripts/make_samples.py writes")
                return 1
        else:
            path.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
