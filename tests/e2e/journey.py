"""What every run of the main job must show, whatever it runs on."""

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy/embedded/scenarios/chongqing"


def copy_of_sample(folder: Path) -> Path:
    """Return a scenario file in a folder of its own: the demo writes its summary beside it."""
    shutil.copytree(SAMPLE, folder / "scenario")
    return folder / "scenario" / "scenario.yaml"


def summary_beside(scenario: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((scenario.parent / "summary.json").read_text("utf-8"))
    return found


def check_main_job(summary: dict[str, Any]) -> None:
    """Assert the seven steps on the sample city: numbers worked out from its files by hand."""
    numbers, totals = summary["numbers"], summary["totals"]
    assert summary["invariants_broken"] == []
    assert numbers["photovoltaic_calculated_t"] > 2000
    assert numbers["forestry_calculated_t"] > 1000
    # 251.22794 t of emissions: the next whole tonne is retired (R34).
    assert numbers["neutralised_t"] == 252
    assert numbers["surrendered_t"] == 1500
    # 41,234 t at 5 % leave room for 2,061 (R22), so the wish for 1,500 is granted in full.
    assert any("2061 of 2061 t" in row["result"] for row in summary["rows"])
    check_trips(numbers)
    assert numbers["redeemed_tenths"] == 200
    check_line(summary)
    assert totals["trading"]["retired_t"] == 1500 + 252
    assert totals["issuance"]["issued_t"] == sum(_quantity(s) for s in summary["serials"])


def check_trips(numbers: dict[str, Any]) -> None:
    """All 5,003 rows have a verdict; the second send is 5,003 times the first answer."""
    first, again = numbers["trips"], numbers["trips_again"]
    assert sum(first.values()) == sum(again.values()) == 5003
    assert first["accepted"] > 4000
    assert first["duplicate"] == 3
    assert first["rejected"] > 50
    assert set(again) == {"duplicate"}
    assert numbers["credited_again_g"] == 0
    assert 0 < numbers["aggregated_g"] <= numbers["credited_g"]
    assert numbers["citizens_calculated_t"] == numbers["aggregated_g"] // 1_000_000


def check_line(summary: dict[str, Any]) -> None:
    """The serials are disjoint ranges without a gap on the global line."""
    ranges = sorted(_range(serial) for serial in summary["serials"])
    assert ranges[0][0] == 1
    for (_, end), (start, _) in itertools.pairwise(ranges):
        assert start == end + 1


def _range(serial: str) -> tuple[int, int]:
    start, end = serial.split("-")[-2:]
    return int(start), int(end)


def _quantity(serial: str) -> int:
    start, end = _range(serial)
    return end - start + 1
