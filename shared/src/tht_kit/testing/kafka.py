"""A real Apache Kafka broker for tests, on free ports, in a folder of its own.

The fixture `kafka_broker` starts one per test session (Java 17 and Maven; `scripts/kafka` brings
the jars). Without them tests that use it are skipped with the reason, except where CI is set:
there a missing broker is a failure.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tht_kit.child import ending_with_parent

START_TIMEOUT_S = 240.0  # the first start may fetch the jars
STOP_TIMEOUT_S = 30.0
NOT_READY = 3


class KafkaBroker:
    """One broker process that can be stopped, killed and started again on the same data."""

    def __init__(self, home: Path, *, repository: Path) -> None:
        self._home = home
        self._script = repository / "scripts" / "kafka"
        self._port = free_port()
        self._controller_port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the broker and return when it is ready. Raises RuntimeError with what it said."""
        console = self._home / "console.log"
        self._home.mkdir(parents=True, exist_ok=True)
        with console.open("wb") as output:
            self._process = subprocess.Popen(
                ending_with_parent([sys.executable, str(self._script), "run"], by=signal.SIGTERM),
                env=self._environment(),
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._status() == NOT_READY:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Kafka did not start: {console.read_text(errors='replace')}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the broker as an operator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
        self._process = None

    def _status(self) -> int:
        command = [sys.executable, str(self._script), "status"]
        return subprocess.run(
            command, env=self._environment(), capture_output=True, check=False
        ).returncode

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KAFKA_HOME": str(self._home),
            "KAFKA_PORT": str(self._port),
            "KAFKA_CONTROLLER_PORT": str(self._controller_port),
            "KAFKA_HEAP": "384m",
        }


def reason_for_no_kafka() -> str | None:
    """Return why no broker can be started here, or None."""
    packages = {"java": "openjdk-17-jre-headless", "mvn": "maven"}
    missing = [package for command, package in packages.items() if shutil.which(command) is None]
    if not missing:
        return None
    return f"no real Kafka here: install {' and '.join(missing)}"


@pytest.fixture(scope="session")
def kafka_broker(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[KafkaBroker]:
    """A real broker for the session; tests make topics of their own."""
    reason = reason_for_no_kafka()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    home = tmp_path_factory.mktemp("kafka")
    broker = KafkaBroker(home, repository=pytestconfig.rootpath)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
