"""The main job on separate processes over real Kafka: the same numbers as in one process."""

import json
import subprocess
import sys

import pytest

from ..journey import ROOT, copy_of_sample, summary_beside

pytestmark = pytest.mark.kafka


async def test_the_seven_steps_over_kafka(stack, probe, tmp_path):
    scenario = copy_of_sample(tmp_path)
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps(stack.enrol_demo_partners()))
    done = subprocess.run(
        [
            sys.executable, "-m", "embedded", "demo",
            "--scenario", str(scenario), "--url", stack.url, "--credentials", str(credentials),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    summary = summary_beside(scenario)
    assert summary["invariants_broken"] == []
    assert summary["numbers"]["neutralised_t"] == 252
    assert set(summary["numbers"]["trips_again"]) == {"duplicate"}
