"""The main job on the embedded platform, as a newcomer runs it."""

import os
import subprocess
import sys

import psutil
import pytest

from .journey import ROOT, check_main_job, copy_of_sample, summary_beside

TIMEOUT_S = 240


def demo(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "embedded", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_demo_runs_the_seven_steps_and_leaves_no_process(tmp_path):
    scenario = copy_of_sample(tmp_path)
    done = demo("--scenario", str(scenario))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    check_main_job(summary_beside(scenario))
    assert "every ledger invariant holds" in done.stdout
    assert not [p for p in psutil.process_iter(["cmdline"]) if _belongs(p, "tanhuitong-demo-")]


def test_demo_is_driven_by_its_scenario(tmp_path):
    """Half the meter readings, another price and another event give other numbers."""
    scenario = copy_of_sample(tmp_path)
    text = scenario.read_text("utf-8")
    text = text.replace("activity: 86400", "activity: 186400").replace(
        "quantity_t: 1500", "quantity_t: 700"
    )
    scenario.write_text(text, "utf-8")
    done = demo("--scenario", str(scenario))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    numbers = summary_beside(scenario)["numbers"]
    # 100,000 kWh more at 0.5581 kg/kWh: 251.22794 + 55.81 = 307.03794 t.
    assert (numbers["neutralised_t"], numbers["surrendered_t"]) == (308, 700)


def test_demo_names_what_is_wrong_with_a_scenario(tmp_path):
    scenario = copy_of_sample(tmp_path)
    scenario.write_text(
        scenario.read_text("utf-8").replace("obligation_t: 41234", "obligation_t: many"), "utf-8"
    )
    done = demo("--scenario", str(scenario))
    assert done.returncode == 1
    assert "compliance.obligation_t" in done.stdout


def _belongs(process: psutil.Process, needle: str) -> bool:
    return any(needle in part for part in process.info["cmdline"] or ())


REAL = ROOT / "deploy/embedded/scenarios/real/scenario.yaml"
REAL_DATA = ROOT.parent / "shared" / "data"


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real files (../shared/data) are not here")
def test_demo_on_real_files_read_in_place(tmp_path):
    """Foreign files, small and odd: two serials, one refusal that belongs, no citizens' tonne."""
    scenario = tmp_path / "scenario.yaml"
    text = REAL.read_text("utf-8").replace("../../../../../shared/data", str(REAL_DATA))
    scenario.write_text(text, "utf-8")
    done = demo("--scenario", str(scenario))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    summary = summary_beside(scenario)
    numbers = summary["numbers"]
    # 3,696.6374 kWh x 0.715375 t/MWh = 2.6445 t (R13); forest measured before the window of R6.
    assert numbers["photovoltaic_calculated_t"] == 2
    assert summary["refused"]["forestry"].startswith("409 period-not-eligible")
    # 125 plots, 220 trees that shrink: computed in full, then 0 by the window and by 39.19 % > 30 %.
    assert numbers["forestry_refusals"] == ["period-not-eligible", "sampling-refused"]
    assert numbers["forestry_issuable_t"] == 0
    assert numbers["forestry_gross"].startswith("22154.60")
    assert sum(numbers["trips"].values()) == 4881
    assert set(numbers["trips_again"]) == {"duplicate"}
    assert numbers["citizens_calculated_t"] == 0
    assert numbers["aggregated_g"] < 1_000_000
