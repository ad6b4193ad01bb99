"""However the parent ends, its server ends too, cleanly, and the folder can be used at once."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tht_shared_tests.embedded_pg.conftest import END_TIMEOUT_S, SERVE, assert_ended, on_both


def servers_on(folder) -> list[int]:
    """Processes of any kind that work in the folder or name it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(folder) in words or str(folder) in (process.info["cwd"] or ""):
            found.append(process.pid)
    return found


@on_both
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_no_server(serve, folder, binaries, number):
    parent = serve(folder / "data", binaries)
    server = parent.server
    family = [server, *server.children(recursive=True)]
    os.kill(parent.process.pid, number)
    parent.process.wait(END_TIMEOUT_S)
    assert_ended(family)
    assert servers_on(folder) == []
    log = (folder / "data" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


@on_both
def test_ctrl_c_in_the_terminal_leaves_no_server(serve, folder, binaries):
    parent = serve(folder / "data", binaries)
    family = [parent.server, *parent.server.children(recursive=True)]
    os.killpg(parent.process.pid, signal.SIGINT)
    parent.process.wait(END_TIMEOUT_S)
    assert_ended(family)


def test_the_next_start_waits_for_the_server_of_a_killed_parent(serve, folder, binaries):
    first = serve(folder / "data", binaries)
    os.kill(first.process.pid, signal.SIGKILL)
    second = serve(folder / "data", binaries)
    assert second.facts["pid"] != first.facts["pid"]
    assert second.facts["url"] == first.facts["url"]


def test_a_parent_killed_during_the_first_start_leaves_a_usable_folder(serve, folder, open_install):
    data_dir = folder / "data"
    with subprocess.Popen(
        [sys.executable, SERVE, data_dir],
        env={"PYTHONPATH": str(open_install), "PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        cwd="/",
    ) as first:
        while not (data_dir / "cluster.new" / "PG_VERSION").exists():
            assert first.poll() is None
        first.kill()
    assert not (data_dir / "cluster").exists()
    assert "pid" in serve(data_dir).facts
