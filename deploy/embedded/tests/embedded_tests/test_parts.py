import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedded.parts import (
    LOOPBACK,
    Part,
    StackError,
    await_all,
    end_all,
    free_port,
    has_exited,
    port_check,
    spawn,
    wanted_port,
)

LISTEN = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
time.sleep(60)
"""


def until(condition, timeout_s=10.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def part(tmp_path):
    """Make a part that runs a piece of Python; all of them are ended after the test."""
    made = []

    def make(code: str, name: str = "points-svc/worker") -> Part:
        port = free_port()
        command = [sys.executable, "-c", code, str(port)]
        env = dict(os.environ)
        made.append(Part(name, command, env, tmp_path / f"{port}.log", port, port_check(port)))
        return made[-1]

    yield make
    for each in made:
        if each.process is not None and each.running:
            each.process.kill()
            each.process.wait()


def test_a_part_is_awaited_until_it_works_and_ended_in_order(part, tmp_path):
    listening = part(LISTEN)
    spawn(listening, cwd=tmp_path)
    await_all([listening], timeout_s=20)
    assert listening.pid is not None

    end_all([listening])
    assert not listening.running
    assert not listening.wanted


def test_a_part_that_dies_at_its_start_is_named_with_its_last_lines(part, tmp_path):
    dying = part("import sys\nprint('KAFKA_BOOTSTRAP is not set')\nsys.exit(78)")
    spawn(dying, cwd=tmp_path)

    with pytest.raises(
        StackError, match=r"(?s)points-svc/worker ended .* code 78.*KAFKA_BOOTSTRAP"
    ):
        await_all([dying], timeout_s=20)


def test_a_part_that_never_works_is_given_up(part, tmp_path):
    silent = part("import time\ntime.sleep(60)")
    spawn(silent, cwd=tmp_path)

    with pytest.raises(StackError, match="not ready within 0 s"):
        await_all([silent], timeout_s=0.2)


def test_a_crashing_part_waits_longer_after_each_crash(part, tmp_path):
    crashing = part("raise SystemExit(1)")
    delays = []
    for _ in range(3):
        spawn(crashing, cwd=tmp_path)
        crashing.process.wait()
        delays.append(crashing.crashes)
        assert not crashing.due()

    assert delays == [0, 1, 2]
    crashing.started_s = time.monotonic() - 31
    assert crashing.due()


def test_a_taken_port_is_named_with_what_needs_it():
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StackError, match=rf"Port {port}, meant for gateway/api, is in use"):
            wanted_port(port, "gateway/api")

    assert wanted_port(port, "gateway/api") == port


def test_an_ended_child_is_seen_without_collecting_it():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    until(lambda: has_exited(child.pid))

    assert has_exited(child.pid)
    assert child.wait() == 0
    assert has_exited(child.pid)


PARENT = """
import sys, time
from pathlib import Path
from embedded.parts import Part, spawn
child = Part("x", [sys.executable, "-c", "import time; time.sleep(60)"], {},
             Path(sys.argv[1]) / "x.log", 0, lambda: True)
spawn(child, cwd=Path("/"))
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a child of its parent's death"
)
def test_a_part_ends_with_the_process_that_started_it_even_by_kill_9(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    def gone():
        try:
            stat = Path(f"/proc/{child}/stat").read_text()
            return stat.rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    until(gone)
