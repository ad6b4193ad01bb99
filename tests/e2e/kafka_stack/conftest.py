"""The platform as separate processes on real Kafka and PostgreSQL, once per session."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from embedded.stack import Options, Stack
from tht_kit.testing.kafka import reason_for_no_kafka

from ..journey import ROOT, copy_of_sample, summary_beside
from .probes import Probe

DEMO_TIMEOUT_S = 240


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    reason = reason_for_no_kafka()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    options = Options(port=0, kafka_port=0, log_level="WARNING")
    with Stack(tmp_path_factory.mktemp("stack"), options) as running:
        yield running


@pytest.fixture(scope="session")
def main_job(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the seven steps on the fresh stack, before any test feeds it; return the summary."""
    scenario = copy_of_sample(tmp_path_factory.mktemp("main_job"))
    done = subprocess.run(
        [
            sys.executable, "-m", "embedded", "demo", "--scenario", str(scenario),
            "--url", stack.url, "--credentials", str(stack.credentials_file),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEMO_TIMEOUT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return summary_beside(scenario)


@pytest.fixture
async def probe(stack: Stack, main_job: dict[str, Any]) -> Probe:
    found = Probe(stack)
    await found.settled()
    return found
