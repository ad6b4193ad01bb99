"""The commands of `make up` where nothing runs, and where the start cannot succeed."""

import json
import socket
import subprocess
import sys

import pytest

from embedded import keeper


@pytest.fixture
def run(tmp_path, capsys):
    def command(*arguments: str):
        code = keeper.main([*arguments, "--home", str(tmp_path / "up")])
        return code, capsys.readouterr().out

    return command


def test_down_without_up_says_so(run):
    assert run("down") == (0, "Not up.\n")


def test_ps_without_up_says_what_to_do(run):
    assert run("ps") == (1, "Not up. make up starts it.\n")


def test_logs_without_logs_says_so(run):
    code, out = run("logs", "points-svc")
    assert code == 1
    assert "No log of points-svc" in out


def test_a_taken_port_fails_the_start_with_a_sentence_and_leaves_nothing(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, out = run("up", "--port", str(taken.getsockname()[1]), "--kafka-port", "0")

    assert code == 1
    assert "meant for gateway/api, is in use" in out
    assert run("ps")[0] == 1
    assert json.loads((tmp_path / "up/state.json").read_text())["state"] == "failed"


HOLD = """
import sys, time
from pathlib import Path
from embedded import keeper
assert keeper._hold(Path(sys.argv[1])) is not None
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_up_names_the_first(run, tmp_path):
    home = tmp_path / "up"
    home.mkdir()
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    try:
        assert first.stdout.readline() == "held\n"
        code, out = run("up")
    finally:
        first.kill()
        first.wait()
        first.stdout.close()

    assert code == 1
    assert f"Already up (process {first.pid})" in out
    assert run("down") == (0, "Not up.\n")
