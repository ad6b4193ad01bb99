""".ci/run's own flow, with stand-ins for what it calls: it runs every part and tells the truth."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def ci(tmp_path):
    """Run .ci/run in a folder where `make` and the other scripts are played."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")

    def command(path: str, text: str) -> None:
        file = tmp_path / path
        file.write_text("#!/bin/sh\n" + text)
        file.chmod(0o755)

    def run(test_target: str = "echo '12 passed, 1 skipped in 3.20s'"):
        command("scripts/newcomer_check", "echo 'newcomer: Ctrl-C stopped 5 processes'\n")
        command("scripts/isolated_imports", "exit 0\n")
        command(
            "bin/make",
            f"""
echo "$CI $THT_REQUIRE_KAFKA $*" >>calls
case $1 in
    check) echo '11 of 11 gates passed in 8.0 s' ;;
    test) {test_target} ;;
    test-unit) echo "$THT_TEST_POSTGRES" >>calls; echo '300 passed in 60.00s' ;;
esac
""",
        )
        done = subprocess.run(
            [tmp_path / ".ci/run"],
            env={
                **os.environ,
                "CI_INSTALL": "no",
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done, (tmp_path / "calls").read_text().splitlines()

    return run


def test_a_green_run_calls_every_part_and_repeats_the_closing_lines(ci):
    done, calls = ci()

    assert done.returncode == 0, done.stdout + done.stderr
    assert [call.split()[2] for call in calls if call != "debian15"] == [
        "setup",
        "check",
        "test",
        "test-unit",
    ]
    assert all(call.startswith("true 1") for call in calls if call != "debian15")
    assert "debian15" in calls
    closing = done.stdout.split("==== closing lines")[1]
    assert "check: 11 of 11 gates passed" in closing
    assert "test: 12 passed, 1 skipped in 3.20s" in closing
    assert "newcomer: newcomer: Ctrl-C stopped" in closing
    assert done.stdout.rstrip().endswith("PASSED")


def test_a_failing_part_fails_the_run_and_the_others_still_run(ci):
    done, calls = ci("echo '1 failed, 11 passed in 3.20s'; exit 1")

    assert done.returncode == 1
    assert "FAILED: test" in done.stdout
    assert "test: 1 failed, 11 passed in 3.20s" in done.stdout
    assert any("test-unit" in call for call in calls)
