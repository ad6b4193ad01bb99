"""scripts/kafka: one command brings, starts and ends a real broker, and says what is missing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tht_kit.testing.kafka import KafkaBroker, free_port

ROOT = Path(__file__).resolve().parents[4]


def kafka(command: str, home: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "kafka"), command],
        env={**os.environ, "KAFKA_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_java_it_names_the_packages(tmp_path: Path):
    found = kafka("start", tmp_path, PATH=str(tmp_path), JAVA_HOME="", KAFKA_JARS=str(tmp_path))
    assert found.returncode == 1
    assert "install the packages openjdk-17-jre-headless and maven" in found.stderr


def test_an_old_java_is_refused(tmp_path: Path):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    mvn = tmp_path / "bin" / "mvn"
    mvn.write_text("#!/bin/sh\nexit 1\n")
    mvn.chmod(0o755)
    path = f"{java.parent}{os.pathsep}{os.environ['PATH']}"
    found = kafka("start", tmp_path, PATH=path, JAVA_HOME="", KAFKA_JARS=str(tmp_path / "jars"))
    assert found.returncode == 1
    assert "Java 17 or later is needed" in found.stderr
    assert "11.0.2" in found.stderr


def test_stopping_what_does_not_run_is_no_error(tmp_path: Path):
    found = kafka("stop", tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert kafka("status", tmp_path).returncode == 3


def test_a_reused_process_id_is_not_taken_for_the_broker(tmp_path: Path):
    (tmp_path / "broker.pid").write_text(str(os.getpid()))
    assert "not running" in kafka("stop", tmp_path).stdout


@pytest.mark.kafka
@pytest.mark.slow
def test_start_status_and_stop_over_a_restart_and_a_kill(tmp_path: Path, kafka_broker: KafkaBroker):
    del kafka_broker  # only for its check that Java and Maven are here
    home = tmp_path / "a folder with spaces"
    ports = {"KAFKA_PORT": str(free_port()), "KAFKA_CONTROLLER_PORT": str(free_port())}
    try:
        first = kafka("start", home, **ports)
        assert first.returncode == 0, first.stderr
        assert f"ready on 127.0.0.1:{ports['KAFKA_PORT']}" in first.stdout
        assert "already running" in kafka("start", home, **ports).stdout
        pid = int((home / "broker.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        again = kafka("start", home, **ports)
        assert again.returncode == 0, again.stderr
        assert kafka("status", home, **ports).returncode == 0
    finally:
        stopped = kafka("stop", home, **ports)
    assert stopped.stdout == "kafka: stopped\n"
    assert kafka("status", home, **ports).returncode == 3
