"""scripts/setup on machines that lack something, played by a PATH of stand-ins."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "dirname", "cat", "cksum", "rm", "flock", "mkdir", "chmod", "printf")


@pytest.fixture
def machine(tmp_path):
    """A checkout with a space in its path and a folder of the commands that the machine has."""
    checkout, commands = tmp_path / "a checkout", tmp_path / "bin"
    commands.mkdir()
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts/setup", checkout / "scripts/setup")
    for path in ("requirements.lock", "pyproject.toml"):
        (checkout / path).write_text("")
    for member in ("shared", "gateway", "deploy/embedded"):
        (checkout / member).mkdir(parents=True)
        (checkout / member / "pyproject.toml").write_text("")
    for name in ("registry", "issuance", "trading", "points"):
        folder = checkout / f"services/{name}-svc"
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text("")
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (commands / tool).symlink_to(found)

    class Machine:
        path = checkout

        def has(self, name: str, text: str) -> None:
            (commands / name).write_text("#!/bin/sh\n" + text)
            (commands / name).chmod(0o755)

        def setup(self) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [checkout / "scripts/setup"],
                env={"PATH": str(commands), "HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                check=False,
            )

    return Machine()


OLD_PYTHON = 'case "$2" in *platform*) echo 3.9.2 ;; *) exit 1 ;; esac\n'
# Answers every `-c`; with ensurepip it does as Debian without python3-venv does.
NO_VENV = 'case "$2" in *ensurepip*) exit 1 ;; *platform*) echo 3.11.2 ;; esac\n'
# Plays uv: `venv` makes a Python that answers, everything is written down.
UV = """
printf '%s\\n' "$*" >>"$HOME/calls"
if [ "$1" = venv ]; then
    mkdir -p .venv/bin
    printf '#!/bin/sh\\nexit 0\\n' >.venv/bin/python
    chmod +x .venv/bin/python
fi
"""


def test_no_python_says_what_to_install(machine):
    done = machine.setup()

    assert done.returncode != 0
    assert "no Python was found" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_an_old_python_is_named_with_its_version(machine):
    machine.has("python3", OLD_PYTHON)

    done = machine.setup()
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "is 3.9.2" in done.stderr


def test_a_missing_venv_module_names_the_package(machine):
    machine.has("python3", NO_VENV)

    done = machine.setup()
    assert done.returncode != 0
    assert "lacks the venv module" in done.stderr
    assert "apt-get install python3-venv" in done.stderr
    assert not (machine.path / ".uv").exists()


def test_with_uv_no_venv_module_is_needed_and_the_second_run_does_nothing(machine, tmp_path):
    machine.has("python3", NO_VENV)
    machine.has("uv", UV)

    first = machine.setup()
    assert first.returncode == 0, first.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0].startswith("venv ")
    assert calls[1] == "pip sync --quiet --require-hashes requirements.lock"
    assert calls[2].startswith("pip install --quiet --no-deps --editable shared")

    assert machine.setup().returncode == 0
    assert (tmp_path / "calls").read_text().splitlines() == calls


@pytest.mark.parametrize("file", ["requirements.lock", "services/points-svc/pyproject.toml"])
def test_a_changed_lock_or_member_is_installed_again(machine, tmp_path, file):
    machine.has("python3", NO_VENV)
    machine.has("uv", UV)
    machine.setup()

    (machine.path / file).write_text("# changed\n")
    assert machine.setup().returncode == 0
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len([call for call in calls if call.startswith("pip sync")]) == 2


def test_a_moved_checkout_is_set_up_afresh(machine, tmp_path):
    machine.has("python3", NO_VENV)
    machine.has("uv", UV)
    machine.setup()

    moved = tmp_path / "moved"
    machine.path.rename(moved)
    machine.path.symlink_to(moved)
    done = subprocess.run(
        [moved / "scripts/setup"],
        env={"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len([call for call in calls if call.startswith("pip sync")]) == 2


def test_a_failed_installation_is_tried_again(machine, tmp_path):
    machine.has("python3", NO_VENV)
    machine.has("uv", UV + '[ "$2" != sync ] || exit 1\n')
    assert machine.setup().returncode != 0

    machine.has("uv", UV)
    assert machine.setup().returncode == 0
